"""REST out of declarations: list, CSV, one, and the acts of a subject, with their schemas."""

from collections.abc import Sequence
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Status
from ninja.params import functions

from roomkeeper.accounts.permissions import needs
from roomkeeper.api.derived_begun import mount_begun, mount_begun_of_many
from roomkeeper.api.derived_lists import actor_of, filters_of, list_rows, page_of, row_of, told_of
from roomkeeper.api.derived_many import mount_many
from roomkeeper.api.derived_mounting import Place, do_act, key_of, mount, rule_of, word_of
from roomkeeper.api.derived_plans import mount_planned
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
    if subject.only is None:
        _mount_list(routes, subject)
    _mount_one(routes, Place(subject))
    for reading in subject.readings:
        mount_reading(routes, subject, reading)
    acts = [act for act in subject.acts if act.rest.is_derived]
    patches = [act for act in acts if act.rest.method == "PATCH" and act.on == "one" and not act.tail]
    for act in acts:
        is_alone = act not in patches or len(patches) == 1
        begun = subject.begun_by(act)
        if is_alone and (act.rest.method, _path(Place(subject), act)) not in by_hand:
            if act.rest.planned is not None:
                mount_planned(routes, Place(subject), act, act.rest.planned)
            elif begun is not None:
                mount_begun(routes, subject, act, begun)
            else:
                _mount_act(routes, Place(subject), act)
        if act.for_many and ("POST", f"/{act.slug}") not in by_hand:
            if begun is not None:
                mount_begun_of_many(routes, subject, act, begun)
            else:
                mount_many(routes, subject, act)
    if len(patches) > 1:
        _mount_patch(routes, subject, patches)
    for one in all_subjects():
        if one.nested is not None and one.lies_within(subject):
            _mount_list(routes, one, within=subject)
            if one.nested.key is not None:
                _mount_nested(routes, Place(one, subject))
    return routes


def _mount_nested(routes: Routes, place: Place) -> None:
    """One of those that lie within another subject, at its address there, with the acts on it."""
    _mount_one(routes, place)
    for act in place.subject.acts:
        if act.on == "one" and act.rest.is_derived:
            _mount_act(routes, place, act)


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


def _mount_one(routes: Routes, place: Place) -> None:
    subject = place.subject
    told = told_of(subject)
    # What belongs to one alone may be long.
    left_out = [one.name for one in told.details] if place.within is None else []

    def view(request: HttpRequest, **values: Any) -> Any:
        actor = actor_of(request)
        without = [name for name in left_out if not values[name]]
        return told.one(place.row(actor, values), actor, without)

    mount(
        routes.get(place.path, response=told.schema),
        view,
        place.named("show"),
        f"Show {subject.noun}." if subject.only is not None else f"Show one {subject.noun}.",
        needs(subject.needs, anywhere=subject.anywhere),
        defaults=dict.fromkeys(left_out, True),
        parameters=place.parameters | dict.fromkeys(left_out, bool),
    )


def _mount_act(routes: Routes, place: Place, act: Act) -> None:
    subject = place.subject
    told, body = told_of(subject), model_of(subject, act)
    is_on_one = act.on == "one"
    good = _status_of(act)
    has_address = good in (201, 202) and act.rest.answers == "row"
    is_optional = not any(one.is_required for one in act.takes)

    def view(request: HttpRequest, **values: Any) -> Any:
        actor = actor_of(request)
        row = place.row(actor, values) if is_on_one else None
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

    parameters = dict(place.parameters) if is_on_one else {}
    if act.takes:
        parameters["details"] = body | None if is_optional else body
    if has_address:
        parameters["response"] = HttpResponse
    schema = None if act.rest.answers == "nothing" else told.answer_of(act)
    mount(
        getattr(routes, act.rest.method.lower())(_path(place, act), response={good: schema}),
        view,
        place.named(act.name),
        act.summary,
        rule_of(subject, act),
        defaults={"details": None} if is_optional else {},
        parameters=parameters,
    )


def _path(place: Place, act: Act) -> str:
    return (place.path if act.on == "one" else "") + act.tail


def _status_of(act: Act) -> int:
    if act.rest.answers == "nothing":
        return 204
    if act.rest.is_accepted or act.rest.follow:
        return 202
    return 201 if act.on == "all" or act.rest.answers == "told" else 200


def _mount_patch(routes: Routes, subject: Subject, acts: Sequence[Act]) -> None:
    """`PATCH /<plural>/<id>`: each of the acts for which something is given, all or none."""
    place, told, body = Place(subject), told_of(subject), patch_of(subject, acts)

    def view(request: HttpRequest, *, details: Any, **values: Any) -> Any:
        actor = actor_of(request)
        row = place.row(actor, values)
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
        routes.patch(place.path, response=told.patched(acts)),
        view,
        place.named("change"),
        " ".join(act.summary for act in acts),
        rule_of(subject, acts[0]) if len(needed) == 1 else needs(subject.needs, anywhere=subject.anywhere),
        parameters=place.parameters | {"details": body},
    )
