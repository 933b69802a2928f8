"""A range of 254 addresses with 40 endpoints, 3 other machines and 5 black holes: found, named, added; stopped in the
middle; and killed in the middle."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.processes import Api, Fleet, Server, eventually, free_port

pytestmark = pytest.mark.acceptance

ENDPOINTS, MACHINES, HOLES = 40, 3, 5
FIRST_ENDPOINT, FIRST_MACHINE, FIRST_HOLE = 10, 201, 211
LOGIN = {"username": "admin", "password": "roomkeeper"}
# Nobody is there: the endpoints have no manager before they are added.
NOWHERE = "http://127.0.0.9:9"


class Street:
    """A /24 with all sorts of houses. `machines` are net-snmp agents, `holes` listeners that never accept."""

    def __init__(self, folder: Path, network: str) -> None:
        self.network = f"{network}.0/24"
        self.folder = folder
        folder.mkdir()
        endpoint = f"{network}.{FIRST_ENDPOINT}"
        self.http_port, self.https_port = free_port(endpoint), free_port(endpoint)
        self.fleet = Fleet(
            folder,
            [
                {
                    "count": ENDPOINTS,
                    "address": endpoint,
                    "http_port": self.http_port,
                    "https_port": self.https_port,
                    "manager": NOWHERE,
                    "name": f"Street {network.rpartition('.')[2]}",
                }
            ],
        )
        self.snmp_port = _free_udp_port(f"{network}.{FIRST_MACHINE}")
        self._agents = [
            self._agent(f"{network}.{FIRST_MACHINE + number}", number) for number in range(MACHINES)
        ]
        self._sockets = [
            one
            for number in range(HOLES)
            for port in (self.http_port, self.https_port)
            for one in _black_hole(f"{network}.{FIRST_HOLE + number}", port)
        ]
        for number in range(MACHINES):
            _until_taken(f"{network}.{FIRST_MACHINE + number}", self.snmp_port)

    def _agent(self, address: str, number: int) -> subprocess.Popen[bytes]:
        folder = self.folder / f"agent{number}"
        folder.mkdir()
        settings = folder / "snmpd.conf"
        settings.write_text(
            f"agentaddress udp:{address}:{self.snmp_port}\nrocommunity public\nsysName machine-{number}\n"
            "sysObjectID 1.3.6.1.4.1.8072.3.2.10\n"
        )
        environment = {**os.environ, "MIBS": "", "SNMP_PERSISTENT_DIR": str(folder / "kept")}
        return subprocess.Popen(
            [_snmpd(), "-f", "-Lf", str(folder / "log"), "-C", "-c", str(settings)], env=environment
        )

    def scan(self) -> dict[str, Any]:
        """The body that has it looked through."""
        return {
            "addresses": self.network,
            "logins": [LOGIN],
            "confirmed_count": 254,
            "http_port": self.http_port,
            "https_port": self.https_port,
            "snmp_port": self.snmp_port,
        }

    def stop(self) -> None:
        """Everybody leaves."""
        self.fleet.stop()
        for agent in self._agents:
            agent.terminate()
            agent.wait(20)
        for one in self._sockets:
            one.close()


def _snmpd() -> str:
    found = shutil.which("snmpd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("net-snmp's snmpd is not installed")
        pytest.skip("net-snmp's snmpd is not installed")
    return found


def _free_udp_port(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _until_taken(address: str, port: int) -> None:
    def is_taken() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                return True
        return False

    eventually(is_taken, f"an agent at {address}")


def _black_hole(address: str, port: int) -> list[socket.socket]:
    """A listener whose queue is full: like a firewall that drops, it lets every further connection wait."""
    hole = socket.socket()
    hole.bind((address, port))
    hole.listen(0)
    stuffing = [socket.socket() for _ in range(3)]
    for one in stuffing:
        one.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            one.connect((address, port))
    return [hole, *stuffing]


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Callable[[str], Street]]:
    """Makes streets; they are gone with the test."""
    made: list[Street] = []

    def make(network: str) -> Street:
        made.append(Street(tmp_path / f"street{len(made)}", network))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def _start(server: Server) -> tuple[Any, Api]:
    program, api = server.start_with_administrator()
    api("PATCH", "network-settings", {"internal": {"ipv4": "127.0.0.1"}})
    api("POST", "credentials", {"name": "Usual", "kind": "community", "community": "public"}, expect=201)
    return program, api


def _counts(api: Api, job: int) -> dict[str, int]:
    return dict(api("GET", f"jobs/{job}")["counts"])


def _ended(api: Api, job: int) -> dict[str, Any]:
    def find() -> Any:
        found = api("GET", f"jobs/{job}")
        return found if found["state"] in ("done", "failed", "cancelled") else None

    return dict(eventually(find, "the end of the job", seconds=150, every=0.25))


def _check_whole_street(api: Api, street: Street, job: int) -> None:
    """Everybody of the street was found, named and added, once."""
    items = api.items(f"jobs/{job}/items")
    by_state = Counter(item["state"] for item in items)
    told = [
        (item["label"], item["summary"], item["advice"])
        for item in items
        if item["state"] in ("failed", "warning")
    ]
    assert by_state == {"done": ENDPOINTS + MACHINES, "skipped": 254 - ENDPOINTS - MACHINES}, told
    systems = api.items("systems?state=managed")
    number = street.network.split(".")[2]
    wanted = {f"Street {number} {one + 1}" for one in range(ENDPOINTS)} | {
        f"machine-{one}" for one in range(MACHINES)
    }
    assert {system["name"] for system in systems} == wanted
    assert len(systems) == ENDPOINTS + MACHINES
    assert Counter(system["family"] for system in systems) == {"roomos": ENDPOINTS, "unmanaged": MACHINES}
    assert {system["connectivity"] for system in systems} == {"reachable_on_lan"}
    assert {item["system"] for item in items if item["system"]} == {system["id"] for system in systems}


def test_range_is_found_named_and_added_and_its_endpoints_call_us(
    make_server: Callable[..., Server], street: Callable[[str], Street]
) -> None:
    server, place = make_server(), street("127.1.91")
    _, api = _start(server)
    began = time.monotonic()
    job = api("POST", "systems/scan", place.scan(), expect=202)["id"]
    halfway = eventually(lambda: _counts(api, job)["done"] or None, "progress", seconds=60)
    assert halfway < ENDPOINTS + MACHINES
    ended = _ended(api, job)
    print(f"254 addresses: {time.monotonic() - began:.1f} s")
    assert (
        ended["summary"] == f"{ENDPOINTS + MACHINES} added; {254 - ENDPOINTS - MACHINES} without an answer."
    )
    _check_whole_street(api, place, job)
    serial = next(one["serial_number"] for one in api.items("systems?family=roomos"))
    path = place.fleet.show(serial)["configuration"]["Provisioning/ExternalManager/Path"]
    assert path.startswith("tms/public/external/management/SystemManagementService.asmx/")
    # By pushes alone: now it posts with its secret, by which it is proven.
    eventually(
        lambda: (api.system(serial) or {})["last_seen_at"], "its first post with the secret", seconds=60
    )
    entries = api.items(f"systems/{(api.system(serial) or {})['id']}/timeline")
    assert any(entry["summary"].startswith("Proven:") for entry in entries)
    again = api("POST", "systems/scan", place.scan(), expect=202)["id"]
    assert _ended(api, again)["summary"].startswith(f"0 added; {ENDPOINTS + MACHINES} already here")


def test_scan_is_stopped(make_server: Callable[..., Server], street: Callable[[str], Street]) -> None:
    server, place = make_server(), street("127.1.92")
    _, api = _start(server)
    job = api("POST", "systems/scan", place.scan(), expect=202)["id"]
    eventually(lambda: _counts(api, job)["done"], "some that are done", seconds=60)
    api("POST", f"jobs/{job}/cancel")
    ended = _ended(api, job)
    assert ended["state"] == "cancelled"
    assert ended["counts"]["cancelled"] > 0
    assert ended["counts"]["waiting"] == ended["counts"]["running"] == 0
    # What was begun is not lost: the management settings of half-made systems are pushed by themselves.
    systems = api.items("systems?state=managed&family=roomos")
    assert systems

    def all_written() -> bool:
        return all(
            place.fleet.show(system["serial_number"])["configuration"]["Provisioning/Mode"] == "TMS"
            for system in systems
        )

    eventually(all_written, "pushes to all systems that were made", seconds=60)


def test_scan_goes_on_after_kill_9(
    make_server: Callable[..., Server], street: Callable[[str], Street]
) -> None:
    server, place = make_server(), street("127.1.93")
    program, api = _start(server)
    job = api("POST", "systems/scan", place.scan(), expect=202)["id"]
    eventually(lambda: _counts(api, job)["done"] >= 5, "some that are done", seconds=60)
    program.process.kill()
    program.process.wait(20)
    server.start()
    assert _ended(api, job)["state"] == "done"
    _check_whole_street(api, place, job)
