"""REST out of declarations: list, CSV, one, and the acts of a subject, with their schemas."""

from collections.abc import Sequence
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Status
from ninja.params import functions

from roomkeeper.accounts.permissions import needs
from roomkeeper.api.derived_begun import mount_begun, mount_begun_of_many
from roomkeeper.api.derived_lists import Told, actor_of, filters_of, list_rows, page_of, row_of, told_of
from roomkeeper.api.derived_many import mount_many
from roomkeeper.api.derived_mounting import do_act, key_of, mount, rule_of, word_of
from roomkeeper.api.derived_readings import mount_reading
from roomkeeper.api.problems import Invalid
from roomkeeper.api.routing import Routes
from roomkeeper.operations.acts import ANYTHING, Act
from roomkeeper.operations.subjects import Subject, all_subjects
from roomkeeper.operations.taking import model_of, patch_of, taken_of
from roomkeeper.words import gettext as _


def routes_of(subject: Subject, routes: Routes | None = None) -> Routes:
    """A router with all that the subject offers to programs, beside what stands on `routes` already; an act whose
    address stands there is done by hand. One address, one router, or ninja would answer 405 for the methods of the
    second."""
    routes = routes or Routes(subject.plural)
    by_hand = {
        (method, path)
        for path, view in routes.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }
    told = told_of(subject)
    _mount_list(routes, subject)
    for one in all_subjects():
        if one.lies_within(subject):
            _mount_list(routes, one, within=subject)
    _mount_one(routes, subject, told)
    acts = [act for act in subject.acts if act.is_mounted and act.rest.is_derived]
    for reading in subject.readings:
        mount_reading(routes, subject, reading)
    patches = [act for act in acts if act.rest.method == "PATCH" and not act.tail]
    for act in acts:
        is_alone = act not in patches or len(patches) == 1
        if is_alone and (act.rest.method, _path(subject, act)) not in by_hand:
            if (begun := subject.begun_by(act)) is not None:
                mount_begun(routes, subject, act, begun)
            else:
                _mount_act(routes, subject, act, told)
        if act.for_many and ("POST", f"/{act.slug}") not in by_hand:
            if (begun := subject.begun_by(act)) is not None:
                mount_begun_of_many(routes, subject, act, begun)
            else:
                mount_many(routes, subject, act)
    if len(patches) > 1:
        _mount_patch(routes, subject, patches, told)
    return routes


def _mount_list(routes: Routes, subject: Subject, within: Subject | None = None) -> None:
    """`within` another subject it is the list of what belongs to one object of that."""
    key = "" if within is None else key_of(within)
    nested = subject.nested if within is not None else None

    def view(request: HttpRequest, *, filters: Any, **values: Any) -> Any:
        if within is None or nested is None:
            return list_rows(request, subject, filters)
        row = row_of(within, actor_of(request), values[key])
        return list_rows(request, subject, filters, **{nested.by: row})

    kind = filters_of(subject)
    page = page_of(subject)
    query: Any = Annotated.__class_getitem__((kind, functions.Query()))  # type: ignore[attr-defined]
    mount(
        routes.get(f"/{{int:{key}}}/{nested.at}" if nested is not None else "", response=page),
        view,
        f"list_{word_of(subject.plural)}" + (f"_of_{word_of(within.noun)}" if within is not None else ""),
        f"List {subject.plural}" + (f" of one {within.noun}." if within is not None else "."),
        needs(subject.needs, anywhere=subject.anywhere),
        parameters={**({key: int} if key else {}), "filters": query},
    )


def _mount_one(routes: Routes, subject: Subject, told: Told) -> None:
    key = key_of(subject)

    def view(request: HttpRequest, **values: Any) -> Any:
        actor = actor_of(request)
        without = [one.name for one in told.details if not values[one.name]]
        return told.one(row_of(subject, actor, values[key]), actor, without)

    # What belongs to one alone may be long.
    parameters: dict[str, Any] = {key: int} | dict.fromkeys((one.name for one in told.details), bool)

    mount(
        routes.get(f"/{{int:{key}}}", response=told.schema),
        view,
        f"show_{word_of(subject.noun)}",
        f"Show one {subject.noun}.",
        needs(subject.needs, anywhere=subject.anywhere),
        defaults=dict.fromkeys((one.name for one in told.details), True),
        parameters=parameters,
    )


