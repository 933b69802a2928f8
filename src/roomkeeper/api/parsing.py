"""What a body and a query may hold: JSON, and text that the databases and XML can hold too."""

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

from roomkeeper.api.problems import Invalid
from roomkeeper.provisioning.planning import UNPRINTABLE
from roomkeeper.words import gettext as _


class StrictParser(Parser):
    """ninja's parser that refuses NaN, infinities, and text with control characters or lone surrogates."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The JSON body; raises ValueError where it is none, `Invalid` for text that cannot be stored."""
        found: dict[str, Any] = json.loads(request.body.decode("utf-8"), parse_constant=_refuse_constant)
        _check_texts(found)
        return found

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """The query's parameters; raises `Invalid` for text that cannot be stored."""
        for name, values in data.lists():
            if any(not is_storable(value) for value in (name, *values) if isinstance(value, str)):
                raise Invalid(
                    _("A parameter contains characters that are not allowed."),
                    errors=[("query", _("control characters and lone surrogates cannot be used"))],
                )
        return super().parse_querydict(data, list_fields, request)


def is_storable(text: str) -> bool:
    """Whether both databases and XML can hold the text."""
    return UNPRINTABLE.search(text) is None


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(_("{word} is not JSON", word=word))


def _check_texts(found: Any) -> None:
    waiting: list[tuple[str, Any]] = [("body", found)]
    while waiting:
        where, one = waiting.pop()
        if isinstance(one, str):
            if not is_storable(one):
                raise Invalid(
                    _("The body contains characters that are not allowed."),
                    errors=[(where[:200], _("control characters and lone surrogates cannot be used"))],
                )
        elif isinstance(one, dict):
            # Names of fields before what they hold: only a name that can be told goes into an address.
            waiting.extend((f"{where}.{name}", value) for name, value in one.items())
            waiting.extend((where, name) for name in one)
        elif isinstance(one, list):
            waiting.extend((f"{where}.{number}", value) for number, value in enumerate(one))
