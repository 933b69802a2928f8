"""Paths, value spaces, configuration, status and feedback expressions of a virtual endpoint."""

from __future__ import annotations

import asyncio
from xml.etree import ElementTree

import pytest

from roomkeeper.virtual import peripherals, profile, wire_out
from roomkeeper.virtual.clock import ManualClock
from roomkeeper.virtual.commands import simulated
from roomkeeper.virtual.configuration import ConfigurationTree, SettingRefused, UnknownSetting
from roomkeeper.virtual.device import VirtualDevice
from roomkeeper.virtual.feedback import Expression
from roomkeeper.virtual.identity import EndpointIdentity
from roomkeeper.virtual.paths import BadPath, normalise
from roomkeeper.virtual.status import StatusTree
from roomkeeper.virtual.value_spaces import from_name, parse_command


@pytest.mark.parametrize(
    "spelling",
    [
        "SIP/Proxy[2]/Address",
        "SIP Proxy 2 Address",
        "xConfiguration SIP Proxy 2 Address",
        "/Configuration/SIP/Proxy[2]/Address",
        "sip/PROXY[2]/address",
    ],
)
def test_every_spelling_finds_the_setting(spelling: str) -> None:
    tree = ConfigurationTree(profile.load("sx10-ce9.6"))
    tree.set(spelling, "proxy.example.org")
    assert tree.get("SIP/Proxy[2]/Address") == "proxy.example.org"


def test_a_missing_1_is_filled_in() -> None:
    tree = ConfigurationTree(profile.load("sx20-tc7"))
    tree.set("SIP/Profile/Proxy/Address", "first")
    assert tree.get("SIP/Profile[1]/Proxy[1]/Address") == "first"


def test_what_is_no_path_is_refused() -> None:
    with pytest.raises(BadPath):
        normalise("a/b[x]")
    assert ConfigurationTree(profile.load("sx10-ce9.6")).find_leaf("../../etc") is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Audio/DefaultVolume", "101"),
        ("Audio/DefaultVolume", "loud"),
        ("SystemUnit/Name", "x" * 51),
        ("NetworkServices/HTTP/Mode", "HTTP"),
        ("SIP/Authentication/Password", "x" * 129),
    ],
)
def test_value_spaces_refuse(path: str, value: str) -> None:
    tree = ConfigurationTree(profile.load("sx10-ce9.6"))
    before = tree.get(path)
    with pytest.raises(SettingRefused):
        tree.set(path, value)
    assert tree.get(path) == before


def test_literals_are_compared_without_case_and_changes_are_told_once() -> None:
    tree = ConfigurationTree(profile.load("sx10-ce9.6"))
    told: list[tuple[str, str, str]] = []
    tree.listen(lambda *change: told.append(change))
    assert tree.set("NetworkServices/SIP/Mode", "off")
    assert not tree.set("NetworkServices/SIP/Mode", "Off")
    assert told == [("NetworkServices/SIP/Mode", "On", "Off")]
    with pytest.raises(UnknownSetting):
        tree.set("Nothing/Here", "1")


ENDPOINTS = [name for name in profile.names() if profile.load(name).dialect.has_http_api]
"""The profiles but for the stand-ins of families that only post and answer SNMP."""


@pytest.mark.parametrize("name", ENDPOINTS)
def test_profiles_are_whole(name: str) -> None:
    one = profile.load(name)
    assert one.origin in ("captured facts", "composed")
    assert [leaf.path for leaf in one.configuration.values() if leaf.space.refusal(leaf.default)] == []
    assert "SystemUnit/Software/Version" in one.status
    for path in ("HttpFeedback/Register", one.dialect.restart_command):
        assert path in one.commands
    assert ("Dial" in one.commands) is (name not in UNMANAGED)


