"""Names and numbers as they are found: which words of an entry are indexed, and what is searched for. Pure.

A name is found by the beginning of each of its words, in any order, whatever the letter case and accents; `ü` is found
as `u` and as `ue`. A number is found by any three or more of its digits in a row, however it is written; beside other
words by four.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
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
NAME, OTHER, PART = 1, 2, 3
"""Words of the name, words of addresses and of the note, and ends of numbers."""
SHORTEST_PART: Final = 3
SHORTEST_BESIDE: Final = 4
_LONGEST_WORD: Final = 60
_MOST_WORDS: Final = 40
_MOST_ASKED: Final = 8
_LONGEST_NUMBER: Final = 30
_MOST_PARTS: Final = 80


def name_words(text: str) -> list[str]:
    """The words by which a name is found, each once."""
    found: dict[str, None] = {}
    for word in _WORD.findall(text):
        for form in _forms(word):
            for tail in _tails(form) if _RUN_ON.search(form) else (form,):
                found[tail[:_LONGEST_WORD]] = None
    return list(found)[:_MOST_WORDS]


def words_of(name: str, addresses: Iterable[str], note: str) -> str:
    """The words of an entry as they are kept with it: those of its name in the first line, in the second those that
    only its addresses and its note have; each behind a blank. A number is one word, its digits."""
    names = name_words(name)
    others: dict[str, None] = {}
    for address in addresses:
        found = [_digits(address)[:_LONGEST_NUMBER]] if _NUMBER.fullmatch(address) else name_words(address)
        others |= dict.fromkeys(found)
    others |= dict.fromkeys(name_words(note))
    for word in ("", *names):
        others.pop(word, None)
    return "\n".join("".join(f" {word}" for word in part) for part in (names, list(others)[:_MOST_WORDS]))


def rows_of(words: str) -> list[tuple[int, str]]:
    """What an entry with these words is looked up by: (`NAME`, `OTHER` or `PART`, word)."""
    names, _, others = words.partition("\n")
    found = [*((NAME, word) for word in names.split()), *((OTHER, word) for word in others.split())]
    parts = {
        word[at:]: None
        for word in others.split()
        if word.isascii() and word.isdigit()
        for at in range(1, len(word) - SHORTEST_PART + 1)
    }
    return [*found, *((PART, word) for word in list(parts)[:_MOST_PARTS])]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for.

    `beginning` is the whole text as names are sorted by. Entries are looked up by one word, the longest, as the
    beginning of one of theirs: by one of its `forms`, in rows of the `kinds`. In each of `groups` are beginnings of
    words with their blank, or parts of numbers; one of each must stand in an entry's words. The first group is that of
    the longest word.
    """

    beginning: str
    forms: tuple[str, ...]
    kinds: tuple[int, ...]
    groups: tuple[tuple[str, ...], ...]

    def is_in(self, words: str) -> bool:
        """Whether an entry with these words is found."""
        return all(any(part in words for part in group) for group in self.groups)

    def best_row(self, words: str) -> tuple[int, str] | None:
        """By which of its rows an entry is found first; None by none."""
        names, _, others = words.partition("\n")
        for kind, text in ((NAME, names), (OTHER, others)):
            if found := [word for word in text.split() if word.startswith(self.forms)]:
                return kind, min(found)
        if PART not in self.kinds:
            return None
        return min(
            (row for row in rows_of(words) if row[0] == PART and row[1].startswith(self.forms)), default=None
        )


def asked(text: str) -> Asked | None:
    """What a text searches for; None where nothing can be searched for."""
    stripped = text.strip()
    if len(digits := _digits(stripped)) >= SHORTEST_PART and _NUMBER.fullmatch(stripped):
        words, shortest = [_number_forms(stripped, digits)], SHORTEST_PART
    else:
        # Beside other words a short number is that of a room, not one in the middle of somebody's telephone number.
        words, shortest = [_forms(word) for word in _WORD.findall(stripped)[:_MOST_ASKED]], SHORTEST_BESIDE
    words = [forms for forms in words if forms]
    if not words:
        return None
    words.sort(key=lambda forms: -len(forms[0]))
    is_part = [all(_is_part(form, shortest) for form in forms) for forms in words]
    return Asked(
        sort_name(text),
        words[0],
        (NAME, OTHER, PART) if is_part[0] else (NAME, OTHER),
        tuple(
            tuple(form if inside else f" {form}" for form in forms)
            for forms, inside in zip(words, is_part, strict=True)
        ),
    )


def sort_name(name: str) -> str:
    """By which names are sorted and found from their beginning."""
    return " ".join(fold(name).split())[:255]


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


def _is_part(form: str, shortest: int) -> bool:
    return len(form) >= shortest and form.isascii() and form.isdigit()


def _tails(word: str) -> Iterable[str]:
    return (word[at:] for at in range(len(word)))


def _digits(text: str) -> str:
    return _NOT_DIGITS.sub("", text)
