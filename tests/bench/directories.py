"""A directory of people read anew while others search: slapd with 50,000, of whom one in a hundred changed."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure, demand, show, tell
from tests.bench.installation import installations
from tests.slapd import SUFFIX, Slapd, missing, person

PEOPLE, FEW = 50_000, 500
CHANGED = 100  # one in so many
READ_WITHIN = 60.0
WAIT_WITHIN = 50.0
_GIVEN = ("Anna", "Bjørn", "Carla", "David", "Élise", "Fatima", "Gustav", "Hanna", "Ivan", "Jürgen")
_FAMILY = (
    "Berg",
    "Dahl",
    "Eriksen",
    "Fischer",
    "Haugen",
    "Kovač",
    "Lind",
    "Møller",
    "Núñez",
    "Solberg",
    "Vogel",
)


def resync(databases: list[str], *, is_quick: bool) -> None:
    """The first reading, one in which nothing changed, and one with one per cent changed; searches run meanwhile."""
    if sentence := missing():
        tell(f"{sentence}; the figures of directories are left out.")
        return
    size = FEW if is_quick else PEOPLE
    with installations(databases) as made:
        for database, one in made.items():
            with (
                tempfile.TemporaryDirectory(prefix="roomkeeper-bench-") as folder,
                Slapd(Path(folder) / "slapd", _people(size)) as slapd,
            ):
                first = one.ask("seed-directory", slapd.port)
                demand(first["entries"] == size, f"{first['entries']} entries were read: {first['result']}")
                same = one.ask("resync-directory")
                slapd.modify(_changes(size))
                changed = one.ask("resync-directory")
            name = f"directory {database} {size}"
            show(Figure(f"{name} first reading", first["seconds"], "s"))
            show(Figure(f"{name} told alone", first["told"], "s"))
            show(Figure(f"{name} nothing changed", same["seconds"], "s"))
            show(Figure(f"{name} changed {size // CHANGED}", changed["seconds"], "s"))
            for what, found in (("nothing changed", same), ("changed", changed)):
                show(Figure(f"{name} {what}: searches meanwhile", found["searches"], "searches"))
                show(
                    Figure(
                        f"{name} {what}: median search",
                        found["median"],
                        "ms",
                        "alone",
                        found["median"] / found["alone"],
                    )
                )
                show(Figure(f"{name} {what}: longest search", found["longest"], "ms"))
            tell(f"{name}: {changed['result']}")
            _judge(same, 0, size)
            _judge(changed, size // CHANGED, size, is_quick=is_quick)


def _judge(found: dict[str, float], changed: int, size: int, *, is_quick: bool = False) -> None:
    demand(found["added"] == changed, f"{found['added']} entries were written in place of {changed}")
    demand(found["entries"] == size, f"{found['entries']} entries stand in place of {size}")
    if not is_quick:
        demand(found["seconds"] <= READ_WITHIN, f"it took {found['seconds']:.1f} s")
        demand(found["longest"] <= WAIT_WITHIN, f"a search took {found['longest']:.0f} ms")


def name_of(number: int) -> str:
    """The name of a person, different for each."""
    return f"{_GIVEN[number % len(_GIVEN)]} {_FAMILY[number // len(_GIVEN) % len(_FAMILY)]} {number}"


def _people(size: int) -> Iterator[str]:
    for number in range(size):
        name = name_of(number)
        yield person(
            name,
            f"displayName: {name}",
            f"title: {'Engineer' if number % 3 else 'Manager'}",
            f"telephoneNumber: +47 22 {number:06}",
            f"mobile: +4790{number:06}",
            f"mail: person{number}@example.org",
        )


def _changes(size: int) -> Iterator[str]:
    for number in range(0, size, CHANGED):
        yield (
            f"dn: cn={name_of(number)},ou=people,{SUFFIX}\nchangetype: modify\nreplace: telephoneNumber\n"
            f"telephoneNumber: +47 55 {number:06}\n"
        )
