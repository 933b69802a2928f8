"""net-snmp's own agent as a process of the test, with a configuration of its own; and agents that answer rubbish."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

AUTHENTICATION, PRIVACY = "authenticate", "keepitprivate"
# name: what createUser is told, and the least that the user must do to be let in.
USERS = {
    "nobody": ("", "noauth"),
    "md5": (f"MD5 {AUTHENTICATION}", "auth"),
    "sha1": (f"SHA {AUTHENTICATION} AES {PRIVACY}", "priv"),
    "sha1-des": (f"SHA {AUTHENTICATION} DES {PRIVACY}", "priv"),
    "sha224": (f"SHA-224 {AUTHENTICATION} AES {PRIVACY}", "priv"),
    "sha256": (f"SHA-256 {AUTHENTICATION} AES {PRIVACY}", "priv"),
    "sha384-aes192": (f"SHA-384 {AUTHENTICATION} AES192 {PRIVACY}", "priv"),
    "sha512": (f"SHA-512 {AUTHENTICATION} AES {PRIVACY}", "priv"),
    "sha512-aes256": (f"SHA-512 {AUTHENTICATION} AES256 {PRIVACY}", "priv"),
    "sha1-aes256": (f"SHA {AUTHENTICATION} AES256 {PRIVACY}", "priv"),
    "sha1-aes256c": (f"SHA {AUTHENTICATION} AES256C {PRIVACY}", "priv"),
    "sha1-aes192c": (f"SHA {AUTHENTICATION} AES192C {PRIVACY}", "priv"),
    "md5-aes256": (f"MD5 {AUTHENTICATION} AES256 {PRIVACY}", "priv"),
    "md5-aes256c": (f"MD5 {AUTHENTICATION} AES256C {PRIVACY}", "priv"),
    "sha224-aes256c": (f"SHA-224 {AUTHENTICATION} AES256C {PRIVACY}", "priv"),
    "sha512-only": (f"SHA-512 {AUTHENTICATION}", "auth"),
}


def demand_snmpd() -> str:
    """Where `snmpd` is; without it a test fails in CI and is skipped elsewhere."""
    found = shutil.which("snmpd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("net-snmp's snmpd is not installed")
        pytest.skip("net-snmp's snmpd is not installed")
    return found


def free_udp_port(address: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


async def until_taken(address: str, port: int) -> None:
    """Wait until somebody has bound the port: the virtual endpoints' agent does so in a task of its own."""
    async with asyncio.timeout(10):
        while True:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    probe.bind((address, port))
                except OSError:
                    return
            await asyncio.sleep(0)


async def start_snmpd(folder: Path, address: str, port: int, *lines: str) -> asyncio.subprocess.Process:
    """An agent with the community `public` and all of `USERS`; returns when it listens."""
    program = demand_snmpd()
    folder.mkdir(parents=True, exist_ok=True)
    settings = [f"agentaddress udp:{address}:{port}", "rocommunity public", "sysServices 72", *lines]
    for name, (words, level) in USERS.items():
        settings += [f"createUser {name} {words}", f"rouser {name} {level}"]
    file = folder / "snmpd.conf"
    file.write_text("\n".join(settings) + "\n")
    process = await asyncio.create_subprocess_exec(
        program, "-f", "-Lo", "-C", "-c", str(file),
        env={**os.environ, "MIBS": "", "SNMP_PERSISTENT_DIR": str(folder / "kept")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    said = b""
    # It tells its version when its ports are open.
    while b"NET-SNMP version" not in said:
        line = await asyncio.wait_for(process.stdout.readline(), 10)
        assert line, f"snmpd ended: {said.decode(errors='replace')}"
        said += line
    return process


class Rubbish(asyncio.DatagramProtocol):
    """An agent that answers every datagram with what a function makes of it; None is silence."""

    def __init__(self, answer: Callable[[bytes], bytes | list[bytes] | None]) -> None:
        self.answer = answer
        self.received: list[bytes] = []
        self.port = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        self.received.append(data)
        self.sender = sender
        answer = self.answer(data)
        for each in answer if isinstance(answer, list) else [answer]:
            if each is not None:
                self.send(each)

    def send(self, data: bytes) -> None:
        """To whoever asked last."""
        self.transport.sendto(data, self.sender)


class Relay(asyncio.DatagramProtocol):
    """Asks a real agent in somebody's place, and hands each answer on."""

    def __init__(self, then: Callable[[bytes], None]) -> None:
        self.then = then

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        self.then(data)
