"""Five thousand endpoints in one process: memory, start-up, heartbeats on time, an answer from each."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from tests.drivers.virtual.client import LOGIN

NUMBER = 5000
HEARTBEAT_SECONDS = 25
ANSWER = (
    b'<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><PostEventResponse '
    b'xmlns="http://www.tandberg.net/2004/11/SystemManagementService/"><PostEventResult><HeartBeatInterval>%d'
    b"</HeartBeatInterval></PostEventResult></PostEventResponse></s:Body></s:Envelope>" % HEARTBEAT_SECONDS
)


class QuickManager(asyncio.Protocol):
    """The least that answers posts: it must not be what is measured."""

    last: dict[bytes, float] = {}
    gaps: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if b"</env:Envelope>" not in self.buffer:
            return
        serial = self.buffer.partition(b"<SerialNumber>")[2].partition(b"<")[0]
        now = time.monotonic()
        if b"<Event>Beat<" in self.buffer:
            self.gaps.append(now - self.last[serial])
        self.last[serial] = now
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n"
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.write(head % len(ANSWER) + ANSWER)
        self.transport.close()


@pytest.fixture
async def manager_port() -> AsyncIterator[int]:
    QuickManager.last, QuickManager.gaps = {}, []
    server = await asyncio.get_running_loop().create_server(QuickManager, "127.0.0.1", 0, backlog=2000)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.mark.acceptance
@pytest.mark.timeout(300)
async def test_five_thousand_in_one_process(manager_port: int, tmp_path: Path) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2 * NUMBER + 2000:
        pytest.skip("this process may not open twelve thousand files")
    plan = tmp_path / "fleet.toml"
    plan.write_text(
        f'[defaults]\nmanager = "http://127.0.0.1:{manager_port}"\nstart_jitter = 25\n'
        '[[endpoint]]\ncount = 3000\naddress = "127.24.0.1"\nprofile = "sx10-ce9.6"\n'
        '[[endpoint]]\ncount = 2000\naddress = "127.25.0.1"\nmode = "public"\n'
    )
    program = (
        sys.executable,
        "-c",
        "from roomkeeper.virtual.cli import app; app()",
        "run",
        "--plan",
        str(plan),
    )
    began = time.monotonic()
    with (tmp_path / "fleet.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *program, "--control", "127.0.0.1:0", stdout=log, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
    try:
        async with asyncio.timeout(60):
            while f"ready {NUMBER} endpoints" not in (text := (tmp_path / "fleet.log").read_text()):
                assert process.returncode is None, text
                await asyncio.sleep(0.1)
        assert time.monotonic() - began <= 20
        control = text.partition("control ")[2].split()[0]
        headers = {"Authorization": aiohttp.encode_basic_auth(*LOGIN.split(":"))}
        async with aiohttp.ClientSession() as session:
            async with session.get(control) as answer:
                items = (await answer.json())["items"]
            assert len(items) == NUMBER
            async with asyncio.timeout(170):
                # Until every one has kept its interval once; meanwhile, one after the other is asked for its status.
                for item in items:
                    url = f"http://{item['address']}:{item['http_port']}/status.xml"
                    async with session.get(url, headers=headers) as answer:
                        assert item["serial"] in await answer.text()
                while len(QuickManager.gaps) < NUMBER:
                    await asyncio.sleep(0.1)
        gaps = sorted(QuickManager.gaps)
        assert gaps[0] >= HEARTBEAT_SECONDS - 0.1
        assert gaps[int(len(gaps) * 0.99)] <= HEARTBEAT_SECONDS + 5
        status = Path(f"/proc/{process.pid}/status").read_text()
        resident_kb = int(status.partition("VmRSS:")[2].split()[0])
        assert resident_kb <= 1_000_000
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await process.wait()
