"""Which time zone data is used: the newer of the machine's and the package's. Rules of zones change some times a year,
and a machine that is not updated, or a package that is not, would be an hour out in meeting rooms."""

import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tzdata

from roomkeeper.words import gettext as _

# What the compiled files of a machine say of their version; not every machine keeps either.
_VERSION_FILES: Final = ("tzdata.zi", "+VERSION", "version")
_VERSION: Final = re.compile(r"\b(20\d\d)([a-z]{1,2})\b")
_SYSTEM_PATHS: Final = tuple(zoneinfo.TZPATH)


@dataclass(frozen=True, slots=True)
class TimeZoneData:
    """The versions found, as 2026b; "" where none is known. `uses_package` is which of them is used."""

    system: str
    package: str
    uses_package: bool

    def __str__(self) -> str:
        machine = self.system or _("of no known version")
        used, other = (
            (
                _("{package} of the package", package=self.package),
                _("that of this machine is {machine}", machine=machine),
            )
            if self.uses_package
            else (
                _("{machine} of this machine", machine=machine),
                _("that of the package is {package}", package=self.package),
            )
        )
        return _("{used} is used; {other}", used=used, other=other)


def choose(system: str, package: str) -> bool:
    """Whether the package's data is used: it is newer, or nobody knows how old the machine's is."""
    return not system or package > system


def system_version(paths: Sequence[str] = _SYSTEM_PATHS) -> str:
    """The version of the machine's data, as 2026b; "" where it has none, or does not tell."""
    for folder in paths:
        for name in _VERSION_FILES:
            try:
                head = (Path(folder) / name).read_text("ascii", "replace")[:100]
            except OSError:
                continue
            if found := _VERSION.search(head):
                return found[0]
    return ""


def use_newer() -> TimeZoneData:
    """Have this process use the newer data from now on; tells which that is."""
    found = TimeZoneData(system_version(), tzdata.IANA_VERSION, False)
    uses_package = choose(found.system, found.package)
    zoneinfo.reset_tzpath(to=() if uses_package else _SYSTEM_PATHS)
    zoneinfo.ZoneInfo.clear_cache()
    return TimeZoneData(found.system, found.package, uses_package)
