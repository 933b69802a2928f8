"""Lists of a subject: filters, search, sorts, and pages by keyset: each costs the same, anywhere in the list."""

import base64
import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DataError
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import Combinable

from roomkeeper.accounts.permissions import Grants
from roomkeeper.operations.fields import Field
from roomkeeper.operations.folding import fold
from roomkeeper.operations.subjects import ALL, Subject
from roomkeeper.words import gettext as _

CHUNK: Final = 500


class ListRefused(ValueError):
    """The list cannot be given like that; `name` is the parameter at fault. `is_missing` where it names an object that
    there is not, or that is not to be seen."""

    def __init__(self, sentence: str, name: str, *, hint: str = "", is_missing: bool = False) -> None:
        super().__init__(sentence)
        self.name, self.hint, self.is_missing = name, hint, is_missing


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What of a list is asked for: values by filter name (typed), words to search for, and the sort."""

    values: Mapping[str, Any] = field(default_factory=dict)
    search: str = ""
    sort: str = ""


def filter_names(subject: Subject) -> dict[str, Field]:
    """Every filter of the subject by the name of its parameter."""
    found: dict[str, Field] = {}
    for one in subject.fields:
        found |= dict.fromkeys(_parameters(one), one)
    return found


def _parameters(one: Field) -> tuple[str, ...]:
    if one.filter == "since":
        stem = one.name.removesuffix("_at")
        return f"{stem}_after", f"{stem}_before"
    if one.filter == "range":
        return f"{one.name}_from", f"{one.name}_to"
    return (one.name,) if one.filter else ()


def sorts_of(subject: Subject) -> dict[str, str | Combinable]:
    """The lookups by the names of what can be sorted by."""
    return {one.name: one.order for one in subject.fields if one.order}


def select(
    subject: Subject, grants: Grants, asked: ListRequest, *, now: datetime, rows: QuerySet[Any] | None = None
) -> QuerySet[Any]:
    """The rows that somebody sees and that pass the filters and the search, unsorted."""
    found = subject.rows(grants) if rows is None else rows
    for one in subject.fields:
        if one.filter:
            found = _narrowed(found, one, asked.values, grants, now)
    if subject.find is not None:
        return subject.find(found, asked.search)
    return searched(found, asked.search, subject.search)


_ENDS: Final = {"_after": "gt", "_before": "lt", "_from": "gte", "_to": "lte"}


def _narrowed(
    rows: QuerySet[Any], one: Field, values: Mapping[str, Any], grants: Grants, now: datetime
) -> QuerySet[Any]:
    if one.filter in ("since", "range"):
        for name in _parameters(one):
            if (limit := values.get(name)) is not None:
                ending = next(how for end, how in _ENDS.items() if name.endswith(end))
                rows = rows.filter(**{f"{one.lookup}__{ending}": limit})
        return rows
    value = values.get(one.name)
    if value is None or value == []:
        return rows.filter(**{f"{one.lookup}__in": one.unasked}) if one.unasked else rows
    if one.narrow is not None:
        return rows.filter(one.narrow(value, grants, now))
    if one.filter == "any":
        return rows if ALL in value else rows.filter(**{f"{one.lookup}__in": value})
    if one.filter == "set":
        return rows.filter(**{f"{one.lookup}__isnull": not value})
    if one.filter == "part":
        return rows.filter(**{f"{one.lookup}__icontains": value})
    return rows.filter(**{f"{one.lookup}__iexact" if isinstance(value, str) else one.lookup: value})


def searched(rows: QuerySet[Any], words: str, lookups: Sequence[str]) -> QuerySet[Any]:
    """The rows in which every word appears in at least one of the fields; letter case and accents do not count."""
    for word in words.split():
        found = Q()
        for lookup in lookups:
            found |= Q(**{f"{lookup}__folded__contains": fold(word)})
        rows = rows.filter(found)
    return rows


# Pages by keyset


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: the lookup or expression (never null) behind it, downwards or not, and whether rows may
    lack the value. Those that do
    come first upwards and last downwards; equal ones by their id."""

    name: str
    lookup: str | Combinable
    is_down: bool
    is_nullable: bool


def order_for(subject: Subject, asked: ListRequest) -> Order:
    """The order of a list: as asked for; else of a search the best first, where the subject knows; else its own.
    Raises `ListRefused` for a sort that there is not."""
    sorts = sorts_of(subject)
    if not asked.sort and asked.search and subject.best is not None:
        sorts[subject.order.removeprefix("-")] = subject.best(asked.search)
    return order_of(subject.model, asked.sort or subject.order, sorts)


def order_of(model: type[Model], sort: str, sorts: Mapping[str, str | Combinable]) -> Order:
    """The order that a sort asks for, `-` in front for downwards. Raises `ListRefused` for what is none."""
    check_sort(sort, sorts)
    name = sort.removeprefix("-")
    lookup = sorts[name]
    is_nullable = isinstance(lookup, str) and _may_be_null(model, lookup)
    return Order(sort, lookup, sort.startswith("-"), is_nullable)


