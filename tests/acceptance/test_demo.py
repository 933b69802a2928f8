"""`roomkeeper demo`: the server, its fleet, and somebody to sign in as."""

import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.acceptance.processes import PROGRAM, Server, eventually

pytestmark = pytest.mark.acceptance

CONNECTIVITY = {
    "Headquarters": "reachable_on_lan", "Branches": "reachable_on_public_internet", "Remote": "behind_firewall",
}  # fmt: skip


def test_within_ten_seconds_every_mode_is_alive_and_rightly_decided(
    make_new_server: Callable[..., Server],
) -> None:
    server = make_new_server()
    program = server.start("demo", "--data", str(server.data), "--systems", "12", *server.listeners)
    began = time.monotonic()
    ready = program.line("ready ")
    assert f"http://127.0.0.1:{server.http_port}" in ready
    words = program.line("administrator ").split()
    assert words[1] == "administrator"
    assert len(words[-1]) >= 10
    server.token = server.cli("token", "create", "administrator").strip()
    api = server.administrator()

    def all_are_well() -> bool:
        found = api.items("systems")
        assert len(found) == 12
        return all(
            one["state"] == "managed"
            and one["alive"] == "yes"
            and one["connectivity"] == CONNECTIVITY[one["folder_path"].rpartition(" / ")[2]]
            for one in found
        )

    eventually(all_are_well, "twelve systems alive and decided", seconds=25)
    took = time.monotonic() - began
    print(f"demo: alive and decided after {took:.1f} s")
    assert took < 15  # the goal is 10 s on a machine that does nothing else
    secure = {one["name"] for one in api.items("systems") if one["is_secure_only"]}
    assert secure >= {"Vault", "Branch Oslo", "Field Unit"}
    for name in ("Boardroom", "Home Office", "Lobby"):
        assert api.items(f"systems?name={name.replace(' ', '%20')}")
    assert program.stop() == 0
    # The fleet ends with the server.
    assert "Traceback" not in server.log

    # On the data of before everybody comes again, behind a firewall too: a fleet is as new at every start.
    started = datetime.now(UTC).isoformat()
    program = server.start("demo", "--data", str(server.data), "--systems", "12", *server.listeners)
    program.line("ready ")

    def all_came_again() -> bool:
        return all_are_well() and all(one["last_seen_at"] > started for one in api.items("systems"))

    eventually(all_came_again, "twelve systems came again after a restart", seconds=40)
    assert program.stop() == 0


def refusal(server: Server, *words: str) -> list[str]:
    """What a command that has to fail with exit code 1 says, without what is logged."""
    done = subprocess.run(
        [str(PROGRAM), *words],
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, ""), done
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(said) == 1, said
    return said


def test_a_second_one_on_the_machine_finds_addresses_of_its_own_or_says_why_not(
    make_new_server: Callable[..., Server],
) -> None:
    first, second = make_new_server(), make_new_server()
    one = first.start("demo", "--data", str(first.data), "--systems", "2")
    ready = one.line("ready ")
    password = one.line("administrator ")
    # On the folder of the first it says so, and changes nothing there: its administrator's password above all.
    said = refusal(first, "demo", "--data", str(first.data), "--systems", "2")
    assert said[-1].startswith(f"A server is already running on {first.data}.")
    # On a port that is taken it says that.
    taken = ready.split()[1].removeprefix("http://")
    said = refusal(second, "demo", "--data", str(second.data), "--systems", "2", "--http", taken)
    assert said[-1].startswith(f"Cannot listen on {taken}")
    # Left to choose, it runs beside the first, and both fleets come.
    two = second.start("demo", "--data", str(second.data), "--systems", "2")
    assert two.line("ready ") != ready
    assert password.split()[-1] != two.line("administrator ").split()[-1]
    for server, program in ((first, one), (second, two)):
        server.http_port = int(program.line("ready ").split()[1].rpartition(":")[2])
        server.token = server.cli("token", "create", "administrator").strip()
        api = server.administrator()
        eventually(
            lambda api=api: [system["alive"] for system in api.items("systems")] == ["yes", "yes"],
            "both systems of the fleet are there",
            seconds=40,
        )
    assert two.stop() == 0
    assert one.stop() == 0
