"""What is kept of one system's past: its timeline, how its connectivity was decided, and who claimed to be it."""

from datetime import datetime
from typing import Any, Final

from django.db.models import Q

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.fleet.contact_acts import ConnectivityWord
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Moment
from roomkeeper.operations.subjects import Nested, Subject, register
from roomkeeper.systems import timeline
from roomkeeper.systems.models import Claim, ConnectivityChange, TimelineEntry


def _seen_by(grants: Grants) -> Q:
    return grants.folders(Permission.VIEW, "system__folder__path")


def _plain(name: str, kind: Any, meaning: str = "", **more: Any) -> Field:
    """A field that the list is not sorted by."""
    return Field(name=name, type=kind, meaning=meaning, sort="", **more)


def _of_system(at: str, key: tuple[str, str] | None = None, **more: Any) -> Subject:
    """A list that stands below a system alone."""
    return register(
        Subject(
            seen_by=_seen_by,
            place=lambda row: row.system.folder.path,
            nested=Nested(within="systems", by="system", at=at, key=key),
            has_pages=False,
            has_api=False,
            **more,
        )
    )


_USER: Final = _plain("user", str | None, at="user__username", heading="By")

# Of one entry alone: its full exchange, cut and without secrets, where that is still kept.
_EXCHANGE: Final = {"path": str, "scheme": str, "status": int, "request": str, "answer": str}
_TEXTS: Final = {"request": timeline.request_text, "answer": timeline.answer_text}


def _of_exchange(name: str, kind: Any) -> Field:
    def read(row: TimelineEntry) -> Any:
        exchange = getattr(row, "exchange", None)
        if exchange is None:
            return None
        return _TEXTS[name](exchange) if name in _TEXTS else getattr(exchange, name)

    return _plain(name, kind | None, read=read, is_detail=True)


TIMELINE: Final = _of_system(
    noun="timeline entry",
    plural="timeline entries",
    at="timeline",
    key=("entry_id", "pk"),
    model=TimelineEntry,
    meaning="What happened to a system: one thing, or a run of equal ones.",
    order="-last_at",
    search=("summary", "kind", "source_address"),
    related=("user", "exchange"),
    fields=(
        Field(name="id", type=int),
        Field(name="last_at", type=datetime, heading="Last"),
        Field(name="kind", type=str, filter="one", heading="Kind"),
        _plain("summary", str, heading="What"),
        Field(name="count", type=int, heading="Times"),
        _plain("source_address", str, filter="one", heading="From"),
        _USER,
        Field(name="first_at", type=datetime),
        _plain("details", dict[str, Any], in_csv=False),
        _plain(
            "has_exchange",
            bool,
            "Whether the full request and answer are kept.",
            read=lambda row: getattr(row, "exchange", None) is not None,
        ),
        *(_of_exchange(name, kind) for name, kind in _EXCHANGE.items()),
        _plain(
            "after",
            datetime,
            "Entries whose last time is after this.",
            filter="own",
            filter_type=Moment,
            narrow=lambda value, grants, now: Q(last_at__gt=value),
            is_told=False,
            in_csv=False,
        ),
        _plain(
            "before",
            datetime,
            "Entries whose first time is before this.",
            filter="own",
            filter_type=Moment,
            narrow=lambda value, grants, now: Q(first_at__lt=value),
            is_told=False,
            in_csv=False,
        ),
    ),
)
CONNECTIVITY_CHANGES: Final = _of_system(
    noun="connectivity change",
    plural="connectivity changes",
    at="connectivity-changes",
    model=ConnectivityChange,
    meaning="How the connectivity of a system was decided, with both addresses and the reason.",
    order="-id",
    search=("reason", "reported_address", "source_address", "used_host"),
    related=("user",),
    fields=(
        Field(name="id", type=int),
        Field(name="at", type=datetime, heading="When"),
        _plain("old", ConnectivityWord | None, read=lambda row: row.old or None, heading="From"),
        _plain("new", ConnectivityWord | None, read=lambda row: row.new or None, heading="To"),
        _plain("reason", str, heading="Why"),
        _plain("was_applied", bool, heading="Applied"),
        _plain("undone_at", datetime | None, heading="Undone"),
        _USER,
        _plain("reported_address", str),
        _plain("source_address", str),
        _plain("used_host", str),
        _plain("probe", str, "What the probe found; empty where none was needed."),
    ),
)
CLAIMS: Final = _of_system(
    noun="claim",
    plural="claims",
    at="claims",
    model=Claim,
    meaning="Posts that claim to be a system without its secret; counted, and nothing else.",
    order="-last_at",
    search=("source_address", "serial_number", "mac_address", "reason"),
    fields=(
        Field(name="id", type=int),
        Field(name="last_at", type=datetime, heading="Last"),
        _plain("service", str, heading="Service"),
        _plain("reason", str, heading="Why"),
        _plain("source_address", str, heading="From"),
        _plain("serial_number", str, heading="Serial number"),
        _plain("mac_address", str, heading="MAC address"),
        Field(name="count", type=int, heading="Times"),
        Field(name="first_at", type=datetime),
    ),
)
