"""The addresses of the API and of monitoring."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, URLResolver, include, path, re_path, resolve
from django.views.decorators.csrf import csrf_exempt

from roomkeeper.api.application import PREFIX, api
from roomkeeper.api.health import healthz, metrics, readyz
from roomkeeper.api.problems import ApiProblem, answer_problem, problem_of
from roomkeeper.words import gettext as _


def _with_problems(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view, with what ninja answers outside of operations told as problems too."""

    @csrf_exempt
    @functools.wraps(view)
    def told(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        try:
            answer = view(request, *args, **values)
        except Exception as error:  # noqa: BLE001 - the outermost place
            return answer_problem(problem_of(error))
        if answer.status_code == 405:
            allowed = answer["Allow"]
            answer = answer_problem(
                ApiProblem(
                    405,
                    "method",
                    "Method not allowed",
                    _("{method} is not allowed at this address.", method=request.method),
                    hint=_("Allowed here: {allowed}.", allowed=allowed),
                )
            )
            answer["Allow"] = allowed
        return answer

    return told


def _nothing_here(request: HttpRequest) -> HttpResponse:
    raise Http404


def _without_slash(request: HttpRequest) -> HttpResponseBase:
    """What the address without its slash at the end answers."""
    address = request.path_info.removesuffix("/")
    if address == request.path_info or address.endswith("/"):
        raise Http404
    request.path_info = request.path = address
    view, args, values = resolve(address)
    answer: HttpResponseBase = view(request, *args, **values)
    return answer


def _patterns() -> list[URLPattern | URLResolver]:
    """ninja's addresses, and an answer for all others."""
    found, _rest, _rest_2 = api.urls
    patterns: list[URLPattern | URLResolver] = []
    for pattern in found:
        # ninja's root is a redirect to documentation that is not served here.
        if isinstance(pattern, URLPattern) and pattern.name != "api-root":
            pattern.callback = _with_problems(pattern.callback)
            patterns.append(pattern)
    patterns.append(path("", _with_problems(_nothing_here), name="api-root"))
    patterns.append(re_path(r"^[\s\S]*$", _with_problems(_without_slash)))
    return patterns


urlpatterns = [
    path(PREFIX.lstrip("/"), include((_patterns(), "api"))),
    re_path(r"^api(?:/[\s\S]*)?$", _with_problems(_nothing_here), name="api-nothing"),
    path("metrics", metrics, name="metrics"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
