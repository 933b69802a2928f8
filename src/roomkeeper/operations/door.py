"""The one door for all acts: permission, service, audit trail and live event, in one transaction."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from roomkeeper.accounts import audit
from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.permissions import ROOT_PATH, demand
from roomkeeper.operations.subjects import Act, Row, Subject


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of many: done with what the service gave back, or the refusal."""

    key: int
    label: str
    result: Any = None
    refusal: Exception | None = None

    @property
    def is_done(self) -> bool:
        """Whether it was done."""
        return self.refusal is None


def may(subject: Subject, act: Act, row: Row, actor: Actor) -> bool:
    """Whether the actor may do it to the row (None for an act on the whole subject)."""
    return actor.grants.may(act.needs, _place(subject, act, row))


def do(
    subject: Subject,
    act: Act,
    row: Row,
    *,
    actor: Actor,
    now: datetime,
    taken: Mapping[str, Any] | None = None,
) -> Any:
    """Do it and note it, or neither. Gives what the service gives back.

    `row` is None for an act on the whole subject. Raises `PermissionDenied`, or the act's own refusals, whose text is
    the sentence to show.
    """
    values = dict(taken or {})
    demand(actor.user, act.needs, _place(subject, act, row))
    key = getattr(row, "pk", None)
    with audit.acting_from(actor.source_address), transaction.atomic():
        if row is None:
            result = act.run(user=actor.user, now=now, **values)
        else:
            result = act.run(row, user=actor.user, now=now, **values)
        made = result[0] if act.tells else result
        about = row if row is not None else made if isinstance(made, subject.model) else None
        label = subject.label(about) if about is not None else ""
        audit.note(actor.user, actor.road, f"{act.name} {subject.noun}", about, key, label, act.noted(values))
        if subject.tell is not None and about is not None:
            subject.tell(about)
    return result


def do_many(
    subject: Subject,
    act: Act,
    rows: Iterable[Row],
    *,
    actor: Actor,
    now: datetime,
    taken: Mapping[str, Any] | None = None,
) -> Iterator[Outcome]:
    """Do it to each, every one in a transaction of its own: one that is refused holds up no other."""
    for row in rows:
        key, label = row.pk, subject.label(row)
        try:
            result = do(subject, act, row, actor=actor, now=now, taken=taken)
        except (PermissionDenied, ValueError) as refusal:
            if not isinstance(refusal, (PermissionDenied, *act.refused)):
                raise
            yield Outcome(key, label, refusal=refusal)
        else:
            yield Outcome(key, label, result)


def _place(subject: Subject, act: Act, row: Row) -> str:
    if act.place is not None:
        return act.place(row)
    return ROOT_PATH if row is None else subject.place(row)
