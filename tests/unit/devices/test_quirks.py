"""What differs between releases is data: a row a generation (protocol notes D.7, O)."""

import pytest
from tests.cases import read_case

from roomkeeper.devices.families.roomos import names
from roomkeeper.devices.families.roomos.quirks import RELEASES, quirks_of
from roomkeeper.devices.registry import get_family
from roomkeeper.devices.warnings_of_device import find_warnings
from roomkeeper.protocols.xapi.command import decode_command_document, encode_commands
from roomkeeper.protocols.xapi.dialect import Dialect
from roomkeeper.protocols.xapi.status import decode_status, first_value
from roomkeeper.systems.documents.facts import read_facts

TC = "TC7.3.2.0a1b2c3"


@pytest.mark.parametrize(
    ("version", "name", "dialect", "has_sessions", "password_command"),
    [
        ("TC7.3.3.c84180a", "TC", Dialect.TC, False, "SystemUnit/AdminPassword/Set"),
        ("tc6.0", "TC", Dialect.TC, False, "SystemUnit/AdminPassword/Set"),
        ("TCNC7.3.1.7f3a5cf", "TC", Dialect.TC, False, "SystemUnit/AdminPassword/Set"),
        ("ce8.1.0.b8c0ca3", "CE", Dialect.CE, True, "UserManagement/User/Passphrase/Set"),
        ("ce9.6.1.4516ae5aaa1", "CE", Dialect.CE, True, "UserManagement/User/Passphrase/Set"),
        ("ce10.9.1.1.fb66b80147e", "RoomOS", Dialect.CE, True, "UserManagement/User/Passphrase/Set"),
        ("RoomOS 26.7.1.12", "RoomOS", Dialect.CE, True, "UserManagement/User/Passphrase/Set"),
        ("", "RoomOS", Dialect.CE, True, "UserManagement/User/Passphrase/Set"),
    ],
)
def test_quirks_follow_from_the_software_version(version, name, dialect, has_sessions, password_command):
    quirks = quirks_of(version)
    assert quirks.name == name
    assert quirks.dialect is dialect
    assert quirks.has_sessions is has_sessions
    assert quirks.password_command == password_command
    assert bool(quirks.feedback_arguments) is (name != "TC")


@pytest.mark.parametrize(
    ("version", "field", "value"),
    [
        ("TC7.1.4", "time_zone_path", ""),
        ("TC7.2.0", "time_zone_path", "Time/OlsonZone"),
        ("ce8.0.0", "time_zone_path", "Time/Zone"),
        ("ce9.6.4", "verify_settings", ("NetworkServices/HTTPS/VerifyServerCertificate",)),
        ("ce9.1.5", "has_macros", False),
        ("ce9.2.1", "has_macros", True),
        ("ce10.19.4.2", "temperature_path", "SystemUnit/Hardware/Monitoring/Temperature/Status"),
        ("ce9.15.17.4", "temperature_path", "SystemUnit/Hardware/Temperature"),
        ("ce11.28.1.5.04b277ca762", "feedback_limit", 15),
        ("ce26.1.1", "feedback_limit", 50),
        ("ce27.0.1", "feedback_limit", 50),
        ("", "feedback_limit", 15),
        ("X14.0.6", "feedback_limit", 15),
    ],
)
def test_numbers_of_a_version_count_as_numbers(version, field, value):
    assert getattr(quirks_of(version), field) == value


@pytest.mark.parametrize("quirks", RELEASES, ids=lambda one: one.name)
def test_no_release_is_given_more_expressions_than_it_takes_or_one_twice(quirks):
    feedback = get_family("roomos").feedback
    assert feedback is not None
    expressions = quirks.expressions(feedback.expressions)
    assert len(expressions) == len(set(expressions)) <= quirks.feedback_limit
    assert "/Status/Call" in expressions
    assert ("/Status/MicrosoftTeams/Calling/InCall" in expressions) is bool(quirks.feedback_more)


