"""A flood of requests whose bodies do not end, from as many addresses as wanted.

`python -m tests.acceptance.flood ORIGIN CONNECTIONS SENT SAID FEW` floods until its input ends, as a process apart.
"""

import contextlib
import json
import resource
import selectors
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence

from tests.acceptance.device import DOCUMENTS, XML
from tests.acceptance.scene import connect


def allow_many_files() -> None:
    """Thousands of connections at once."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Flood:
    """Many connections, each with a request whose body does not end. They are fed as fast as the server takes it."""

    def __init__(
        self, origin: str, sources: Sequence[str], paths: Sequence[str], sent: int, said: int
    ) -> None:
        self.answers: list[bytes] = []
        self.open: dict[socket.socket, memoryview] = {}
        self._selector = selectors.DefaultSelector()
        for source, path in zip(sources, paths, strict=True):
            lines = (f"POST {path} HTTP/1.1", "Host: x", f"Content-Type: {XML}", f"Content-Length: {said}")
            head = "\r\n".join(lines).encode() + b"\r\n\r\n"
            try:
                made = connect(origin, source)
                if origin.startswith("https"):
                    made = over_tls(made)
            except OSError:
                continue
            made.setblocking(False)
            self.open[made] = memoryview(head + b"<Status>" + b" " * (sent - 8))
            self._selector.register(made, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def pour(self, seconds: float) -> None:
        """Send what is left and take what is answered, until nothing moves for a moment or the time is over."""
        until = time.monotonic() + seconds
        while self.open and time.monotonic() < until:
            moved = False
            for key, events in self._selector.select(0.2):
                made = key.fileobj
                assert isinstance(made, socket.socket)
                moved |= self._move(made, events)
            if not moved:
                return

    def _move(self, made: socket.socket, events: int) -> bool:
        waits = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
        try:
            if events & selectors.EVENT_READ:
                with contextlib.suppress(*waits):
                    self.answers.append(made.recv(4_096)[:12])
                    self._end(made)
                    return True
            if not self.open[made]:
                return False
            with contextlib.suppress(*waits):
                sent = made.send(self.open[made][:262_144])
                self.open[made] = self.open[made][sent:]
                if not self.open[made]:
                    self._selector.modify(made, selectors.EVENT_READ)
                return True
        except OSError:
            self.answers.append(b"")
            self._end(made)
            return True
        return False

    def _end(self, made: socket.socket) -> None:
        self._selector.unregister(made)
        self.open.pop(made, None)
        made.close()

    def close(self) -> None:
        for made in list(self.open):
            self._end(made)
        self._selector.close()


def over_tls(bare: socket.socket) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(bare)


def sources(number: int, *, few: int = 0) -> list[str]:
    """So many addresses, or `few` of them over and over."""
    made = [f"127.{8 + n // 60_000}.{n // 250 % 240}.{n % 250 + 1}" for n in range(number)]
    return [made[n % few] for n in range(number)] if few else made


def main() -> None:
    """Flood until standard input ends; prints `ready`, then how the server answered."""
    origin, *numbers = sys.argv[1:]
    connections, sent, said, few = map(int, numbers)
    allow_many_files()
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    flood = Flood(origin, sources(connections, few=few), [DOCUMENTS] * connections, sent, said)
    print("ready", len(flood.open), flush=True)
    while not ended.is_set():
        flood.pour(1)
        ended.wait(0.1)
    answers = Counter(answer[9:12].decode("ascii", "replace") for answer in flood.answers)
    print(json.dumps({"open": len(flood.open), **answers}), flush=True)
    flood.close()


if __name__ == "__main__":
    main()
