"""How times, versions and paths are worded."""

from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.provisioning.models import Action
from roomkeeper.web.templatetags import rk

pytestmark = pytest.mark.one_database

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (-1, "1 s ago"),
        (-89, "89 s ago"),
        (-90, "1 min ago"),
        (13 * 60, "in 13 min"),
        (-7199, "119 min ago"),
        (-7200, "2 h ago"),
        (-86_400 * 2, "2 d ago"),
        (5, "in 5 s"),
    ],
)
def test_relative_words(seconds: int, words: str) -> None:
    assert rk.relative_words(NOW + timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("ce9.6.1.4516ae5aaa1", "ce9.6.1"),
        ("RoomOS 10.9.1.0 aea0bdbe6ab", "RoomOS 10.9.1.0"),
        ("TC7.3.21.cf8fe36", "TC7.3.21"),
        ("strange", "strange"),
        ("", ""),
    ],
)
def test_short_versions(text: str, short: str) -> None:
    assert rk.short_version(text) == short


def test_a_path_may_break_after_its_slashes_and_is_escaped() -> None:
    assert rk.breakable("SIP/<b>") == "SIP/<wbr>&lt;b&gt;"


def test_mac_addresses_are_written_in_pairs() -> None:
    assert rk.mac("001122AABBCC") == "00:11:22:AA:BB:CC"
    assert rk.mac("odd") == "odd"


def test_an_action_is_told_with_its_arguments_and_of_a_new_password_only_whose_it_is() -> None:
    said = Action(command="Dial", arguments=[["Number", "a@b.example"], ["Tag", ["x", "y"]]])
    assert rk.asked_words(said) == "Dial Number: a@b.example Tag: x, y"
    named = Action(command="UserManagement/User/Passphrase/Set", arguments=[["Username", "admin"]])
    assert rk.asked_words(named) == "a new password for admin"
    assert rk.asked_words(Action(command="SystemUnit/AdminPassword/Set", arguments=[])) == "a new password"
