"""Names, addresses and searches of a made-up company, the same in every run."""

import random
from collections.abc import Callable, Iterator
from typing import Final

Methods = tuple[tuple[str, str, str], ...]


def _words(text: str) -> list[str]:
    return [word.replace("_", " ") for word in text.split()]


_GIVEN: Final = _words("""
    Anna Berta Carl Dora Emil Frida Georg Hanna Ivan Julia Karl Lena Maria Nils Olga Paul Rosa Simon Tina Ulrik Vera
    Walter Xenia Yusuf Zoe Anders Bente Christian David Elisabeth Fatima Gunnar Henrik Ingrid Jonas Kristin Lars
    Mohammed Nora Oscar Petra Ruth Sven Thomas Ute Victoria Wilhelm Yvonne Adam Alexander Amelia Andrea
""")
_HEADS: Final = _words("""
    Ander Berg Christ Dahl Eriks Fisch Gustav Hans Ingel Johan Karls Lind Meyer Nord Olaf Peters Rasmus Schmid Stein
    Thor Ulrich Vogel Wagner Zimmer Brandt Haug Kvam Moen Ness Ruud Solberg Vik
""")
_TAILS: Final = _words(
    "sen son strom mann huber er dottir ovic ski ini ez ard holm gaard stad lund bakke by vik heim"
)
_ABROAD: Final = _words("""
    Jürgen_Müller José_Núñez Søren_Ørsted Åse_Ångström François_Lefèvre Jiří_Dvořák Zoë_Brontë Иван_Петров 李小龙
    Γιώργος_Παπαδόπουλος
""")
_PLACES: Final = _words(
    "Oslo Bergen Berlin Paris Madrid London Tokyo Delhi Lima Rome Vienna Cairo Boston Denver Perth"
)
_ROOMS: Final = _words("Meeting Boardroom Conference Huddle Training Studio Lobby Workshop")
_UNITS: Final = _words("Sales Engineering Finance Research Support Legal Operations Marketing")


def _pick(number: int, *lists: list[str]) -> list[str]:
    dice = random.Random(number)
    return [dice.choice(one) for one in lists]


def person(number: int) -> tuple[str, Methods, str]:
    """Name, addresses and note of one of the many."""
    given, head, tail, unit = _pick(number, _GIVEN, _HEADS, _TAILS, _UNITS)
    name = f"{given} {head}{tail}" if number % 2 else f"{head}{tail}, {given}"
    uri = f"{given}.{head}{tail}{number}@example.org".lower()
    return name, (("sip", uri, ""), ("telephone", f"+47 2{number:07}", "")), unit


def room(number: int) -> tuple[str, Methods, str]:
    """A room."""
    kind, place = _pick(number, _ROOMS, _PLACES)
    name = f"{place} {kind} room {number}" if number % 3 else f"Room {number} {place}"
    return name, (("sip", f"room{number}@rooms.example.org", ""), ("e164", f"88{number:06}", "")), kind


def abroad(number: int) -> tuple[str, Methods, str]:
    """A person whose name is not written in ASCII."""
    name = f"{_ABROAD[number % len(_ABROAD)]} {number}"
    return name, (("sip", f"abroad{number}@example.com", ""), ("h323", f"abroad{number}", "")), ""


BOOKS: Final[tuple[tuple[str, float, Callable[[int], tuple[str, Methods, str]]], ...]] = (
    ("People", 0.75, person),
    ("Rooms", 0.2, room),
    ("Abroad", 0.05, abroad),
)
"""(name, share of all entries, how the nth entry is made)."""


def searches(count: int) -> Iterator[tuple[str, str]]:
    """(kind, text) of what people type, without end: `count` is that of all entries."""
    dice = random.Random(1)
    while True:
        number = dice.randrange(int(count * 0.75))
        name, methods, _ = person(number)
        words = name.replace(",", "").split()
        digits = f"472{number:07}"
        yield "full name", name
        yield "prefix", dice.choice(words)[: dice.randint(1, 8)].lower()
        yield "prefix", dice.choice(words)[: dice.randint(1, 8)].lower()
        yield "two words", f"{words[1][: dice.randint(2, 9)]} {words[0][: dice.randint(2, 9)]}".lower()
        at = dice.randrange(5)
        yield "number", digits[at : at + dice.randint(4, 8)]
        yield (
            "common",
            dice.choice(["room", "meeting", "example", "org", "sales", "an", "room oslo", "meeting room"]),
        )
        yield (
            "accents",
            dice.choice(["muller", "Müller", "angstrom", "sø", "nunez", "иван", "李", "jurgen 1"]),
        )
        yield "miss", dice.choice(["zzz", "xanadu", "quokka room", "anna qqq", "99999999999"])
        yield "address", methods[0][1][: dice.randint(5, 40)]
        yield "room", f"room {dice.randrange(int(count * 0.2))}"
