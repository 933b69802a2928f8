"""What we know of a system beside what it says now: its posts, secrets, claims, what was asked of it.

Read in one go, so that the rules (`outbound`, `itself`) are pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from roomkeeper.devices import registry
from roomkeeper.provisioning import actions, management
from roomkeeper.provisioning.models import Action, ChangeItem, DeliveryState
from roomkeeper.systems import documents, network_settings
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.models import (
    Claim,
    Contact,
    NetworkSettings,
    State,
    System,
    SystemSecret,
    TimelineEntry,
)
from roomkeeper.systems.network_settings import former_addresses
from roomkeeper.words import gettext as _

_MOST_EXPECTED: Final = 50
# What still comes of a device that goes down.
LAST_WORDS: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class DeviceView:
    """What the device says of itself: values by canonical path, and when it said them. `is_live`: just now, with
    our secrets still in it; a stored view has them redacted."""

    status: Mapping[str, str]
    configuration: Mapping[str, str]
    at: datetime | None = None
    is_live: bool = False

    def setting(self, path: str) -> str | None:
        """The value of a setting in whichever spelling, None where the device has none."""
        found = documents.find_setting(self.configuration, path)
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Posts:
    """What arrived of the system; times None where nothing did."""

    last_at: datetime | None = None
    next_due_at: datetime | None = None
    overdue_at: datetime | None = None
    interval: int = 0
    scheme: str = ""
    used_host: str = ""
    source: str = ""
    reported: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """Posts that were not believed or refused: where the last one came from, how many, when, and what they said."""

    source: str
    count: int
    last_at: datetime
    words: str = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """Where the system's secret stands. `texts` are all that are valid for it: never shown."""

    texts: tuple[str, ...] = ()
    proven_at: datetime | None = None
    is_withheld: bool = False
    bound_source: str = ""
    was_sent_over_http: bool = False


@dataclass(frozen=True, slots=True)
class Manager:
    """Where the system is to call us. `authority` is "" where that is not known; `sides` are all of our own hosts,
    `old_hosts` those by which it reached us before."""

    scheme: str
    authority: str
    sides: frozenset[str]
    old_hosts: frozenset[str]
    slot: int | None


