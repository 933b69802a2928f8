"""REST out of declarations: readings, which are told of one object at an address of their own."""

import re
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Schema
from ninja.params import functions
from pydantic import create_model

from roomkeeper.accounts.permissions import demand, needs
from roomkeeper.api.derived_lists import actor_of, row_of, title_of
from roomkeeper.api.derived_mounting import key_of, mount
from roomkeeper.api.problems import refused_as
from roomkeeper.api.routing import Routes
from roomkeeper.operations.filters import LARGEST_ID
from roomkeeper.operations.readings import Reading
from roomkeeper.operations.subjects import Subject
from roomkeeper.operations.taking import fields_of

_KEY = re.compile(r"\{int:(\w+)\}")


def mount_reading(routes: Routes, subject: Subject, one: Reading) -> None:
    """Mount the reading on the routes."""
    below, taken = _KEY.findall(one.at), [each.name for each in one.takes]
    key = key_of(subject) if one.on == "one" else ""

    def view(request: HttpRequest, *, asked: Any = None, **values: Any) -> Any:
        actor = actor_of(request)
        on = [row_of(subject, actor, values[key])] if key else []
        for row in on:
            demand(actor.user, one.needs or subject.needs, subject.place(row))
        given: dict[str, Any] = {name: min(values[name], LARGEST_ID) for name in below}
        given |= {name: getattr(asked, name) for name in taken}
        form = request.headers.get("Accept", "").partition(";")[0].strip()
        with refused_as(422, *one.refused):
            if (other := one.other_forms.get(form)) is not None:
                return HttpResponse(
                    other(*on, user=actor.user, **given), content_type=f"{form}; charset=utf-8"
                )
            return one.read(*on, user=actor.user, **given)

    parameters: dict[str, Any] = dict.fromkeys([key, *below] if key else below, int)
    if one.takes:
        body = create_model(
            f"{title_of(one.name.replace('_', ' '))}Parameters", __base__=Schema, **fields_of(one.takes)
        )
        parameters["asked"] = Annotated.__class_getitem__((body, functions.Query()))  # type: ignore[attr-defined]
    text = {form: {"schema": {"type": "string"}} for form in one.other_forms}
    mount(
        routes.get(
            f"/{{int:{key}}}/{one.at}" if key else f"/{one.at}",
            response=one.gives,
            openapi_extra={"responses": {200: {"content": text}}} if text else None,
        ),
        view,
        one.name,
        one.summary,
        needs(one.needs or subject.needs, anywhere=subject.anywhere),
        parameters=parameters,
    )
