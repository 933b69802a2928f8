"""REST out of declarations: list, CSV, one, and the acts of a subject, with their schemas."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema, Status
from ninja.params import functions
from pydantic import Field as Described
from pydantic import create_model

from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.permissions import needs
from roomkeeper.api.derived_lists import (
    Told,
    actor_of,
    filters_of,
    list_rows,
    page_of,
    row_of,
    told_of,
)
from roomkeeper.api.problems import Conflict, Invalid, NotFound, ProblemOut, problem_of, refused_as
from roomkeeper.api.routing import Routes
from roomkeeper.operations.door import NotSeen, Outcome, do, do_many
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.subjects import Act, Subject
from roomkeeper.operations.taking import model_of, patch_of, taken_of

MANY_LIMIT = 1_000


def routes_of(subject: Subject, routes: Routes | None = None) -> Routes:
    """A router with all that the subject offers to programs, beside what stands on `routes` already: one address, one
    router, or ninja would answer 405 for the methods of the second."""
    routes = routes or Routes(subject.plural)
    told = told_of(subject)
    _mount_list(routes, subject, told)
    _mount_one(routes, subject, told)
    acts = [act for act in subject.acts if act.is_mounted]
    patches = [act for act in acts if act.method == "PATCH" and act.on == "one"]
    for act in acts:
        if act not in patches or len(patches) == 1:
            _mount_act(routes, subject, act, told)
        if act.for_many:
            _mount_many(routes, subject, act)
    if len(patches) > 1:
        _mount_patch(routes, subject, patches, told)
    return routes


def _mount_list(routes: Routes, subject: Subject, told: Told) -> None:
    def view(request: HttpRequest, *, filters: Any) -> Any:
        return list_rows(request, subject, filters)

    kind = filters_of(subject)
    page = page_of(subject)
    query: Any = Annotated.__class_getitem__((kind, functions.Query()))  # type: ignore[attr-defined]
    _mount(
        routes.get("", response=page),
        view,
        f"list_{_word(subject.plural)}",
        f"List {subject.plural}.",
        needs(subject.needs, anywhere=subject.anywhere),
        parameters={"filters": query},
    )


def _mount_one(routes: Routes, subject: Subject, told: Told) -> None:
    key = _key(subject)

    def view(request: HttpRequest, **values: Any) -> Any:
        actor = actor_of(request)
        without = [one.name for one in told.details if not values[one.name]]
        return told.one(row_of(subject, actor, values[key]), actor, without)

    # What belongs to one alone may be long.
    parameters: dict[str, Any] = {key: int} | dict.fromkeys((one.name for one in told.details), bool)

    _mount(
        routes.get(f"/{{int:{key}}}", response=told.schema),
        view,
        f"show_{_word(subject.noun)}",
        f"Show one {subject.noun}.",
        needs(subject.needs, anywhere=subject.anywhere),
        defaults=dict.fromkeys((one.name for one in told.details), True),
        parameters=parameters,
    )


def _mount_act(routes: Routes, subject: Subject, act: Act, told: Told) -> None:
    key, body = _key(subject), model_of(subject, act)
    is_on_one = act.on == "one"
    good = 204 if act.answers == "nothing" else 202 if act.is_accepted else 200 if is_on_one else 201
    has_address = act.is_accepted or not is_on_one
    is_optional = not any(one.is_required for one in act.takes)

    def view(request: HttpRequest, **values: Any) -> Any:
        actor = actor_of(request)
        row = row_of(subject, actor, values[key]) if is_on_one else None
        given = values.get("details") or body()
        result = do_act(subject, act, row, actor, taken_of(act, given))
        if act.answers == "nothing":
            return Status(204, None)
        made = result[0] if act.tells else result
        left = row if row is not None else made
        # It may have left what the list shows, as a closed difference does: told as it was left, then.
        found = subject.rows(actor.grants).filter(pk=left.pk).first() or left
        once = {one.name: one.value(result[1]) for one in act.tells}
        if has_address:
            values["response"]["Location"] = f"/api/v1/{subject.path}/{left.pk}"
        return Status(good, told.one(found, actor) | once)

    path = (f"/{{int:{key}}}" if is_on_one else "") + act.tail
    parameters: dict[str, Any] = {key: int} if is_on_one else {}
    if act.takes:
        parameters["details"] = body | None if is_optional else body
    if has_address:
        parameters["response"] = HttpResponse
    schema = told.with_more(act)
    _mount(
        getattr(routes, act.method.lower())(
            path, response={good: None if act.answers == "nothing" else schema}
        ),
        view,
        f"{_word(act.name)}_{_word(subject.noun)}",
        act.summary,
        _rule(subject, act),
        defaults={"details": None} if is_optional else {},
        parameters=parameters,
    )


def _mount_patch(routes: Routes, subject: Subject, acts: Sequence[Act], told: Told) -> None:
    """`PATCH /<plural>/<id>`: each of the acts for which something is given, all or none."""
    key, body = _key(subject), patch_of(subject, acts)

    def view(request: HttpRequest, *, details: Any, **values: Any) -> Any:
        actor = actor_of(request)
        row = row_of(subject, actor, values[key])
        with transaction.atomic():
            for act in acts:
                names = [one.name for one in act.takes if one.name in details.model_fields_set]
                missing = [one.name for one in act.takes if one.is_required and one.name not in names]
                if names and missing:
                    raise Invalid(
                        "Something is missing.",
                        errors=[(f"body.{name}", f"belongs to {names[0]}") for name in missing],
                    )
                if names:
                    do_act(subject, act, row, actor, {name: getattr(details, name) for name in names})
        return told.one(subject.rows(actor.grants).filter(pk=row.pk).first() or row, actor)

    _mount(
        routes.patch(f"/{{int:{key}}}", response=told.schema),
        view,
        f"change_{_word(subject.noun)}",
        " ".join(act.summary for act in acts),
        _rule(subject, acts[0]),
        parameters={key: int, "details": body},
    )


def do_act(subject: Subject, act: Act, row: Any, actor: Actor, taken: Mapping[str, Any]) -> Any:
    """Do it by the door; a refusal is a problem."""
    try:
        with refused_as(act.status, *act.refused):
            return do(subject, act, row, actor=actor, now=timezone.now(), taken=taken)
    except NotSeen as error:
        raise NotFound(error.noun, error.key) from error


class DoneItem(Schema):
    """The outcome for one of several."""

    id: int
    status: int
    problem: ProblemOut | None


class DoneItems(Schema):
    """The outcome for each, in the order of the request."""

    done: int
    items: list[DoneItem]


def _mount_many(routes: Routes, subject: Subject, act: Act) -> None:
    """`POST /<plural>/<act>` with the ids: each succeeds or fails separately."""
    single = model_of(subject, act)
    ids: dict[str, Any] = {
        _word(subject.plural): (
            list[Identifier],
            Described(min_length=1, max_length=MANY_LIMIT, description="Their ids."),
        )
    }
    body = create_model(f"{single.__name__}OfMany", __base__=single, __doc__=act.summary, **ids)

    def view(request: HttpRequest, *, details: Any) -> Any:
        actor, now = actor_of(request), timezone.now()
        keys = list(dict.fromkeys(getattr(details, _word(subject.plural))))
        taken = {one.name: getattr(details, one.name) for one in act.takes}
        found = {row.pk: row for row in subject.rows(actor.grants).filter(pk__in=keys)}
        try:
            done = list(do_many(subject, act, found.values(), actor=actor, now=now, taken=taken))
        except NotSeen as error:
            raise NotFound(error.noun, error.key) from error
        outcomes = {one.key: one for one in done}
        items = [_item(subject, act, key, outcomes.get(key)) for key in keys]
        return DoneItems(done=sum(one.problem is None for one in items), items=items)

    _mount(
        routes.post(f"/{act.slug}", response=DoneItems),
        view,
        f"{_word(act.name)}_{_word(subject.plural)}_of_many",
        f"{act.summary.rstrip('.')}for several, one by one.",
        _rule(subject, act),
        parameters={"details": body},
    )


def _item(subject: Subject, act: Act, key: int, outcome: Outcome | None) -> DoneItem:
    if outcome is not None and outcome.is_done:
        return DoneItem(id=key, status=200, problem=None)
    error: Exception
    if outcome is None:
        error = NotFound(subject.noun, key)
    elif isinstance(outcome.refusal, act.refused):
        error = Conflict.of(outcome.refusal) if act.status == 409 else Invalid(str(outcome.refusal))
    else:
        error = outcome.refusal or ValueError("It was refused.")
    problem = problem_of(error)
    return DoneItem(id=key, status=problem.status, problem=ProblemOut.model_validate(problem.content()))


def _mount(
    route: Callable[..., Any],
    view: Callable[..., Any],
    name: str,
    words: str,
    rule: Callable[..., Any],
    *,
    parameters: Mapping[str, Any],
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Give the route a function with a name, a docstring and a signature of its own, from which ninja reads all."""

    def operation(request: HttpRequest, **values: Any) -> Any:
        return view(request, **values)

    kinds = inspect.Parameter
    given = [kinds("request", kinds.POSITIONAL_OR_KEYWORD, annotation=HttpRequest)]
    given += [
        kinds(word, kinds.KEYWORD_ONLY, annotation=kind, default=defaults.get(word, kinds.empty))
        for word, kind in parameters.items()
    ]
    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = words
    operation.__signature__ = inspect.Signature(given)  # type: ignore[attr-defined]
    route(rule(operation))


def _rule(subject: Subject, act: Act) -> Callable[..., Any]:
    """What the route demands of everybody; whose the object is, and where it stands, is asked at the door."""
    return needs(subject.needs if act.owner is not None else act.needs, anywhere=subject.anywhere)


def _key(subject: Subject) -> str:
    return f"{_word(subject.noun)}_id"


def _word(text: str) -> str:
    return text.replace(" ", "_").replace("-", "_")
