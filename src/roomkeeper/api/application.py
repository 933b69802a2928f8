"""The API put together: its routers, its errors and its OpenAPI document."""

from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from roomkeeper import __version__
from roomkeeper.api import (
    actions,
    backups,
    connectivity_changes,
    device_commands,
    diagnosis,
    logins,
    network_settings,
    problems,
    system_additions,
    system_edits,
    templates,
    this_server,
    undoing,
)
from roomkeeper.api.derived import routes_of
from roomkeeper.api.idempotency import HEADER
from roomkeeper.api.parsing import StrictParser
from roomkeeper.operations.subjects import all_subjects
from roomkeeper.systems.network_settings.settings_act import SETTINGS

PREFIX = "/api/v1/"
_PROBLEM = {"$ref": "#/components/schemas/ProblemOut"}
_WORDS = {
    "400": "The body is not JSON",
    "401": "Not signed in",
    "403": "Not permitted",
    "404": "Not found",
    "409": "Not possible now",
    "413": "Too large",
    "415": "Unsupported media type",
    "422": "Cannot be used",
}


class RoomkeeperApi(NinjaAPI):
    """ninja's API whose document tells of the problems and of `Idempotency-Key`, too."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The name of the function: unique, and what a generated client's method should be called."""
        return operation.view_func.__name__

    def get_openapi_schema(
        self,
        *,
        path_prefix: str | None = None,
        path_params: dict[str, Any] | None = None,
    ) -> OpenAPISchema:
        """The document, with what ninja does not know."""
        found = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        schema = problems.ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
        found["components"]["schemas"].update(schema.pop("$defs"))
        found["components"]["schemas"]["ProblemOut"] = schema
        for operations in found["paths"].values():
            for method, operation in operations.items():
                _tell_problems(method, operation)
                if method == "post":
                    operation["parameters"].append(
                        {
                            "in": "header",
                            "name": HEADER,
                            "required": False,
                            "schema": {
                                "type": "string",
                                "minLength": 1,
                                "maxLength": 255,
                                "pattern": "^[!-~]+$",
                            },
                            "description": "The same request with the same key is done once.",
                        }
                    )
        _tell_other_forms(found)
        return found


def _tell_problems(method: str, operation: dict[str, Any]) -> None:
    codes = ["401", "403", "422"]
    # An object may be named in the path, in the body, or by a filter (a folder out of the caller's reach).
    names_object = any(
        parameter["in"] == "path" or parameter["name"] in ("folder", "system")
        for parameter in operation["parameters"]
    )
    if names_object or "requestBody" in operation:
        codes.append("404")
    if "requestBody" in operation:
        codes += ["400", "413"]
        # Who chooses by the kind of content refuses other kinds; the rest reads JSON whatever it is called.
        codes += ["415"] if len(operation["requestBody"]["content"]) > 1 else []
    if method != "get":
        codes.append("409")
    for code in codes:
        operation["responses"][code] = {
            "description": _WORDS[code],
            "content": {problems.MEDIA_TYPE: {"schema": _PROBLEM}},
        }


def _tell_other_forms(found: OpenAPISchema) -> None:
    """The answers that are not JSON, and the items of bulk calls, which are looked at one by one."""
    found["components"]["schemas"]["SystemsIn"]["properties"]["systems"]["items"] = {
        "$ref": "#/components/schemas/SystemIn"
    }
    found["components"]["schemas"].update(system_edits.body_schemas())
    text = {"schema": {"type": "string"}}
    for methods in found["paths"].values():
        if any(one["name"] == "format" for one in methods.get("get", {}).get("parameters", ())):
            methods["get"]["responses"][200]["content"]["text/csv"] = text


def _made_once(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The document is the same for everybody, takes a second to make, and is shown to strangers, too."""

    making = Lock()

    @cache
    def content() -> bytes:
        return view(HttpRequest()).content

    def shown(_: HttpRequest) -> HttpResponse:
        with making:
            found = content()
        return HttpResponse(found, content_type="application/json; charset=utf-8")

    return shown


# What is written by hand at the same addresses as what is declared; these share one router.
_ON_SYSTEMS = (system_additions, backups, diagnosis, logins, undoing)
_BESIDE = {
    "systems": _ON_SYSTEMS[0].routes,
    "actions": actions.routes,
    "backups": backups.routes,
    "templates": templates.routes,
}


def _make() -> RoomkeeperApi:
    made = RoomkeeperApi(
        title="Roomkeeper",
        version=__version__,
        urls_namespace="api",
        docs_url=None,
        docs_decorator=_made_once,
        parser=StrictParser(),
        description="The REST API of Roomkeeper. Lists are `{items, next}`; errors are problem+json.",
    )
    problems.add_handlers(made)
    for prefix, routes in (
        # One address, one router: ninja would answer 405 for the methods of a second one.
        ("/systems", device_commands.routes),
        ("/systems", system_edits.routes),
        ("/systems", connectivity_changes.routes),
        ("/network-settings", routes_of(SETTINGS, network_settings.routes)),
        ("/this-server", this_server.routes),
        *(
            (f"/{subject.path}", routes_of(subject, _BESIDE.get(subject.plural)))
            for subject in all_subjects()
            if subject.has_api or subject.only is not None
        ),
    ):
        made.add_router(prefix, routes)
    return made


api = _make()
