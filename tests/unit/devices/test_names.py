"""Everything that a release is asked for exists on it, by the list of names that is kept as data (protocol notes O)."""

import pytest
from scripts.generate_names import PAGE, Name, load_names, page

from roomkeeper.devices.families.roomos import names
from roomkeeper.devices.families.roomos.names import without_indexes
from roomkeeper.devices.families.roomos.quirks import Quirks, every, quirks_of, release_of
from roomkeeper.devices.registry import get_family

LIST = load_names()
RELEASES = (
    "TC7.1.4",
    "TC7.3.3.c84180a",
    "ce8.1.0.b8c0ca3",
    "ce9.1.5",
    "ce9.5.0",
    "ce9.6.1.4516ae5aaa1",
    "ce9.8.2",
    "ce9.9.2",
    "ce9.15.17.4",
    "ce10.19.4.2",
    "ce11.9.2",
    "ce11.14.4.0",
    "ce11.27.2.0",
    "ce26.1.1",
    "ce26.4.1",
)
# 9.15 has both names of the one, 9.7 and 9.8 perhaps both of the other.
OVERLAPPING = ("temperature", "check of certificates")
# Written to no release by itself, and there since all of them.
COMMON = (("command", "HttpFeedback/Register"), ("command", "HttpFeedback/Deregister"))


def is_listed(kind: str, path: str, listed: list[Name]) -> bool:
    """Whether the list has the path, or something below it."""
    return any(
        name.kind == kind and (name.path == path or name.path.startswith(f"{path}/")) for name in listed
    )


def named_by(quirks: Quirks) -> set[tuple[str, str]]:
    """(kind, path) of everything that a release is asked for, or read by."""
    family = get_family("roomos")
    assert family.feedback is not None
    commands = {
        quirks.password_command,
        quirks.account_command,
        quirks.authority_command,
        quirks.restart_command,
        quirks.message_command,
        *(command for command, _, _ in quirks.command_evidence),
    }
    status = {
        quirks.standby_path,
        f"{quirks.sip_node}/Registration",
        f"{quirks.diagnostics_node}/Message",
        quirks.temperature_path,
        *(path for _, path, _ in quirks.command_evidence),
    }
    settings = {
        quirks.sip_uri_path,
        quirks.time_zone_path,
        *quirks.verify_settings,
        *quirks.own_settings,
        *quirks.time_server_paths,
        *(setting.path for setting in family.settings),
    }
    found = {("command", path) for path in commands} | {("status", path) for path in status}
    found |= {("setting", path) for path in settings}
    for expression in quirks.expressions(family.feedback.expressions):
        root, _, path = expression.removeprefix("/").partition("/")
        found.add(({"Status": "status", "Event": "event", "Configuration": "setting"}[root], path))
    # "" is what a release does not have, and the whole of its configuration.
    return {(kind, without_indexes(path)) for kind, path in found if path}


@pytest.mark.parametrize("version", RELEASES)
def test_what_a_release_is_asked_for_exists_on_it(version: str) -> None:
    release = release_of(version)
    assert release is not None
    listed = [name for name in LIST if name.holds_for(release)]
    wanted = named_by(quirks_of(version)) | set(COMMON)
    assert len(wanted) > 40
    assert {one for one in wanted if not is_listed(*one, listed)} == set()


@pytest.mark.parametrize("version", RELEASES)
def test_what_a_release_calls_otherwise_is_not_asked_by_the_others_name(version: str) -> None:
    release = release_of(version)
    assert release is not None
    strange = {(name.kind, name.path) for name in LIST if name.is_renamed and not name.holds_for(release)}
    assert strange
    assert named_by(quirks_of(version)) & strange == set()


def test_every_fact_is_read_under_each_of_its_names() -> None:
    listed = {name.path for name in LIST if name.kind == "status"}
    assert listed >= names.FACTS
    for name in LIST:
        others = {one.path for one in LIST if (one.what, one.kind) == (name.what, name.kind)}
        if name.is_renamed and name.kind == "status" and others & names.FACTS:
            assert name.path in names.FACTS, name.path


def test_names_of_one_device_are_known_under_each_of_their_names() -> None:
    for name in LIST:
        if name.what in (
            "SIP address and account",
            "H.323 names and account",
            "names that came later",
            "name",
        ):
            assert names.is_of_one_device(name.path), name.path


@pytest.mark.parametrize(
    "path",
    [
        "SIP Profile 1 URI",
        "xConfiguration sip profile 1 authentication 1 loginname",
        "/Configuration/H323/H323Alias/E164",
        "SIP[1]/Profile[1]/Authentication[1]/Password[1]",
        "H323/Authentication/Password",
        "Network[1]/IPv6/Address",
    ],
)
def test_names_of_one_device_are_known_in_every_spelling(path: str) -> None:
    assert names.is_of_one_device(path)


@pytest.mark.parametrize("path", ["", "[", "SIP Proxy 1 Address", "H323/Authentication/Mode", "SIP/URIs"])
def test_what_devices_share_is_of_no_one_device(path: str) -> None:
    assert not names.is_of_one_device(path)


def test_each_release_has_one_name_of_a_thing() -> None:
    for version in RELEASES:
        release = release_of(version)
        assert release is not None
        held = {(name.what, name.kind): name for name in LIST if name.is_renamed and name.holds_for(release)}
        for name in LIST:
            if name.is_renamed and name.holds_for(release) and name.what not in OVERLAPPING:
                assert name.start == held[name.what, name.kind].start, (version, name.path)


def test_commands_and_settings_of_all_releases_are_listed() -> None:
    for field, kind in (
        ("restart_command", "command"),
        ("password_command", "command"),
        ("message_command", "command"),
        ("standby_path", "status"),
        ("time_zone_path", "setting"),
        ("sip_uri_path", "setting"),
    ):
        own = {name.path for name in LIST if name.kind == kind}
        assert {without_indexes(path) for path in every(field)} <= own


def test_page_is_what_the_list_gives() -> None:
    assert page(PAGE.read_text("utf-8")) == PAGE.read_text("utf-8"), (
        "run: .venv/bin/python scripts/generate_names.py"
    )
