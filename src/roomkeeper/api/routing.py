"""Routes with rules: every operation states who may use it, and one place enforces that.

An operation is written as

    @routes.get("/{int:system_id}", response=SystemOut)
    @needs(Permission.VIEW, anywhere=True)
    def get_system(request: HttpRequest, system_id: int) -> SystemOut: ...

and `Routes` refuses at import one that has no rule.
"""

import functools
import json
from collections.abc import Callable
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from ninja import Router
from ninja.errors import ConfigError
from ninja.security import HttpBearer

from roomkeeper.accounts import tokens
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, check_rule
from roomkeeper.api import idempotency
from roomkeeper.api.problems import Invalid
from roomkeeper.words import gettext as _

Rule = tuple[Permission, bool]
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Token(HttpBearer):
    """`Authorization: Bearer TOKEN`, then the operation's rule: before the body is read."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        super().__init__()

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """The token's user, or None (401); raises `PermissionDenied` where the rule does not hold, and for a token
        that may only read where something is asked to be changed."""
        found = tokens.find_token(token.strip(), now=timezone.now())
        if found is None:
            return None
        if found.is_read_only and request.method not in _SAFE:
            raise PermissionDenied(_("This token is read-only. Use one that may also write."))
        request.user = found.user
        check_rule(found.user, self.rule)
        return found.user


class Routes(Router):
    """A router whose operations all have a rule, know their parameters and honour `Idempotency-Key`."""

    def __init__(self, tag: str) -> None:
        super().__init__(tags=[tag])
        self.add_decorator(_keeping_answers, mode="view")

    def add_api_operation(
        self, path: str, methods: list[str], view_func: Callable[..., Any], **options: Any
    ) -> None:
        """Add an operation; raises `ConfigError` for one without a rule."""
        rule: Rule | None = getattr(view_func, "rule", None)
        if rule is None:
            raise ConfigError(
                _(
                    "{view_func.__module__}.{view_func.__name__} states no rule: put @needs(...) beneath.",
                    view_func=view_func,
                )
            )
        options["auth"] = Token(rule)
        guarded = _guard(view_func)
        super().add_api_operation(path, methods, guarded, **options)
        operation = self.path_operations[path].operations[-1]
        guarded.parameters = frozenset(  # type: ignore[attr-defined]
            name
            for model in operation.models
            if model.__ninja_param_source__ == "query"
            for name in model.__ninja_flatten_map__
        )
        # A file comes as it is: its operation reads it itself, and describes it.
        reads = any(model.__ninja_param_source__ not in ("path", "query") for model in operation.models)
        guarded.takes_body = reads or "requestBody" in (operation.openapi_extra or {})  # type: ignore[attr-defined]
        operation.summary = _summary(view_func)


def user_of(request: HttpRequest) -> User:
    """The caller; every operation of the API has one."""
    return cast(User, request.user)


def _guard(view: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **values: Any) -> Any:
        for name in request.GET:
            if name not in guarded.parameters:  # type: ignore[attr-defined]
                known = ", ".join(sorted(guarded.parameters)) or "none"  # type: ignore[attr-defined]
                raise Invalid(
                    _("There is no parameter {name!r} here.", name=name),
                    kind="unknown-parameter",
                    errors=[(f"query.{name[:100]}", _("unknown parameter"))],
                    hint=_("Known parameters: {known}.", known=known),
                )
        if not guarded.takes_body and request.method not in _SAFE:  # type: ignore[attr-defined]
            _refuse_body(request)
        return idempotency.once(request, lambda: view(request, *args, **values))

    return guarded


def _refuse_body(request: HttpRequest) -> None:
    """What takes nothing is given nothing: a `dry_run` that is not known here would be taken for a yes."""
    try:
        found = json.loads(request.body or b"null")
    except ValueError:
        found = request.body
    if found is None or found == {}:
        return
    named = sorted(found) if isinstance(found, dict) else []
    raise Invalid(
        _("Nothing can be given here: leave the body out."),
        errors=[(f"body.{name[:100]}", _("unknown field")) for name in named[:100]]
        or [("body", _("unknown"))],
    )


def _keeping_answers(run: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @functools.wraps(run)
    def keeping(request: HttpRequest, **values: Any) -> HttpResponseBase:
        answer = run(request, **values)
        idempotency.keep(request, answer)
        return answer

    return keeping


def _summary(view: Callable[..., Any]) -> str:
    return (view.__doc__ or view.__name__).strip().splitlines()[0].rstrip(".")
