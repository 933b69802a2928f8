"""What all routes out of declarations are made of: the door behind them, their rule, a function that ninja reads."""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.permissions import needs
from roomkeeper.api.problems import refused_as
from roomkeeper.operations.acts import Act
from roomkeeper.operations.door import do, preview
from roomkeeper.operations.subjects import Subject


def do_act(subject: Subject, act: Act, row: Any, actor: Actor, taken: Mapping[str, Any]) -> Any:
    """Do it by the door; a refusal is a problem."""
    with refused_as(act.rest.status, *act.refused, hint=act.rest.hint):
        return do(subject, act, row, actor=actor, now=timezone.now(), taken=taken)


def preview_act(subject: Subject, act: Act, actor: Actor, taken: Mapping[str, Any]) -> Any:
    """What the act would do, by the same door and with the same problems."""
    with refused_as(act.rest.status, *act.refused):
        return preview(subject, act, actor=actor, now=timezone.now(), taken=taken)


def mount(
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


def rule_of(subject: Subject, act: Act) -> Callable[..., Any]:
    """What the route demands of everybody; whose the object is, and where it stands, is asked at the door."""
    return needs(subject.needs if act.owner is not None else act.needs, anywhere=subject.anywhere)


def key_of(subject: Subject) -> str:
    """The name of a row's id in an address."""
    return f"{word_of(subject.noun)}_id"


def word_of(text: str) -> str:
    """The words as a name in Python and JSON."""
    return text.replace(" ", "_").replace("-", "_")
