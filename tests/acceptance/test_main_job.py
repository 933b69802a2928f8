"""An endpoint phones home, is admitted, gets a setting, and proves that it has it: all of it as processes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.device import Device
from tests.acceptance.prepared import new_database
from tests.acceptance.processes import Api, Fleet, Server, eventually, free_port

pytestmark = pytest.mark.acceptance

QUICK = {"idle": 10, "waiting": 2, "watched": 2, "admitted": 2, "unknown": 2}
EXPECTED = {
    "FTTLAN00001": ("reachable_on_lan", "itself", "127.1.77.1", "127.1.77.1"),
    "FTTPUB00001": ("reachable_on_public_internet", "itself", "10.2.77.1", "127.2.77.1"),
    "FTTBFW00001": ("behind_firewall", "silent", "192.168.77.1", "127.3.77.1"),
}
DEVICE_PASSWORD = "device-password-3"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Api]]:
    """One server on each kind of database, and its API."""
    environment = {}
    if request.param == "postgresql":
        environment["ROOMKEEPER_DATABASE_URL"] = new_database(request.getfixturevalue("postgresql"))
    server = Server(tmp_path_factory.mktemp(request.param) / "server", **environment)
    try:
        yield server, server.start_with_administrator()[1]
    finally:
        server.stop()


def set_up_network(api: Api, http_port: int, https_port: int) -> None:
    """The loopback plan of rule R2, with intervals that no test has to wait for."""
    api("PATCH", "network-settings", {
        "phone_books": {"always": True},
        "internal": {"ipv4": "127.0.0.1"}, "public": {"ipv4": "127.0.0.2"}, "heartbeat": QUICK,
        "device_http_port": http_port, "device_https_port": https_port,
    })  # fmt: skip


def endpoint(server: Server, serial: str, ports: tuple[int, int]) -> dict[str, Any]:
    """The plan of a virtual endpoint."""
    _, _, reported, source = EXPECTED[serial]
    modes = {"LAN": "lan", "PUB": "public", "BFW": "behind-firewall"}
    return {
        "name": f"Room {serial[3:6]}", "mode": modes[serial[3:6]], "serial": serial, "address": source,
        "mac": f"02:5A:00:00:00:{source.split('.')[1]:0>2}", "reported_address": reported, "password": DEVICE_PASSWORD,
        "manager": server.http if serial.startswith("FTTLAN") else server.public_http,
        "profile": "sx10-ce9.6" if serial.startswith("FTTBFW") else "room-kit-roomos10",
        "http_port": ports[0], "https_port": ports[1], "heartbeat": 2, "verify": False,
    }  # fmt: skip


def test_from_the_first_post_to_the_confirmed_name(running: tuple[Server, Api], tmp_path: Path) -> None:
    """The main job in each of the three modes."""
    server, api = running
    ports = free_port("127.1.77.1", "127.2.77.1"), free_port("127.1.77.1", "127.2.77.1")
    set_up_network(api, *ports)
    plans = [endpoint(server, serial, ports) for serial in EXPECTED]
    for plan in plans:
        added = api("POST", "systems", {
            "serial_number": plan["serial"], "mac_address": plan["mac"], "network": "127.0.0.0/8",
            "username": "admin", "password": DEVICE_PASSWORD,
        }, expect=201)  # fmt: skip
        assert added["state"] == "pre_registered"
    fleet = Fleet(tmp_path, plans)
    try:
        for serial, (connectivity, probe, reported, source) in EXPECTED.items():
            system = eventually(
                lambda serial=serial: _managed_and_decided(api, serial), f"{serial} managed and decided by R1"
            )
            assert (system["alive"], system["connectivity"]) == ("yes", connectivity)
            change = api.items(f"systems/{system['id']}/connectivity-changes")[0]
            assert (change["new"], change["probe"]) == (connectivity, probe)
            assert (change["reported_address"], change["source_address"]) == (reported, source)
            assert change["reason"]
            assert change["was_applied"]
        asked = {serial: _rename(api, serial, f"New name of {serial[3:6]}") for serial in EXPECTED}
        for serial, change_set in asked.items():
            _follow(api, fleet, serial, change_set, f"New name of {serial[3:6]}")
    finally:
        fleet.stop()


def _managed_and_decided(api: Api, serial: str) -> dict[str, Any] | None:
    system = api.system(serial)
    return system if system and system["state"] == "managed" and system["connectivity"] else None


def _rename(api: Api, serial: str, name: str) -> dict[str, Any]:
    """Ask for another name; the change set as it was answered."""
    system = api.system(serial) or {}
    eventually(
        lambda: api("GET", f"systems/{system['id']}/configuration")["reported"], "a reported configuration"
    )
    wish = {"systems": [system["id"]], "settings": {"SystemUnit Name": name}}
    assert api("POST", "change-sets", {**wish, "dry_run": True})["counts"].get("change") == 1
    change_set = dict(api("POST", "change-sets", wish, expect=202))
    assert change_set["state"] == "waiting"
    return change_set


def _follow(api: Api, fleet: Fleet, serial: str, change_set: dict[str, Any], name: str) -> None:
    """Until it is confirmed: through the states in their order, on the system's record and on the device itself."""
    seen = [change_set["state"]]

    def look() -> bool:
        state = api("GET", f"change-sets/{change_set['id']}")["state"]
        if state != seen[-1]:
            seen.append(state)
        return bool(state == "confirmed")

    eventually(look, f"the new name of {serial} confirmed; so far {seen}", every=0.02)
    # The device reports within milliseconds of its answer: DELIVERED may pass between two looks.
    assert seen in (["waiting", "delivered", "confirmed"], ["waiting", "confirmed"])
    item = api("GET", f"change-sets/{change_set['id']}")["changes"][0]["items"][0]
    assert (item["path"], item["value"], item["state"]) == ("SystemUnit/Name", name, "confirmed")
    assert item["delivered_at"] <= item["ended_at"]
    shown = fleet.show(serial)
    assert (shown["name"], shown["configuration"]["SystemUnit/Name"]) == (name, name)
    eventually(lambda: (api.system(serial) or {})["reported_name"] == name, "the reported name")
    assert (api.system(serial) or {})["name"] == name