def _mount_act(routes: Routes, subject: Subject, act: Act, told: Told) -> None:
    key, body = key_of(subject), model_of(subject, act)
    is_on_one = act.on == "one"
    good = _status_of(act)
    has_address = good in (201, 202) and act.rest.answers == "row"
    is_optional = not any(one.is_required for one in act.takes)

    def view(request: HttpRequest, **values: Any) -> Any:
        actor = actor_of(request)
        row = row_of(subject, actor, values[key]) if is_on_one else None
        given = values.get("details") or body()
        if act.rest.method == "PATCH" and not given.model_fields_set and not act.tells:
            return told.one(row, actor)
        result = do_act(subject, act, row, actor, taken_of(act, given))
        if act.rest.answers == "nothing":
            return Status(204, None)
        once = told.once(act, result)
        if act.rest.answers == "told":
            return Status(good, once)
        left = row if row is not None else result[0] if act.tells else result
        if has_address:
            values["response"]["Location"] = told.address(left, act)
        # It may have left what the list shows, as a closed difference does: told as it was left, then.
        found = subject.rows(actor.grants).filter(pk=left.pk).first() or left
        followed = {"operation": told.address(left, act)} if act.rest.follow else {}
        return Status(good, told.one(found, actor) | once | followed)

    parameters: dict[str, Any] = {key: int} if is_on_one else {}
    if act.takes:
        parameters["details"] = body | None if is_optional else body
    if has_address:
        parameters["response"] = HttpResponse
    schema = None if act.rest.answers == "nothing" else told.answer_of(act)
    mount(
        getattr(routes, act.rest.method.lower())(_path(subject, act), response={good: schema}),
        view,
        f"{word_of(act.name)}_{word_of(subject.noun)}",
        act.summary,
        rule_of(subject, act),
        defaults={"details": None} if is_optional else {},
        parameters=parameters,
    )


def _path(subject: Subject, act: Act) -> str:
    return (f"/{{int:{key_of(subject)}}}" if act.on == "one" else "") + act.tail


def _status_of(act: Act) -> int:
    if act.rest.answers == "nothing":
        return 204
    if act.rest.is_accepted or act.rest.follow:
        return 202
    return 201 if act.on == "all" or act.rest.answers == "told" else 200


def _mount_patch(routes: Routes, subject: Subject, acts: Sequence[Act], told: Told) -> None:
    """`PATCH /<plural>/<id>`: each of the acts for which something is given, all or none."""
    key, body = key_of(subject), patch_of(subject, acts)

    def view(request: HttpRequest, *, details: Any, **values: Any) -> Any:
        actor = actor_of(request)
        row = row_of(subject, actor, values[key])
        once = {one.name: None for act in acts for one in act.tells}
        with transaction.atomic():
            for act in acts:
                names = [one.name for one in act.takes if one.name in details.model_fields_set]
                missing = [one.name for one in act.takes if one.is_required and one.name not in names]
                if names and missing:
                    raise Invalid(
                        _("Something is missing."),
                        errors=[
                            (f"body.{name}", _("belongs to {names}", names=names[0])) for name in missing
                        ],
                    )
                if names and all(
                    one.only in (ANYTHING, getattr(details, one.name, ANYTHING)) for one in act.takes
                ):
                    result = do_act(subject, act, row, actor, taken_of(act, details))
                    once |= told.once(act, result)
        return told.one(subject.rows(actor.grants).filter(pk=row.pk).first() or row, actor) | once

    needed = {act.needs for act in acts}
    mount(
        routes.patch(f"/{{int:{key}}}", response=told.patched(acts)),
        view,
        f"change_{word_of(subject.noun)}",
        " ".join(act.summary for act in acts),
        rule_of(subject, acts[0]) if len(needed) == 1 else needs(subject.needs, anywhere=subject.anywhere),
        parameters={key: int, "details": body},
    )
