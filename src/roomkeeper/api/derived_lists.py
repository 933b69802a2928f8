"""Rows of a declared subject as programs are told them: their schemas, one, and lists with filters and pages."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, get_origin

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema
from pydantic import Field as Described
from pydantic import ValidationError, create_model

from roomkeeper.accounts.actors import Actor, Road
from roomkeeper.api.paging import ListParameters, Page, list_refusals
from roomkeeper.api.problems import Invalid, NotFound
from roomkeeper.api.routing import user_of
from roomkeeper.operations import lists
from roomkeeper.operations.acts import Act
from roomkeeper.operations.exports import csv_of
from roomkeeper.operations.faults import sentence_of
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import LARGEST_ID, parameters_of
from roomkeeper.operations.subjects import Subject
from roomkeeper.words import gettext as _


class Told:
    """How a subject is told: its schema, and a row as one."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._answers: dict[str, Any] = {}
        self.fields = [one for one in subject.fields if one.is_told and not one.is_detail]
        self.details = [one for one in subject.fields if one.is_detail]
        words = title_of(subject.noun)
        told = subject.meaning or f"One {subject.noun}."
        self.in_list: Any = create_model(
            f"{words}Summary" if self.details else f"{words}Out",
            __base__=Schema,
            __doc__=told,
            **named_of(self.fields),
        )
        self.schema: Any = (
            create_model(f"{words}Out", __base__=self.in_list, __doc__=told, **named_of(self.details))
            if self.details
            else self.in_list
        )

    def answer_of(self, act: Act) -> Any:
        """The schema of what the act is answered with: the row (or that of another subject), with what it tells this
        once, or that alone."""
        if act.name not in self._answers:
            self._answers[act.name] = self._answer_of(act)
        return self._answers[act.name]

    def _answer_of(self, act: Act) -> Any:
        more = list(act.tells)
        if act.rest.follow:
            more.append(Field(name="operation", type=str, meaning="Address at which to follow it."))
        if not more:
            return self.schema
        words = f"{title_of(act.name)}{title_of(self.subject.noun)}Out"
        base = Schema if act.rest.answers == "told" else self.schema
        return create_model(words, __base__=base, __doc__=act.summary, **named_of(more))

    def patched(self, acts: Sequence[Act]) -> Any:
        """The schema of what several acts with PATCH are answered with: what was not done tells null."""
        more = [one for act in acts for one in act.tells]
        if not more:
            return self.schema
        words = f"Changed{title_of(self.subject.noun)}Out"
        return create_model(words, __base__=self.schema, __doc__="As it is then.", **named_of(more))

    def once(self, act: Act, result: Any) -> dict[str, Any]:
        """What the act tells this once, of what its service gave back."""
        return {one.name: one.value(result[1]) for one in act.tells}

    def address(self, row: Any, act: Act) -> str:
        """Where the row, or what was begun with it, is found."""
        return f"/api/v1/{self.subject.path}/{row.pk}" + (f"/{act.rest.follow}" if act.rest.follow else "")

    def __call__(self, row: Any) -> dict[str, Any]:
        return {one.name: one.value(row) for one in self.fields}

    def listed(self, row: Any, actor: Actor) -> dict[str, Any]:
        """The row as lists tell it."""
        if self.subject.prepare is not None:
            self.subject.prepare([row], actor.grants, timezone.now())
        return self(row)

    def one(self, row: Any, actor: Actor, without: Collection[str] = ()) -> dict[str, Any]:
        """The row as it is told where it is asked for alone; details that are named are left out."""
        return self.listed(row, actor) | {
            one.name: (get_origin(one.type) or list)() if one.name in without else one.value(row)
            for one in self.details
        }


@lru_cache(maxsize=64)
def told_of(subject: Subject) -> Told:
    """How the subject is told; for what is written by hand beside its declared acts, too."""
    return Told(subject)


def named_of(fields: Iterable[Field]) -> dict[str, Any]:
    """The fields of a schema, by name."""
    return {one.name: (one.type, Described(description=one.meaning or None)) for one in fields}


