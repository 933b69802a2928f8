"""Texts as people search and sort them: letter case and accents do not count, numbers count as numbers.

The same in Python and in both databases.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import CharField, F, Func, TextField, Transform

_FOLD: Final = "roomkeeper_fold"
_NATURAL: Final = "roomkeeper_natural"
# Letters that are no other letter with a mark on it.
_LETTERS: Final = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ł": "l",
    "þ": "th",
    "ı": "i",
}
_TABLE: Final = str.maketrans(_LETTERS)
_MARKS: Final = re.compile("[\u0300-\u036f]")
_NUMBER: Final = re.compile(r"\d+")
_DIGITS: Final = 9


def fold(text: str) -> str:
    """The text without letter case and accents: `HÖRSAAL` and `Hörsaal` are `horsaal`, `Straße` is `strasse`."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).lower().translate(_TABLE)


def natural_key(text: str) -> str:
    """By which names are sorted: `Room 2` before `Room 10`, whatever the letter case."""
    return _NUMBER.sub(lambda found: found[0].lstrip("0").rjust(_DIGITS, "0"), fold(text))


def _folded_sql(inner: str) -> str:
    """PostgreSQL's own functions for `fold`: nothing has to be installed there."""
    text = f"lower(regexp_replace(normalize({inner}, NFKD), '[\u0300-\u036f]', '', 'g'))"
    # In the C locale lower() knows ASCII alone; what is no letter with a mark is named in both cases.
    for letter, plain in _LETTERS.items():
        text = f"replace(replace({text}, '{letter}', '{plain}'), '{letter.upper()}', '{plain}')"
    return text


class Folded(Transform):
    """`name__folded__contains`: what stands there as `fold` gives it."""

    lookup_name = "folded"
    function = _FOLD
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """With PostgreSQL's own functions."""
        return super().as_sql(compiler, connection, template=_folded_sql("%(expressions)s"), **context)


class NaturalKey(Func):
    """`natural_key` of a column, worked out by the database."""

    function = _NATURAL
    output_field = CharField()

    def __init__(self, lookup: Any) -> None:
        super().__init__(F(lookup) if isinstance(lookup, str) else lookup)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """Numbers get zeros in front, and all but the last digits are cut."""
        padded = rf"regexp_replace({_folded_sql('%(expressions)s')}, '(\d+)', '{'0' * _DIGITS}\1', 'g')"
        cut = rf"regexp_replace({padded}, '0*(\d{{{_DIGITS},}})(?!\d)', '\1', 'g')"
        return self.as_sql(compiler, connection, template=f'({cut}) COLLATE "C"', **context)


def _or_null(function: Callable[[str], str]) -> Callable[[Any], str | None]:
    return lambda value: None if value is None else function(str(value))


def _register(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor == "sqlite":
        for name, function in ((_FOLD, fold), (_NATURAL, natural_key)):
            connection.connection.create_function(name, 1, _or_null(function), deterministic=True)


def register() -> None:
    """Make the transform known, and give every SQLite connection of this process the functions."""
    for field in (CharField, TextField):
        field.register_lookup(Folded)
    connection_created.connect(_register, dispatch_uid=_FOLD)
