"""`network-settings`: the server's own addresses as devices know them, and the rules towards devices."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.problems import Invalid
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import NetworkSettings

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


class Admission(Schema, extra="forbid"):
    """Who becomes a managed system."""

    by_hand: bool = Field(True, description="A person approves; else a rule admits from `networks`.")
    networks: list[str] = Field([], description="CIDR.")


class NetworkSettingsOut(Schema):
    """The settings in force."""

    internal: Addresses
    public: Addresses
    update_connectivity: bool = Field(description="Decide connectivity from addresses.")
    secure_only: bool = Field(description="The default for new systems.")
    secrets_may_use_http: bool = Field(description="Hand device secrets over HTTP to traditional systems.")
    password_over_http_networks: list[str] = Field(description="CIDR where passwords may go over HTTP.")
    heartbeat: Heartbeat
    device_http_port: int
    device_https_port: int
    admission: Admission


class NetworkSettingsPatch(Schema, extra="forbid"):
    """What to change; what is left out stays, at every depth."""

    internal: Addresses | None = None
    public: Addresses | None = None
    update_connectivity: bool | None = None
    secure_only: bool | None = None
    secrets_may_use_http: bool | None = None
    password_over_http_networks: list[str] | None = Field(None, max_length=1000)
    heartbeat: Heartbeat | None = None
    device_http_port: int | None = None
    device_https_port: int | None = None
    admission: Admission | None = None


_NESTED = ("internal", "public", "heartbeat", "admission")


@routes.get("", response=NetworkSettingsOut)
@needs(Permission.VIEW_SERVER)
def show_network_settings(request: HttpRequest) -> NetworkSettingsOut:
    """Show network settings."""
    return _told(network_settings.get())


@routes.patch("", response=NetworkSettingsOut)
@needs(Permission.MANAGE_SERVER)
def change_network_settings(request: HttpRequest, patch: NetworkSettingsPatch) -> NetworkSettingsOut:
    """Change network settings: all that is sent, or nothing. Changed addresses are handed to all systems."""
    user = user_of(request)
    values = _flat(patch.dict(exclude_unset=True))
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
            audit.record(user, "api", "change network settings", None, **values)
    except network_settings.InvalidNetworkSettings as error:
        raise Invalid(
            "Some settings cannot be used; nothing was changed.",
            errors=[(_field(name), sentence) for name, sentence in error.errors.items()],
        ) from error
    return _told(changed)


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if name in _NESTED:
            flat.update({f"{name}_{inner}": one for inner, one in (value or {}).items()})
        else:
            flat[name] = value
    return flat


def _field(name: str) -> str:
    """Where the API has the setting that the service calls `name`."""
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
        heartbeat=Heartbeat(
            idle=found.heartbeat_idle,
            waiting=found.heartbeat_waiting,
            watched=found.heartbeat_watched,
            admitted=found.heartbeat_admitted,
            unknown=found.heartbeat_unknown,
        ),
        device_http_port=found.device_http_port,
        device_https_port=found.device_https_port,
        admission=Admission(by_hand=found.admission_by_hand, networks=found.admission_networks),
    )
