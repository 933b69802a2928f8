"""The parameters of a subject's filters, with their types: the same for programs and in the address of a page."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
)

from roomkeeper.operations.faults import sentence_of
from roomkeeper.operations.fields import Field as Declared
from roomkeeper.operations.lists import ListRefused, ListRequest, filter_names
from roomkeeper.operations.subjects import Subject
from roomkeeper.words import gettext as _

LARGEST_ID: Final = 2**63 - 1
Identifier = Annotated[int, Field(ge=1, le=LARGEST_ID)]


def _refuse_number(found: Any) -> Any:
    """The value, unless it is a number: pydantic would take one for seconds since 1970."""
    if isinstance(found, str | int | float):
        try:
            float(found)
        except ValueError:
            return found
        raise ValueError(_("enter a time as in 2026-03-01T08:00:00Z, not a number"))
    return found


def _aware(moment: datetime) -> datetime:
    """The moment with a zone; one that came without is UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _part(found: Any) -> Any:
    """Words that are parted by commas, as well as repeated."""
    if not isinstance(found, list):
        return found
    return [part for one in found for part in (one.split(",") if isinstance(one, str) else [one])]


Moment = Annotated[datetime, BeforeValidator(_refuse_number), AfterValidator(_aware)]


def parameters_of(subject: Subject) -> dict[str, tuple[Any, Any]]:
    """(type, default with its description) of each filter by the name of its parameter."""
    found: dict[str, tuple[Any, Any]] = {}
    for name, one in filter_names(subject).items():
        kind = one.filter_type if one.filter_type is not None else _bare(one)
        told = one.meaning or None
        if one.filter == "any":
            many: Any = list.__class_getitem__(kind | Literal["all"] if one.unasked else kind)
            if get_origin(kind) is Literal:
                many = Annotated[many, BeforeValidator(_part)]
            found[name] = (many, Field([], max_length=500, description=told))
        elif one.filter == "since":
            found[name] = (Moment | None, None)
        elif one.filter == "set":
            found[name] = (bool | None, None)
        else:
            found[name] = (kind | None, Field(None, description=told))
    return found


def words_of(one: Declared) -> tuple[tuple[str, str], ...]:
    """The values that a field can have with the words for them; empty where it may be anything."""
    if one.choices:
        return one.choices() if callable(one.choices) else one.choices
    kind = one.filter_type if one.filter_type is not None else _bare(one)
    if kind is bool or one.filter == "set":
        return (("true", "yes"), ("false", "no"))
    if get_origin(kind) is Literal:
        return tuple((str(word), str(word).replace("_", " ")) for word in get_args(kind))
    return ()


def read_filters(subject: Subject, given: Mapping[str, Sequence[str]]) -> ListRequest:
    """What an address asks for; everything in it is text. Raises `ListRefused` for a filter that there is not, and
    for a value that it cannot have."""
    known = filter_names(subject)
    values: dict[str, Any] = {}
    for name, texts in given.items():
        if name in ("search", "sort"):
            continue
        if name not in known:
            raise ListRefused(
                _("There is no filter {name!r} on this list.", name=name[:100]),
                name[:100],
                hint=_("Known filters: {known}.", known=", ".join(sorted(known)) or "none"),
            )
        filled = [text for text in texts if text != ""]
        if filled:
            values[name] = filled if known[name].filter == "any" else filled[-1]
    try:
        found = _model_of(subject).model_validate(values)
    except ValidationError as error:
        one = error.errors()[0]
        name = str(one["loc"][0])
        words = sentence_of(one)
        raise ListRefused(
            _("The filter {name} cannot be used: {words}.", name=name, words=words), name
        ) from error
    search = (given.get("search") or [""])[-1].strip()[:200]
    sort = (given.get("sort") or [""])[-1]
    return ListRequest({name: getattr(found, name) for name in type(found).model_fields}, search, sort)


@lru_cache(maxsize=64)
def _model_of(subject: Subject) -> type[BaseModel]:
    fields: dict[str, Any] = dict(parameters_of(subject))
    return create_model(f"{subject.noun} filters", __config__=ConfigDict(extra="forbid"), **fields)


def _bare(one: Declared) -> Any:
    """The type of a value that is there."""
    parts = get_args(one.type) if get_origin(one.type) is not Literal else ()
    kind = one.type
    if type(None) in parts:
        kinds = [part for part in parts if part is not type(None)]
        kind = kinds[0]
        for other in kinds[1:]:
            kind = kind | other
    return Identifier if kind is int and (one.name == "id" or one.lookup.endswith("_id")) else kind