UNMANAGED = {"room-navigator-roomos26"}
"""What no manager can be given to: a Room Navigator alone."""
MANAGED = (
    "Provisioning/Mode",
    "Provisioning/ExternalManager/Address",
    "Provisioning/ExternalManager/AlternateAddress",
    "Provisioning/ExternalManager/Path",
    "Provisioning/ExternalManager/Protocol",
    "Phonebook/Server[1]/ID",
    "Phonebook/Server[1]/Type",
    "Phonebook/Server[1]/URL",
    "NetworkServices/HTTP/Mode",
    "NetworkServices/SNMP/Mode",
    "NetworkServices/SNMP/CommunityName",
    "SystemUnit/Name",
)


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize("path", MANAGED)
def test_every_profile_has_the_settings_of_a_managed_system(name: str, path: str) -> None:
    # A Teams room of this release has no phone book (protocol notes P.4).
    lacks = {"room-bar-teams26": ("Phonebook/",)}.get(name, ("-",))
    if name in UNMANAGED:
        lacks = ("Provisioning/ExternalManager/", "Phonebook/", "NetworkServices/SNMP/")
    assert (path in profile.load(name).configuration) is not path.startswith(lacks)


def test_differences_of_the_releases() -> None:
    tc, ce, roomos = (profile.load(name) for name in ("sx20-tc7", "sx10-ce9.6", "room-bar-roomos26"))
    assert tc.origin == "composed"
    assert "Provisioning/HttpMethod" in tc.configuration
    assert "Provisioning/HttpMethod" not in ce.configuration
    assert ce.configuration["NetworkServices/SNMP/CommunityName"].default == "public"
    assert roomos.configuration["NetworkServices/SNMP/Mode"].default == "Off"
    assert roomos.configuration["Security/Session/MaxFailedLogins"].default == "5"
    assert [one.name for one in tc.commands["HttpFeedback/Register"].parameters] == [
        "Expression",
        "FeedbackSlot",
        "ServerUrl",
    ]
    assert "Forced" not in [one.name for one in tc.commands["SystemUnit/SoftwareUpgrade"].parameters]
    assert {"Boot", "Message/Alert/Display", "SystemUnit/AdminPassword/Set"} <= set(tc.commands)
    none = ("SystemUnit/Boot", "UserManagement/", "Security/", "Macros/", "UserInterface/")
    assert [path for path in tc.commands if path.startswith(none)] == []
    assert {"Time/OlsonZone", "NetworkServices/NTP/Address"} <= set(tc.configuration)
    assert {"H323/Profile[1]/H323Alias/E164", "SIP/Profile[1]/Authentication[1]/LoginName"} <= set(
        tc.configuration
    )


def test_time_zones_are_those_of_the_release() -> None:
    old, new = (profile.load(name).configuration["Time/Zone"] for name in ("sx10-ce9.6", "room-bar-roomos26"))
    assert old.space.refusal("Europe/Kiev") is new.space.refusal("Europe/Kiev") is None
    assert old.space.refusal("Europe/Kyiv") is not None
    assert new.space.refusal("Europe/Kyiv") is None
    assert len(old.space.values) > 550


def test_tc_numbers_every_node() -> None:
    identity = EndpointIdentity("Aula", "FTT25010001", "02:00:00:00:00:01", "127.1.0.1", "127.1.0.1")
    device = VirtualDevice(profile.load("sx20-tc7"), identity, ManualClock())
    device.configuration.set("Time/OlsonZone", "Europe/Oslo")
    for root in ("Status", "Configuration"):
        nodes = list(ElementTree.fromstring(device.document(root)).iter())
        assert len(nodes) > 90
        assert [one.tag for one in nodes if not one.get("item")] == []
    assert device.status.find("Time/ZoneOlson") == "Europe/Oslo"
    assert device.status.find("Time/SystemTime").endswith("+0100")
    # A user without a passphrase, told where TC tells it.
    assert device.status.find("SystemUnit/Diagnostics/Message[1]/Type") == "ValidPasswords"
    changed = {"Standby/Active": "On", "SIP/Profile[1]/Registration[1]/Status": "Failed"}
    posted = ElementTree.fromstring(wire_out.feedback_xml(device, "Status", changed, ["Call[31]"]))
    assert [one.tag for child in list(posted)[1:] for one in child.iter() if not one.get("item")] == []
    posted = ElementTree.fromstring(
        wire_out.feedback_xml(device, "Configuration", {"SystemUnit/Name": "x"}, [])
    )
    assert [one.tag for child in list(posted)[1:] for one in child.iter() if not one.get("item")] == []


