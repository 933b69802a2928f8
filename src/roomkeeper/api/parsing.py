"""What a body and a query may hold: JSON, and text that the databases and XML can hold too."""

import json
import re
from typing import Any, NoReturn

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

from roomkeeper.api.problems import Invalid

# What is no character of XML 1.0 (production 2): controls, lone surrogates, and two more.
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class StrictParser(Parser):
    """ninja's parser that refuses NaN, infinities, and text with control characters or lone surrogates."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The JSON body; raises ValueError where it is none."""
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
                    "A parameter holds characters that no text can hold.",
                    errors=[("query", "control characters and lone surrogates cannot be used")],
                )
        return super().parse_querydict(data, list_fields, request)


def is_storable(text: str) -> bool:
    """Whether both databases and XML can hold the text."""
    return _NO_TEXT.search(text) is None


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _check_texts(found: Any) -> None:
    waiting = [found]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if not is_storable(one):
                raise ValueError("text with a control character or a lone surrogate")
        elif isinstance(one, dict):
            waiting.extend(one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
