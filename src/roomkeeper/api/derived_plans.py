"""REST out of declarations: what an act would do, asked for with `dry_run`, before anything is done.

A plan is told line by line, one for each of the rows (`plans`), or as a whole (`Rest.planned`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, get_args

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema, Status
from pydantic import BaseModel, Field, create_model

from roomkeeper.accounts.actors import Actor
from roomkeeper.api.choosing import SystemChoice, choose_managed, choose_seen
from roomkeeper.api.derived_lists import actor_of, named_of, title_of, told_of
from roomkeeper.api.derived_mounting import Place, do_act, mount, preview_act, rule_of, word_of
from roomkeeper.api.problems import refused_as
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.operations.acts import Act, Planned
from roomkeeper.operations.door import Outcome, plan
from roomkeeper.operations.subjects import Subject
from roomkeeper.operations.taking import fields_of, given_to
from roomkeeper.words import gettext as _

# Systems are objects by then: chosen by their ids or a filter, or meant by the object itself.
_SYSTEMS: Final = "systems"


class Forbidding(Schema, extra="forbid"):
    """What it does not know is refused."""


def dry(act: Act, body: type[BaseModel]) -> type[BaseModel]:
    """The body with `dry_run`, where the act can be planned."""
    if act.plan is None:
        return body
    words: dict[str, Any] = {
        "dry_run": (bool, Field(False, description="Only plan: answers 200, and nothing is done."))
    }
    return create_model(f"{body.__name__}OrPlan", __base__=body, __doc__=act.summary, **words)


def is_dry(details: Any) -> bool:
    """Whether only a plan is asked for."""
    return bool(getattr(details, "dry_run", False))


@lru_cache(maxsize=32)
def plans_of(subject: Subject, act: Act) -> tuple[Any, Any]:
    """The schemas of the plan for one object, and for many."""
    noun, words = word_of(subject.noun), f"{title_of(act.name)}{title_of(subject.noun)}Plan"
    fields: dict[str, Any] = {noun: (int, ...), f"{noun}_name": (str, ...), **named_of(act.plans)}
    item: Any = create_model(
        f"{words}Item", __base__=Schema, __doc__="The plan for one of several.", **fields
    )
    more: dict[str, Any] = named_of(act.tells)
    counts: dict[str, Any] = {
        "counts": (dict[str, int], Field(description="How many have each verdict.")),
        "items": (list.__class_getitem__(item), ...),
    }
    one = create_model(words, __base__=item, __doc__="The plan for one.", **more) if more else item
    told = _("The plan for each.")
    return one, create_model(f"{words}s", __base__=Schema, __doc__=told, **more, **counts)


def plan_one(subject: Subject, act: Act, row: Any, actor: Actor, taken: Mapping[str, Any]) -> dict[str, Any]:
    """The plan for it; a refusal is a problem."""
    told, refused = _planned(subject, act, [row], actor, taken)
    for one in refused:
        raise one.refusal or PermissionError(one.label)
    planned: dict[str, Any] = told["items"][0]
    return planned | {name: value for name, value in told.items() if name != "items"}


def plan_many(
    subject: Subject,
    act: Act,
    keys: Sequence[int],
    rows: Sequence[Any],
    actor: Actor,
    taken: Mapping[str, Any],
) -> dict[str, Any]:
    """The plan for each, with those that are not seen, or on which the actor may not do it."""
    told, refused = _planned(subject, act, rows, actor, taken)
    noun, (verdict, reason) = word_of(subject.noun), (one.name for one in act.plans)
    why = _("you may not {value} in its folder", value=act.needs.value)
    left = {one.key: (one.label, why) for one in refused}
    seen = {row.pk for row in rows}
    left |= {
        key: ("", _("there is no {noun} {key} that you can see", noun=subject.noun, key=key))
        for key in keys
        if key not in seen
    }
    told["items"] += [
        {noun: key, f"{noun}_name": name, verdict: "cannot", reason: words}
        for key, (name, words) in left.items()
    ]
    found = Counter(one[verdict] for one in told["items"])
    return told | {"counts": {word: found[word] for word in get_args(act.plans[0].type)}}


def _planned(
    subject: Subject, act: Act, rows: Sequence[Any], actor: Actor, taken: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Outcome]]:
    with refused_as(act.rest.status, *act.refused):
        permitted, result, refused = plan(subject, act, rows, actor=actor, now=timezone.now(), taken=taken)
    planned, rest = result if act.tells else (result, None)
    noun = word_of(subject.noun)
    items = [
        {
            noun: row.pk,
            f"{noun}_name": subject.label(row),
            **{field.name: field.value(one) for field in act.plans},
        }
        for row, one in zip(permitted, planned, strict=True)
    ]
    return {"items": items, **{one.name: one.value(rest) for one in act.tells}}, refused


def mount_planned(routes: Routes, place: Place, act: Act, planned: Planned) -> None:
    """Mount an act whose plan is told as a whole: 200 with that, or 202 with what was made and its address."""
    subject, is_on_one = place.subject, act.on == "one"
    inputs = [one for one in given_to(act) if one.name != _SYSTEMS]
    body: Any = create_model(
        f"{title_of(act.name)}{title_of(subject.noun)}In",
        __base__=SystemChoice if act.rest.chooses else Forbidding,
        __doc__=act.summary,
        dry_run=(bool, Field(False, description="Only plan: answers 200, and nothing is done.")),
        **fields_of(inputs),
    )
    is_optional = not act.rest.chooses and not any(one.is_required for one in inputs)

    def view(request: HttpRequest, *, response: HttpResponse, details: Any, **values: Any) -> Any:
        actor, given = actor_of(request), details or body()
        taken = {one.name: getattr(given, one.name) for one in inputs}
        row = place.row(actor, values) if is_on_one else None
        if act.rest.chooses:
            find = choose_seen if planned.of_all else choose_managed
            taken[_SYSTEMS] = find(user_of(request), given, (act.needs,))
        return answer_planned(response, subject, act, row, actor, taken, is_dry_run=given.dry_run)

    mount(
        routes.post(
            (place.path if is_on_one else "") + act.tail,
            response={200: planned.gives, 202: made_by(subject, act)},
        ),
        view,
        place.named(act.name),
        act.summary,
        rule_of(subject, act),
        defaults={"details": None} if is_optional else {},
        parameters=(place.parameters if is_on_one else {})
        | {"response": HttpResponse, "details": body | None if is_optional else body},
    )


@lru_cache(maxsize=32)
def made_by(subject: Subject, act: Act) -> Any:
    """The schema of what such an act is answered with once it is done."""
    told, planned = told_of(subject), act.rest.planned
    if planned is None or not planned.beside:
        return told.in_list
    words = f"{title_of(act.name)}{title_of(subject.noun)}Out"
    return create_model(words, __base__=told.in_list, __doc__=act.summary, **named_of(planned.beside))


def answer_planned(
    response: HttpResponse,
    subject: Subject,
    act: Act,
    row: Any,
    actor: Actor,
    taken: Mapping[str, Any],
    *,
    is_dry_run: bool,
) -> Any:
    """Plan it, and do it unless only the plan is asked for. A refusal is a problem."""
    planned, told = act.rest.planned, told_of(subject)
    if planned is None:
        raise TypeError(f"{act.name} {subject.noun} tells no plan as a whole.")
    found = None
    if is_dry_run or planned.beside:
        found = (
            preview_act(subject, act, actor, taken)
            if row is None
            else _plan_whole(subject, act, row, actor, taken)
        )
    if is_dry_run:
        # Written as it is: looking at it once more takes longer than planning for ten thousand systems.
        whole = planned.tell(found).model_dump_json()
        return HttpResponse(whole, content_type="application/json; charset=utf-8")
    made = do_act(subject, act, row, actor, taken)
    response["Location"] = told.address(made, act)
    return Status(202, told.listed(made, actor) | {one.name: one.value(found) for one in planned.beside})


def _plan_whole(subject: Subject, act: Act, row: Any, actor: Actor, taken: Mapping[str, Any]) -> Any:
    with refused_as(act.rest.status, *act.refused, below=act.rest.below):
        _permitted, found, refused = plan(subject, act, [row], actor=actor, now=timezone.now(), taken=taken)
    for one in refused:
        raise one.refusal or PermissionError(one.label)
    return found[0]
