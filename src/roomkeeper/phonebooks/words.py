"""Names and numbers as they are found: which words of an entry are indexed, and what is searched for. Pure.

A name is found by the beginning of each of its words, in any order, whatever the letter case and accents; `ü` is found
as `u` and as `ue`. A number is found by any three or more of its digits in a row, however it is written.
"""

import re
from collections.abc import Iterable
from typing import Final

from roomkeeper.operations.folding import fold

# Letters that people write as two where they have no such key.
_LONG: Final = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ø": "oe",
        "å": "aa",
        "Ä": "ae",
        "Ö": "oe",
        "Ü": "ue",
        "Ø": "oe",
        "Å": "aa",
    }
)
_WORD: Final = re.compile(r"[^\W_]+")
_NUMBER: Final = re.compile(r"[\d\s()+./-]+")
_NOT_DIGITS: Final = re.compile(r"\D+")
# Of scripts that put no blanks between words, a name is found from each of its signs on.
_RUN_ON: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
SHORTEST_PART: Final = 3
_LONGEST_WORD: Final = 60
_MOST_WORDS: Final = 40
_MOST_ASKED: Final = 8


def name_words(text: str) -> list[str]:
    """The words by which a name is found, each once."""
    found: dict[str, None] = {}
    for word in _WORD.findall(text):
        for form in _forms(word):
            for tail in _tails(form) if _RUN_ON.search(form) else (form,):
                found[tail[:_LONGEST_WORD]] = None
    return list(found)[:_MOST_WORDS]


def number_words(addresses: Iterable[str]) -> list[str]:
    """The words by which addresses are found: the parts of a URI, and each end of a number."""
    found: dict[str, None] = {}
    for address in addresses:
        if _NUMBER.fullmatch(address):
            digits = _digits(address)[:30]
            for at in range(max(len(digits) - SHORTEST_PART + 1, 1)):
                found[digits[at:]] = None
        else:
            for word in name_words(address):
                found[word] = None
                digits = _digits(word)
                for at in range(1, len(digits) - SHORTEST_PART + 1) if digits == word else ():
                    found[digits[at:]] = None
    found.pop("", None)
    return list(found)[:_MOST_WORDS]


def asked_words(text: str) -> list[tuple[str, ...]]:
    """What is searched for: every group must be found, by one of its forms, as the beginning of a word. Empty where
    nothing can be searched for."""
    stripped = text.strip()
    if len(digits := _digits(stripped)) >= SHORTEST_PART and _NUMBER.fullmatch(stripped):
        return [_number_forms(stripped, digits)]
    return [_forms(word) for word in _WORD.findall(stripped)[:_MOST_ASKED]]


def sort_name(name: str) -> str:
    """By which names are sorted and found from their beginning."""
    return " ".join(fold(name).split())[:255]


def has_all(name: str, groups: Iterable[tuple[str, ...]]) -> bool:
    """Whether the name alone holds all that is asked for."""
    words = name_words(name)
    return all(any(word.startswith(form) for word in words for form in group) for group in groups)


def _forms(word: str) -> tuple[str, ...]:
    short = "".join(_WORD.findall(fold(word)))[:_LONGEST_WORD]
    long = "".join(_WORD.findall(fold(word.translate(_LONG))))[:_LONGEST_WORD]
    return tuple(dict.fromkeys(form for form in (short, long) if form))


def _number_forms(text: str, digits: str) -> tuple[str, ...]:
    """As it is typed; and without the zeros that lead out of a country or an area."""
    forms = [digits]
    if not text.startswith("+"):
        forms += [digits.removeprefix(prefix) for prefix in ("00", "0") if digits.startswith(prefix)]
    return tuple(dict.fromkeys(form for form in forms if len(form) >= SHORTEST_PART))


def _tails(word: str) -> Iterable[str]:
    return (word[at:] for at in range(len(word)))


def _digits(text: str) -> str:
    return _NOT_DIGITS.sub("", text)
