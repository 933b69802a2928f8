"""`network-settings`: the server's own addresses as devices know them, and the rules towards devices."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Schema
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.adding_fields import LoginIn
from roomkeeper.api.paging import ListParameters, Page, page_of, searched
from roomkeeper.api.problems import Invalid, refused_as
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.systems import credential_list, former_addresses, network_settings
from roomkeeper.systems.models import Credential, NetworkSettings, System

routes = Routes("network-settings")


class Addresses(Schema, extra="forbid"):
    """One side's addresses of this server; a filled FQDN wins."""

    ipv4: str | None = Field(None, max_length=64)
    ipv6: str | None = Field(None, max_length=64)
    fqdn: str = Field("", max_length=255)


class Heartbeat(Schema, extra="forbid"):
    """Seconds between the posts of a system."""

    idle: int = Field(900, description="Nothing waits and nobody looks.")
    waiting: int = Field(30, description="Work waits for it.")
    watched: int = Field(30, description="Somebody looks at its page.")
    admitted: int = Field(10, description="It was just admitted.")
    unknown: int = Field(30, description="It is not admitted.")


class Polling(Schema, extra="forbid"):
    """How often reachable systems are asked for their status, and how many at a time; seconds, give or take 10 %."""

    enabled: bool = Field(True, description="Off: nothing is read by itself.")
    idle: int = Field(900, description="Nothing goes on; rarer where the system's feedback arrives.")
    in_call: int = 60
    watched: int = Field(15, description="Somebody looks at its page.")
    dead: int = Field(300, description="It does not answer; rarer with each failure.")
    at_once: int = Field(100, description="Systems asked at a time.")
    at_once_in_a_network: int = Field(30, description="Of those in one /24, or /64 for IPv6.")


class Snmp(Schema, extra="forbid"):
    """What is written to systems for SNMP, except in Secure-Only; empty is not written."""

    contact: str = Field("", max_length=255)
    location: str = Field("", max_length=255)


class SnmpPatch(Snmp):
    """The same, with the community."""

    community: str = Field("", max_length=255, description="Written, never read back.")


class Admission(Schema, extra="forbid"):
    """Who becomes a managed system."""

    by_hand: bool = Field(True, description="A person approves; else a rule admits from `networks`.")
    networks: list[str] = Field([], description="CIDR.")


class SavedCredentials(Schema):
    """What is tried on systems whose own credentials are not known yet: see `credentials`."""

    logins: list[str] = Field(description="User names, in the order in which they are tried.")
    snmp_communities: int = Field(description="How many there are.")
    snmp_users: list[str]


class NetworkSettingsOut(Schema):
    """The settings in force."""

    internal: Addresses
    public: Addresses
    update_connectivity: bool = Field(description="Decide connectivity from addresses.")
    secure_only: bool = Field(description="The default for new systems.")
    secrets_may_use_http: bool = Field(description="Hand device secrets over HTTP to traditional systems.")
    password_over_http_networks: list[str] = Field(description="CIDR where passwords may go over HTTP.")
    heartbeat: Heartbeat
    polling: Polling
    device_http_port: int
    device_https_port: int
    admission: Admission
    snmp: Snmp
    snmp_community_is_set: bool
    device_authorities: str = Field(description="PEM: authorities that sign the certificates of devices.")
    maintenance_window: str = Field(description="For folders that say nothing else.")
    time_zone: str = Field(description="For systems that report none.")
    feedback_slot: int = Field(description="Where systems are asked to send feedback: 1 to 4, usually 3.")
    ntp_servers: list[str] = Field(
        description="Time servers wanted of systems for which none are wanted otherwise; empty: left as they are."
    )
    device_time_zone: str = Field(description="The time zone wanted of them; empty: left as it is.")
    straggler_count: int = Field(description="Systems that still call an address of ours that was changed.")
    saved_credentials: SavedCredentials


