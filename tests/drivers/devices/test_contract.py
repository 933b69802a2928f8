"""One contract for all drivers: every family, every recording, every virtual profile."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.drivers.devices.conftest import CAPTURES, GOOD, LAN, SERIAL, play, target_of

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceTransport, Target
from roomkeeper.devices.driver import DOCUMENT_KINDS, Driver
from roomkeeper.devices.families.roomos.quirks import quirks_of
from roomkeeper.devices.login import Login
from roomkeeper.devices.manifest import CAPABILITIES
from roomkeeper.devices.registry import create_driver, get_family, load_families, recognise
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.virtual import profile as profiles

Make = Callable[..., Any]
RECORDINGS = sorted(path.name for path in CAPTURES.iterdir() if path.is_dir()) if CAPTURES.is_dir() else []
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "write_configuration": ({"SystemUnit/Name": "x"},),
    "run_command": (CommandCall("Standby/Activate"),),
    "register_feedback": ("http://192.0.2.1/x",),
    "set_password": ("admin", "other"),
    "show_message": ("Hello",),
}


# Every family


def test_the_interface_has_the_capabilities_and_nothing_else() -> None:
    methods = [name for name, one in inspect.getmembers(Driver, inspect.iscoroutinefunction)]
    # A document as it came is read under the promises to read it decoded.
    assert sorted(methods) == sorted([*CAPABILITIES, "fetch_document"])
    assert set(DOCUMENT_KINDS.values()) <= set(CAPABILITIES)


@pytest.mark.parametrize("name", sorted(load_families()))
async def test_what_the_manifest_does_not_promise_is_refused_unsent(
    name: str, transport: DeviceTransport
) -> None:
    family = get_family(name)
    # Nothing listens at this port: an attempt to send would end in another error.
    client = transport.client(Target("Old", "127.0.0.1", LAN, login=GOOD, https_port=9, http_port=9))
    driver = create_driver(family, client)
    for capability in CAPABILITIES:
        expected = errors.ConnectionRefused if family.can(capability) else errors.Unsupported
        with pytest.raises(errors.DeviceError) as caught:
            await getattr(driver, capability)(*ARGUMENTS.get(capability, ()))
        assert type(caught.value) is expected, capability
        assert str(caught.value).startswith("Old (127.0.0.1) ")
    for kind, capability in DOCUMENT_KINDS.items():
        expected = errors.ConnectionRefused if family.can(capability) else errors.Unsupported
        with pytest.raises(expected, match=r"Old \(127\.0\.0\.1\) "):
            await driver.fetch_document(kind)


# Every recording


@pytest.mark.parametrize(
    "recording", RECORDINGS or [pytest.param("", marks=pytest.mark.skip("no captures here"))]
)
async def test_recordings_are_read_whole(recording: str, transport: DeviceTransport, serve: Make) -> None:
    folder = CAPTURES / recording
    player = await serve(play(folder))
    driver = create_driver(get_family("roomos"), transport.client(player.target()))
    facts = await driver.identify()
    assert facts.product.startswith("Cisco")
    assert facts.software_version.startswith("ce")
    assert facts.serial_number
    assert facts.mac_address.count(":") == 5
    family = recognise(
        product_type=facts.product_type, product_id=facts.product, software_version=facts.software_version
    )
    assert family.name == "roomos"
    status = await driver.read_status()
    assert status.values["SystemUnit/Software/Version"] == facts.software_version
    configuration = await driver.read_configuration()
    assert len(configuration.settings) > 100
    await driver.read_feedback()
    if (folder / "valuespace.xml").is_file():
        spaces = await driver.read_valuespace()
        assert configuration.settings["SystemUnit/Name"].value_space_ref in spaces
        assert "HttpFeedback/Register" in (await driver.read_command_document()).commands
    else:
        with pytest.raises(errors.UnexpectedAnswer, match="It answered 404"):
            await driver.read_valuespace()


# Every virtual profile


# Stand-ins of other families post as those do and have no wire of their own (rule R10).
ENDPOINTS = [
    name for name in profiles.names() if profiles.load(name).dialect.family in ("TC", "CE", "RoomOS")
]


@pytest.mark.parametrize("name", profiles.names())
def test_every_profile_is_recognised_by_what_it_posts(name: str) -> None:
    profile = profiles.load(name)
    found = recognise(
        product_type=profile.dialect.post_product_type,
        product_id=profile.dialect.post_product_id or profile.product_id,
        software_version=profile.version,
    )
    expected = {"Expressway": "expressway", "MXP": "mxp"}.get(profile.dialect.family, "roomos")
    assert found.name == expected


@pytest.fixture(params=ENDPOINTS)
async def endpoint(request: pytest.FixtureRequest, make_endpoint: Make) -> Any:
    return await make_endpoint(request.param)


@pytest.fixture
def driver(endpoint: Any, transport: DeviceTransport) -> Driver:
    legacy = endpoint.profile.dialect.family == "TC"
    target = target_of(endpoint, serial_number=SERIAL)
    target = replace(target, tls=replace(target.tls, is_legacy=legacy))
    return create_driver(get_family("roomos"), transport.client(target))


async def test_identify(driver: Driver, endpoint: Any) -> None:
    facts = await driver.identify()
    assert facts.serial_number == SERIAL
    assert facts.software_version == endpoint.profile.version
    assert facts.mac_address == "02:00:00:00:00:01"
    assert facts.product == endpoint.profile.product_id
    assert len(facts.tls_key) == 64
    assert driver.client.scheme == "https"
    assert quirks_of(facts.software_version).dialect.value == (
        "tc" if facts.software_version[0] == "T" else "ce"
    )


async def test_documents_are_read(driver: Driver, endpoint: Any) -> None:
    status = await driver.read_status()
    configuration = await driver.read_configuration()
    spaces = await driver.read_valuespace()
    commands = await driver.read_command_document()
    assert status.values["SystemUnit/Hardware/Module/SerialNumber"] == SERIAL
    assert configuration.settings["SystemUnit/Name"].value_space_ref in spaces
    assert spaces[configuration.settings["SystemUnit/Name"].value_space_ref].refusal("x" * 51)
    assert quirks_of(endpoint.profile.version).restart_command in commands.commands


async def test_settings_are_written_and_read_back(driver: Driver, endpoint: Any) -> None:
    wanted = {"SystemUnit/Name": "Room & Co <1>"}
    if "Provisioning/ExternalManager/Address" in endpoint.profile.configuration:
        wanted["Provisioning/ExternalManager/Address"] = ""
    outcome = await driver.write_configuration(wanted)
    assert outcome.is_whole
    assert not outcome.is_partial
    assert outcome.applied == tuple(wanted)
    found = (await driver.read_configuration()).settings
    assert {path: found[path].value for path in wanted} == wanted
    assert await driver.write_configuration({}) == type(outcome)()


async def test_partial_success_is_told_apart(driver: Driver) -> None:
    wanted = {"SystemUnit/Name": "Boardroom 2", "Audio/DefaultVolume": "9999", "No/Such/Setting": "x"}
    outcome = await driver.write_configuration(wanted)
    found = (await driver.read_configuration()).settings
    applied = {path for path in wanted if path in found and found[path].value == wanted[path]}
    assert set(outcome.applied) == applied
    assert {one.path for one in outcome.rejected} == set(wanted) - applied
    assert outcome.is_partial is bool(applied)
    assert all(one.words for one in outcome.rejected)
    assert all(one.path in str(one) for one in outcome.rejected)


async def test_all_refused(driver: Driver) -> None:
    outcome = await driver.write_configuration({"Audio/DefaultVolume": "9999"})
    assert outcome.applied == ()
    (rejected,) = outcome.rejected
    assert rejected.path == "Audio/DefaultVolume"
    assert not outcome.is_partial


async def test_commands(driver: Driver) -> None:
    result = await driver.run_command(CommandCall("Standby/ResetTimer", (("Delay", "50"),)))
    assert result.ok
    with pytest.raises(errors.Unsupported, match="other parameters"):
        await driver.run_command(CommandCall("Standby/ResetTimer", (("Delay", "5000"),)))
    with pytest.raises(errors.Unsupported, match="No action detected") as caught:
        await driver.run_command(CommandCall("No/Such/Command"))
    assert "while running No/Such/Command" in str(caught.value)


async def test_command_that_is_refused_keeps_the_devices_words(driver: Driver) -> None:
    commands = (await driver.read_command_document()).commands
    assert "Provisioning/CompleteUpgrade" in commands
    with pytest.raises(errors.Rejected, match="It says: No upgrade is waiting") as caught:
        await driver.run_command(CommandCall("Provisioning/CompleteUpgrade"))
    assert caught.value.path == "Provisioning/CompleteUpgrade"
    assert caught.value.words == "No upgrade is waiting"


async def test_feedback_is_registered_and_read(driver: Driver, endpoint: Any) -> None:
    url = "http://192.0.2.1/tms/public/feedback/code.aspx/secret"
    await driver.register_feedback(url)
    (slot,) = [one for one in await driver.read_feedback() if one.number == 3]
    feedback = driver.family.feedback
    assert feedback is not None
    assert slot.url == url
    assert slot.expressions == quirks_of(endpoint.profile.version).expressions(feedback.expressions)


async def test_restart(driver: Driver, endpoint: Any) -> None:
    endpoint.set_fault("never_comes_back", True)
    await driver.restart()

    async def ask_until_it_is_away() -> None:
        while True:
            await driver.read_feedback()

    with pytest.raises(errors.ConnectionFailed):
        await ask_until_it_is_away()


async def test_password_is_set_and_used_from_then_on(driver: Driver, transport: DeviceTransport) -> None:
    await driver.set_password("admin", "new & <secret>")
    await driver.identify()
    old = transport.client(replace(driver.client.target, login=GOOD))
    with pytest.raises(errors.LoginRefused):
        await create_driver(driver.family, old).identify()


async def test_message_on_screen_where_the_release_has_it(driver: Driver, endpoint: Any) -> None:
    message = quirks_of(endpoint.profile.version).message_command
    if message in (await driver.read_command_document()).commands:
        await driver.show_message("Please leave the room", title="Fire drill", seconds=30)
    else:
        with pytest.raises(errors.Unsupported):
            await driver.show_message("Please leave the room")


async def test_another_serial_number_stops_every_write(
    driver: Driver, endpoint: Any, transport: DeviceTransport
) -> None:
    target = replace(driver.client.target, serial_number="FTT99999999")
    other = create_driver(driver.family, transport.client(target))
    assert (await other.identify()).serial_number == SERIAL
    for name in ("write_configuration", "run_command", "register_feedback", "set_password", "show_message"):
        with pytest.raises(errors.WrongDevice, match="It reports FTT25010001, expected FTT99999999"):
            await getattr(other, name)(*ARGUMENTS[name])
    with pytest.raises(errors.WrongDevice):
        await other.restart()
    assert endpoint.configuration.get("SystemUnit/Name") != "x"


async def test_the_serial_number_in_other_letters_is_the_same_device(
    driver: Driver, transport: DeviceTransport
) -> None:
    target = replace(driver.client.target, serial_number=f" {SERIAL.lower()}")
    same = create_driver(driver.family, transport.client(target))
    await same.write_configuration({"SystemUnit/Name": "Aula"})
    assert (await same.read_configuration()).settings["SystemUnit/Name"].value == "Aula"


async def test_without_rights_writing_is_refused(driver: Driver, endpoint: Any) -> None:
    endpoint.set_fault("no_admin_rights", True)
    await driver.read_status()
    with pytest.raises(errors.NotAdministrator):
        await driver.write_configuration({"SystemUnit/Name": "x"})
    with pytest.raises(errors.NotAdministrator):
        await driver.register_feedback("http://192.0.2.1/x")


async def test_several_requests_share_a_session_where_the_release_has_it(
    driver: Driver, endpoint: Any
) -> None:
    async with DeviceTransport() as transport:
        mine = create_driver(driver.family, transport.client(driver.client.target))
        await mine.identify()
        assert not endpoint.logins.sessions
        await mine.read_status()
        held = len(endpoint.logins.sessions)
        # A password that is not asked for any more: what goes on is signed in by the cookie.
        if endpoint.profile.dialect.has_sessions:
            endpoint.set_fault("locked_out", True)
        await mine.read_feedback()
        endpoint.set_fault("locked_out", False)
    assert held == (1 if endpoint.profile.dialect.has_sessions else 0)
    assert not endpoint.logins.sessions


async def test_expired_session_signs_in_anew(driver: Driver, endpoint: Any) -> None:
    for _ in range(3):
        await driver.read_feedback()
    endpoint.logins.forget_all()
    assert (await driver.identify()).serial_number == SERIAL
    assert len(endpoint.logins.sessions) == (1 if endpoint.profile.dialect.has_sessions else 0)
    assert endpoint.device.users["admin"].failed_logins == 0


async def test_login_with_letters_of_the_world(endpoint: Any, transport: DeviceTransport) -> None:
    endpoint.device.users["admin"].password = "Grüße"
    legacy = endpoint.profile.dialect.family == "TC"
    target = target_of(endpoint, login=Login("admin", "Grüße"))
    target = replace(target, tls=replace(target.tls, is_legacy=legacy))
    assert (
        await create_driver(get_family("roomos"), transport.client(target)).identify()
    ).serial_number == SERIAL
