"""A guided move to Secure-Only of a mixed fleet: who can moves, who cannot stays as it was; nobody is lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.processes import INTERNAL, PUBLIC, Api, Fleet, Server, eventually

pytestmark = pytest.mark.acceptance

PASSWORD = "Endpoint-Pass-31"


def endpoint(number: int, mode: str, manager: str, **changes: Any) -> dict[str, Any]:
    network = {"lan": "127.1.7", "public": "127.2.7", "behind-firewall": "127.3.7"}[mode]
    return {
        "manager": manager,
        "mode": mode,
        "serial": f"FTTMOVE{number:04}",
        "mac": f"02:00:00:00:77:{number:02x}",
        "name": f"Room {number}",
        "address": f"{network}.{number}",
        "password": PASSWORD,
        "heartbeat": 2,
        "verify": True,
        **changes,
    }


@pytest.fixture
def scene(make_server: Callable[..., Server], tmp_path: Path) -> Any:
    """A server and its fleet: trusting ones of each road, one that trusts nobody, one on the LAN, an MXP."""
    server = make_server()
    _, api = server.start_with_administrator()
    api("PATCH", "network-settings", {
        "device_http_port": 18080, "device_https_port": 18443,
        "internal": {"ipv4": INTERNAL}, "public": {"ipv4": PUBLIC},
        "heartbeat": {"idle": 10, "waiting": 2, "watched": 2, "admitted": 2, "unknown": 2},
    })  # fmt: skip
    authority = str(server.data / "tls" / "ca.pem")
    plan = [
        endpoint(1, "behind-firewall", server.public_http, ca_file=authority),
        endpoint(2, "behind-firewall", server.public_http, ca_file=authority),
        endpoint(3, "behind-firewall", server.public_http),
        endpoint(4, "lan", server.http, ca_file=authority),
        endpoint(5, "lan", server.http),
        endpoint(6, "public", server.public_http, ca_file=authority),
        endpoint(7, "behind-firewall", server.public_http, profile="stand-in-mxp"),
    ]
    for one in plan:
        details = {"serial_number": one["serial"], "mac_address": one["mac"], "network": "127.0.0.0/8"}
        details["name"] = one["name"]
        api("POST", "systems", {**details, "username": "admin", "password": PASSWORD}, expect=201)
    fleet = Fleet(tmp_path, plan)
    eventually(lambda: _managed(api) == len(plan), "everybody is managed and proven", seconds=60)
    yield server, api, fleet
    fleet.stop()


def _managed(api: Api) -> int:
    """Systems whose connectivity is decided and whose own posts came as theirs."""
    return sum(bool(one["connectivity"]) and one["alive"] == "yes" for one in api.items("systems"))


def _members(api: Api, move: int) -> dict[int, tuple[str, str]]:
    return {
        int(one["system_name"].split()[-1]): (one["state"], one["reason"])
        for one in api.items(f"secure-only-moves/{move}/members")
    }


def test_nobody_is_lost_and_who_cannot_is_told(scene: Any) -> None:
    _, api, fleet = scene
    wish = {"filter": {}, "trust": "trusted", "canary": 1, "wave_size": 3}
    plan = api("POST", "secure-only-moves", {**wish, "dry_run": True})
    refused = {one["system_name"]: one["reason"] for one in plan["members"] if one["verdict"] == "cannot"}
    assert list(refused) == ["Room 7"]
    assert "do not change" in refused["Room 7"]
    move = api("POST", "secure-only-moves", wish, expect=202)["id"]

    def moved() -> bool:
        state = api("GET", f"secure-only-moves/{move}")
        if state["state"] == "paused":
            api("POST", f"secure-only-moves/{move}/continue")
        return state["state"] == "done"

    eventually(moved, "the move has ended", seconds=100, every=1)
    members = _members(api, move)
    # Rooms 3 and 5 do not trust our authority: they were never told to switch, and go on as before.
    assert {number: state for number, (state, _) in members.items()} == {
        1: "moved", 2: "moved", 3: "held", 4: "moved", 5: "held", 6: "moved",
    }  # fmt: skip
    assert "does not trust our certificate" in members[3][1]
    assert _managed(api) == 7
    by_name = {one["name"]: one for one in api.items("systems")}
    assert [by_name[f"Room {n}"]["is_secure_only"] for n in range(1, 8)] == [
        True, True, False, True, False, True, False,
    ]  # fmt: skip
    for number in (1, 4, 6):
        settings = fleet.show(f"FTTMOVE{number:04}")["configuration"]
        assert settings["Provisioning/ExternalManager/Protocol"] == "HTTPS"

    # The one on the LAN is given our authority by its pinned road, and then moves as well.
    again = {"systems": [by_name["Room 5"]["id"]], "trust": "install_ca"}
    second = api("POST", "secure-only-moves", again, expect=202)["id"]
    eventually(
        lambda: _members(api, second)[5][0] == "moved",
        "room 5 has our authority and moved",
        seconds=120,
        every=1,
    )
    # The one behind the firewall cannot be given it in the clear, and is told so beforehand.
    third = {"systems": [by_name["Room 3"]["id"]], "trust": "install_ca", "dry_run": True}
    (told,) = api("POST", "secure-only-moves", third)["members"]
    assert told["verdict"] == "cannot"
    assert "no authority is handed out" in told["reason"]

    # And back.
    back = {"systems": [by_name["Room 1"]["id"]], "is_secure": False}
    fourth = api("POST", "secure-only-moves", back, expect=202)["id"]
    eventually(lambda: _members(api, fourth)[1][0] == "moved", "room 1 is back", seconds=60, every=1)
    assert not api("GET", f"systems/{by_name['Room 1']['id']}")["is_secure_only"]
