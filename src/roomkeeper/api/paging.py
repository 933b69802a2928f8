"""Lists: pages by keyset, so that a page costs the same anywhere in the list and with every offered sort."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Generic, TypeVar

from ninja import Schema
from pydantic import AfterValidator, Field

from roomkeeper.api.problems import ApiProblem, Invalid
from roomkeeper.operations import lists
from roomkeeper.words import gettext as _

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
Item = TypeVar("Item")

Limit = Annotated[int, Field(ge=1), AfterValidator(lambda number: min(number, MAX_LIMIT))]


class ListParameters(Schema):
    """What every list takes."""

    limit: Limit = Field(
        DEFAULT_LIMIT, description=f"Items on a page; more than {MAX_LIMIT} mean {MAX_LIMIT}."
    )
    cursor: str = Field("", max_length=2000, description="`next` of the previous page.")
    search: str = Field("", max_length=200, description="Words that must appear, in any case.")
    sort: str = Field(
        "", max_length=64, description="A field to sort by; put `-` in front for descending order."
    )


class Page(Schema, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: str | None = Field(description="Cursor of the next page; null on the last.")


@contextmanager
def list_refusals() -> Iterator[None]:
    """Turn refusals of the list engine into problems."""
    try:
        yield
    except lists.ListRefused as error:
        if error.is_missing:
            raise ApiProblem(404, "not-found", "Not found", str(error), hint=error.hint) from error
        words = _("unknown sort") if error.name == "sort" else _("cannot be used")
        raise Invalid(str(error), errors=[(f"query.{error.name}", words)], hint=error.hint) from error


def cut_sorted(
    items: Sequence[Item], parameters: ListParameters, key: Callable[[Item], str], field: str
) -> tuple[list[Item], str | None]:
    """The page asked for of items that are no rows, and the next cursor; sorted by `key`, which tells one from all
    others, and which callers know as `field`. Raises `Invalid` for an unknown sort or a cursor of another list."""
    sort = parameters.sort or field
    descending = sort.startswith("-")
    with list_refusals():
        lists.check_sort(sort, [field])
        value = lists.read_cursor(parameters.cursor, sort)[0] if parameters.cursor else None
        if parameters.cursor and not isinstance(value, str):
            raise lists.unusable_cursor()
    ordered = sorted(items, key=key, reverse=descending)
    if isinstance(value, str):
        ordered = [one for one in ordered if (key(one) < value if descending else key(one) > value)]
    found = ordered[: parameters.limit]
    following = lists.write_cursor(sort, key(found[-1]), 0) if len(ordered) > len(found) else None
    return found, following
