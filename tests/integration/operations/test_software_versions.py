"""Versions are sorted as versions, in Python and by the database alike."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import add_system

from roomkeeper.systems.models import System
from roomkeeper.systems.software_versions import VersionKey, version_key

IN_ORDER = [
    "",
    "TC4.1.2.257695",
    "TC7.3.3.c84180a",
    "TC7.3.21.c84180a",
    "ce8.2.2.3263c59",
    "ce9.6.1.4516ae5aaa1",
    "ce9.15.0.11.aec227943ed",
    "ce9.15.17.4.aec227943ed",
    "ce10.9.1.1.fb66b80147e",
    "ce11.20.1.7.913a6c7c769",
    "RoomOS 26.2.1",
    "ce26.7.1.12.67c6e508983",
    "ce100.1",
]


@pytest.mark.parametrize("sort", ["software_version", "-software_version"])
def test_lists_sort_tc_before_ce_and_numbers_as_numbers(oslo, administrator, signed_in, as_user, sort):
    for number, version in enumerate(reversed(IN_ORDER), start=1):
        add_system(f"Room {number}", oslo, number, software_version=version)
    wanted = IN_ORDER if not sort.startswith("-") else IN_ORDER[::-1]
    found = [one["software_version"] for one in as_user(administrator).get(f"systems?sort={sort}")["items"]]
    assert found == wanted
    paged = as_user(administrator).get(f"systems?sort={sort}&limit=4")
    following = as_user(administrator).get(f"systems?sort={sort}&limit=4&cursor={paged['next']}")
    assert [one["software_version"] for one in following["items"]] == wanted[4:8]
    page = signed_in(administrator).get(f"/systems/?sort={sort.replace('_version', '')}")
    assert [row.software_version for row, *_ in page.context["rows"]] == wanted


def test_keys_are_in_that_order() -> None:
    assert sorted(IN_ORDER, key=version_key) == IN_ORDER


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(version=st.from_regex(r"(TC|TE|te|ce|RoomOS |)[0-9a-f.]{0,20}", fullmatch=True))
def test_the_database_works_out_the_same_key(version, boardroom):
    System.objects.filter(pk=boardroom.pk).update(software_version=version)
    found = System.objects.annotate(key=VersionKey("software_version")).get(pk=boardroom.pk)
    assert found.key == version_key(version)
