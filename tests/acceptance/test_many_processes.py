"""Several processes on one PostgreSQL serve the same systems; a store that goes away is told and comes back."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.device import Device
from tests.acceptance.prepared import Prepared, maintenance_url
from tests.acceptance.processes import Api, Program, Server, eventually, free_port

pytestmark = pytest.mark.acceptance

DEVICES, POSTS = 8, 12


def test_two_doors_a_worker_and_pages_share_the_work(
    make_new_server: Callable[..., Server], database: str
) -> None:
    server = make_new_server(ROOMKEEPER_DATABASE_URL=database)
    other, pages = free_port("127.0.0.1"), free_port("127.0.0.1")

    def start(part: str, port: int) -> Future[Program]:
        tls = free_port("127.0.0.1")
        return pool.submit(server.start, part, "--http", f"127.0.0.1:{port}", "--https", f"127.0.0.1:{tls}")

    # All four at once, on an empty database: one of them makes the schema.
    with ThreadPoolExecutor(4) as pool:
        started = [start("door", server.http_port), start("door", other), start("web", pages)]
        started.append(pool.submit(server.start, "worker", "--data", str(server.data)))
        programs = [one.result() for one in started]
    api = server.administrator(f"http://127.0.0.1:{pages}")
    doors = (server.http, f"http://127.0.0.1:{other}")
    devices = [_admit(api, doors[number % 2], number) for number in range(DEVICES)]

    def post_through_both(device: Device) -> Counter[int]:
        """The same device's posts by turns, events, feedback and documents."""
        statuses: Counter[int] = Counter()
        for number in range(POSTS):
            where = doors[number % 2]
            statuses[device.event("Boot" if number % 5 == 0 else "Beat", server=where).status] += 1
            statuses[device.feedback("Event", f'<Mark{number} item="1"/>', server=where).status] += 1
            statuses[device.document("/Status", device.status(), server=where).status] += 1
        return statuses

    with ThreadPoolExecutor(2 * DEVICES) as pool:
        # Twice each, so that both doors hold the same system at the same time.
        results = list(pool.map(post_through_both, devices + devices))
    assert sum(results, Counter()) == {200: 2 * DEVICES * POSTS * 3}
    for device in devices:
        system = api.system(device.serial) or {}
        assert (system["state"], system["alive"]) == ("managed", "yes")
        rows = Counter(row["summary"] for row in api.items(f"systems/{system['id']}/timeline?kind=feedback"))
        assert rows == {f"Event: Mark{number}": 2 for number in range(POSTS)}
    with psycopg.connect(maintenance_url(database)) as connection:
        name = database.rpartition("/")[2]
        row = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = %s", (name,)
        ).fetchone()
        assert row == (0,)
    # What is asked in one process is handed over by whichever door is called.
    system = api.system(devices[0].serial) or {}
    wish = {"systems": [system["id"]], "settings": {"SystemUnit/Name": "Shared"}}
    asked = api("POST", "change-sets", wish, expect=202)["id"]
    assert devices[0].event(server=doors[1]).orders.settings["SystemUnit/Name"] == "Shared"
    devices[0].name = "Shared"
    devices[0].document("/Configuration", devices[0].configuration(), server=doors[0])
    assert api("GET", f"change-sets/{asked}")["state"] == "confirmed"
    # The worker probed: all of them are silent at their addresses.
    eventually(
        lambda: {one["connectivity"] for one in api.items("systems")} == {"behind_firewall"},
        "decided by the worker",
    )
    for program in programs:
        assert program.process.poll() is None
        assert program.stop() == 0
    assert "deadlock" not in server.log


def test_a_database_that_goes_away_is_told_and_comes_back(
    prepared_postgresql: Prepared, tmp_path: Path
) -> None:
    server = prepared_postgresql.server(tmp_path / "server")
    try:
        _goes_away_and_comes_back(server)
    finally:
        server.stop()


def _goes_away_and_comes_back(server: Server) -> None:
    database = server.environment["ROOMKEEPER_DATABASE_URL"]
    program, api = server.start_with_administrator()
    device = _admit(api, server.http, 1)
    name = database.rpartition("/")[2]
    with psycopg.connect(maintenance_url(database), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
        for _ in range(3):
            assert device.event(obey=False).status == 503
            assert device.feedback("Event", '<Lost item="1"/>').status == 503
            assert device.document("/Status", device.status()).status == 503
            assert device.search().status == 503
        assert api.raw("GET", "/api/v1/systems").status == 503
        assert program.process.poll() is None
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    eventually(lambda: device.event().status == 200, "the store is back")
    assert device.feedback("Event", '<Kept item="1"/>').status == 200
    system = api.system(device.serial) or {}
    rows = [row["summary"] for row in api.items(f"systems/{system['id']}/timeline?kind=feedback")]
    assert rows == ["Event: Kept"]


def _admit(api: Api, origin: str, number: int) -> Device:
    device = Device(
        origin,
        serial=f"FTTMANY{number:04}",
        mac=f"02:7A:00:00:00:{number:02X}",
        source=f"127.3.6.{number + 1}",
    )
    api("POST", "systems", {"serial_number": device.serial, "network": "127.3.0.0/16"}, expect=201)
    device.event("Boot")
    device.event()
    assert device.secret
    return device
