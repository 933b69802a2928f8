"""REST out of declarations: acts that begin something, an action or a job, and are answered with it."""

from functools import lru_cache
from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema, Status
from ninja.params import functions
from pydantic import Field, create_model

from roomkeeper.api.derived_lists import actor_of, named_of, row_of, title_of, told_of
from roomkeeper.api.derived_many import body_of, meant, problem_for
from roomkeeper.api.derived_mounting import do_act, key_of, mount, rule_of, word_of
from roomkeeper.api.derived_plans import dry, is_dry, plan_many, plan_one, plans_of
from roomkeeper.api.problems import ProblemOut, refused_as
from roomkeeper.api.routing import Routes
from roomkeeper.operations.acts import Act
from roomkeeper.operations.door import Outcome, do_many, do_together
from roomkeeper.operations.subjects import Subject
from roomkeeper.operations.taking import model_of, taken_of

MOST_WAITED: Final = 60.0


class Waiting(Schema):
    """How long the answer of what starts a job may take."""

    wait: float = Field(0.0, ge=0, le=MOST_WAITED, description="Seconds to wait for the end of the job.")


def mount_begun(routes: Routes, subject: Subject, act: Act, begun: Subject) -> None:
    """Mount the act on one object: 202, with what was begun and its address."""
    key, body = key_of(subject), dry(act, model_of(subject, act))
    is_optional = not any(one.is_required for one in act.takes)

    def view(request: HttpRequest, **values: Any) -> Any:
        actor = actor_of(request)
        row = row_of(subject, actor, values[key])
        given = values.get("details") or body()
        if is_dry(given):
            return Status(200, plan_one(subject, act, row, actor, taken_of(act, given)))
        result = do_act(subject, act, row, actor, taken_of(act, given))
        made = result[0] if act.tells else result
        return Status(202, tell_begun(request, begun, made, values) | told_of(begun).once(act, result))

    parameters: dict[str, Any] = {key: int, "response": HttpResponse, **_waiting_for(begun)}
    if act.takes:
        parameters["details"] = body | None if is_optional else body
    response = {202: told_of(begun).answer_of(act)}
    if act.plan is not None:
        response[200] = plans_of(subject, act)[0]
    mount(
        routes.post(f"/{{int:{key}}}{act.tail}", response=response),
        view,
        f"{word_of(act.name)}_{word_of(subject.noun)}",
        act.summary,
        rule_of(subject, act),
        defaults={"details": None} if is_optional else {},
        parameters=parameters,
    )


