"""The fields of `systems`: how a system is told, filtered, sorted and exported."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Literal, cast

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from ninja import Schema
from pydantic import Field, field_validator

from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import grants_of
from roomkeeper.api.paging import ListParameters, Moment
from roomkeeper.api.problems import Invalid
from roomkeeper.api.reach import Identifier, visible_systems
from roomkeeper.operations.folding import NaturalKey
from roomkeeper.polling.models import Poll
from roomkeeper.provisioning.calling import why_it_never_calls
from roomkeeper.systems import inventory
from roomkeeper.systems.admission import conflicts
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.documents import calls
from roomkeeper.systems.inventory import labels_of, searching
from roomkeeper.systems.models import Contact, System
from roomkeeper.systems.software_versions import VersionKey
from roomkeeper.tickets.models import Ticket

StateWord = Literal["pending", "pre_registered", "managed", "ignored", "blocked"]
ConnectivityWord = Literal[
    "inaccessible", "reachable_on_lan", "reachable_on_public_internet", "behind_firewall"
]
LoginWord = Literal["untried", "works", "refused"]
TrustWord = Literal["pin", "authority", "off"]
AliveWord = Literal["yes", "no", "unknown", "flapping"]


class CallOut(Schema):
    """A call that is going on, as the system tells of it; texts are empty where it tells nothing."""

    remote_uri: str
    display_name: str
    direction: str
    protocol: str
    status: str
    since: datetime

    def __str__(self) -> str:
        """In a cell of a table."""
        return f"{self.display_name or self.remote_uri or self.status} since {self.since.isoformat()}"


class SystemOut(Schema):
    """A system. Credentials and secrets are written, never read back."""

    id: int
    name: str
    reported_name: str = Field(description="What the device says its name is.")
    state: StateWord
    family: str
    never_calls: str = Field(
        description="Why systems of its kind never call and are managed only where they can be reached; else empty."
    )
    conflict: str = Field(
        description="Of one in the inbox that says a number of a known system: whose, and by which it can be admitted."
    )
    product: str
    software_version: str
    serial_number: str
    mac_address: str = Field(description="12 upper-case hexadecimal digits, or empty.")
    host: str
    http_port: int | None
    https_port: int | None
    connectivity: ConnectivityWord | None = Field(description="null until it is decided for the first time.")
    connectivity_is_locked: bool
    connectivity_since: datetime | None
    is_secure_only: bool
    alive: AliveWord
    alive_reason: str = Field(description="Why, as a sentence.")
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    next_contact_due_at: datetime | None
    polled_at: datetime | None = Field(description="When it was last asked for its status; null if never.")
    poll_error: str = Field(description="What went wrong then; empty after a good poll.")
    reported_address: str
    source_address: str
    in_call: bool
    call: CallOut | None = Field(
        description="The call that has gone on for longest; null where none is numbered."
    )
    folder: int
    folder_path: str = Field(description="The folder in words: `Oslo / HQ`.")
    tags: list[str]
    drift_count: int
    ticket_count: int
    has_credentials: bool
    login: LoginWord = Field(description="Whether the stored login works; a refused one is not sent again.")
    password_may_use_http: bool
    tls_trust: TrustWord = Field(description="What makes its certificate good enough.")
    tls_is_legacy: bool = Field(description="TLS 1.0 and weak ciphers are good enough.")
    sys_object_id: str = Field(description="What its SNMP agent calls itself; empty where none answered.")
    admission_network: str
    admitted_at: datetime | None
    created_at: datetime
    notes: str


class SystemFilters(ListParameters):
    """Filters on systems. Texts are compared whole, in any case; repeated parameters mean "one of"."""

    id: list[Identifier] = Field([], max_length=500)
    name: str | None = None
    reported_name: str | None = None
    state: list[StateWord | Literal["all"]] = Field(
        [],
        description="Repeated or parted by commas. `pending` is the inbox; `all`, as without it, everything.",
    )
    family: str | None = None
    product: str | None = None
    software_version: str | None = None
    serial_number: str | None = None
    mac_address: str | None = Field(None, description="With or without separators.")
    host: str | None = None
    http_port: int | None = Field(None, ge=1, le=65_535)
    https_port: int | None = Field(None, ge=1, le=65_535)
    connectivity: list[ConnectivityWord | Literal["undecided"]] = []
    connectivity_is_locked: bool | None = None
    is_secure_only: bool | None = None
    alive: AliveWord | None = None
    last_seen_before: Moment | None = None
    last_seen_after: Moment | None = None
    reported_address: str | None = None
    source_address: str | None = None
    in_call: bool | None = None
    folder: Identifier | None = Field(None, description="Systems in this folder and in all below it.")
    tags: list[str] = Field([], max_length=50, description="Systems that carry all of these tags.")
    drift_count: int | None = Field(None, ge=0, le=2**31 - 1)
    has_drift: bool | None = None
    ticket_count: int | None = Field(None, ge=0, le=2**31 - 1)
    has_tickets: bool | None = None

    @field_validator("state", mode="before")
    @classmethod
    def _part_states(cls, found: Any) -> Any:
        if not isinstance(found, list):
            return found
        return [part for one in found for part in (one.split(",") if isinstance(one, str) else [one])]


SORTS: dict[str, str | Combinable] = {
    **{
        name: name
        for name in (
            "id",
            "reported_name",
            "state",
            "family",
            "product",
            "serial_number",
            "mac_address",
            "host",
            "http_port",
            "https_port",
            "connectivity",
            "connectivity_is_locked",
            "connectivity_since",
            "is_secure_only",
            "in_call",
            "drift_count",
            "ticket_count",
            "admitted_at",
            "created_at",
        )
    },
    "name": NaturalKey("name"),
    "software_version": VersionKey("software_version"),
    "folder": "folder__path",
    "first_seen_at": "contact__first_seen_at",
    "last_seen_at": "contact__last_seen_at",
    "next_contact_due_at": "contact__next_contact_due_at",
    "reported_address": "contact__reported_address",
    "source_address": "contact__source_address",
}
DEFAULT_SORT = "name"


def sorts_for(filters: "SystemFilters") -> dict[str, str | Combinable]:
    """What this list can be sorted by: of a search the system whose name it is comes first, unless asked otherwise."""
    return SORTS if filters.sort else SORTS | {DEFAULT_SORT: searching.by_name(filters.search)}


_TEXTS = {
    "name": "name",
    "reported_name": "reported_name",
    "family": "family",
    "product": "product",
    "software_version": "software_version",
    "serial_number": "serial_number",
    "host": "host",
    "reported_address": "contact__reported_address",
    "source_address": "contact__source_address",
}
_PLAIN = (
    "http_port",
    "https_port",
    "connectivity_is_locked",
    "is_secure_only",
    "drift_count",
    "ticket_count",
)


def system_rows(user: User) -> QuerySet[System]:
    """The systems that the user sees with all that `encoder` needs: a constant number of queries a page."""
    tickets = (
        Ticket.objects.filter(system=OuterRef("pk"))
        .exclude(state=Ticket.State.CLOSED)
        .order_by()
        .values("system")
        .annotate(number=Count("pk"))
        .values("number")
    )
    return (
        visible_systems(user)
        .select_related("folder", "contact", "poll")
        .prefetch_related("tags")
        .annotate(ticket_count=Coalesce(Subquery(tickets), 0))
    )


def filtered(
    rows: QuerySet[System],
    filters: SystemFilters,
    folder_path: str | None,
    now: datetime,
) -> QuerySet[System]:
    """The rows that pass the filters; `folder_path` is that of `filters.folder`, looked up by the caller."""
    if filters.state and "all" not in filters.state:
        rows = rows.filter(state__in=filters.state)
    for name, lookup in _TEXTS.items():
        if (text := getattr(filters, name)) is not None:
            rows = rows.filter(**{f"{lookup}__iexact": text})
    for name in _PLAIN:
        if (value := getattr(filters, name)) is not None:
            rows = rows.filter(Q((name, value)))
    if filters.id:
        rows = rows.filter(pk__in=filters.id)
    if filters.mac_address is not None:
        rows = rows.filter(mac_address=_mac(filters.mac_address))
    if filters.connectivity:
        rows = rows.filter(
            connectivity__in=["" if one == "undecided" else one for one in filters.connectivity]
        )
    if filters.in_call is not None:
        rows = rows.filter(liveness.in_call_filter(filters.in_call, now))
    if filters.alive is not None:
        rows = rows.filter(liveness.alive_filter(filters.alive, now))
    if filters.last_seen_before is not None:
        rows = rows.filter(contact__last_seen_at__lt=filters.last_seen_before)
    if filters.last_seen_after is not None:
        rows = rows.filter(contact__last_seen_at__gt=filters.last_seen_after)
    if folder_path is not None:
        rows = rows.filter(folder__path__startswith=folder_path)
    for tag in filters.tags:
        rows = rows.filter(tags__name=tag)
    if filters.has_drift is not None:
        rows = rows.filter(~Q(drift_count=0) if filters.has_drift else Q(drift_count=0))
    if filters.has_tickets is not None:
        # By a pair, because the field is one that `system_rows` adds.
        rows = rows.filter(~Q(("ticket_count", 0)) if filters.has_tickets else Q(("ticket_count", 0)))
    if filters.search:
        rows = searching.search(rows, filters.search)
    return rows


def encoder(rows: Collection[System], now: datetime, user: User) -> Callable[[System], SystemOut]:
    """A function that tells a system of these rows as `SystemOut`; looks up all their folders at once."""
    labels = labels_of({system.folder.path for system in rows})

    told = conflicts.conflicts_of(rows, grants_of(user))

    def encode(system: System) -> SystemOut:
        return encode_system(system, labels[system.folder.path], now, told.get(system.pk, ""))

    return encode


def encode_system(system: Any, folder_label: str, now: datetime, conflict: str = "") -> SystemOut:
    """One system of `system_rows` as the API tells it."""
    contact, poll = contact_of(system), poll_of(system)
    return SystemOut(
        id=system.pk,
        name=system.name,
        reported_name=system.reported_name,
        state=system.state,
        family=system.family,
        never_calls=why_it_never_calls(system),
        conflict=conflict,
        product=system.product,
        software_version=system.software_version,
        serial_number=system.serial_number,
        mac_address=system.mac_address,
        host=system.host,
        http_port=system.http_port,
        https_port=system.https_port,
        connectivity=system.connectivity or None,
        connectivity_is_locked=system.connectivity_is_locked,
        connectivity_since=system.connectivity_since,
        is_secure_only=system.is_secure_only,
        alive=cast(AliveWord, liveness.alive_word(contact, now)),
        alive_reason=liveness.why(contact, now),
        first_seen_at=contact.first_seen_at if contact else None,
        last_seen_at=contact.last_seen_at if contact else None,
        next_contact_due_at=liveness.next_contact_due(contact, now),
        polled_at=poll.last_at if poll else None,
        poll_error=poll.error if poll else "",
        reported_address=contact.reported_address if contact else "",
        source_address=contact.source_address if contact else "",
        in_call=liveness.is_in_call(system, contact, now),
        call=_call_of(system, contact, now),
        folder=system.folder_id,
        folder_path=folder_label,
        tags=sorted(tag.name for tag in system.tags.all()),
        drift_count=system.drift_count,
        ticket_count=system.ticket_count,
        has_credentials=credentials.has_credentials(system),
        login=_login_word(system),
        password_may_use_http=system.password_may_use_http,
        tls_trust=system.tls_trust,
        tls_is_legacy=system.tls_is_legacy,
        sys_object_id=system.sys_object_id,
        admission_network=system.admission_network,
        admitted_at=system.admitted_at,
        created_at=system.created_at,
        notes=system.notes,
    )


def _call_of(system: System, contact: Contact | None, now: datetime) -> CallOut | None:
    call = calls.decode(system.calls).longest if liveness.is_in_call(system, contact, now) else None
    if call is None:
        return None
    return CallOut(
        remote_uri=call.remote_uri,
        display_name=call.display_name,
        direction=call.direction.lower(),
        protocol=call.protocol,
        status=call.status,
        since=call.since,
    )


def _login_word(system: System) -> LoginWord:
    if system.login_refused_at is not None:
        return "refused"
    return "works" if system.login_worked_at is not None else "untried"


def contact_of(system: System) -> Contact | None:
    """The system's contact row, if it has one."""
    found: Contact | None = getattr(system, "contact", None)
    return found


def poll_of(system: System) -> Poll | None:
    """The system's polls, if it is polled."""
    found: Poll | None = getattr(system, "poll", None)
    return found


def fields_of(system: SystemOut) -> dict[str, Any]:
    """The system as plain values, for a table."""
    return {name: getattr(system, name) for name in SystemOut.model_fields}


def _mac(text: str) -> str:
    try:
        return inventory.normalize_mac(text)
    except ValueError as error:
        raise Invalid(str(error), errors=[("query.mac_address", str(error))]) from error
