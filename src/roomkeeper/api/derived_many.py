"""`POST /<plural>/<act>`: an act on many rows, by their ids or by a filter; each succeeds or fails separately."""

from collections.abc import Mapping
from typing import Any, Final, Self

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import ConfigDict, create_model, model_validator
from pydantic import Field as Described

from roomkeeper.accounts.actors import Actor
from roomkeeper.api.derived_lists import actor_of, asked_of, read_filter, title_of
from roomkeeper.api.derived_mounting import mount, rule_of, word_of
from roomkeeper.api.paging import list_refusals
from roomkeeper.api.problems import Conflict, Invalid, NotFound, ProblemOut, problem_of
from roomkeeper.api.routing import Routes
from roomkeeper.operations import lists
from roomkeeper.operations.acts import Act, Input
from roomkeeper.operations.door import Outcome, do_many, may
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import Subject
from roomkeeper.operations.taking import bounded, checks_of, given_to, model_of
from roomkeeper.words import gettext as _

MANY_LIMIT: Final = 2_000
# What a filter may find, as on pages.
FOUND_LIMIT: Final = 2_000


class DoneItem(Schema):
    """The outcome for one of several."""

    id: int
    status: int
    problem: ProblemOut | None


class DoneItems(Schema):
    """The outcome for each, in the order of the request."""

    done: int
    items: list[DoneItem]


class _Choice(Schema):
    """Those meant: by their ids or by a filter, one of the two."""

    filter: dict[str, Any] | None = Described(
        None, description="Filters of the list by name; only where you may do this."
    )

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        ids = getattr(self, next(name for name in type(self).model_fields if name != "filter"))
        if (ids is None) == (self.filter is None):
            raise ValueError(_("give either the ids or `filter`"))
        return self


def mount_many(routes: Routes, subject: Subject, act: Act) -> None:
    """Mount the act for many on the routes."""
    name = word_of(subject.plural)
    own = [one for one in given_to(act) if one.is_own]
    body, answer = body_of(subject, act, own), _answer_of(subject, own)
    good = 202 if act.rest.is_accepted or act.rest.follow else 200

    def view(request: HttpRequest, *, details: Any) -> Any:
        actor, now = actor_of(request), timezone.now()
        asked, told = getattr(details, name), {}
        if asked is None:
            found = _found(subject, act, details.filter, actor)
            keys = list(found)
        else:
            told = {key_in(one): one for one in asked}
            keys = list(told)
            found = {row.pk: row for row in subject.rows(actor.grants).filter(pk__in=keys)}
        taken = {one.name: getattr(details, one.name) for one in given_to(act) if one not in own}
        each = {key: _own(told.get(key), own) for key in keys}
        done = list(do_many(subject, act, found.values(), actor=actor, now=now, taken=taken, own=each))
        outcomes = {one.key: one for one in done}
        problems = {key: problem_for(subject, act, key, outcomes.get(key)) for key in keys}
        outcome = {
            "done": sum(one is None for one in problems.values()),
            "items": [
                {"id": key, "status": good if one is None else one.status, "problem": one}
                | ({word_of(subject.noun): key} if own else {})
                for key, one in problems.items()
            ],
        }
        return Status(good, outcome)

    def key_in(one: Any) -> int:
        return one if isinstance(one, int) else int(getattr(one, word_of(subject.noun)))

    mount(
        routes.post(f"/{act.slug}", response={good: answer}),
        view,
        f"{word_of(act.name)}_{name}_of_many",
        f"{act.summary.rstrip('.')}: for several, one by one.",
        rule_of(subject, act),
        parameters={"details": body},
    )


def meant(subject: Subject, act: Act, details: Any, actor: Actor) -> tuple[list[int], list[Any]]:
    """The ids that are meant, in the order given or found, and those of the rows that the actor sees."""
    asked = getattr(details, word_of(subject.plural))
    if asked is None:
        found = _found(subject, act, details.filter, actor)
        return list(found), list(found.values())
    keys = list(dict.fromkeys(asked))
    seen = {row.pk: row for row in subject.rows(actor.grants).filter(pk__in=keys)}
    return keys, [seen[key] for key in keys if key in seen]


