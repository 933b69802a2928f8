"""`systems/export.csv`, `systems/edit`: the file that people edit, and many systems edited at once."""

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field, JsonValue, create_model

from roomkeeper.accounts.permissions import Permission, grants_of, needs
from roomkeeper.api.derived_lists import actor_of, asked_of, filters_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.jobs import JobOut, accepted
from roomkeeper.api.paging import list_refusals
from roomkeeper.api.parsing import StrictParser
from roomkeeper.api.problems import ApiProblem, Conflict, Invalid, refused_as
from roomkeeper.api.reach import visible_systems
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.bulk_editing.applying import PlanChanged
from roomkeeper.bulk_editing.columns import FILE_LIMIT, ROWS_LIMIT
from roomkeeper.bulk_editing.exporting import usable_fields, usable_paths
from roomkeeper.bulk_editing.planning import plan_edit
from roomkeeper.bulk_editing.reading import Sheet, SheetRefused, read_csv, read_rows
from roomkeeper.bulk_editing.surface import EDIT, EDITING, HOW, export
from roomkeeper.bulk_editing.telling import EditTold, RowIn, tell_edit
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.operations import lists
from roomkeeper.operations.taking import fields_of
from roomkeeper.words import gettext as _

routes = Routes("systems")
_CSV = "text/csv"
_JSON = "application/json"
_Filters: Any = filters_of(SYSTEMS)
_FILE = {"responses": {200: {"description": "OK", "content": {_CSV: {"schema": {"type": "string"}}}}}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            _JSON: {"schema": {"$ref": "#/components/schemas/EditIn"}},
            _CSV: {"schema": {"type": "string"}},
        },
    }
}


class Strict(Schema, extra="forbid"):
    """What it does not know is refused."""


class ExportColumns(Schema):
    """Which columns the file has, besides those that say which system a line is."""

    fields: list[str] = Field(
        [], max_length=50, description="Of the record: name, folder, tags, notes, host, …; repeated."
    )
    settings: list[str] = Field([], max_length=200, description="Paths of settings; repeated.")


EditParameters: Any = create_model(
    "EditParameters",
    __base__=Strict,
    __doc__="How an edit is done; in the query, or beside the rows in JSON.",
    dry_run=(
        bool,
        Field(False, description="Only show the difference: answers 200, and nothing is written."),
    ),
    **fields_of(HOW),
)


EditIn: Any = create_model(
    "EditIn",
    __base__=EditParameters,
    __doc__="Many systems, each with what is to be changed of it.",
    rows=(list[RowIn], Field(min_length=1, max_length=ROWS_LIMIT)),
)


class EditOut(EditTold):
    """The difference, and what was done. Systems that stay as they are, are counted and not listed."""

    job: JobOut | None = Field(description="The job that writes the records, if there are many.")


@routes.get("/export.csv", response=None, openapi_extra=_FILE)
@needs(Permission.VIEW, anywhere=True)
def export_systems_for_editing(
    request: HttpRequest, filters: Query[_Filters], columns: Query[ExportColumns]
) -> StreamingHttpResponse:
    """The systems that pass as the CSV file that `POST systems/edit` takes; no pages."""
    now = timezone.now()
    user = user_of(request)
    asked = asked_of(filters)
    with list_refusals():
        order = lists.order_for(SYSTEMS, asked)
        rows = lists.ordered(lists.select(SYSTEMS, grants_of(user), asked, now=now), order)
    with refused_as(422, SheetRefused, field="query.settings"):
        paths = usable_paths(columns.settings)
    with refused_as(422, SheetRefused, field="query.fields"):
        fields = usable_fields(columns.fields)
    return export(rows, fields=fields, paths=paths, actor=actor_of(request), now=now)


def body_schemas() -> dict[str, Any]:
    """The schemas of the body that `edit_systems` reads itself, by name."""
    schema = EditIn.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "EditIn": schema}


@routes.post("/edit", response={200: EditOut, 202: EditOut}, openapi_extra=_BODY)
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def edit_systems(
    request: HttpRequest, response: HttpResponse, parameters: Query[EditParameters]
) -> Status[Any]:
    """Edit many systems at once, by JSON or by the CSV file that `GET systems/export.csv` gives.

    With `dry_run` (200) only the difference. Else 202 where a change set or a job does the rest, 200 where all is done.
    A row that cannot be used stops no other.
    """
    user = user_of(request)
    sheet, how = _read(request, parameters)
    plan = plan_edit(sheet, reach=visible_systems(user), user=user, makes_folders=how.create_folders)
    if how.dry_run:
        return Status(200, tell_edit(plan) | {"job": None})
    taken = {one.name: getattr(how, one.name) for one in HOW} | {"plan": plan}
    try:
        done = do_act(EDITING, EDIT, None, actor_of(request), taken)
    except Conflict as refusal:
        if isinstance(refusal.__cause__, PlanChanged):
            raise Conflict(
                str(refusal), kind="difference-changed", hint=_("Repeat with dry_run.")
            ) from refusal
        raise
    told = tell_edit(plan, done) | {"job": None}
    if done.job is not None:
        told["job"] = accepted(done.job, response)
    elif done.change_set is not None:
        response["Location"] = f"/api/v1/change-sets/{done.change_set.pk}"
    is_followed = done.job or done.change_set or done.name_change_set
    return Status(202 if is_followed else 200, told)


def _read(request: HttpRequest, parameters: EditParameters) -> tuple[Sheet, EditParameters]:
    kind = (request.content_type or "").lower()
    if kind in (_CSV, _JSON):
        _take_body(request)
    if kind == _CSV:
        with refused_as(422, SheetRefused, field="body"):
            return read_csv(request.body), parameters
    if kind != _JSON:
        raise ApiProblem(
            415,
            "unsupported-media-type",
            "Unsupported Media Type",
            _("Send {json} or {csv}, not {kind!r}.", json=_JSON, csv=_CSV, kind=kind),
        )
    if request.GET:
        raise Invalid(
            _("With JSON these go in the body."),
            errors=[(f"query.{name}", _("belongs in the body")) for name in request.GET],
        )
    try:
        found: JsonValue = StrictParser().parse_body(request)
    except ValueError as error:
        raise ApiProblem(400, "bad-request", "Bad Request", _("The body is not valid JSON.")) from error
    details = EditIn.model_validate(found)
    rows = [row.model_dump(exclude_unset=True) for row in details.rows]
    with refused_as(422, SheetRefused, field="body.rows"):
        return read_rows(rows), details


def _take_body(request: HttpRequest) -> None:
    """Read the body, which may be longer than others: past the limit that Django has for those."""
    if hasattr(request, "_body"):
        return
    content = request.read(FILE_LIMIT + 1)
    if len(content) > FILE_LIMIT:
        detail = _("The body has over {limit:,} bytes.", limit=FILE_LIMIT)
        raise ApiProblem(413, "too-large", "Too large", detail, hint=_("Send it in parts."))
    request._body = content