class NetworkSettingsPatch(Schema, extra="forbid"):
    """What to change; what is left out stays, at every depth."""

    internal: Addresses | None = None
    public: Addresses | None = None
    update_connectivity: bool | None = None
    secure_only: bool | None = None
    secrets_may_use_http: bool | None = None
    password_over_http_networks: list[str] | None = Field(None, max_length=1000)
    heartbeat: Heartbeat | None = None
    polling: Polling | None = None
    device_http_port: int | None = None
    device_https_port: int | None = None
    admission: Admission | None = None
    snmp: SnmpPatch | None = None
    device_authorities: str | None = Field(None, max_length=500_000)
    maintenance_window: str | None = Field(None, max_length=200)
    time_zone: str | None = Field(None, max_length=64)
    feedback_slot: int | None = None
    ntp_servers: list[str] | None = Field(None, max_length=3)
    device_time_zone: str | None = Field(None, max_length=64)
    snmp_communities: list[str] | None = Field(
        None,
        max_length=50,
        description="Replaces the saved SNMP communities (v2c). Written, never read back.",
    )
    credentials: list[LoginIn] | None = Field(
        None, max_length=50, description="Replaces the saved logins. Written, never read back."
    )


class StragglerOut(Schema):
    """A managed system that has not come over to an address that was changed."""

    system: int
    name: str
    called: str = Field(description="The address of ours that its last post called.")
    last_seen_at: datetime | None


class Checked(Schema):
    """What a change would concern."""

    systems: int = Field(description="Systems that would be handed their management settings anew.")


_NESTED = ("internal", "public", "heartbeat", "admission", "snmp")
# Never in the audit trail.
_SECRET = {"snmp_community"}
# The group's fields, and what the service calls them.
_POLLING = {
    "enabled": "polling",
    "idle": "poll_idle",
    "in_call": "poll_in_call",
    "watched": "poll_watched",
    "dead": "poll_dead",
    "at_once": "polls_at_once",
    "at_once_in_a_network": "polls_at_once_in_a_network",
}


@routes.get("", response=NetworkSettingsOut)
@needs(Permission.VIEW_SERVER)
def show_network_settings(request: HttpRequest) -> NetworkSettingsOut:
    """Show network settings."""
    return _told(network_settings.get())


@routes.get("/stragglers", response=Page[StragglerOut])
@needs(Permission.VIEW_SERVER)
def list_stragglers(request: HttpRequest, filters: Query[ListParameters]) -> Page[StragglerOut]:
    """List managed systems that still call an address of this server that was changed."""
    rows = searched(former_addresses.stragglers(), filters.search, "name", "contact__used_host")
    return page_of(StragglerOut, rows, filters, {"id": "id", "name": "name"}, "name", _told_straggler)


@routes.post("/check", response=Checked)
@needs(Permission.VIEW_SERVER)
def check_network_settings(request: HttpRequest, patch: NetworkSettingsPatch) -> Checked:
    """Tell how many systems a change would be written to; changes nothing."""
    values = _flat(patch.dict(exclude_unset=True, exclude={"snmp_communities", "credentials"}))
    return Checked(systems=network_settings.concerned_by(values))


@routes.patch("", response=NetworkSettingsOut)
@needs(Permission.MANAGE_SERVER)
def change_network_settings(request: HttpRequest, patch: NetworkSettingsPatch) -> NetworkSettingsOut:
    """Change network settings: all that is sent, or nothing. Changed addresses are handed to all systems."""
    user = user_of(request)
    values = _flat(patch.dict(exclude_unset=True, exclude={"snmp_communities", "credentials"}))
    nulls = [
        name for name, value in values.items() if value is None and not name.endswith(("_ipv4", "_ipv6"))
    ]
    if nulls:
        raise Invalid(
            "Some settings cannot be null.", errors=[(_field(name), "cannot be null") for name in nulls]
        )
    try:
        with transaction.atomic():
            changed = network_settings.update(values, user=user, now=timezone.now())
            replaced = _replace_credentials(patch)
            audit.record(user, "api", "change network settings", None, **_tellable(values), **replaced)
    except network_settings.InvalidNetworkSettings as error:
        raise Invalid(
            "Some settings cannot be used; nothing was changed.",
            errors=[(_field(name), sentence) for name, sentence in error.errors.items()],
        ) from error
    return _told(changed)


