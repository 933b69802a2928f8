"""A directory of people read anew while others search: slapd with 50,000, of whom one in a hundred changed."""

import os
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
    problems: list[str] = []
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
                show(Figure(f"{name} {what}: longest pause of an idle process", found["pause"], "ms"))
            tell(f"{name}: {changed['result']}")
            tell(f"load of the machine meanwhile: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
            problems += _problems(same, 0, size, is_quick=is_quick)
            problems += _problems(changed, size // CHANGED, size, is_quick=is_quick)
    demand(not problems, "; ".join(problems))


def _problems(found: dict[str, float], changed: int, size: int, *, is_quick: bool) -> list[str]:
    problems = []
    if found["added"] != changed or found["entries"] != size:
        problems.append(
            f"{found['added']} of {found['entries']} entries were written, not {changed} of {size}"
        )
    if not is_quick and found["seconds"] > READ_WITHIN:
        problems.append(f"it took {found['seconds']:.1f} s")
    # Where a process that does nothing waits as long, it is the machine that is busy with other things.
    if not is_quick and found["longest"] > WAIT_WITHIN + found["pause"]:
        problems.append(f"a search took {found['longest']:.0f} ms")
    return problems


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
