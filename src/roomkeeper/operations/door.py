"""The one door for all acts: permission, service, audit trail and live event, in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction

from roomkeeper.accounts import audit
from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import ROOT_PATH, demand
from roomkeeper.operations.acts import Act
from roomkeeper.operations.fields import Row
from roomkeeper.operations.filters import LARGEST_ID
from roomkeeper.operations.subjects import Subject, get_subject
from roomkeeper.words import gettext as _

# A statement has no more parameters than every database takes.
AT_ONCE: Final = 500
# So many of the objects of one act are named in the trail.
NAMED: Final = 1_000


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


class NotSeen(LookupError):
    """There is no such object, or it is in no folder that the actor sees."""

    def __init__(self, noun: str, key: object) -> None:
        super().__init__(_("There is no {noun} {key} that you can see.", noun=_(noun), key=key))
        self.noun, self.key = noun, key


def may(subject: Subject, act: Act, row: Row, actor: Actor) -> bool:
    """Whether the actor may do it to the row (None for an act on the whole subject)."""
    places = _places(subject, act, row, {})
    if not places:
        return actor.grants.may_anywhere(act.needs)
    return _is_own(act, row, actor) or all(actor.grants.may(act.needs, place) for place in places)


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

    `row` is None for an act on the whole subject. Raises `NotSeen` for an object that is named and not seen,
    `PermissionDenied`, or the act's own refusals, whose text is the sentence to show.
    """
    given = dict(taken or {})
    values = given | referred(act, given, actor)
    if not _is_own(act, row, actor):
        for place in _places(subject, act, row, values):
            demand(actor.user, act.needs, place)
    key, times = getattr(row, "pk", None), []

    def noted(result: Any) -> AuditEntry:
        times.append(now)
        return _note(subject, act, row, key, actor, result, given)

    on = () if row is None else ([row] if act.is_together else row,)
    with audit.acting_from(actor.source_address):
        if act.has_portions:
            result = act.run(*on, user=actor.user, now=now, noted=noted, **values)
            if not times:
                raise AssertionError(f"{act.name} {subject.noun} has not noted what it did.")
            return result
        with transaction.atomic():
            result = act.run(*on, user=actor.user, now=now, **values)
            noted(result)
    return result


def preview(subject: Subject, act: Act, *, actor: Actor, now: datetime, taken: Mapping[str, Any]) -> Any:
    """What an act on the whole subject would do, without doing it: what its `plan` gives. Raises as `do` does."""
    if act.plan is None:
        raise TypeError(f"{act.name} {subject.noun} has no plan.")
    values = {**taken, **referred(act, taken, actor)}
    for place in _places(subject, act, None, values):
        demand(actor.user, act.needs, place)
    return act.plan(user=actor.user, now=now, **values)


def _note(
    subject: Subject, act: Act, row: Row, key: Any, actor: Actor, result: Any, given: Mapping[str, Any]
) -> AuditEntry:
    """Write the audit trail, in the transaction of the act, and tell open pages. `key` is what it was known by."""
    made = result[0] if act.tells else result
    about = row if row is not None else made if isinstance(made, subject.model) else None
    label = subject.label(about) if about is not None else ""
    named, details = about, act.noted(given) | _begun(subject, act, made)
    if act.trail.result is not None:
        details = {**details, **act.trail.result(result)}
    other = act.trail.about(given) if act.trail.about is not None else None
    if other is None and about is not None and subject.about is not None:
        other = subject.about(about)
    if other is not None and about is not None:
        named, details = other, {subject.noun.replace(" ", "_"): key or about.pk, "label": label} | details
        key, label = named.pk, str(named)
    entry = audit.note(actor.user, actor.road, act.audit_word(subject.noun), named, key, label, details)
    if subject.tell is not None and about is not None:
        subject.tell(about)
    return entry


def do_many(
    subject: Subject,
    act: Act,
    rows: Iterable[Row],
    *,
    actor: Actor,
    now: datetime,
    taken: Mapping[str, Any] | None = None,
    own: Mapping[int, Mapping[str, Any]] | None = None,
) -> Iterator[Outcome]:
    """Do it to each, every one in a transaction of its own: one that is refused holds up no other. `own` is what some
    take besides, by their ids."""
    for row in rows:
        key, label = row.pk, subject.label(row)
        given = {**(taken or {}), **(own or {}).get(key, {})}
        try:
            result = do(subject, act, row, actor=actor, now=now, taken=given)
        except (PermissionDenied, ValueError) as refusal:
            if not isinstance(refusal, (PermissionDenied, *act.refused)):
                raise
            yield Outcome(key, label, refusal=refusal)
        else:
            yield Outcome(key, label, result)