def _tellable(values: dict[str, Any]) -> dict[str, Any]:
    return {name: "***" if name in _SECRET else value for name, value in values.items()}


def _replace_credentials(patch: NetworkSettingsPatch) -> dict[str, str]:
    """Keep the lists that were sent; what may be told of them. Raises `Invalid`, inside the caller's transaction."""
    told = {}
    wanted: dict[str, tuple[str, list[dict[str, str]] | None]] = {
        "snmp_communities": (
            Credential.Kind.COMMUNITY,
            None
            if patch.snmp_communities is None
            else [{"community": one} for one in patch.snmp_communities],
        ),
        "credentials": (
            Credential.Kind.LOGIN,
            None if patch.credentials is None else [one.dict() for one in patch.credentials],
        ),
    }
    for field, (kind, rows) in wanted.items():
        if rows is None:
            continue
        with refused_as(422, credential_list.CredentialRefused, field=f"body.{field}"):
            credential_list.replace(kind, rows, now=timezone.now())
        told[field] = f"replaced by {len(rows)}"
    return told


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if name == "polling":
            flat.update({_POLLING[inner]: one for inner, one in (value or {}).items()})
        elif name in _NESTED:
            flat.update({f"{name}_{inner}": one for inner, one in (value or {}).items()})
        else:
            flat[name] = value
    return flat


def _field(name: str) -> str:
    """Where the API has the setting that the service calls `name`."""
    for inner, service_name in _POLLING.items():
        if name == service_name:
            return f"body.polling.{inner}"
    for outer in _NESTED:
        if name.startswith(f"{outer}_"):
            return f"body.{outer}.{name.removeprefix(outer + '_')}"
    return f"body.{name}"


def _told(found: NetworkSettings) -> NetworkSettingsOut:
    return NetworkSettingsOut(
        internal=Addresses(ipv4=found.internal_ipv4, ipv6=found.internal_ipv6, fqdn=found.internal_fqdn),
        public=Addresses(ipv4=found.public_ipv4, ipv6=found.public_ipv6, fqdn=found.public_fqdn),
        update_connectivity=found.update_connectivity,
        secure_only=found.secure_only,
        secrets_may_use_http=found.secrets_may_use_http,
        password_over_http_networks=found.password_over_http_networks,
        snmp=Snmp(contact=found.snmp_contact, location=found.snmp_location),
        snmp_community_is_set=bool(found.snmp_community_ciphertext),
        device_authorities=found.device_authorities,
        maintenance_window=found.maintenance_window,
        time_zone=found.time_zone,
        feedback_slot=found.feedback_slot,
        ntp_servers=found.ntp_servers,
        device_time_zone=found.device_time_zone,
        straggler_count=former_addresses.stragglers().count(),
        heartbeat=Heartbeat(
            idle=found.heartbeat_idle,
            waiting=found.heartbeat_waiting,
            watched=found.heartbeat_watched,
            admitted=found.heartbeat_admitted,
            unknown=found.heartbeat_unknown,
        ),
        polling=Polling(**{inner: getattr(found, name) for inner, name in _POLLING.items()}),
        device_http_port=found.device_http_port,
        device_https_port=found.device_https_port,
        admission=Admission(by_hand=found.admission_by_hand, networks=found.admission_networks),
        saved_credentials=_saved_credentials(),
    )


def _saved_credentials() -> SavedCredentials:
    found = credential_list.entries()
    return SavedCredentials(
        logins=[one.username for one in found if one.kind == Credential.Kind.LOGIN],
        snmp_communities=sum(one.kind == Credential.Kind.COMMUNITY for one in found),
        snmp_users=[one.username for one in found if one.kind == Credential.Kind.SNMP_USER],
    )


def _told_straggler(system: System) -> StragglerOut:
    return StragglerOut(
        system=system.pk,
        name=system.name,
        called=system.contact.used_host,
        last_seen_at=system.contact.last_seen_at,
    )
