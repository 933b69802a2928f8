"""Fleets: as a process with its command line and control API, and many in one process."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from tests.drivers.virtual.client import LOGIN, curl, http, run
from tests.drivers.virtual.conftest import StandInManager
from tests.drivers.virtual.test_stored_things import BOOK
from typer.testing import CliRunner

from roomkeeper.virtual.cli import app
from roomkeeper.virtual.fleet import Fleet
from roomkeeper.virtual.plan import Wish, expand

PROGRAM = (sys.executable, "-c", "from roomkeeper.virtual.cli import app; app()")


class Running:
    """A fleet in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self.control = ""

    async def wait_for(self, start: str, seconds: float = 20.0) -> str:
        """The first line that begins so."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            while True:
                line = (await self.process.stdout.readline()).decode().rstrip("\n")
                assert line or not self.process.stdout.at_eof(), self.lines
                self.lines.append(line)
                if line.startswith(start):
                    return line

    async def ask(self, path: str, body: dict[str, object] | None = None) -> dict[str, object]:
        words = (
            []
            if body is None
            else ["-X", "POST", "-H", "Content-Type: application/json", "-d", json.dumps(body)]
        )
        answer = await curl(f"http://{self.control}{path}", *words, login=None)
        found: dict[str, object] = json.loads(answer.partition("\r\n\r\n")[2])
        return found


@pytest.fixture
async def fleet(manager: StandInManager, tmp_path: Path) -> AsyncIterator[Running]:
    plan = tmp_path / "fleet.toml"
    plan.write_text(
        f'[defaults]\nmanager = "{manager.url}"\nhttp_port = 0\nhttps_port = 0\nreboot_seconds = 0.1\n'
        '[[endpoint]]\nname = "Boardroom"\naddress = "127.1.79.1"\nsite = "Oslo"\n'
        '[[endpoint]]\nname = "Lobby"\nmode = "public"\naddress = "127.2.79.1"\nprofile = "sx10-ce9.6"\n'
        '[[endpoint]]\nname = "Home Office"\nmode = "behind-firewall"\naddress = "127.3.79.1"\nprofile = "sx20-tc7"\n'
        'faults = ["sign_in_page"]\n'
    )
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        "run",
        "--plan",
        str(plan),
        "--control",
        "127.0.0.1:0",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    running = Running(process)
    control = await running.wait_for("control ")
    running.control = re.sub(r"^control http://([^/]+)/endpoints$", r"\1", control)
    await running.wait_for("ready 3 endpoints")
    yield running
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await process.wait()


async def test_a_plan_runs_and_stops_cleanly(manager: StandInManager, fleet: Running) -> None:
    assert len([line for line in fleet.lines if "127." in line and not line.startswith("control")]) == 3
    await manager.wait_for(lambda one: sum(event == "Register" for event in manager.events()) == 3)
    assert {one.source for one in manager.received} == {"127.1.79.1", "127.2.79.1", "127.3.79.1"}
    fleet.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await fleet.process.wait() == 0


async def test_control_api_sees_and_steers(manager: StandInManager, fleet: Running) -> None:
    items = (await fleet.ask("/endpoints"))["items"]
    assert isinstance(items, list)
    names = {one["name"]: one for one in items}
    assert set(names) == {"Boardroom", "Lobby", "Home Office"}
    assert names["Boardroom"]["site"] == "Oslo"
    assert names["Home Office"]["faults"] == {"sign_in_page": True}
    assert names["Home Office"]["http_port"] is None
    serial = names["Boardroom"]["serial"]

    assert await fleet.ask(
        f"/endpoints/{serial}/configuration", {"path": "SystemUnit/Name", "value": "New"}
    ) == {"changed": True}
    shown = await fleet.ask(f"/endpoints/{serial}")
    assert shown["name"] == "New"
    assert shown["configuration"]["SystemUnit/Name"] == "New"  # type: ignore[index]
    assert shown["posts"][0]["event"] == "Boot"  # type: ignore[index]
    refused = await fleet.ask(
        f"/endpoints/{serial}/configuration", {"path": "SystemUnit/Name", "value": "x" * 60}
    )
    assert "characters" in str(refused["detail"])
    await fleet.ask(f"/endpoints/{serial}/post", {})
    await manager.wait_for(lambda one: one.event == "Beat" and one.text("SystemName") == "New")
    await fleet.ask(f"/endpoints/{serial}/boot", {})
    await manager.wait_for(lambda one: manager.events().count("Boot") == 4)


async def test_commands_of_the_shell(fleet: Running) -> None:
    async def shell(*words: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--control", fleet.control])
        return result.exit_code, result.output

    code, listed = await shell("list")
    assert code == 0
    assert "Home Office" in listed
    assert await shell("set", "Lobby", "SystemUnit/Name", "Foyer") == (0, "")
    code, shown = await shell("show", "Foyer")
    assert json.loads(shown)["name"] == "Foyer"
    assert await shell("fault", "Foyer", "slow_seconds", "3") == (0, '{"slow_seconds": 3.0}\n')
    assert (await shell("fault", "Foyer", "gremlins"))[0] == 1
    assert '"CallId": "2"' in (await shell("dial", "Foyer", "busy@example.org"))[1]
    assert (await shell("show", "Nobody"))[0] == 1


async def test_touch_panel(fleet: Running) -> None:
    start = await curl(f"http://{fleet.control}/", login=None)
    serial = re.search(r"/panel/(\w+)'>Boardroom", start)
    assert serial is not None
    panel = f"http://{fleet.control}/panel/{serial[1]}"
    assert "<h1>Boardroom</h1>" in await curl(panel, login=None)
    assert "303" in await curl(f"{panel}/set", "-d", "path=SystemUnit/Name&value=<b>Bold</b>", login=None)
    renamed = await curl(panel, login=None)
    assert "&lt;b&gt;Bold&lt;/b&gt;" in renamed
    assert "<b>Bold" not in renamed
    await curl(f"{panel}/do", "-d", "act=dial&number=noanswer@example.org", login=None)
    assert "noanswer@example.org: " in await curl(panel, login=None)
    assert "No phone book server is configured" in await curl(f"{panel}?q=smith", login=None)


async def test_what_the_panel_finds_in_the_phone_book_can_be_called(fleet: Running) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=BOOK, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/book", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    start = await curl(f"http://{fleet.control}/", login=None)
    serial = re.search(r"/panel/(\w+)'>Boardroom", start)
    assert serial is not None
    panel = f"http://{fleet.control}/panel/{serial[1]}"
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/book"
    for path, value in (("Phonebook/Server[1]/Type", "TMS"), ("Phonebook/Server[1]/URL", url)):
        await curl(f"{panel}/set", "-d", f"path={path}&value={value}", login=None)
    found = await curl(f"{panel}?q=room", login=None)
    number = re.search(r"name='number' value='(room2[^']*)'", found)
    assert number is not None
    await curl(f"{panel}/do", "-d", f"act=dial&number={number[1]}", login=None)
    assert "room2@example.org: " in await curl(panel, login=None)
    await runner.cleanup()


async def test_control_api_answers_this_machine_only(fleet: Running) -> None:
    url = f"http://{fleet.control}/endpoints"
    assert "403" in (await curl(url, "-H", "Host: evil.example.org", login=None)).splitlines()[0]
    assert "403" in (await curl(url, "-H", "Origin: http://evil.example.org", login=None)).splitlines()[0]
    code, _, errors = await run(*PROGRAM, "run", "--manager", "http://127.0.0.1:9", "--control", "0.0.0.0:0")
    assert code == 1
    assert "not a loopback address" in errors


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run",), "give --manager"),
        (("run", "--manager", "http://x", "--secure"), "https://"),
        (("run", "--manager", "http://x", "--profile", "vcr"), "no profile named"),
        (("run", "--manager", "http://x", "--fault", "gremlins"), "no fault"),
        (("run", "--plan", "/nonexistent"), "No such file"),
    ],
)
def test_usage_errors_are_told_in_words(words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, list(words))
    assert (result.exit_code, said in result.output) == (2, True), result.output


def test_profiles_say_where_they_come_from() -> None:
    result = CliRunner().invoke(app, ["profiles"])
    assert result.exit_code == 0
    assert re.search(r"sx20-tc7 .* composed", result.output)
    assert re.search(r"sx10-ce9.6 .* captured facts", result.output)


async def test_several_hundred_in_one_process_answer_and_beat(manager: StandInManager) -> None:
    manager.heartbeat = 2
    wish = Wish(
        manager=manager.url, count=400, address="127.1.90.1", http_port=0, https_port=0, start_jitter=1.0
    )
    fleet = Fleet(expand(wish))
    began = time.monotonic()
    await fleet.start()
    assert time.monotonic() - began < 10
    try:
        headers = {"Authorization": aiohttp.encode_basic_auth(*LOGIN.split(":"))}
        async with aiohttp.ClientSession(headers=headers) as session:
            for endpoint in fleet:
                async with session.get(http(endpoint, "/status.xml")) as answer:
                    assert endpoint.plan.identity.serial in await answer.text()
        beating: set[bytes] = set()
        read = 0
        async with asyncio.timeout(20):
            while len(beating) < 400:
                for one in manager.received[read:]:
                    if b"<Event>Beat</Event>" in one.body:
                        beating.add(one.body.partition(b"<SerialNumber>")[2][:11])
                read = len(manager.received)
                await asyncio.sleep(0.05)
    finally:
        await fleet.stop()


async def test_call_habits() -> None:
    wish = Wish(count=2, address="127.1.93.1", http_port=0, https_port=0, calls_per_hour=36000.0)
    fleet = Fleet(expand(wish))
    await fleet.start()
    try:
        async with asyncio.timeout(10):
            while not any(endpoint.calls.calls for endpoint in fleet):
                await asyncio.sleep(0.01)
    finally:
        await fleet.stop()


async def test_an_endpoint_that_will_not_call_its_manager_says_why(tmp_path: Path) -> None:
    """As shipped, later releases have plain HTTP off, and a manager told by http:// never hears of them."""
    plan = tmp_path / "plan.toml"
    plan.write_text(
        '[defaults]\nmanager = "http://127.0.0.1:1"\nhttp_port = 0\nhttps_port = 0\n'
        '[[endpoint]]\nprofile = "room-bar-roomos26"\naddress = "127.1.79.151"\n'
        '[[endpoint]]\nprofile = "sx20-tc7"\naddress = "127.1.79.152"\n'
    )
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        "run",
        "--plan",
        str(plan),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        silent, calling = [(await process.stdout.readline()).decode() for _ in range(2)]
    finally:
        process.terminate()
        await process.wait()
    assert "calls only a manager told by https://" in silent
    assert "only a manager" not in calling
