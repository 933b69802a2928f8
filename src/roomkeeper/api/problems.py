"""Errors of the API as problem+json (RFC 9457), and the one table from exceptions to HTTP answers.

Problem                     anything an operation refuses, with its HTTP status
├── NotFound      404       no such object, or not in the caller's folders
├── Conflict      409       the object's state does not allow it now
└── Invalid       422       a value, a field or a parameter cannot be used
"""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import pydantic
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import Field

from roomkeeper.accounts.audit import KeyLost
from roomkeeper.operations.door import NotSeen
from roomkeeper.operations.faults import sentence_of
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

MEDIA_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:roomkeeper:problem:"
logger = logging.getLogger("roomkeeper.api")


class FieldError(Schema):
    """One field or parameter that cannot be used."""

    field: str = Field(description="Where: `body.settings`, `query.limit`, ...")
    message: str


class ProblemOut(Schema):
    """Every error of the API has this shape."""

    type: str = Field(description="A stable word for programs, as a URN.")
    title: str
    status: int
    detail: str = Field(description="What happened, as a sentence.")
    hint: str = Field(description="What can be done about it; may be empty.")
    errors: list[FieldError] = Field(description="The fields concerned; may be empty.")


class ApiProblem(Exception):
    """The operation was refused."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        hint: str = "",
        errors: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.hint = hint
        self.errors = list(errors)

    def content(self) -> dict[str, Any]:
        """The members of the problem+json document."""
        return {
            "type": _TYPE_PREFIX + self.kind,
            "title": _(self.title),
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
            "errors": [{"field": field, "message": message} for field, message in self.errors],
        }


class NotFound(ApiProblem):
    """There is no such object, or it is in no folder on which the caller has a role."""

    def __init__(self, what: str, key: object) -> None:
        super().__init__(
            404,
            "not-found",
            noop("Not found"),
            _("There is no {what} {key} that you can see.", what=_(what), key=key),
            hint=_("Check the number, or ask an administrator for a role on its folder."),
        )


class Conflict(ApiProblem):
    """What was asked does not fit the state of the object."""

    def __init__(
        self, detail: str, *, hint: str = "", kind: str = "conflict", errors: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(409, kind, noop("Not possible now"), detail, hint=hint, errors=errors)

    @classmethod
    def of(cls, refusal: ValueError, *, hint: str = "") -> "Conflict":
        """The conflict of a service's refusal; where that names a field and its `choices`, each of them is told."""
        field = getattr(refusal, "field", "")
        choices = getattr(refusal, "choices", ())
        return cls(str(refusal), hint=hint, errors=[(f"body.{field}", choice) for choice in choices])


class Invalid(ApiProblem):
    """A value cannot be used. `errors` holds (field, sentence)."""

    def __init__(
        self, detail: str, *, errors: Sequence[tuple[str, str]] = (), hint: str = "", kind: str = "invalid"
    ) -> None:
        super().__init__(422, kind, noop("Cannot be used"), detail, hint=hint, errors=errors)


@contextmanager
def refused_as(
    status: int, *refusals: type[ValueError], field: str = "", hint: str = "", below: str = ""
) -> Iterator[None]:
    """Turn a service's own refusals (their text is the sentence to show) into a 409 or 422 problem.

    A refusal may have a `status` of its own. A 422 names `field`, or where that is empty the field of the body that the
    refusal itself names, or each of its `errors`, which stand `below` a field.
    """
    try:
        yield
    except refusals as error:
        hint = hint or getattr(error, "hint", "")
        if getattr(error, "status", status) == 409:
            raise Conflict.of(error, hint=hint) from error
        if found := getattr(error, "errors", None):
            told = [
                (".".join(part for part in ("body", below, name) if part), sentence)
                for name, sentence in found.items()
            ]
            several = _("The request contains {count} values that cannot be used.", count=len(told))
            raise Invalid(str(error) if len(told) == 1 else several, errors=told[:100], hint=hint) from error
        own = getattr(error, "field", "")
        named = field or (f"body.{own}" if own else "")
        raise Invalid(str(error), errors=[(named, str(error))] if named else (), hint=hint) from error


def answer_problem(problem: ApiProblem) -> HttpResponse:
    """The HTTP answer for a problem."""
    answer = HttpResponse(json.dumps(problem.content()), status=problem.status, content_type=MEDIA_TYPE)
    if problem.status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="Roomkeeper"'
    return answer


