"""Lists: pages by keyset, so that a page costs the same anywhere in the list and with every offered sort."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import F, Model, Q, QuerySet
from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, Field

from roomkeeper.api.problems import Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
Item = TypeVar("Item")
Row = TypeVar("Row", bound=Model)


def _refuse_number(found: Any) -> Any:
    """The value, unless it is a number: pydantic would take one for seconds since 1970."""
    if isinstance(found, str | int | float):
        try:
            float(found)
        except ValueError:
            return found
        raise ValueError("a number is no time: write it as in 2026-03-01T08:00:00Z")
    return found


def _aware(moment: datetime) -> datetime:
    """The moment with a zone; one that came without is UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime, BeforeValidator(_refuse_number), AfterValidator(_aware)]
Limit = Annotated[int, Field(ge=1), AfterValidator(lambda number: min(number, MAX_LIMIT))]


class ListParameters(Schema):
    """What every list takes."""

    limit: Limit = Field(
        DEFAULT_LIMIT, description=f"Items on a page; more than {MAX_LIMIT} mean {MAX_LIMIT}."
    )
    cursor: str = Field("", max_length=2000, description="`next` of the page before.")
    search: str = Field("", max_length=200, description="Words that must appear, in any case.")
    sort: str = Field("", max_length=64, description="A field to sort by; with `-` in front descending.")


class Page(Schema, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: str | None = Field(description="Cursor of the next page; null on the last.")


def cut(
    rows: QuerySet[Row],
    parameters: ListParameters,
    sorts: Mapping[str, str],
    default: str,
) -> tuple[list[Row], str | None]:
    """The rows of the page asked for, and the next cursor.

    `sorts` names what can be sorted by and the lookup behind it; nulls come first ascending, last descending.
    Raises `Invalid` for an unknown sort or a cursor that does not belong to it.
    """
    sort = parameters.sort or default
    descending = sort.startswith("-")
    lookup = sorts.get(sort.removeprefix("-"))
    if lookup is None:
        raise _unknown_sort(sort, sorts)
    order = F("sorted_by").desc(nulls_last=True) if descending else F("sorted_by").asc(nulls_first=True)
    ordered: QuerySet[Any] = rows.annotate(sorted_by=F(lookup)).order_by(order, "-pk" if descending else "pk")
    try:
        if parameters.cursor:
            ordered = ordered.filter(_after(_read_cursor(parameters.cursor, sort), descending))
        found: list[Any] = list(ordered[: parameters.limit + 1])
    except (ValidationError, ValueError, TypeError, OverflowError, DataError) as error:
        if parameters.cursor:
            raise _unusable_cursor() from error
        raise
    if len(found) <= parameters.limit:
        return found, None
    found.pop()
    return found, _write_cursor(sort, found[-1].sorted_by, found[-1].pk)


def page_of(
    kind: type[Item],
    rows: QuerySet[Row],
    parameters: ListParameters,
    sorts: Mapping[str, str],
    default: str,
    encode: Callable[[Row], Item],
) -> Page[Item]:
    """The page asked for with every row encoded."""
    found, following = cut(rows, parameters, sorts, default)
    return Page[kind](items=[encode(row) for row in found], next=following)  # type: ignore[valid-type]


def cut_sorted(
    items: Sequence[Item], parameters: ListParameters, key: Callable[[Item], str], field: str
) -> tuple[list[Item], str | None]:
    """The page asked for of items that are no rows, and the next cursor; sorted by `key`, which tells one from all
    others, and which callers know as `field`. Raises `Invalid` as `cut` does."""
    sort = parameters.sort or field
    descending = sort.startswith("-")
    if sort.removeprefix("-") != field:
        raise _unknown_sort(sort, [field])
    ordered = sorted(items, key=key, reverse=descending)
    if parameters.cursor:
        value, _ = _read_cursor(parameters.cursor, sort)
        if not isinstance(value, str):
            raise _unusable_cursor()
        ordered = [one for one in ordered if (key(one) < value if descending else key(one) > value)]
    found = ordered[: parameters.limit]
    following = _write_cursor(sort, key(found[-1]), 0) if len(ordered) > len(found) else None
    return found, following


def searched(rows: QuerySet[Row], words: str, *lookups: str) -> QuerySet[Row]:
    """The rows in which every word appears in at least one of the fields."""
    for word in words.split():
        found = Q()
        for lookup in lookups:
            found |= Q(**{f"{lookup}__icontains": word})
        rows = rows.filter(found)
    return rows


def _after(mark: tuple[Any, int], descending: bool) -> Q:
    value, key = mark
    if descending:
        if value is None:
            return Q(sorted_by__isnull=True, pk__lt=key)
        return Q(sorted_by__lt=value) | Q(sorted_by__isnull=True) | Q(sorted_by=value, pk__lt=key)
    if value is None:
        return Q(sorted_by__isnull=False) | Q(sorted_by__isnull=True, pk__gt=key)
    return Q(sorted_by__gt=value) | Q(sorted_by=value, pk__gt=key)


def _write_cursor(sort: str, value: Any, key: int) -> str:
    if isinstance(value, datetime):
        value = value.isoformat()
    content = json.dumps([sort, value, key], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str) -> tuple[Any, int]:
    try:
        content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        kept_sort, value, key = json.loads(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise _unusable_cursor() from error
    if kept_sort != sort or type(key) is not int or not isinstance(value, str | int | float | bool | None):
        raise _unusable_cursor()
    if isinstance(value, str) and "\x00" in value:
        raise _unusable_cursor()
    return value, key


def _unknown_sort(sort: str, sorts: Iterable[str]) -> Invalid:
    return Invalid(
        f"The list cannot be sorted by {sort!r}.",
        errors=[("query.sort", "unknown sort")],
        hint=f"It can be sorted by {', '.join(sorted(sorts))}; with - in front descending.",
    )


def _unusable_cursor() -> Invalid:
    return Invalid(
        "The cursor does not belong to this list with this sort.",
        errors=[("query.cursor", "cannot be used")],
        hint="Take `next` of the page before, with the same sort and filters; leave it out to begin.",
    )
