"""The inbox as people see it: who posted and is not known, is pre-registered, or was set aside by a person."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal

from django.db.models import Q, Sum

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.fleet import telling
from roomkeeper.fleet.admission_acts import INBOX_ACTS
from roomkeeper.fleet.surface import SYSTEMS, seen_by
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import Pages, Subject, Tab, register
from roomkeeper.provisioning.calling import why_it_never_calls
from roomkeeper.systems.admission import expectations
from roomkeeper.systems.inventory import searching
from roomkeeper.systems.models import State, System, TimelineEntry

_SHOWN: Final = (State.PENDING, State.PRE_REGISTERED, State.IGNORED, State.BLOCKED)


def _seen_by(grants: Grants) -> Q:
    return seen_by(grants) & Q(state__in=_SHOWN)


def _look_up(rows: list[Any], grants: Grants, now: datetime) -> None:
    """What is told of systems, how often each posted, and which registration it fits."""
    telling.look_up(rows, grants, now)
    posts = TimelineEntry.objects.filter(system__in=rows).exclude(source_address="")
    times = dict(posts.values_list("system").annotate(times=Sum("count")))
    fitting = expectations.match([row for row in rows if row.state == State.PENDING])
    for row in rows:
        row.times = times.get(row.pk)
        row.expected = fitting.get(row.pk)
        row.never_calls = why_it_never_calls(row)


def _of_contact(name: str, heading: str, cell: str, kind: Any = str) -> Field:
    return Field(
        name=name, type=kind, at=f"contact__{name}", read=telling.of_contact(name), heading=heading, cell=cell
    )


INBOX = register(
    Subject(
        noun="system of the inbox",
        plural="inbox",
        model=System,
        meaning="Systems that are not managed: unknown ones that posted, pre-registered, ignored and blocked ones.",
        seen_by=_seen_by,
        place=lambda row: row.folder.path,
        needs=Permission.VIEW_INBOX,
        anywhere=False,
        order="-last_seen_at",
        find=searching.search,
        related=("folder", "contact"),
        prepare=_look_up,
        topic="inbox systems",
        counted=("system", "systems"),
        tell=SYSTEMS.tell,
        acts=INBOX_ACTS,
        pages=Pages(
            help="inbox",
            former={
                "show": "state",
                "show=waiting": "pending",
                "show=awaited": "pre_registered",
                "show=ignored": "ignored",
                "show=blocked": "blocked",
            },
            tabs=(
                Tab(label="Waiting", filters={"state": "pending"}),
                Tab(label="Pre-registered", filters={"state": "pre_registered"}),
                Tab(label="Ignored", filters={"state": "ignored"}),
                Tab(label="Blocked", filters={"state": "blocked"}),
            ),
        ),
        has_api=False,
        fields=(
            Field(name="id", type=int),
            Field(
                name="state", type=Literal["pending", "pre_registered", "ignored", "blocked"], filter="one"
            ),
            Field(name="name", type=str, heading="Reported name", cell="inbox/cell_who.html", wraps=True),
            Field(name="reported_name", type=str),
            Field(name="product", type=str, heading="Product", cell="inbox/cell_product.html", wraps=True),
            replace(SYSTEMS.by_name["serial_number"], is_shown=True, filter=""),
            replace(SYSTEMS.by_name["mac_address"], is_shown=True, filter="", narrow=None),
            _of_contact("source_address", "From", "inbox/cell_from.html"),
            _of_contact("reported_address", "Says its address is", "inbox/cell_says.html"),
            _of_contact("last_seen_at", "Last", "when", datetime | None),
            _of_contact("first_seen_at", "First", "when", datetime | None),
            Field(
                name="times",
                type=int | None,
                meaning="How often it posted, by its timeline.",
                read=lambda row: row.times,
                heading="Times",
                cell="amount",
            ),
            Field(
                name="folder", type=str, read=lambda row: row.folder_label, heading="Folder", is_shown=False
            ),
        ),
    )
)
