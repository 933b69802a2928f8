"""What is told of a system beside what stands in its row: looked up for a page of rows at once."""

from datetime import datetime
from typing import Any, Literal

from django.db.models import Count, prefetch_related_objects
from pydantic import BaseModel

from roomkeeper.accounts.permissions import Grants
from roomkeeper.systems.admission import conflicts
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.documents import calls
from roomkeeper.systems.inventory import labels_of
from roomkeeper.systems.models import Contact
from roomkeeper.tickets.models import Ticket
from roomkeeper.words import gettext as _

LoginWord = Literal["untried", "works", "refused"]


class CallOut(BaseModel):
    """A call that is going on, as the system tells of it; texts are empty where it tells nothing."""

    remote_uri: str
    display_name: str
    direction: str
    protocol: str
    status: str
    since: datetime

    def __str__(self) -> str:
        """In a cell of a table."""
        return _(
            "{display_name} since {since}",
            display_name=self.display_name or self.remote_uri or self.status,
            since=self.since.isoformat(),
        )


def look_up(rows: list[Any], grants: Grants, now: datetime) -> None:
    """Give each row its folder in words, its tickets, its tags, its conflict in the inbox, and the moment."""
    labels = labels_of({row.folder.path for row in rows})
    told = conflicts.conflicts_of(rows, grants)
    tickets = dict(
        Ticket.objects.filter(system__in=rows)
        .exclude(state=Ticket.State.CLOSED)
        .order_by()
        .values_list("system_id")
        .annotate(Count("pk"))
    )
    prefetch_related_objects(rows, "tags")
    for row in rows:
        row.now = now
        row.known_contact = getattr(row, "contact", None)
        row.folder_label = labels[row.folder.path]
        row.ticket_count = tickets.get(row.pk, 0)
        row.conflict = told.get(row.pk, "")


def of_contact(name: str, otherwise: Any = None) -> Any:
    """Reads something of a system's contact."""

    def read(row: Any) -> Any:
        contact: Contact | None = row.known_contact
        return getattr(contact, name) if contact is not None else otherwise

    return read


def of_poll(name: str, otherwise: Any = None) -> Any:
    """Reads something of a system's polls."""

    def read(row: Any) -> Any:
        poll = getattr(row, "poll", None)
        return getattr(poll, name) if poll is not None else otherwise

    return read


def alive(row: Any) -> str:
    """Its word of life."""
    return liveness.alive_word(row.known_contact, row.now)


def alive_reason(row: Any) -> str:
    """Why, as a sentence."""
    return liveness.why(row.known_contact, row.now)


def next_contact(row: Any) -> datetime | None:
    """When the next post is due."""
    return liveness.next_contact_due(row.known_contact, row.now)


def in_call(row: Any) -> bool:
    """Whether it is in a call now."""
    return liveness.is_in_call(row, row.known_contact, row.now)


def call(row: Any) -> CallOut | None:
    """The call that has gone on for longest."""
    found = calls.decode(row.calls).longest if in_call(row) else None
    if found is None:
        return None
    return CallOut(
        remote_uri=found.remote_uri,
        display_name=found.display_name,
        direction=found.direction.lower(),
        protocol=found.protocol,
        status=found.status,
        since=found.since,
    )


def tags(row: Any) -> list[str]:
    """Its tags, sorted."""
    return sorted(tag.name for tag in row.tags.all())


def login(row: Any) -> LoginWord:
    """Whether the stored login works."""
    if row.login_refused_at is not None:
        return "refused"
    return "works" if row.login_worked_at is not None else "untried"