def test_waiting_delivered_and_confirmed_are_different_states(running: tuple[Server, Api]) -> None:
    """Step by step, with a device that waits between them: the protocol has no acknowledgement."""
    server, api = running
    device = Device(server.http, serial="FTTSTEP0001", mac="02:5A:00:00:01:01")
    system = api("POST", "systems", {"serial_number": device.serial, "network": "127.3.0.0/16"}, expect=201)
    device.event("Boot")
    device.event()
    device.document("/Configuration", device.configuration())
    wish = {"systems": [system["id"]], "settings": {"SystemUnit/Name": "Named"}}
    change_set = api("POST", "change-sets", wish, expect=202)["id"]

    def state() -> str:
        return str(api("GET", f"change-sets/{change_set}")["state"])

    assert state() == "waiting"
    orders = device.event().orders
    assert orders.settings["SystemUnit/Name"] == "Named"
    assert "/Configuration" in dict(orders.documents)
    assert state() == "delivered"
    device.document("/Configuration", device.configuration(), secret="")
    assert state() == "delivered"  # a claim confirms nothing
    device.name = "Named"
    device.document("/Configuration", device.configuration())
    assert state() == "confirmed"


def test_admission_by_hand_from_the_inbox(running: tuple[Server, Api], tmp_path: Path) -> None:
    """Unknown ones wait; a person admits one; it is handed its secret and proves it; the bare path is shut."""
    server, api = running
    ports = free_port("127.1.77.1", "127.2.77.1"), free_port("127.1.77.1", "127.2.77.1")
    set_up_network(api, *ports)
    # A sister of the one that the test above registered: unknown.
    plan = {**endpoint(server, "FTTBFW00001", ports), "serial": "FTTHAND0001", "mac": "02:5A:00:00:02:01"}
    fleet = Fleet(tmp_path, [plan])
    try:
        waiting = eventually(lambda: api.items("systems?state=pending"), "an unknown endpoint in the inbox")[
            0
        ]
        assert (waiting["serial_number"], waiting["source_address"]) == (plan["serial"], "127.3.77.1")
        assert plan["serial"] not in {one["serial_number"] for one in api.items("systems?state=managed")}
        fleet.act(plan["serial"], "post")
        assert api("POST", f"systems/{waiting['id']}/approve", {"name": "Home Office"})["state"] == "managed"
        path = "Provisioning/ExternalManager/Path"
        secret = eventually(
            lambda: fleet.show(plan["serial"])["configuration"][path].partition(".asmx/")[2],
            "a secret in its Path",
        )
        eventually(
            lambda: [
                row for row in api.items(f"systems/{waiting['id']}/timeline") if row["kind"] == "secret"
            ],
            "the proof on its timeline",
        )
        shown = fleet.show(plan["serial"])["configuration"]
        assert shown["Phonebook/Server[1]/URL"].endswith(f"/{secret}")
        # Whoever says to be it without the secret is told what an unknown one is told.
        bare = Device(server.public_http, serial=plan["serial"], mac=plan["mac"], source="127.3.77.1").event(
            "Boot"
        )
        orders = bare.orders
        assert (bare.status, orders.settings, orders.commands, orders.documents) == (200, {}, {}, [])
        eventually(lambda: api.items(f"systems/{waiting['id']}/claims"), "the claim")
        # The name that the person gave is a wish like any other.
        eventually(lambda: fleet.show(plan["serial"])["name"] == "Home Office", "the given name")
    finally:
        fleet.stop()
