"""REST out of declarations: what an act would do, asked for with `dry_run`, before anything is done."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, get_args

from django.utils import timezone
from ninja import Schema
from pydantic import BaseModel, Field, create_model

from roomkeeper.accounts.actors import Actor
from roomkeeper.api.derived_lists import named_of, title_of
from roomkeeper.api.derived_mounting import word_of
from roomkeeper.api.problems import refused_as
from roomkeeper.operations.acts import Act
from roomkeeper.operations.door import Outcome, plan
from roomkeeper.operations.subjects import Subject
from roomkeeper.words import gettext as _


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
