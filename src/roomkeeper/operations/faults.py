"""What a checked model finds wrong with a value, as a sentence in the reader's language."""

from collections.abc import Mapping
from typing import Any, Final

from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_OWN: Final = noop("Value error, ")
# What pydantic says, by the kind of fault. In English its own sentence is told, which knows singular and plural.
_TEMPLATES: Final = {
    "bool_parsing": noop("Input should be a valid boolean, unable to interpret input"),
    "bool_type": noop("Input should be a valid boolean"),
    "datetime_from_date_parsing": noop("Input should be a valid datetime or date, {error}"),
    "datetime_parsing": noop("Input should be a valid datetime, {error}"),
    "dict_type": noop("Input should be a valid dictionary"),
    "enum": noop("Input should be {expected}"),
    "extra_forbidden": noop("Extra inputs are not permitted"),
    "float_parsing": noop("Input should be a valid number, unable to parse string as a number"),
    "greater_than": noop("Input should be greater than {gt}"),
    "greater_than_equal": noop("Input should be greater than or equal to {ge}"),
    "int_from_float": noop("Input should be a valid integer, got a number with a fractional part"),
    "int_parsing": noop("Input should be a valid integer, unable to parse string as an integer"),
    "int_type": noop("Input should be a valid integer"),
    "less_than": noop("Input should be less than {lt}"),
    "less_than_equal": noop("Input should be less than or equal to {le}"),
    "list_type": noop("Input should be a valid list"),
    "literal_error": noop("Input should be {expected}"),
    "missing": noop("Field required"),
    "model_attributes_type": noop("Input should be a valid dictionary or object to extract fields from"),
    "string_too_long": noop("Text should have at most {max_length} characters"),
    "string_too_short": noop("Text should have at least {min_length} characters"),
    "string_type": noop("Input should be a valid string"),
    "timezone_aware": noop("Input should have timezone info"),
    "too_long": noop("List should have at most {max_length} items, not {actual_length}"),
    "too_short": noop("List should have at least {min_length} items, not {actual_length}"),
}


def sentence_of(error: Mapping[str, Any]) -> str:
    """The sentence of one of pydantic's errors; what a check of ours has said stays as it is."""
    told = str(error.get("msg") or _("cannot be used"))
    template = _TEMPLATES.get(str(error.get("type", "")), "")
    if told.startswith(_(_OWN)) or _(template) == template:
        return told.removeprefix(_(_OWN))
    try:
        return _(template).format(**error.get("ctx", {}))
    except (KeyError, ValueError):
        return told