def problem_of(error: Exception) -> ApiProblem:
    """The problem that tells of an exception; an unexpected one is logged and told without its inside."""
    match error:
        case ApiProblem():
            return error
        case NotSeen():
            return NotFound(error.noun, error.key)
        case KeyLost():
            return Conflict(str(error), kind="key-lost", hint=_("Check what the first request has done."))
        case AuthenticationError():
            return ApiProblem(
                401,
                "not-signed-in",
                "Not signed in",
                _("The request carries no valid token."),
                hint=_("Send `Authorization: Bearer TOKEN`; make a token with `roomkeeper token create`."),
            )
        case PermissionDenied():
            return ApiProblem(
                403,
                "not-permitted",
                "Not permitted",
                str(error) or _("You may not do this."),
                hint=_("Ask an administrator for a role on the folder."),
            )
        case Http404():
            return ApiProblem(
                404,
                "not-found",
                noop("Not found"),
                _("Nothing exists at this address."),
                hint=_("The API's addresses are listed at /api/v1/openapi.json."),
            )
        case ValidationError():
            found = [_field_error(one) for one in error.errors]
            return Invalid(
                _("The request contains a value that cannot be used: ") + found[0][1]
                if len(found) == 1
                else _("The request contains {count} values that cannot be used.", count=len(found)),
                errors=found,
            )
        case pydantic.ValidationError() if not _is_of_answer(error):
            found = [
                _field_error({**one, "loc": ("body", *one["loc"])}, drop=False) for one in error.errors()
            ]
            return Invalid(
                _("The item contains a value that cannot be used: {sentence}", sentence=found[0][1])
                if len(found) == 1
                else _("The item contains {count} values that cannot be used.", count=len(found)),
                errors=found,
            )
        case OperationalError():
            logger.error("The database cannot be used.", exc_info=error)
            return ApiProblem(
                503,
                "store-unavailable",
                "Not available",
                _("The database cannot be used right now."),
                hint=_("Try again in a moment. If this continues, check the server's log and its disk."),
            )
        case RequestDataTooBig():
            return ApiProblem(
                413,
                "too-large",
                "Too large",
                _("The body of the request is too large."),
                hint=_("Send it in several requests."),
            )
        case HttpError(__cause__=ApiProblem() as cause):
            # What the parser refuses; ninja calls all of that a body that is not JSON.
            return cause
        case HttpError():
            return ApiProblem(
                error.status_code,
                "bad-request" if error.status_code == 400 else "refused",
                HTTPStatus(error.status_code).phrase,
                _sentence(error),
                hint="",
            )
        case SuspiciousOperation():
            return ApiProblem(400, "bad-request", "Bad Request", _("The request cannot be read."))
    logger.error("An operation of the API failed.", exc_info=error)
    return ApiProblem(
        500,
        "internal",
        "Internal error",
        _("Roomkeeper failed to do this. See its log."),
        hint=_("The request is not at fault; report the error with the log entry."),
    )


def _is_of_answer(error: pydantic.ValidationError) -> bool:
    """Whether it is our answer that is not as it is described: no fault of the request."""
    return any(one["loc"][:1] == ("response",) for one in error.errors())


def _sentence(error: HttpError) -> str:
    if error.status_code == 400:
        return _("The body is not valid JSON.")
    return str(error)


def _field_error(error: dict[str, Any], *, drop: bool = True) -> tuple[str, str]:
    # pydantic says ("body", "details", "settings"): the name of our own parameter in the middle says nothing.
    where = [str(part) for part in error.get("loc", ())]
    if drop and (where[:1] == ["body"] or (where[:1] == ["query"] and len(where) > 2)):
        del where[1:2]
    return ".".join(where), sentence_of(error)


def add_handlers(api: NinjaAPI) -> None:
    """Make the API answer every exception as a problem."""

    def handle(request: HttpRequest, error: Any) -> HttpResponse:
        return answer_problem(problem_of(error))

    for kind in (
        Exception,
        ApiProblem,
        Http404,
        HttpError,
        ValidationError,
        PermissionDenied,
        SuspiciousOperation,
    ):
        api.add_exception_handler(kind, handle)
