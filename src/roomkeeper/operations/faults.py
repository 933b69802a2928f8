"""What a checked model finds wrong with a value, as a sentence in the reader's language."""

from collections.abc import Mapping
from typing import Any, Final

from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext, noop

_OWN: Final = noop("Value error, ")
_WHOLE: Final = noop("enter a whole number")
_MOMENT: Final = noop("enter a time as in 2026-03-01T08:00:00Z")
_OBJECT: Final = noop("enter an object of names and values")
_ONE_OF: Final = noop("must be {expected}")
# What is wrong, by the kind of fault, in the words of this product.
_TEMPLATES: Final = {
    "bool_parsing": noop("enter true or false"),
    "bool_type": noop("enter true or false"),
    "datetime_from_date_parsing": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_type": _MOMENT,
    "dict_type": _OBJECT,
    "enum": _ONE_OF,
    "extra_forbidden": noop("unknown field"),
    "float_parsing": noop("enter a number"),
    "float_type": noop("enter a number"),
    "greater_than": noop("must be more than {gt}"),
    "greater_than_equal": noop("must be {ge} or more"),
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_type": _WHOLE,
    "less_than": noop("must be less than {lt}"),
    "less_than_equal": noop("must be {le} or less"),
    "list_type": noop("enter a list"),
    "literal_error": _ONE_OF,
    "missing": noop("is missing"),
    "model_attributes_type": _OBJECT,
    "string_type": noop("enter a text"),
    "timezone_aware": noop("needs a time zone"),
}


def sentence_of(error: Mapping[str, Any]) -> str:
    """The sentence of one of pydantic's errors; what a check of ours has said stays as it is."""
    told, kind = str(error.get("msg") or _("cannot be used")), str(error.get("type", ""))
    bounds: Mapping[str, Any] = error.get("ctx") or {}
    if kind in ("string_too_short", "too_short"):
        return _least(kind, int(bounds.get("min_length", 1)))
    if kind in ("string_too_long", "too_long"):
        return _most(kind, int(bounds.get("max_length", 0)))
    template = _TEMPLATES.get(kind, "")
    if not template or told.startswith(_OWN):
        return told.removeprefix(_OWN)
    try:
        return _(template).format(**bounds)
    except (KeyError, ValueError):
        return told


def _least(kind: str, number: int) -> str:
    if kind == "string_too_short":
        return ngettext("enter at least {count} character", "enter at least {count} characters", number)
    return ngettext("give at least {count} entry", "give at least {count} entries", number)


def _most(kind: str, number: int) -> str:
    if kind == "string_too_long":
        return ngettext("may have at most {count} character", "may have at most {count} characters", number)
    return ngettext("may have at most {count} entry", "may have at most {count} entries", number)