def body_of(subject: Subject, act: Act, own: list[Input]) -> Any:
    """The ids (or objects with what each takes for itself), or a filter; and what all take."""
    words = model_of(subject, act).__name__
    each: Any = Identifier
    if own:
        parts: dict[str, Any] = {word_of(subject.noun): (Identifier, ...)}
        parts |= {one.name: (one.type, bounded(one)) for one in own}
        each = Identifier | create_model(
            f"{words}Item", __config__=ConfigDict(extra="forbid"), __doc__=f"One {subject.noun}.", **parts
        )
    told = "Their ids" + (f", or objects of `{word_of(subject.noun)}` and what it takes." if own else ".")
    ids: Any = list.__class_getitem__(each) | None
    fields: dict[str, Any] = {
        word_of(subject.plural): (
            ids,
            Described(None, min_length=1, max_length=MANY_LIMIT, description=told),
        )
    }
    choice = create_model(f"{words}Choice", __base__=_Choice, **fields)
    fields = {one.name: (one.type, bounded(one)) for one in given_to(act) if one not in own}
    return create_model(
        f"{words}OfMany",
        __base__=choice,
        __doc__=act.summary,
        __cls_kwargs__={"extra": "forbid"},
        __validators__=checks_of(act),
        **fields,
    )


def _answer_of(subject: Subject, own: list[Input]) -> Any:
    """The outcomes; whoever is asked of by the noun is told by it, too."""
    if not own:
        return DoneItems
    named: dict[str, Any] = {word_of(subject.noun): (int, ...)}
    words = title_of(subject.noun)
    item: Any = create_model(f"Done{words}", __base__=DoneItem, __doc__=DoneItem.__doc__, **named)
    items: dict[str, Any] = {"items": (list.__class_getitem__(item), ...)}
    return create_model(f"Done{words}Items", __base__=DoneItems, __doc__=DoneItems.__doc__, **items)


def _found(subject: Subject, act: Act, given: Mapping[str, Any], actor: Actor) -> dict[int, Any]:
    """What the filter finds, as the page begins, where the actor may do it."""
    asked = asked_of(read_filter(subject, {**subject.pages.begins, **given}))
    with list_refusals():
        rows = lists.select(subject, actor.grants, asked, now=timezone.now()).order_by("pk")
    found: dict[int, Any] = {}
    for row in rows.iterator(chunk_size=500):
        if may(subject, act, row, actor):
            found[row.pk] = row
        if len(found) > FOUND_LIMIT:
            raise Invalid(
                _(
                    "More than {limit:,} {plural} are found, which is the limit at once.",
                    limit=FOUND_LIMIT,
                    plural=subject.plural,
                ),
                errors=[("body.filter", _("finds too many {plural}", plural=subject.plural))],
                hint=_("Narrow the filter, for example by a folder, and repeat for the next."),
            )
    return found


def _own(asked: Any, own: list[Input]) -> dict[str, Any]:
    if asked is None or isinstance(asked, int):
        return {one.name: one.default for one in own}
    return {one.name: getattr(asked, one.name) for one in own}


def problem_for(subject: Subject, act: Act, key: int, outcome: Outcome | None) -> ProblemOut | None:
    """Why it was not done to that one; None where it was."""
    if outcome is not None and outcome.is_done:
        return None
    error: Exception
    if outcome is None:
        error = NotFound(subject.noun, key)
    elif isinstance(outcome.refusal, act.refused):
        error = Conflict.of(outcome.refusal) if act.rest.status == 409 else Invalid(str(outcome.refusal))
    else:
        error = outcome.refusal or ValueError(_("It was refused."))
    return ProblemOut.model_validate(problem_of(error).content())