def do_together(
    subject: Subject,
    act: Act,
    rows: Iterable[Row],
    *,
    actor: Actor,
    now: datetime,
    taken: Mapping[str, Any] | None = None,
) -> tuple[Any, list[Outcome]]:
    """Do it for all at once and note that once, with their ids; what the service gives back, None where nothing was
    done, and the outcome for each. Those on which the actor may not do it are left out, which is their outcome.

    Raises the act's own refusals, which are of all.
    """
    given = dict(taken or {})
    values = given | referred(act, given, actor)
    permitted, outcomes = _permitted(subject, act, rows, actor, values)
    if not permitted:
        return None, outcomes
    with audit.acting_from(actor.source_address), transaction.atomic():
        made = act.run(permitted, user=actor.user, now=now, **values)
        named = {"count": len(permitted), subject.plural: [row.pk for row in permitted[:NAMED]]}
        details = act.noted(given) | _begun(subject, act, made) | named
        # What is begun tells of itself as it goes on; the rows are as they were.
        audit.note(actor.user, actor.road, act.audit_word(subject.plural), None, None, "", details)
    return made, outcomes


def plan(
    subject: Subject,
    act: Act,
    rows: Iterable[Row],
    *,
    actor: Actor,
    now: datetime,
    taken: Mapping[str, Any] | None = None,
) -> tuple[list[Row], Any, list[Outcome]]:
    """The plan for the rows, which changes nothing: those on which the actor may do it, what
    the plan gives of them, and the refusals of the others. Raises as `do` does."""
    if act.plan is None:
        raise TypeError(f"{act.name} {subject.noun} has no plan.")
    given = dict(taken or {})
    values = given | referred(act, given, actor)
    permitted, outcomes = _permitted(subject, act, rows, actor, values)
    found = act.plan(permitted, user=actor.user, now=now, **values)
    return permitted, found, [one for one in outcomes if not one.is_done]


def _permitted(
    subject: Subject, act: Act, rows: Iterable[Row], actor: Actor, values: Mapping[str, Any]
) -> tuple[list[Row], list[Outcome]]:
    """Those on which the actor may do it, and the outcome so far of each."""
    permitted, outcomes = [], []
    for row in rows:
        try:
            if not _is_own(act, row, actor):
                for place in _places(subject, act, row, values):
                    demand(actor.user, act.needs, place)
        except PermissionDenied as refusal:
            outcomes.append(Outcome(row.pk, subject.label(row), refusal=refusal))
        else:
            permitted.append(row)
            outcomes.append(Outcome(row.pk, subject.label(row)))
    return permitted, outcomes


def _begun(subject: Subject, act: Act, made: Any) -> dict[str, Any]:
    """The row of another subject with which it answers, as the trail names it."""
    begun = subject.begun_by(act)
    return {begun.noun.replace(" ", "_"): made.pk} if begun is not None else {}


def _places(subject: Subject, act: Act, row: Row, values: Mapping[str, Any]) -> Sequence[str]:
    if act.places is not None:
        return act.places(row, values)
    return (ROOT_PATH if row is None else subject.place(row),)


def _is_own(act: Act, row: Row, actor: Actor) -> bool:
    owner = act.owner(row) if act.owner is not None and row is not None else None
    return owner is not None and owner == actor.grants.user_id


def referred(act: Act, given: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """The objects of what is taken that are named by their ids. Raises `NotSeen`."""
    found: dict[str, Any] = {}
    for one in act.takes:
        named = given.get(one.name)
        if named is None:
            continue
        if one.parts:
            columns = {
                part.name: _seen(part.refers, [getattr(line, part.name) for line in named], actor)
                for part in one.parts
            }
            found[one.name] = [
                dict(zip(columns, line, strict=True)) for line in zip(*columns.values(), strict=True)
            ]
        elif one.refers:
            rows = _seen(one.refers, named if isinstance(named, list | tuple) else [named], actor)
            found[one.name] = rows if isinstance(named, list | tuple) else rows[0]
    return found


def _seen(plural: str, keys: Sequence[Any], actor: Actor) -> list[Any]:
    """The objects of the subject by their ids, None where there is none; what names no subject as it is."""
    if not plural:
        return list(keys)
    subject = get_subject(plural)
    # No database has a number above its largest, and says so by an error.
    named = [key for key in keys if isinstance(key, int) and 0 < key <= LARGEST_ID]
    rows = {
        row.pk: row
        for start in range(0, len(named), AT_ONCE)
        for row in subject.rows(actor.grants).filter(pk__in=named[start : start + AT_ONCE])
    }
    for key in keys:
        if key is not None and key not in rows:
            raise NotSeen(subject.noun, key)
    return [rows.get(key) for key in keys]