@dataclass(frozen=True, slots=True)
class Expected:
    """A setting that was handed over and should hold."""

    path: str
    value: str
    delivered_at: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that we know of one system."""

    name: str
    state: str
    connectivity: str
    is_secure_only: bool
    posts: Posts
    secret: Secret
    manager: Manager
    unproven: Counted | None = None
    other_identity: Counted | None = None
    refused: Counted | None = None
    restarted_at: datetime | None = None
    expected: tuple[Expected, ...] = ()
    refused_upgrade: str = ""
    clock_offset: int | None = None
    family: str = ""

    @property
    def is_managed(self) -> bool:
        """Whether it is one of ours."""
        return self.state == State.MANAGED


# Reasons of claims; the last is how releases before 0.5 wrote the first.
_UNPROVEN = (
    "claims to be a known system without its secret",
    "secret withheld",
    "says to be a system without proving it",
)


def read_record(system_id: int) -> Record:
    """The record of a system; raises `System.DoesNotExist`. Reads the database: call it in a thread."""
    system = System.objects.select_related("contact").get(pk=system_id)
    contact: Contact | None = getattr(system, "contact", None)
    posts = _posts(contact)
    return Record(
        name=str(system),
        state=system.state,
        connectivity=system.connectivity,
        is_secure_only=system.is_secure_only,
        posts=posts,
        secret=_secret(system),
        manager=_manager(system, posts, network_settings.get()),
        unproven=_claim(system, _UNPROVEN),
        other_identity=_claim(system, ("identity changed",)),
        refused=_refused(system, posts),
        restarted_at=_restarted_at(system, posts),
        expected=_expected(system),
        refused_upgrade=_refused_upgrade(system),
        clock_offset=documents.clock_offset(system.pk),
        family=system.family,
    )


def _posts(contact: Contact | None) -> Posts:
    if contact is None:
        return Posts()
    return Posts(
        last_at=contact.last_seen_at,
        next_due_at=contact.next_contact_due_at,
        overdue_at=contact.overdue_at,
        interval=contact.interval,
        scheme=contact.scheme,
        used_host=contact.used_host,
        source=contact.source_address,
        reported=contact.reported_address,
    )


def _secret(system: System) -> Secret:
    found = {secret.stage: secret for secret in SystemSecret.objects.filter(system=system)}
    current, pending = found.get(SystemSecret.Stage.CURRENT), found.get(SystemSecret.Stage.PENDING)
    return Secret(
        texts=tuple(secrets.text_of(secret) for secret in found.values()),
        proven_at=current.proven_at if current else None,
        is_withheld=bool(pending and pending.is_withheld),
        bound_source=pending.bound_source if pending else "",
        was_sent_over_http=bool(current and current.was_sent_over_http),
    )


def _manager(system: System, posts: Posts, settings: NetworkSettings) -> Manager:
    address = management.server_address(
        system.connectivity,
        is_secure_only=system.is_secure_only,
        has_http_off=system.has_http_off,
        used_host=posts.used_host,
        used_scheme=posts.scheme,
        source=posts.source or system.host,
        settings=settings,
    )
    sides = (getattr(settings, field) for fields in former_addresses.SIDES.values() for field in fields)
    feedback = registry.get_family(system.family).feedback
    return Manager(
        scheme=address.scheme,
        authority=address.authority,
        sides=frozenset(side for side in sides if side),
        old_hosts=_old_hosts(system, posts),
        slot=settings.feedback_slot if feedback else None,
    )


def _old_hosts(system: System, posts: Posts) -> frozenset[str]:
    """By which hosts it reached us, as far as its timeline and its changes of connectivity go back."""
    events = TimelineEntry.objects.filter(system=system, kind__in=("boot", "register", "heartbeat"))
    hosts = {str(details.get("host", "")) for details in events.values_list("details", flat=True)[:500]}
    hosts |= set(system.connectivity_changes.values_list("used_host", flat=True)[:100])
    return frozenset(host for host in {*hosts, posts.used_host} if host)


def _claim(system: System, reasons: tuple[str, ...]) -> Counted | None:
    found = list(Claim.objects.filter(system=system, reason__in=reasons).order_by("-last_at")[:20])
    if not found:
        return None
    newest = found[0]
    identity = _(
        "serial number {serial_number}, MAC address {mac_address}",
        serial_number=newest.serial_number or "–",
        mac_address=newest.mac_address or "–",
    )
    return Counted(newest.source_address, sum(claim.count for claim in found), newest.last_at, identity)


def _refused(system: System, posts: Posts) -> Counted | None:
    """Posts by plain HTTP after the move to Secure-Only; those before the last good post are over."""
    entries = TimelineEntry.objects.filter(system=system, kind="refused")
    if posts.last_at is not None:
        entries = entries.filter(last_at__gt=posts.last_at)
    found = list(entries.order_by("-last_at")[:200])
    if not found:
        return None
    return Counted(found[0].source_address, sum(entry.count for entry in found), found[0].last_at)


def _restarted_at(system: System, posts: Posts) -> datetime | None:
    """When it was restarted for the last time, if nothing has come from it since."""
    asked = (
        Action.objects.filter(actions.restarts(), system=system, delivered_at__isnull=False)
        .exclude(state=DeliveryState.CONFIRMED)
        .order_by("-delivered_at")
        .values_list("delivered_at", flat=True)
        .first()
    )
    # Its own last word before it goes down (protocol notes C.4).
    told = (
        TimelineEntry.objects.filter(system=system, kind="feedback", summary__startswith="Event: BootEvent")
        .order_by("-last_at")
        .values_list("last_at", flat=True)
        .first()
    )
    newest = max((at for at in (asked, told) if at is not None), default=None)
    if newest is None or (posts.last_at is not None and posts.last_at > newest + LAST_WORDS):
        return None
    return newest


def _expected(system: System) -> tuple[Expected, ...]:
    """What it should hold: handed over and not confirmed, or found with another value after that (rule R7)."""
    others = (DeliveryState.WAITING, DeliveryState.FAILED)
    delivered = Q(state=DeliveryState.DELIVERED) | Q(state__in=others, other_values__gt=0)
    items = ChangeItem.objects.filter(
        delivered, system=system, delivered_at__isnull=False, secret_value=b"", value__isnull=False
    ).order_by("delivered_at")
    newest = {
        item.match_key: Expected(item.path, item.value or "", item.delivered_at)
        for item in items[:500]
        if item.delivered_at is not None
    }
    return tuple(newest.values())[-_MOST_EXPECTED:]


def _refused_upgrade(system: System) -> str:
    """The device's words on the newest upgrade command, where it refused it."""
    newest = (
        Action.objects.filter(system=system, command__iexact="SystemUnit/SoftwareUpgrade")
        .order_by("-id")
        .first()
    )
    return newest.reason if newest is not None and newest.state == DeliveryState.FAILED else ""


def read_view(system_id: int) -> DeviceView:
    """What the system said last: the documents that are kept, and when the older of the two was told. Reads the
    database: call it in a thread."""
    status_at = documents.status_facts(system_id).read_at
    configuration = documents.reported_configuration(system_id)
    times = [at for at in (status_at, configuration.at if configuration else None) if at is not None]
    return DeviceView(
        status=documents.status_values(system_id),
        configuration=configuration.settings if configuration else {},
        at=min(times, default=None),
    )
