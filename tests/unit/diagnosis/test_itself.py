"""Rules on what a system says of itself, and how figures are written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.diagnosis.records import NOW, record, view

from roomkeeper.devices.registry import get_family
from roomkeeper.diagnosis import itself, words
from roomkeeper.diagnosis.record import Expected

UPGRADE = "Provisioning/Software/UpgradeStatus"


def judge(one: Any = None, seen: Any = None, **how: bool) -> list[Any]:
    answers = {"has_answered": True, "was_tried": True, **how}
    return itself.judge(one or record(), seen or view(), get_family("roomos"), NOW, **answers)


def keys(*args: Any, **how: bool) -> list[str]:
    return [finding.key for finding in judge(*args, **how)]


@pytest.mark.parametrize(
    ("status", "message", "key"),
    [
        ("None", "", ""),
        ("Succeeded", "", ""),
        ("InProgress", "Downloading: 40%", "upgrade-under-way"),
        ("Failed", "Not enough space left on the device", "upgrade-no-space"),
        ("InstallationFailed", "Checksum of the package is wrong", "upgrade-checksum"),
        ("Failed", "<DNS Lookup failure>: Could not resolve", "upgrade-download"),
        ("Failed", "Software upgrade is not allowed in this security mode", "upgrade-blocked"),
        ("Failed", "Something else", "upgrade-failed"),
        ("InstallationFailed", "", "upgrade-failed"),
    ],
)
def test_upgrade(status: str, message: str, key: str) -> None:
    seen = view({f"{UPGRADE}/Status": status, f"{UPGRADE}/Message": message, f"{UPGRADE}/Phase": "None"})
    assert [one for one in keys(None, seen) if one.startswith("upgrade")] == ([key] if key else [])


def test_upgrade_command_that_was_refused() -> None:
    one = record(refused_upgrade="Not allowed: FIPS mode is on")
    (blocked,) = (found for found in judge(one) if found.key == "upgrade-blocked")
    assert "Not allowed: FIPS mode is on." in blocked.sentence
    # What is blocked is named by the family's manifest.
    assert "block software upgrades" in blocked.next_step


def test_settings_that_did_not_hold() -> None:
    handed = [
        Expected("SystemUnit/Name", "Court 3", NOW - timedelta(minutes=1)),
        Expected("Audio/DefaultVolume", "50", NOW - timedelta(minutes=1)),
        Expected("SIP/Authentication/Password", "x", NOW - timedelta(minutes=1)),
        Expected("Not/There", "x", NOW - timedelta(minutes=1)),
        Expected("Standby/Delay", "10", NOW + timedelta(minutes=1)),
    ]
    seen = view(
        configuration={
            "SystemUnit/Name": "Court 2",
            "Audio/DefaultVolume": "50",
            "SIP/Authentication/Password": "***",
            "Standby/Delay": "5",
        }
    )
    found = [one for one in judge(record(expected=tuple(handed)), seen) if one.key == "value-not-kept"]
    assert [one.sentence for one in found] == [
        "Boardroom acknowledged SystemUnit/Name = Court 3 but shows Court 2."
    ]


def test_restart_without_return() -> None:
    one = record(restarted_at=NOW - timedelta(minutes=3))
    assert "restart-without-return" not in keys(one)
    # It refuses connections: it is not just slow to start.
    assert "restart-without-return" in keys(one, has_answered=False)
    # It cannot be tried, and may still be starting.
    assert "restart-without-return" not in keys(one, has_answered=False, was_tried=False)
    long_ago = record(restarted_at=NOW - timedelta(minutes=11))
    assert "restart-without-return" in keys(long_ago, has_answered=False, was_tried=False)


def test_its_own_warnings() -> None:
    seen = view(
        {
            "Diagnostics/Message[1]/Type": "NTPStatus",
            "Diagnostics/Message[1]/Level": "Warning",
            "Diagnostics/Message[1]/Description": "The clock is not set",
            "Diagnostics/Message[2]/Type": "ValidPasswords",
            "Diagnostics/Message[2]/Level": "Critical",
            "Diagnostics/Message[3]/Type": "ProvisioningStatus",
            "Diagnostics/Message[3]/Level": "Error",
            "Diagnostics/Message[4]/Type": "Other",
            "Diagnostics/Message[4]/Level": "Info",
        }
    )
    (finding,) = judge(None, seen)
    assert finding.sentence == (
        "Boardroom reports 2 problems of its own: ValidPasswords (Critical) and NTPStatus (Warning)."
    )
    assert keys() == ["no-warnings"]


def test_words() -> None:
    assert words.duration(timedelta(seconds=119)) == "119 seconds"
    assert words.duration(timedelta(seconds=60)) == "1 minute"
    assert (words.times(1), words.times(7)) == ("1 time", "7 times")
    assert words.duration(timedelta(minutes=15)) == "15 minutes"
    assert words.duration(timedelta(hours=36)) == "36 hours"
    assert words.duration(timedelta(days=3, hours=5)) == "3 days"
    assert words.ago(None, NOW) == "never"
    assert words.ago(NOW - timedelta(seconds=1), NOW) == "just now"
    assert words.due(None, NOW) == "at its next boot"
    assert words.due(NOW - timedelta(seconds=1), NOW) == "now"
    assert (words.span(41), words.span(2_400)) == ("41 ms", "2.4 s")
    assert (words.size(900), words.size(18_400)) == ("900 bytes", "18 kB")
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed([]) == "nothing"
