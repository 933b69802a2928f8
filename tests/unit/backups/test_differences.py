"""What differs between two lists of settings, and what putting a backup on a device would do."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.backups.differences import DifferenceKind, compare, compare_wanted, counts
from roomkeeper.backups.mapping import (
    MappingVerdict,
    PicksRefused,
    RestoreTarget,
    SavedPart,
    is_below,
    map_backup,
    prefix_key,
    read_picks,
)
from roomkeeper.protocols.xapi.configuration import decode_configuration
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.valuespace import ValueSpace, decode_valuespace
from roomkeeper.systems.documents import ReportedConfiguration

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)

CAPTURES = Path(__file__).resolve().parents[4] / "shared" / "captures"
needs_captures = pytest.mark.skipif(not CAPTURES.exists(), reason="the captures are not here")


def kinds(left: dict[str, str], right: dict[str, str]) -> list[tuple[str, str]]:
    return [(one.path, one.kind) for one in compare(left, right)]


def test_added_removed_and_changed_are_told_in_the_order_of_paths() -> None:
    left = {"Audio/DefaultVolume": "50", "Standby/Delay": "10", "Time/Zone": "Etc/UTC"}
    right = {"Audio/DefaultVolume": "60", "Time/Zone": "Etc/UTC", "SIP/URI": "a@b.example"}
    assert kinds(left, right) == [
        ("Audio/DefaultVolume", DifferenceKind.CHANGED),
        ("SIP/URI", DifferenceKind.ADDED),
        ("Standby/Delay", DifferenceKind.REMOVED),
    ]


def test_two_spellings_of_one_path_are_one_setting() -> None:
    assert compare({"SIP/Proxy/Address": "a"}, {"sip/proxy[1]/address": "a"}) == []


def test_an_empty_value_is_not_a_missing_one() -> None:
    assert kinds({"SIP/URI": ""}, {}) == [("SIP/URI", DifferenceKind.REMOVED)]
    assert kinds({"SIP/URI": ""}, {"SIP/URI": "x"}) == [("SIP/URI", DifferenceKind.CHANGED)]


@pytest.mark.parametrize(("left", "right"), [("***", "***"), ("***", "x"), ("x", "***")])
def test_hidden_values_are_told_as_unknown(left: str, right: str) -> None:
    assert kinds({"A/Password": left}, {"A/Password": right}) == [("A/Password", DifferenceKind.UNKNOWN)]


def test_wanted_settings_are_compared_by_what_they_name() -> None:
    found = {"Audio/DefaultVolume": "50", "Time/Zone": "Etc/UTC"}
    told = compare_wanted(found, {"Audio/DefaultVolume": "60", "Standby/Delay": "5"})
    assert [(one.path, one.kind) for one in told] == [
        ("Audio/DefaultVolume", DifferenceKind.CHANGED),
        ("Standby/Delay", DifferenceKind.ADDED),
    ]
    assert counts(told) == {"added": 1, "removed": 0, "changed": 1, "unknown": 0}


_settings = st.dictionaries(
    st.sampled_from(["A", "A/B", "A/C[2]", "D[1]/E", "F/G"]), st.sampled_from(["", "1", "2", "***"])
)


@given(_settings, _settings)
def test_the_way_back_is_the_way_there_turned_round(left: dict[str, str], right: dict[str, str]) -> None:
    turned = {DifferenceKind.ADDED: DifferenceKind.REMOVED, DifferenceKind.REMOVED: DifferenceKind.ADDED}
    there = [(one.path, turned.get(one.kind, one.kind), one.right, one.left) for one in compare(left, right)]
    assert there == [(one.path, one.kind, one.left, one.right) for one in compare(right, left)]


# Mapping


def target(settings: dict[str, str], *, is_same: bool = True, **changes: object) -> RestoreTarget:
    whole = settings | {f"Filler/Setting[{number}]": "x" for number in range(100)}
    spaces = {"Volume": ValueSpace("Integer", minimum=0, maximum=100)}
    reported = ReportedConfiguration(whole, {"Audio/DefaultVolume": "Volume"}, NOW)
    return RestoreTarget(is_same, reported, spaces, **changes)  # type: ignore[arg-type]


def verdicts(
    saved: dict[str, str], to: RestoreTarget, *picks: str, takes_over: bool = False
) -> dict[str, MappingVerdict]:
    report = map_backup(saved, [], to, read_picks(picks), takes_over=takes_over)
    return {one.path: one.verdict for one in report.settings}


def test_each_setting_gets_its_verdict() -> None:
    saved = {
        "Audio/DefaultVolume": "150",
        "Standby/Delay": "10",
        "Time/Zone": "Etc/UTC",
        "Macros/Mode": "On",
        "SIP/Authentication/Password": "***",
        "SIP/Authentication/UserName": "room",
        "Provisioning/Mode": "TMS",
        "Phonebook/Server[1]/URL": "https://old.example/",
        "SystemUnit/Name": "Old name",
    }
    to = target(
        {
            "Audio/DefaultVolume": "50",
            "Standby/Delay": "5",
            "Time/Zone": "Etc/UTC",
            "SIP/Authentication/Password": "***",
            "SIP/Authentication/UserName": "",
            "Provisioning/Mode": "Off",
            "Phonebook/Server[1]/URL": "",
            "SystemUnit/Name": "New name",
        }
    )
    assert verdicts(saved, to) == {
        "Audio/DefaultVolume": MappingVerdict.REFUSED,
        "Standby/Delay": MappingVerdict.CHANGE,
        "Time/Zone": MappingVerdict.ALREADY,
        "Macros/Mode": MappingVerdict.ABSENT,
        "SIP/Authentication/Password": MappingVerdict.HIDDEN,
        "SIP/Authentication/UserName": MappingVerdict.CHANGE,
        "Provisioning/Mode": MappingVerdict.OURS,
        "Phonebook/Server[1]/URL": MappingVerdict.OURS,
        "SystemUnit/Name": MappingVerdict.OWN,
    }


def test_what_one_device_alone_may_have_stays_where_it_is_unless_it_is_picked() -> None:
    saved = {"SIP/URI": "room@b.example", "Network[1]/IPv4/Address": "10.0.0.9"}
    own = {"SIP/URI": "", "Network[1]/IPv4/Address": "10.0.0.1"}
    assert set(verdicts(saved, target(own, is_same=False)).values()) == {MappingVerdict.OWN}
    assert set(verdicts(saved, target(own)).values()) == {MappingVerdict.CHANGE}
    picked = verdicts(saved, target(own, is_same=False), "SIP", "Network[1]")
    assert set(picked.values()) == {MappingVerdict.CHANGE}
    # New hardware for the same room has its numbers, and no address that it may not have.
    assert verdicts(saved, target(own, is_same=False), takes_over=True) == {
        "SIP/URI": MappingVerdict.CHANGE,
        "Network[1]/IPv4/Address": MappingVerdict.OWN,
    }


def test_passwords_and_management_are_left_alone_even_where_they_are_picked() -> None:
    saved = {"Provisioning/ExternalManager/Address": "x", "SNMP/Password": "readable"}
    to = target({"Provisioning/ExternalManager/Address": "", "SNMP/Password": ""})
    picked = verdicts(saved, to, "Provisioning", "SNMP")
    assert set(picked.values()) == {MappingVerdict.OURS, MappingVerdict.HIDDEN}


def test_our_mark_in_a_value_keeps_it_from_being_written() -> None:
    assert verdicts({"Some/Url": "http://x/y.asmx/[secret]"}, target({"Some/Url": ""})) == {
        "Some/Url": MappingVerdict.OURS
    }


def test_management_settings_of_the_family_are_left_alone() -> None:
    to = target(
        {"NetworkServices/SNMP/CommunityName": "a"}, managed_paths=["NetworkServices/SNMP/CommunityName"]
    )
    assert verdicts({"NetworkServices/SNMP/CommunityName": "b"}, to) == {
        "NetworkServices/SNMP/CommunityName": MappingVerdict.OURS
    }


def test_without_a_report_everything_is_tried_and_said_so() -> None:
    report = map_backup({"Standby/Delay": "1"}, [], RestoreTarget(True, None), read_picks([]))
    assert report.settings[0].verdict is MappingVerdict.CHANGE
    assert "cannot be checked" in report.settings[0].reason


def test_parts_need_their_command_and_never_hold_our_secret() -> None:
    parts = [
        SavedPart(1, "macro", "lights", 10),
        SavedPart(2, "macro", "ours", 10, is_redacted=True),
        SavedPart(3, "extension", "panel", 10),
    ]
    to = target({}, commands=frozenset({"userinterface/extensions/panel/save"}))
    report = map_backup({}, parts, to, read_picks([]))
    assert [one.verdict for one in report.parts] == [
        MappingVerdict.ABSENT,
        MappingVerdict.OURS,
        MappingVerdict.CHANGE,
    ]
    assert report.part_counts["absent"] == 1
    picked = map_backup({"A": "1"}, parts, to, read_picks(["extensions", "macro:lights"]))
    assert [one.part.name for one in picked.parts] == ["lights", "panel"]
    assert picked.settings == ()


def test_a_prefix_without_index_means_all_of_them() -> None:
    assert is_below(match_key("SIP/Proxy[2]/Address"), prefix_key("SIP/Proxy"))
    assert is_below(match_key("SIP/Proxy[2]/Address"), prefix_key("sip proxy"))
    assert not is_below(match_key("SIP/Proxy[2]/Address"), prefix_key("SIP/Proxy[1]"))
    assert not is_below(match_key("SIPX/URI"), prefix_key("SIP"))
    assert not is_below(match_key("SIP"), prefix_key("SIP/URI"))


def test_a_pick_that_is_no_path_is_refused() -> None:
    with pytest.raises(PicksRefused, match="cannot be part"):
        read_picks(["SIP/<x>"])


@needs_captures
def test_room_kit_to_sx10_names_exactly_the_paths_that_the_sx10_lacks() -> None:
    kit = decode_configuration((CAPTURES / "roomkit_ce10.9.1/configuration.xml").read_bytes())
    small = decode_configuration((CAPTURES / "sx10_ce9.6.1/configuration.xml").read_bytes())
    spaces = decode_valuespace((CAPTURES / "sx10_ce9.6.1/valuespace.xml").read_bytes())
    reported = ReportedConfiguration(
        {path: leaf.value for path, leaf in small.settings.items()},
        {path: leaf.value_space_ref.rpartition("/")[2] for path, leaf in small.settings.items()},
        NOW,
    )
    saved = {path: leaf.value for path, leaf in kit.settings.items()}
    report = map_backup(saved, [], RestoreTarget(False, reported, spaces), read_picks([]))
    assert len(report.settings) == 288
    lacking = [one for one in report.settings if one.found is None]
    # By spelling 148; two of these are the same setting with and without [1] (rule R7).
    assert len([path for path in saved if path not in small.settings]) == 148
    assert len(lacking) == report.counts["absent"] == 146
    own = {match_key(path) for path in small.settings}
    assert {match_key(one.path) for one in lacking} == {
        match_key(p) for p in saved if match_key(p) not in own
    }
    for one in report.settings:
        if one.verdict is MappingVerdict.CHANGE:
            space = spaces.get(reported.value_spaces.get(one.path, ""))
            assert one.found is not None
            assert space is None or space.refusal(one.value) is None
