"""A mixed fleet moves to Secure-Only: who can moves, who cannot stays as it was, listed with what holds it; nobody
is lost; then nothing of those that moved is said in the clear; and back. Of any size from eight systems on.
"""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from roomkeeper.virtual.identity import derive_reported_address
from tests.acceptance.device import Device
from tests.acceptance.processes import INTERNAL, PUBLIC, Api, Fleet, Server, eventually
from tests.acceptance.wire import SNMP_PORT, UDP, Capture, Said

PASSWORD = "Endpoint-Pass-31"
SMALLEST, FEW, LARGEST = 8, 20, 250
HTTP_PORT, HTTPS_PORT = 18080, 18443
NETWORKS = {"lan": "127.1.7", "public": "127.2.7", "behind-firewall": "127.3.7"}
ROADS = ("behind-firewall", "lan", "public")
# Those that are not like the others, by number: two that do not trust our authority, one that speaks TLS 1.0 alone, one
# whose family cannot.
TRUSTS_NOBODY_BEHIND_FIREWALL, TRUSTS_NOBODY_ON_LAN, OLD_TLS, MXP = 3, 5, 6, 7
HELD = frozenset({TRUSTS_NOBODY_BEHIND_FIREWALL, TRUSTS_NOBODY_ON_LAN, OLD_TLS})
_ROADS = {1: "behind-firewall", 2: "behind-firewall", 3: "behind-firewall", 4: "lan", 5: "lan", 6: "lan",
          7: "behind-firewall", 8: "public"}  # fmt: skip


def road_of(number: int) -> str:
    """How the system of that number (from 1) is reached."""
    return _ROADS.get(number) or ROADS[number % len(ROADS)]


def address_of(number: int) -> str:
    """Where it is."""
    return f"{NETWORKS[road_of(number)]}.{number}"


def serial_of(number: int) -> str:
    """What it calls itself."""
    return f"FTTMOVE{number:04}"


def plan_of(number: int, server: Server) -> dict[str, Any]:
    """The plan of its virtual endpoint."""
    road = road_of(number)
    plan = {
        "manager": server.http if road == "lan" else server.public_http,
        "mode": road,
        "serial": serial_of(number),
        "mac": f"02:00:00:00:77:{number:02x}",
        "name": f"Room {number}",
        "address": address_of(number),
        "password": PASSWORD,
        "heartbeat": 2,
        "verify": True,
        "http_port": HTTP_PORT,
        "https_port": HTTPS_PORT,
    }
    if number not in (TRUSTS_NOBODY_BEHIND_FIREWALL, TRUSTS_NOBODY_ON_LAN, MXP):
        plan["ca_file"] = str(server.data / "tls" / "ca.pem")
    if number == OLD_TLS:
        plan["faults"] = ["tls_1_0_only"]
    if number == MXP:
        plan["profile"] = "stand-in-mxp"
    return plan


@dataclass
class MixedFleet:
    """The server, its fleet, and the ids of the systems by their numbers. `took` are seconds by what was done."""

    server: Server
    api: Api
    fleet: Fleet
    ids: dict[int, int]
    took: dict[str, float] = field(default_factory=dict)

    @property
    def numbers(self) -> range:
        """Every system's."""
        return range(1, len(self.ids) + 1)

    @property
    def movable(self) -> set[int]:
        """Those that nothing holds."""
        return set(self.numbers) - HELD - {MXP}

    def systems(self) -> dict[int, dict[str, Any]]:
        """The records by number."""
        return {int(one["name"].split()[-1]): one for one in self.api.items("systems")}

    def are_all_well(self) -> bool:
        """Whether the connectivity of all is decided, and their own posts came as theirs."""
        found = self.systems()
        assert found.keys() == set(self.numbers)
        return all(one["connectivity"] and one["alive"] == "yes" for one in found.values())

    def hurry(self) -> None:
        """A few systems post at once: an idle system's ten seconds are the shortest there are."""
        if len(self.ids) <= FEW:
            for number in self.numbers:
                self.fleet.act(serial_of(number), "post")

    def move(self, what: str, **wish: Any) -> dict[int, tuple[str, str]]:
        """Carry a move out to its end, going on where it stops for a person; (state, reason) by number."""
        began = time.monotonic()
        move = self.api("POST", "secure-only-moves", wish, expect=202)["id"]

        def has_ended() -> bool:
            state = self.api("GET", f"secure-only-moves/{move}")["state"]
            if state == "paused":
                self.api("POST", f"secure-only-moves/{move}/continue")
            self.hurry()
            return bool(state == "done")

        eventually(has_ended, f"the end of this move: {what}", seconds=150 + 3 * len(self.ids), every=1)
        self.took[what] = time.monotonic() - began
        return {
            int(one["system_name"].split()[-1]): (one["state"], one["reason"])
            for one in self.api.items(f"secure-only-moves/{move}/members")
        }

    def protocol(self, number: int) -> str:
        """By which the system itself is set to call us."""
        settings = self.fleet.show(serial_of(number))["configuration"]
        return str(settings["Provisioning/ExternalManager/Protocol"])

    def post_in_clear(self, number: int) -> int:
        """What a post of its own by plain HTTP is answered with."""
        shown = self.fleet.show(serial_of(number))
        device = Device(
            self.server.http if road_of(number) == "lan" else self.server.public_http,
            serial=serial_of(number),
            mac=f"02:00:00:00:77:{number:02x}",
            source=address_of(number),
            reported=derive_reported_address(road_of(number), address_of(number)),
            secret=shown["configuration"]["Provisioning/ExternalManager/Path"].rpartition("/")[2],
        )
        return device.feedback("Event", '<InClear item="1"/>').status

    def wait_for_posts(self) -> None:
        """Until every one has posted once more, and again after that."""
        for _ in range(2):
            before = {number: one["last_seen_at"] for number, one in self.systems().items()}

            def have_all_posted(before: dict[int, str] = before) -> bool:
                self.hurry()
                return all(one["last_seen_at"] > before[number] for number, one in self.systems().items())

            eventually(have_all_posted, "a post of everybody", seconds=60, every=1)


