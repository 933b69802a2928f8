"""Values of a record as words in a cell, and back. Pure: folders are resolved elsewhere."""

import re
from dataclasses import dataclass
from typing import Any, Final

from roomkeeper.provisioning.planning import UNPRINTABLE
from roomkeeper.systems.inventory import NAME_LIMIT
from roomkeeper.systems.inventory.records import NOTES_LIMIT, AddressRefused, usable_address
from roomkeeper.systems.models import Connectivity, TlsTrust
from roomkeeper.words import gettext as _

Value = str | int | bool | None | tuple[str, ...]

# What stands in a cell of a setting and is no value: hidden, taken back, set empty.
HIDDEN_CELL: Final = "***"
TAKEN_BACK: Final = "(none)"
SET_EMPTY: Final = '""'
WORDS: Final = frozenset({HIDDEN_CELL, TAKEN_BACK, SET_EMPTY})

_TAG_LIMIT: Final = 50
_TAGS_LIMIT: Final = 50
_TRUE: Final = frozenset({"yes", "true", "1", "on"})
_FALSE: Final = frozenset({"no", "false", "0", "off"})
_SEPARATORS: Final = re.compile(r"[;,|\n]")
# What spreadsheets make of the words that devices use.
_SHOUTED: Final = {"TRUE": "True", "FALSE": "False"}


class NotUsable(ValueError):
    """What was written cannot be the value of that column."""


@dataclass(frozen=True, slots=True)
class Exact:
    """A value that a program gave as it is, and not as the words of a cell."""

    value: Any


Cell = str | Exact


def words_of(value: Value) -> str:
    """The value as it stands in a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def comparable(text: str) -> str:
    """A text as two are compared: a spreadsheet may write other line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def read_value(field: str, cell: Cell) -> Value:
    """What the cell asks for, folders as they were written. Raises `NotUsable` with a sentence."""
    if isinstance(cell, Exact):
        return _read_exact(field, cell.value)
    return _read_words(field, comparable(cell))


def _read_words(field: str, cell: str) -> Value:
    text = cell.strip()
    if field == "tags":
        return usable_tags(_SEPARATORS.split(text))
    if field in ("http_port", "https_port"):
        return _port(int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else _no_port(text)
    if field in ("connectivity_is_locked", "password_may_use_http", "tls_is_legacy"):
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise NotUsable(_("{text!r} is neither yes nor no.", text=text[:60]))
    return _text(field, text)


def _read_exact(field: str, value: Any) -> Value:
    if field == "tags" and isinstance(value, list | tuple) and all(isinstance(tag, str) for tag in value):
        return usable_tags(value)
    if field in ("http_port", "https_port") and (value is None or isinstance(value, int)):
        return None if value is None else _port(value)
    if field in ("connectivity_is_locked", "password_may_use_http", "tls_is_legacy") and isinstance(
        value, bool
    ):
        return value
    if field == "folder" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and field not in ("tags", "http_port", "https_port"):
        return _text(field, comparable(value).strip())
    raise NotUsable(_("This column does not accept that value."))


def _text(field: str, text: str) -> str:
    if UNPRINTABLE.search(text):
        raise NotUsable(_("It contains characters that cannot be stored."))
    if field == "name":
        text = " ".join(text.split())
        if not text or len(text) > NAME_LIMIT:
            raise NotUsable(_("A name has 1 to {limit} characters.", limit=NAME_LIMIT))
    elif field == "folder":
        if not text:
            raise NotUsable(_("Every system is in a folder: enter one, such as Oslo / HQ."))
    elif field == "notes":
        if len(text) > NOTES_LIMIT:
            raise NotUsable(_("Notes have at most {limit:,} characters.", limit=NOTES_LIMIT))
    elif field == "host":
        try:
            return usable_address(text, None, None)
        except AddressRefused as refusal:
            raise NotUsable(str(refusal)) from refusal
    elif field == "connectivity":
        return _one_of(text, {name: label for name, label in Connectivity.choices if name})
    elif field == "tls_trust":
        return _one_of(text, dict(TlsTrust.choices))
    return text


def _one_of(text: str, choices: dict[str, str]) -> str:
    for name, label in choices.items():
        if text.lower().replace(" ", "_") in (name, label.lower().replace(" ", "_")):
            return name
    raise NotUsable(_("{text!r} is not one of {choices}.", text=text[:60], choices=", ".join(choices)))


def usable_tags(words: Any) -> tuple[str, ...]:
    """The tags in order, each once. Raises `NotUsable`."""
    tags = tuple(sorted({tag.strip() for tag in words if tag.strip()}))
    if any(len(tag) > _TAG_LIMIT or UNPRINTABLE.search(tag) for tag in tags):
        raise NotUsable(
            _("A tag has at most {limit} characters, and no control characters.", limit=_TAG_LIMIT)
        )
    if len(tags) > _TAGS_LIMIT:
        raise NotUsable(_("A system has at most {limit} tags.", limit=_TAGS_LIMIT))
    return tags


def _port(number: int) -> int | None:
    if not 1 <= number <= 65_535 or isinstance(number, bool):
        return _no_port(str(number))
    return number


def _no_port(text: str) -> int | None:
    if not text:
        return None
    raise NotUsable(
        _(
            "{text!r} is not a port. Enter a number from 1 to 65535, or leave it empty for the default.",
            text=text[:60],
        )
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """What a cell wants of a setting: a value, "" to set it empty, None to take an earlier wish back."""

    value: str | None


def read_setting(cell: Cell, present: str) -> Wish | None:
    """What the cell wants of a setting whose cell was written as `present`; None where it stays as it is.

    An empty cell, `***` and the words that were written out ask for nothing; `""` sets empty, `(none)` takes back.
    Raises `NotUsable`.
    """
    if isinstance(cell, Exact):
        if cell.value is None or isinstance(cell.value, str):
            return None if cell.value == HIDDEN_CELL else Wish(cell.value)
        raise NotUsable(
            _('A setting needs a text as its value, or null to remove the request ("" sets it empty).')
        )
    if not cell.strip() or cell.strip() == HIDDEN_CELL:
        return None
    if comparable(cell) == present or _SHOUTED.get(cell.strip()) == present:
        return None
    return _wish_of(cell)


def _wish_of(cell: str) -> Wish:
    text = comparable(cell).strip()
    if text == TAKEN_BACK:
        return Wish(None)
    if text == SET_EMPTY:
        return Wish("")
    return Wish(_SHOUTED.get(text, text))