def mount_begun_of_many(routes: Routes, subject: Subject, act: Act, begun: Subject) -> None:
    """Mount the act on many: one thing begun for each of them, or one for all together."""
    item, items = _items_of(subject, begun)
    word = word_of(begun.noun)

    def view(request: HttpRequest, *, details: Any, **values: Any) -> Any:
        actor, now = actor_of(request), timezone.now()
        keys, rows = meant(subject, act, details, actor)
        taken = taken_of(act, details)
        if is_dry(details):
            return Status(200, plan_many(subject, act, keys, rows, actor, taken))
        # What is told once is of all; a refusal of what was given is one of all, too.
        once = plan_many(subject, act, [], [], actor, taken) if act.plan is not None and act.tells else {}
        once = {one.name: once[one.name] for one in act.tells}
        if act.is_together:
            with refused_as(act.rest.status, *act.refused):
                made, done = do_together(subject, act, rows, actor=actor, now=now, taken=taken)
        else:
            made, done = None, list(do_many(subject, act, rows, actor=actor, now=now, taken=taken))
        told = [_told(key, {one.key: one for one in done}) for key in keys]
        if not act.is_together:
            return Status(202, {"done": sum(one["problem"] is None for one in told), "items": told, **once})
        refused = [one for one in told if one["problem"] is not None]
        if made is None:
            return Status(200, {"done": 0, "items": refused})
        return Status(202, tell_begun(request, begun, made, values) | {"refused": refused})

    def _told(key: int, outcomes: dict[int, Outcome]) -> dict[str, Any]:
        outcome = outcomes.get(key)
        problem = problem_for(subject, act, key, outcome)
        result = outcome.result if outcome is not None else None
        made = result[0] if act.tells and result is not None else result
        return {
            "id": key,
            word_of(subject.noun): key,
            "status": 202 if problem is None else problem.status,
            word: made.pk if made is not None else None,
            "problem": problem,
        }

    response: dict[int, Any] = {202: items}
    if act.plan is not None:
        response[200] = plans_of(subject, act)[1]
    if act.tells:
        words, more = f"{title_of(act.name)}{items.__name__}", named_of(act.tells)
        response[202] = create_model(words, __base__=items, __doc__=items.__doc__, **more)
    parameters: dict[str, Any] = {"details": dry(act, body_of(subject, act, []))}
    if act.is_together:
        refused: dict[str, Any] = {"refused": (list.__class_getitem__(item), ...)}
        whole = create_model(
            f"{title_of(act.name)}{title_of(subject.plural)}Out",
            __base__=told_of(begun).schema,
            __doc__=f"The {begun.noun}, and those for which nothing was begun.",
            **refused,
        )
        response = {200: items, 202: whole}
        parameters |= {"response": HttpResponse, **_waiting_for(begun)}
    mount(
        routes.post(f"/{act.slug}", response=response),
        view,
        f"{word_of(act.name)}_{word_of(subject.plural)}_of_many",
        f"{act.summary.rstrip('.')}: several, {'together' if act.is_together else 'one by one'}.",
        rule_of(subject, act),
        parameters=parameters,
    )


def tell_begun(request: HttpRequest, begun: Subject, made: Any, values: dict[str, Any]) -> dict[str, Any]:
    """What was begun, with its address in the answer; after waiting for its end where that is asked for."""
    actor, waiting = actor_of(request), values.get("waiting")
    seconds = seconds_to_wait(request, waiting.wait) if waiting is not None else 0
    if seconds and begun.wait is not None:
        made = begun.wait(made, seconds)
    values["response"]["Location"] = f"/api/v1/{begun.path}/{made.pk}"
    found = begun.rows(actor.grants).filter(pk=made.pk).first() or made
    return told_of(begun).one(found, actor)


def seconds_to_wait(request: HttpRequest, wait: float) -> float:
    """How long the answer may take: as `Prefer: respond-async` or `Prefer: wait=10` says (RFC 7240), else `wait`."""
    for part in request.headers.get("Prefer", "").lower().replace(";", ",").split(","):
        word, _rest, value = part.strip().partition("=")
        if word == "respond-async":
            return 0.0
        if word.strip() == "wait" and value.strip(' "').isdecimal():
            return min(float(value.strip(' "')[:4]), MOST_WAITED)
    return wait


def _waiting_for(begun: Subject) -> dict[str, Any]:
    """The parameter by which a program waits for the end of what was begun, where that has one."""
    if begun.wait is None:
        return {}
    return {"waiting": Annotated.__class_getitem__((Waiting, functions.Query()))}  # type: ignore[attr-defined]


@lru_cache(maxsize=32)
def _items_of(subject: Subject, begun: Subject) -> tuple[Any, Any]:
    """The schemas of what became of one, and of all."""
    words = f"Asked{title_of(begun.noun)}Of{title_of(subject.noun)}"
    fields: dict[str, Any] = {
        "id": (int, ...),
        word_of(subject.noun): (int, ...),
        "status": (int, ...),
        word_of(begun.noun): (int | None, Field(description=f"The id of its {begun.noun}.")),
        "problem": (ProblemOut | None, ...),
    }
    item = create_model(words, __base__=Schema, __doc__="The outcome for one of several.", **fields)
    all_items: dict[str, Any] = {"done": (int, ...), "items": (list.__class_getitem__(item), ...)}
    told = "The outcome for each, in the order of the request."
    return item, create_model(f"{words}Items", __base__=Schema, __doc__=told, **all_items)
