"""What all routes out of declarations are made of: the door behind them, their rule, a function that ninja reads."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.permissions import needs
from roomkeeper.api.derived_lists import row_of
from roomkeeper.api.problems import NotFound, refused_as
from roomkeeper.operations.acts import Act
from roomkeeper.operations.door import do, preview
from roomkeeper.operations.filters import LARGEST_ID
from roomkeeper.operations.subjects import Nested, Subject


def do_act(subject: Subject, act: Act, row: Any, actor: Actor, taken: Mapping[str, Any]) -> Any:
    """Do it by the door; a refusal is a problem."""
    with refused_as(act.rest.status, *act.refused, hint=act.rest.hint, below=act.rest.below):
        return do(subject, act, row, actor=actor, now=timezone.now(), taken=taken)


def preview_act(subject: Subject, act: Act, actor: Actor, taken: Mapping[str, Any]) -> Any:
    """What the act would do, by the same door and with the same problems."""
    with refused_as(act.rest.status, *act.refused, below=act.rest.below):
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


@dataclass(frozen=True, slots=True)
class Place:
    """Where one object of a subject is asked for: by its id; below an object of another subject `within` which it
    lies; or at the subject's own address, where it is the only one."""

    subject: Subject
    within: Subject | None = None

    @property
    def path(self) -> str:
        """Its address below that of the router."""
        if self.subject.only is not None:
            return ""
        if self.within is None:
            return f"/{{int:{key_of(self.subject)}}}"
        return f"/{{int:{key_of(self.within)}}}/{self._nested.at}/{{int:{self._key[0]}}}"

    @property
    def parameters(self) -> dict[str, Any]:
        """The numbers in that address."""
        if self.subject.only is not None:
            return {}
        return (
            {key_of(self.subject): int}
            if self.within is None
            else {key_of(self.within): int, self._key[0]: int}
        )

    def row(self, actor: Actor, values: Mapping[str, Any]) -> Any:
        """The object; raises `NotFound` where there is none that the actor sees."""
        if self.subject.only is not None:
            return self.subject.only(actor.user)
        if self.within is None:
            return row_of(self.subject, actor, values[key_of(self.subject)])
        outer, (word, lookup) = row_of(self.within, actor, values[key_of(self.within)]), self._key
        rows = self.subject.rows(actor.grants).filter(**{self._nested.by: outer})
        row = rows.filter(**{lookup: min(values[word], LARGEST_ID)}).first()
        if row is None:
            raise NotFound(self.subject.noun, values[word])
        return row

    def named(self, verb: str) -> str:
        """What an operation on it is called."""
        # It has the plain name at its own address already.
        below = f"_of_{word_of(self.within.noun)}" if self.within is not None and self.subject.has_api else ""
        return f"{word_of(verb)}_{word_of(self.subject.noun)}{below}"

    @property
    def _nested(self) -> Nested:
        if self.subject.nested is None:
            raise TypeError(f"{self.subject.plural} lie within nothing.")
        return self.subject.nested

    @property
    def _key(self) -> tuple[str, str]:
        return self._nested.key or ("", "")


def key_of(subject: Subject) -> str:
    """The name of a row's id in an address."""
    return f"{word_of(subject.noun)}_id"


def word_of(text: str) -> str:
    """The words as a name in Python and JSON."""
    return text.replace(" ", "_").replace("-", "_")
