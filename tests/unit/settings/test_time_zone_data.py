"""Which time zone data is used: the newer of the machine's and the package's."""

from pathlib import Path

import pytest
from django.conf import settings

from roomkeeper.settings.time_zone_data import TimeZoneData, choose, system_version


@pytest.mark.parametrize(
    ("system", "package", "uses_package"),
    [
        ("2025b", "2026f", True),
        ("2026f", "2025b", False),
        ("2026b", "2026b", False),
        ("2026b", "2026c", True),
        ("2026g", "2026f", False),
        ("", "2026f", True),
    ],
)
def test_the_newer_data_wins_and_the_machines_where_they_are_equal(
    system: str, package: str, uses_package: bool
) -> None:
    assert choose(system, package) is uses_package


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("tzdata.zi", "# version 2025b\n# redo posix_only\n", "2025b"),
        ("+VERSION", "2026aa\n", "2026aa"),
        ("version", "nothing of that kind", ""),
        ("other", "2026a", ""),
    ],
)
def test_version_of_a_machine_is_read_from_its_files(
    tmp_path: Path, name: str, text: str, version: str
) -> None:
    (tmp_path / name).write_text(text)
    assert system_version([str(tmp_path / "missing"), str(tmp_path)]) == version


def test_both_versions_are_told() -> None:
    assert (
        str(TimeZoneData("2025b", "2026f", True))
        == "2026f of the package is used; that of this machine is 2025b"
    )
    assert str(TimeZoneData("", "2026f", True)).endswith("is of no known version")
    told = str(TimeZoneData("2026g", "2026f", False))
    assert told == "2026g of this machine is used; that of the package is 2026f"


def test_it_is_chosen_before_anything_asks_for_a_zone() -> None:
    data = settings.TIME_ZONE_DATA
    assert data.package
    assert data.uses_package is choose(data.system, data.package)