def check_sort(sort: str, sorts: Collection[str]) -> None:
    """Raise `ListRefused` for a sort by what is none of these."""
    if sort.removeprefix("-") not in sorts:
        raise ListRefused(
            _("The list cannot be sorted by {sort!r}.", sort=sort),
            "sort",
            hint=_(
                "It can be sorted by {sorts}; put - in front for descending order.",
                sorts=", ".join(sorted(sorts)),
            ),
        )


def _may_be_null(model: type[Model], lookup: str) -> bool:
    """Whether a row may lack what stands there; so it is said of what is worked out by the database, too."""
    here: type[Model] | None = model
    for part in lookup.split("__"):
        if here is None:
            return True
        try:
            one = here._meta.get_field("pk" if part == "pk" else part)
        except FieldDoesNotExist:
            return part != "pk"
        # The other side of a relation may not be there at all.
        if getattr(one, "null", True) or (one.auto_created and not one.concrete):
            return True
        here = one.related_model if isinstance(one.related_model, type) else None
    return False


def ordered(rows: QuerySet[Any], order: Order) -> QuerySet[Any]:
    """The rows in the order, each with `sorted_by`."""
    by = F("sorted_by")
    if order.is_nullable:
        first = by.desc(nulls_last=True) if order.is_down else by.asc(nulls_first=True)
    else:
        # NULLS LAST on a column that is never null keeps PostgreSQL from its index.
        first = by.desc() if order.is_down else by.asc()
    marked: QuerySet[Any] = rows.annotate(
        sorted_by=F(order.lookup) if isinstance(order.lookup, str) else order.lookup
    )
    return marked.order_by(first, "-pk" if order.is_down else "pk")


def cut(rows: QuerySet[Any], order: Order, cursor: str, limit: int) -> tuple[list[Any], str | None]:
    """The rows of a page and the cursor of the next one. Raises `ListRefused` for a cursor of another sort."""
    found = ordered(rows, order)
    try:
        if cursor:
            found = found.filter(_after(read_cursor(cursor, order.name), order))
        page = list(found[: limit + 1])
    except (ValidationError, ValueError, TypeError, OverflowError, DataError) as error:
        if cursor and not isinstance(error, ListRefused):
            raise unusable_cursor() from error
        raise
    if len(page) <= limit:
        return page, None
    page.pop()
    return page, write_cursor(order.name, page[-1].sorted_by, page[-1].pk)


def every(
    subject: Subject, rows: QuerySet[Any], order: Order, grants: Grants, now: datetime
) -> Iterator[Any]:
    """All of the rows in order, some at a time, prepared: what an export reads."""
    # One cursor of the database: pages would sort the whole list again for each.
    found = ordered(rows, order).iterator(chunk_size=CHUNK)
    while page := list(itertools.islice(found, CHUNK)):
        if subject.prepare is not None:
            subject.prepare(page, grants, now)
        yield from page


def csv_fields(subject: Subject) -> list[Field]:
    """The columns of an export."""
    return [one for one in subject.fields if one.in_csv and not one.is_detail]


def csv_rows(subject: Subject, rows: Iterable[Any]) -> Iterator[list[Any]]:
    """The rows as texts for a spreadsheet: times in UTC, yes and no, lists with a comma, the rest as JSON."""
    columns = csv_fields(subject)
    for row in rows:
        yield [_plain(one.value(row)) for one in columns]


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value


def _after(mark: tuple[Any, int], order: Order) -> Q:
    value, key = mark
    past = Q(pk__lt=key) if order.is_down else Q(pk__gt=key)
    if value is None:
        if not order.is_nullable:
            raise unusable_cursor()
        same = Q(sorted_by__isnull=True) & past
        return same if order.is_down else Q(sorted_by__isnull=False) | same
    beyond = Q(sorted_by__lt=value) if order.is_down else Q(sorted_by__gt=value)
    found = beyond | (Q(sorted_by=value) & past)
    return found | Q(sorted_by__isnull=True) if order.is_down and order.is_nullable else found


def write_cursor(sort: str, value: Any, key: int) -> str:
    """The mark of a row: what comes after it is the next page."""
    if isinstance(value, datetime):
        value = value.isoformat()
    content = json.dumps([sort, value, key], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def read_cursor(cursor: str, sort: str) -> tuple[Any, int]:
    """(the value sorted by, the id) of the mark. Raises `ListRefused` for one of another sort, or none at all."""
    try:
        content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        kept_sort, value, key = json.loads(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise unusable_cursor() from error
    if kept_sort != sort or type(key) is not int or not isinstance(value, str | int | float | bool | None):
        raise unusable_cursor()
    if isinstance(value, str) and "\x00" in value:
        raise unusable_cursor()
    return value, key


def unusable_cursor() -> ListRefused:
    """The refusal of a cursor."""
    return ListRefused(
        _("The cursor does not belong to this list and sort order."),
        "cursor",
        hint=_("Use `next` of the previous page, with the same sort and filters; leave it out to start."),
    )