def test_every_simulated_command_is_in_a_profile() -> None:
    known = {path for name in profile.names() for path in profile.load(name).commands}
    assert simulated() <= known


def test_names_describe_value_spaces() -> None:
    volume, name, password = (
        from_name("INT_0_100"),
        from_name("STR_0_64_NoFilt"),
        from_name("PASSWORD_0_50_NoFilt"),
    )
    assert volume is not None
    assert name is not None
    assert password is not None
    assert (volume.kind, volume.minimum, volume.maximum) == ("Integer", 0, 100)
    assert (name.kind, name.maximum, name.is_hidden) == ("String", 64, False)
    assert password.is_hidden
    assert from_name("TTPAR_OnOff") is None


def test_command_lines_of_a_profile() -> None:
    spec = parse_command(
        "X/Y", ["Admin;User +multiline", "Keep*7 Literal A|B", "Url! String 1 9", "Format Literal C|D = C"]
    )
    by_name = {one.name: one for one in spec.parameters}
    assert spec.is_multiline
    assert by_name["Keep"].multiple == 7
    assert by_name["Url"].is_required
    assert by_name["Format"].default == "C"


def test_status_tells_changes_and_ghosts() -> None:
    tree = StatusTree({"Audio/Volume": "50"})
    told: list[tuple[dict[str, str], tuple[str, ...]]] = []
    tree.listen(lambda *change: told.append(change))
    tree.set({"Audio/Volume": "50"})
    tree.set({"Call[2]/Status": "Dialling", "Audio/Volume": "51"})
    tree.remove("Call[2]")
    tree.remove("Call[2]")
    assert told == [({"Call[2]/Status": "Dialling", "Audio/Volume": "51"}, ()), ({}, ("Call[2]",))]
    assert "Call[2]/Status" not in tree.as_dict()


@pytest.mark.parametrize(
    ("expression", "root", "path", "is_ghost", "expected"),
    [
        ("/Status/Call", "Status", "Call[2]/Status", False, True),
        ("/Status/Call/Status", "Status", "Call[2]/Duration", False, False),
        ("/Status/Call/Status", "Status", "Call[2]", True, True),
        ("/Status/Call/*/Status", "Status", "Call[2]/Status", False, True),
        ("/Status/Call[Status='Connected']", "Status", "Call[2]/Status", False, True),
        ("/Status/Call[Status='Idle']", "Status", "Call[2]/Status", False, False),
        ("/Status/Call[@item='3']", "Status", "Call[2]/Status", False, False),
        ("/Configuration", "Configuration", "SystemUnit/Name", False, True),
        ("/configuration/systemunit", "Configuration", "SystemUnit/Name", False, True),
        ("/Event/CallDisconnect", "Event", "CallDisconnect/CauseValue", False, True),
        ("/Event/CallDisconnect", "Event", "CallSuccessful/CallId", False, False),
        ("/History/CallLogs/Call", "Status", "Call[2]/Status", False, False),
        ("][", "Status", "Call[2]/Status", False, False),
        ("", "Status", "Call[2]/Status", False, False),
    ],
)
def test_expressions(expression: str, root: str, path: str, is_ghost: bool, expected: bool) -> None:
    facts = {"Call[2]/Status": "Connected"}
    found = Expression.parse(expression).matches(
        root, path, lambda one: facts.get(one, ""), is_ghost=is_ghost
    )
    assert found is expected