def test_tc_is_asked_for_what_exists_on_it() -> None:
    feedback = get_family("roomos").feedback
    assert feedback is not None
    expressions = quirks_of(TC).expressions(feedback.expressions)
    rows = [line.split() for line in read_case("12-tc-feedback-expressions.txt").decode().splitlines()[1:]]
    assert len(rows) == 4
    for words in rows:
        assert words[0] not in expressions
        assert words[-1] in expressions


@pytest.mark.parametrize(
    ("parameters", "arguments"),
    [
        ("", ()),
        ('<Action item="1" required="False"/>', (("Action", "Restart"),)),
        (
            '<Action><ValueSpace type="Literal"><Value>Restart</Value><Value>Shutdown</Value></ValueSpace></Action>',
            (("Action", "Restart"),),
        ),
        ('<Action><ValueSpace type="Literal"><Value>Halt</Value></ValueSpace></Action>', ()),
    ],
)
def test_tc_restarts_by_its_own_command_and_with_what_it_lists(parameters, arguments) -> None:
    document = f'<Command item="1"><Boot item="1" command="True">{parameters}</Boot></Command>'
    listed = decode_command_document(document.encode()).commands["Boot"]
    call = quirks_of(TC).restart_call(listed)
    assert (call.path, call.arguments) == ("Boot", arguments)
    assert quirks_of(TC).restart_call(None).arguments == ()
    newer = quirks_of("ce9.6.1").restart_call(None)
    assert (newer.path, newer.arguments) == ("SystemUnit/Boot", (("Action", "Restart"),))


def test_the_restart_of_the_cases_is_the_command_of_its_release() -> None:
    lines = dict(line.split(maxsplit=1) for line in read_case("02-tc-restart.txt").decode().splitlines())
    version = lines["software_version"].removeprefix("= ")
    sent = encode_commands([quirks_of(version).restart_call(None)]).decode()
    assert "the command's path is Boot" in lines["right:"]
    assert '<Command><Boot command="True"></Boot></Command>' in sent
    assert sent.partition("<Command>")[2] not in lines["seen:"]


def test_standby_of_tc_is_proven_by_its_own_status() -> None:
    evidence = quirks_of(TC).evidence_for("standby/activate")
    assert evidence is not None
    assert (
        first_value(decode_status(read_case("03-tc-standby-evidence.xml")).values, evidence[0]) == evidence[1]
    )
    assert quirks_of(TC).evidence_for("Standby/Halfwake") is None
    assert quirks_of("ce9.6.1").evidence_for("Standby/Halfwake") == ("Standby/State", "Halfwake")


def test_sip_of_tc_is_among_the_facts_and_shown() -> None:
    found = read_facts(decode_status(read_case("08-tc-sip-profile.xml")).values)
    assert first_value(found, *names.SIP_STATUS) == "Registered"
    assert first_value(found, *names.SIP_URI) == "aula@uni.invalid"
    assert first_value(found, *names.SIP_PROXY_ADDRESS) == "sip.uni.invalid"


def test_what_is_of_one_device_is_so_under_every_name() -> None:
    paths = read_case("09-tc-one-device.txt").decode().split()
    assert len(paths) == 6
    others = ["SIP/URI", "sip uri", "H323/H323Alias/ID", "SystemUnit/Name", "Network[1]/IPv4/Address"]
    for path in (*paths, *others):
        assert names.is_of_one_device(path.replace(" ", "/")), path
    for path in ("SIP/Profile[1]/Proxy[1]/Address", "SIP/Proxy[1]/Address", "SIP/URIs", "Time/Zone"):
        assert not names.is_of_one_device(path), path


@pytest.mark.parametrize("node", ["Diagnostics", "SystemUnit/Diagnostics"])
def test_warnings_of_a_device_are_found_under_both_names(node) -> None:
    values = {
        f"{node}/Message[2]/Type": "NTPStatus",
        f"{node}/Message[2]/Level": "Warning",
        f"{node}/Message[1]/Type": "ValidPasswords",
        f"{node}/Message[1]/Other": "x",
    }
    assert find_warnings(values) == [{"Type": "ValidPasswords"}, {"Type": "NTPStatus", "Level": "Warning"}]
    assert len(read_facts(values)) == 3