def assemble(server: Server, api: Api, folder: Path, size: int, stack: ExitStack) -> MixedFleet:
    """A server that runs is given the fleet; ends it with `stack`."""
    assert SMALLEST <= size <= LARGEST
    api("PATCH", "network-settings", {
        "device_http_port": HTTP_PORT, "device_https_port": HTTPS_PORT,
        "internal": {"ipv4": INTERNAL}, "public": {"ipv4": PUBLIC},
        "heartbeat": {"idle": 10, "waiting": 2, "watched": 2, "admitted": 2, "unknown": 2},
    })  # fmt: skip
    plans = {number: plan_of(number, server) for number in range(1, size + 1)}
    ids = {}
    for number, plan in plans.items():
        wanted = {
            "serial_number": plan["serial"], "mac_address": plan["mac"], "network": "127.0.0.0/8",
            "name": plan["name"], "username": "admin", "password": PASSWORD,
        }  # fmt: skip
        ids[number] = api("POST", "systems", wanted, expect=201)["id"]
    fleet = Fleet(folder, list(plans.values()))
    stack.callback(fleet.stop)
    mixed = MixedFleet(server, api, fleet, ids)
    began = time.monotonic()
    eventually(mixed.are_all_well, "everybody is managed and proven", seconds=60 + size, every=0.5)
    mixed.took["all managed and proven"] = time.monotonic() - began
    return mixed


def prove(mixed: MixedFleet, *, canary: int, wave_size: int) -> None:
    """The whole of it, in order."""
    _check_plan(mixed)
    _check_first_move(mixed, canary=canary, wave_size=wave_size)
    _check_wire(mixed)
    _check_those_that_were_held(mixed)
    _check_way_back(mixed, wave_size)


def _check_plan(mixed: MixedFleet) -> None:
    """Once every one has used its secret, only the MXP is refused."""

    def find_refused() -> dict[int, str]:
        plan = mixed.api("POST", "secure-only-moves", {"filter": {}, "trust": "trusted", "dry_run": True})
        return {one["system"]: one["reason"] for one in plan["members"] if one["verdict"] == "cannot"}

    eventually(lambda: find_refused().keys() == {mixed.ids[MXP]}, "all others can move", every=0.5)
    assert "do not change" in find_refused()[mixed.ids[MXP]]


def _check_first_move(mixed: MixedFleet, *, canary: int, wave_size: int) -> None:
    wish = {"filter": {}, "trust": "trusted", "canary": canary, "wave_size": wave_size}
    members = mixed.move("moved", **wish)
    # Who does not trust our certificate was never told to switch, and goes on as before.
    assert {number for number, (state, _) in members.items() if state == "moved"} == mixed.movable
    assert {number for number, (state, _) in members.items() if state == "held"} == HELD
    assert members.keys() == mixed.movable | HELD
    for number in (TRUSTS_NOBODY_BEHIND_FIREWALL, TRUSTS_NOBODY_ON_LAN):
        assert "does not trust our certificate" in members[number][1]
    assert "TLS version in common with us" in members[OLD_TLS][1]
    assert mixed.are_all_well()
    secure = {number for number, one in mixed.systems().items() if one["is_secure_only"]}
    assert secure == mixed.movable
    for number in mixed.numbers:
        if number != MXP:
            assert mixed.protocol(number) == ("HTTPS" if number in mixed.movable else "HTTP"), number
            assert mixed.post_in_clear(number) == (403 if number in mixed.movable else 200), number


