"""When two values of a setting are the same (rule R12). Pure. Not here: what a setting may hold (`valuespace`)."""

import re
from functools import lru_cache
from typing import Final

from roomkeeper.words import noop

INTEGER: Final = "Integer"
LITERAL: Final = "Literal"
STRING: Final = "String"
UNKNOWN: Final = ""

_MAX_DIGITS: Final = 18
# Beginnings of the names of value spaces (protocol notes D.4; the same in every capture), lower case.
_REFERENCES: Final = (
    (("int_", "vs_int"), INTEGER),
    (("ttpar_", "vs_literal"), LITERAL),
    (("str_", "password_", "vs_string"), STRING),
)
# What holds a text whatever it looks like: of these `05` is another one than `5`.
_TEXTS: Final = re.compile(
    r"(name|id|e164|uri|url|alias|address|path|number|password|passphrase|pin|key|code|text|contact|location)"
    r"(\[\d+\])?$",
    re.IGNORECASE,
)
# Literals that devices share, for a setting of which no type is known.
_LITERALS: Final = noop(
    "auto cucm dhcp direct disabled edge enabled external false gatekeeper get h323 http http+https https internal "
    "ipv4 ipv6 manual none off on post readonly readwrite sip spark static tcp tls tms true udp vcs webex yes no"
)
_WORDS: Final = frozenset(_LITERALS.split())


@lru_cache(maxsize=4096)
def type_of(path: str, reference: str = "") -> str:
    """The type of a setting by the name of its value space, as its configuration gives it, else by its path.

    One of INTEGER, LITERAL, STRING, or UNKNOWN."""
    name = reference.rpartition("/")[2].lower()
    for beginnings, kind in _REFERENCES:
        if name.startswith(beginnings):
            return kind
    return STRING if _TEXTS.search(path) else UNKNOWN


def trimmed(text: str) -> str:
    """A text as it is asked for, read and compared: without white space at its ends, as documents are decoded."""
    return text.strip()


def is_same(one: str, other: str, kind: str = UNKNOWN) -> bool:
    """Whether two values of a setting of that type are the same: literals without letter case, numbers as numbers,
    texts but for white space at their ends. Of an unknown type, numbers and well-known literals are taken for such."""
    one, other = trimmed(one), trimmed(other)
    if one == other:
        return True
    if kind == LITERAL:
        return one.casefold() == other.casefold()
    if kind == STRING:
        return False
    numbers = find_integer(one), find_integer(other)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return kind == UNKNOWN and one.casefold() == other.casefold() and one.casefold() in _WORDS


def find_integer(text: str) -> int | None:
    """The whole number that a text is, None where it is none or longer than any device's."""
    digits = text[1:] if text[:1] == "-" else text
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS else None