async def test_manual_clock_wakes_sleepers_in_order() -> None:
    clock = ManualClock()
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.ensure_future(sleeper(seconds)) for seconds in (3, 1, 2)]
    await asyncio.sleep(0)
    clock.advance(2)
    await asyncio.sleep(0)
    assert woken == [1, 2]
    assert clock.pending() == [1]
    clock.advance(1)
    await asyncio.gather(*tasks)
    assert woken == [1, 2, 3]


def make_device(name: str = "dx80-ce9.15", password: str = "secret") -> VirtualDevice:
    identity = EndpointIdentity("Boardroom", "FTT25010001", "02:00:00:00:00:01", "127.1.0.1", "127.1.0.1")
    return VirtualDevice(profile.load(name), identity, ManualClock(), password=password)


@pytest.mark.parametrize(("name", "node"), [("sx10-ce9.6", "SIP/"), ("sx20-tc7", "SIP/Profile[1]/")])
def test_sip_settings_register(name: str, node: str) -> None:
    device = make_device(name)
    assert device.status.find(f"{node}Registration[1]/Status") == "Inactive"
    device.write_settings([(f"{node}URI", "room@example.org"), (f"{node}Proxy[1]/Address", "192.0.2.20")])
    assert device.status.find(f"{node}Registration[1]/Status") == "Registered"
    assert device.status.find(f"{node}Proxy[1]/Status") == "Active"
    assert device.status.find("UserInterface/ContactInfo/ContactMethod[1]/Number") == "room@example.org"
    device.configuration.set("NetworkServices/SIP/Mode", "Off")
    assert device.status.find(f"{node}Registration[1]/Status") == "Inactive"


def test_gatekeeper_and_time_servers() -> None:
    device = make_device("sx10-ce9.6")
    device.write_settings(
        [
            ("H323/Gatekeeper/Address", "192.0.2.30"),
            ("H323/H323Alias/ID", "room"),
            ("NetworkServices/H323/Mode", "On"),
        ]
    )
    assert device.status.find("H323/Gatekeeper/Status") == "Registered"
    device.write_settings(
        [("NetworkServices/NTP/Mode", "Manual"), ("NetworkServices/NTP/Server[1]/Address", "192.0.2.7")]
    )
    assert device.status.find("NetworkServices/NTP/CurrentAddress") == "192.0.2.7"
    device.configuration.set("NetworkServices/NTP/Mode", "Off")
    assert device.status.find("NetworkServices/NTP/Status") == "Off"


def test_clock_and_zone() -> None:
    device = make_device()
    assert device.status.find("Time/SystemTime") == "2026-01-05T08:00:00+0000"
    device.configuration.set("Time/Zone", "Europe/Oslo")
    assert device.status.find("Time/SystemTime") == "2026-01-05T09:00:00+0100"


def test_empty_password_is_a_critical_diagnosis() -> None:
    device = make_device(password="")
    assert "ValidPasswords" in device.document("Status")
    device.users["admin"].password = "set"
    device.check_passwords()
    assert "ValidPasswords" not in device.document("Status")


def test_touch_panel_pulled_out_is_an_error_until_it_is_back() -> None:
    device = make_device("room-kit-roomos10")
    assert peripherals.lose(device, "Cisco TelePresence Touch")
    assert device.status.find("Peripherals/ConnectedDevice[1001]/Status") == "LostConnection"
    assert "<Type>TouchPanelConnection</Type>" in device.document("Status")
    assert peripherals.connect(device, "TouchPanel", "Cisco TelePresence Touch") == 1001
    assert peripherals.connect(device, "RoomScheduler", "Door") == 1002
    assert "TouchPanelConnection" not in device.document("Status")
    assert not peripherals.lose(device, "Nothing")
    with pytest.raises(ValueError, match="no peripheral type"):
        peripherals.connect(device, "Toaster", "x")
