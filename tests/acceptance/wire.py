"""What is really said on loopback: the packets from and to some networks, sorted by what they carry."""

import ctypes
import os
import socket
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network
from types import TracebackType
from typing import Self

import pytest

_ALL_PROTOCOLS, _IPV4 = 0x0003, 0x0800
_ETHERNET = 14
_ATTACH_FILTER, _RECEIVE_BUFFER_FORCE = 26, 33
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_LOAD_HALF, _LOAD_WORD, _AND, _EQUALS, _RETURN = 0x28, 0x20, 0x54, 0x15, 0x06
_LARGEST = 65_535
_BUFFER = 64_000_000
_HTTP = (b"POST /", b"GET /", b"PUT /", b"HEAD /", b"HTTP/1.")
TCP, UDP = 6, 17
SNMP_PORT = 161


@dataclass(frozen=True, slots=True, order=True)
class Said:
    """A kind of packet that was seen. Ports are 0 where the protocol has none."""

    source: str
    source_port: int
    destination: str
    destination_port: int
    protocol: int
    is_http: bool
    """Whether it begins as a request or an answer of plain HTTP does."""

    @property
    def addresses(self) -> set[str]:
        """Both ends."""
        return {self.source, self.destination}

    @property
    def ports(self) -> set[int]:
        """Both ports."""
        return {self.source_port, self.destination_port}


class Capture:
    """Listens from `__enter__` to `stop`; then `said` holds every kind of packet from or to the networks, once."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [IPv4Network(one) for one in networks]
        self._socket = _open(self._networks)
        self._sentinel = str(self._networks[0].broadcast_address - 1)
        self._mark = os.urandom(16)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self.said: set[Said] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End, once a packet of our own came by, behind which nothing older can be. Fails where one was missed."""
        if not self._thread.is_alive():
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.sendto(self._mark, (self._sentinel, 9))
        self._thread.join(30)
        assert not self._thread.is_alive(), "our own packet was never seen"
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        missed = struct.unpack("II", statistics)[1]
        self._socket.close()
        assert missed == 0, f"{missed} packets were not looked at"

    def _listen(self) -> None:
        while self._mark not in (frame := self._socket.recv(_LARGEST)):
            self.said.add(_look(frame))


def _look(frame: bytes) -> Said:
    packet = frame[_ETHERNET:]
    inside = packet[(packet[0] & 0x0F) * 4 : struct.unpack("!H", packet[2:4])[0]]
    protocol, ports, payload = packet[9], (0, 0), b""
    if protocol in (TCP, UDP) and len(inside) >= 8:
        ports = struct.unpack("!HH", inside[:4])
        payload = inside[(inside[12] >> 4) * 4 :] if protocol == TCP else inside[8:]
    ends = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    return Said(ends[0], ports[0], ends[1], ports[1], protocol, payload.startswith(_HTTP))


def _open(networks: list[IPv4Network]) -> socket.socket:
    """A socket that is given every IPv4 packet on loopback that has one end in one of the networks."""
    try:
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
        made.setsockopt(socket.SOL_SOCKET, _RECEIVE_BUFFER_FORCE, _BUFFER)
    except PermissionError:
        if os.environ.get("CI"):
            raise
        pytest.skip("looking at packets needs the right to (CAP_NET_ADMIN)")
    program = _program(networks)
    kept = ctypes.create_string_buffer(program)
    made.setsockopt(
        socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HL", len(program) // 8, ctypes.addressof(kept))
    )
    made.bind(("lo", 0))
    return made


def _program(networks: list[IPv4Network]) -> bytes:
    """The kernel's packet filter: other tests on loopback are not copied to us."""
    steps = [(_LOAD_HALF, 0, 0, 12), (_EQUALS, 1, 0, _IPV4), (_RETURN, 0, 0, 0)]
    for offset in (_ETHERNET + 12, _ETHERNET + 16):
        for network in networks:
            steps += [
                (_LOAD_WORD, 0, 0, offset),
                (_AND, 0, 0, int(network.netmask)),
                (_EQUALS, 0, 1, int(network.network_address)),
                (_RETURN, 0, 0, _LARGEST),
            ]
    steps.append((_RETURN, 0, 0, 0))
    return b"".join(struct.pack("HBBI", *step) for step in steps)
