"""Reading a TOML table strictly: every key has a kind, and none is left over. Not here: what a key means."""

import re
from collections.abc import Sequence
from enum import Enum
from typing import Any, TypeVar

_Word = TypeVar("_Word", bound=Enum)
_MISSING = object()


class ManifestError(ValueError):
    """A manifest that cannot be used; the message names the file and the key."""


class Table:
    """A table of which each key is taken once; `end` refuses what was not taken."""

    def __init__(self, data: dict[str, Any], where: str) -> None:
        self._left = dict(data)
        self.where = where

    def _take(self, key: str, kind: type, default: Any) -> Any:
        value = self._left.pop(key, default)
        if value is _MISSING:
            raise ManifestError(f"{self.where}: {key} is missing")
        # In Python a bool is an int; in TOML it is not.
        if value is not default and (
            not isinstance(value, kind) or isinstance(value, bool) != (kind is bool)
        ):
            raise ManifestError(f"{self.where}: {key} has to be of the kind {kind.__name__}")
        return value

    def text(self, key: str, default: Any = _MISSING) -> str:
        """A string."""
        return str(self._take(key, str, default))

    def flag(self, key: str, default: Any = _MISSING) -> bool:
        """True or false."""
        return bool(self._take(key, bool, default))

    def number(self, key: str, least: int, most: int) -> int:
        """A whole number within limits."""
        value = int(self._take(key, int, _MISSING))
        if not least <= value <= most:
            raise ManifestError(f"{self.where}: {key} has to lie between {least} and {most}")
        return value

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        """One of the allowed words."""
        value = self.text(key)
        if value not in allowed:
            raise ManifestError(f"{self.where}: {key} has to be one of {', '.join(allowed)}")
        return value

    def word(self, key: str, kind: type[_Word]) -> _Word:
        """One of the words of an enumeration."""
        return kind(self.choice(key, [str(member.value) for member in kind]))

    def texts(self, key: str, default: Any = _MISSING) -> tuple[str, ...]:
        """A list of strings."""
        values = self._take(key, list, default)
        if not all(isinstance(value, str) for value in values):
            raise ManifestError(f"{self.where}: {key} has to be a list of strings")
        return tuple(values)

    def words(self, key: str, kind: type[_Word]) -> tuple[_Word, ...]:
        """A list of words of an enumeration; empty where it is not given."""
        allowed = [str(member.value) for member in kind]
        values = self.texts(key, default=())
        if not set(values) <= set(allowed):
            raise ManifestError(f"{self.where}: {key} takes {', '.join(allowed)}")
        return tuple(kind(value) for value in values)

    def find_pattern(self, key: str) -> re.Pattern[str] | None:
        """A regular expression that ignores case, None where it is not given."""
        text = self.text(key, default="")
        if not text:
            return None
        try:
            return re.compile(text, re.IGNORECASE)
        except re.error as error:
            raise ManifestError(f"{self.where}: {key} is not a regular expression: {error}") from None

    def table(self, key: str) -> "Table":
        """A table below this one."""
        return Table(self._take(key, dict, _MISSING), f"{self.where}: {key}")

    def find_table(self, key: str) -> "Table | None":
        """A table below this one, None where there is none."""
        return self.table(key) if key in self._left else None

    def tables(self, key: str) -> list["Table"]:
        """An array of tables, empty where there is none; counted from 1 in messages."""
        values = self._take(key, list, [])
        if not all(isinstance(value, dict) for value in values):
            raise ManifestError(f"{self.where}: {key} has to be a list of tables")
        return [Table(value, f"{self.where}: {key}[{place}]") for place, value in enumerate(values, 1)]

    def end(self) -> None:
        """Refuse what nobody took."""
        if self._left:
            raise ManifestError(f"{self.where}: unknown {', '.join(sorted(self._left))}")