def _check_wire(mixed: MixedFleet) -> None:
    """Whatever we or they do: of those that moved, nothing but HTTPS is on the wire."""
    with Capture(f"{network}.0/24" for network in NETWORKS.values()) as capture:
        _do_everything(mixed)
        mixed.wait_for_posts()
    moved = {address_of(number) for number in mixed.movable}
    https = {HTTPS_PORT, mixed.server.https_port}

    def is_https(one: Said) -> bool:
        return bool(one.ports & https) and not one.is_http and one.protocol != UDP

    concerned = {one for one in capture.said if one.addresses & moved}
    others = sorted(one for one in concerned if not is_https(one))
    assert not others, others[:20]
    # Everybody was really heard, and called where that may be.
    assert {address for one in concerned for address in one.addresses} >= moved
    called = {one.destination for one in concerned if one.destination_port == HTTPS_PORT}
    assert called == {address_of(number) for number in mixed.movable if road_of(number) != "behind-firewall"}
    # The same capture sees plain HTTP and SNMP of those that stayed, so that this test can fail.
    in_clear = {one.source for one in capture.said if one.is_http}
    assert in_clear >= {address_of(number) for number in (*HELD, MXP)}
    asked_by_snmp = {
        one.destination for one in capture.said if one.protocol == UDP and one.destination_port == SNMP_PORT
    }
    assert asked_by_snmp == {address_of(TRUSTS_NOBODY_ON_LAN), address_of(OLD_TLS)}


def _do_everything(mixed: MixedFleet) -> None:
    """All that makes us call a system: diagnoses, polls, a setting for all, looking through its addresses."""
    api = mixed.api
    reachable = [number for number in mixed.numbers if road_of(number) != "behind-firewall"]
    few = [number for number in (1, 2, 4, 5, 6, 8, 9, 10, 11) if number in mixed.ids]
    jobs = [api("POST", f"systems/{mixed.ids[number]}/diagnose", expect=202)["id"] for number in few]
    polled = {"systems": [mixed.ids[number] for number in reachable]}
    jobs.append(api("POST", "systems/poll", polled, expect=202)["id"])
    api("POST", "credentials", {"name": "Usual", "kind": "community", "community": "public"}, expect=201)
    looked_at = [address_of(number) for number in reachable]
    scan = {
        "addresses": looked_at, "confirmed_count": len(looked_at), "http_port": HTTP_PORT,
        "https_port": HTTPS_PORT, "logins": [{"username": "admin", "password": PASSWORD}], "use_snmp": True,
    }  # fmt: skip
    jobs.append(api("POST", "systems/scan", scan, expect=202)["id"])
    wish = {"filter": {"family": "roomos"}, "settings": {"Audio/DefaultVolume": "61"}}
    asked = api("POST", "change-sets", wish, expect=202)["id"]
    for job in jobs:
        eventually(
            lambda job=job: api("GET", f"jobs/{job}")["state"] in ("done", "failed"),
            f"the end of job {job}",
            seconds=120,
            every=0.5,
        )
    number = len(mixed.ids) - 1

    def are_all_confirmed() -> bool:
        counts = Counter(api("GET", f"change-sets/{asked}?changes=false")["counts"])
        return counts["confirmed"] == number == counts.total()

    eventually(are_all_confirmed, f"{number} confirmed", seconds=90, every=0.5)


def _check_those_that_were_held(mixed: MixedFleet) -> None:
    # The one on the LAN is given our authority by its pinned road, and then moves as well.
    number = TRUSTS_NOBODY_ON_LAN
    members = mixed.move(
        "one on the LAN was given our authority", systems=[mixed.ids[number]], trust="install_ca"
    )
    assert members[number][0] == "moved"
    # The one behind the firewall cannot be given it in the clear, and is told so beforehand.
    wish = {"systems": [mixed.ids[TRUSTS_NOBODY_BEHIND_FIREWALL]], "trust": "install_ca", "dry_run": True}
    (told,) = mixed.api("POST", "secure-only-moves", wish)["members"]
    assert told["verdict"] == "cannot"
    assert "no authority is sent" in told["reason"]


def _check_way_back(mixed: MixedFleet, wave_size: int) -> None:
    gone = mixed.movable | {TRUSTS_NOBODY_ON_LAN}
    wish = {"filter": {}, "is_secure": False, "canary": 1, "wave_size": wave_size}
    members = mixed.move("back", **wish)
    assert {number for number, (state, _) in members.items() if state == "moved"} == gone == members.keys()
    assert not any(one["is_secure_only"] for one in mixed.systems().values())
    # HTTPS itself is never taken back; but HTTP is served again, and whatever goes by it is allowed.
    assert {mixed.protocol(number) for number in gone} == {"HTTPS"}
    assert {mixed.post_in_clear(number) for number in mixed.numbers if number != MXP} == {200}
    mixed.wait_for_posts()
    assert mixed.are_all_well()


def run(make: Callable[[], tuple[Server, Api]], folder: Path, size: int, **waves: int) -> dict[str, float]:
    """All of it on a server that `make` starts; seconds by what was done."""
    with ExitStack() as stack:
        server, api = make()
        stack.callback(server.stop)
        mixed = assemble(server, api, folder, size, stack)
        prove(mixed, **waves)
        return mixed.took