class _Parameters(ListParameters):
    format: Literal["json", "csv"] = Described(
        "json", description="`csv`: all rows that pass, without pages."
    )


_PAGING = frozenset(_Parameters.model_fields)


@lru_cache(maxsize=64)
def filters_of(subject: Subject) -> Any:
    """The model of what narrows, sorts and cuts the list."""
    filters: dict[str, Any] = dict(parameters_of(subject))
    return create_model(
        f"{title_of(subject.noun)}Filters",
        __base__=_Parameters,
        __doc__=f"Filters on {subject.plural}.",
        **filters,
    )


def asked_of(filters: Any) -> lists.ListRequest:
    """What a model of `filters_of` asks for."""
    values = {name: value for name, value in filters if name not in _PAGING}
    return lists.ListRequest(values, filters.search, filters.sort)


def read_filter(subject: Subject, found: Mapping[str, Any]) -> Any:
    """A filter as it stands in a body, as a model of `filters_of`. Raises `Invalid`, for null and an empty list, too:
    what a program has not found would otherwise mean everything."""
    kind = filters_of(subject)
    if empty := sorted(name for name, value in found.items() if value is None or value == []):
        raise Invalid(
            _("The filter contains values that cannot be used."),
            errors=[(f"body.filter.{name}", _("give a value, or leave it out")) for name in empty],
        )
    unknown = sorted(name for name in found if name in _PAGING - {"search"} or name not in kind.model_fields)
    if unknown:
        raise Invalid(
            _("{plural} have no filter {unknown!r}.", plural=subject.plural.capitalize(), unknown=unknown[0]),
            kind="unknown-parameter",
            errors=[(f"body.filter.{name}", _("unknown filter")) for name in unknown],
        )
    # One value where several may stand is as good as a list of one, as in the query.
    values = {
        name: [value]
        if isinstance(kind.model_fields[name].default, list) and not isinstance(value, list)
        else value
        for name, value in found.items()
    }
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise Invalid(
            _("The filter contains values that cannot be used."),
            errors=[
                (".".join(["body.filter", *(str(part) for part in one["loc"])]), sentence_of(one))
                for one in error.errors()
            ],
        ) from error


def page_of(subject: Subject) -> Any:
    """The schema of a page of its list."""
    return Page.__class_getitem__(told_of(subject).in_list)


def list_rows(request: HttpRequest, subject: Subject, filters: Any, **within: Any) -> Any:
    """The page that a model of `filters_of` asks for, or all as CSV; of a list that stands below an object only the
    rows `within` it."""
    actor, now = actor_of(request), timezone.now()
    asked = asked_of(filters)
    with list_refusals():
        order = lists.order_for(subject, asked)
        rows = lists.select(subject, actor.grants, asked, now=now).filter(**within)
        if filters.format == "csv" or wants_csv(request):
            return csv_of(subject, rows, order, actor, now)
        page, following = lists.cut(rows, order, filters.cursor, filters.limit)
    if subject.prepare is not None:
        subject.prepare(page, actor.grants, now)
    told = told_of(subject)
    return {"items": [told(row) for row in page], "next": following}


def actor_of(request: HttpRequest) -> Actor:
    """Who asks by the API."""
    return Actor(user_of(request), Road.API, request.META.get("REMOTE_ADDR", ""))


def row_of(subject: Subject, actor: Actor, key: int) -> Any:
    """The object, if the actor sees it; raises `NotFound`."""
    row = subject.rows(actor.grants).filter(pk=min(max(key, 0), LARGEST_ID)).first()
    if row is None:
        raise NotFound(subject.noun, key)
    return row


def wants_csv(request: HttpRequest) -> bool:
    """Whether a spreadsheet is asked for: `Accept: text/csv`."""
    return request.headers.get("Accept", "").partition(";")[0].strip() == "text/csv"


def title_of(text: str) -> str:
    """The words as the name of a schema."""
    return text.replace("-", " ").title().replace(" ", "")
