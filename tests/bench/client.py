"""A small client of many connections that knows what became of each request: for storms and crashes, not for rates."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

CONNECTIONS = 64
ANSWER_SECONDS = 60


@dataclass
class Heard:
    """The statuses that were heard, and the numbers of those requests that were answered with 200."""

    by_status: dict[int, int] = field(default_factory=dict)
    acknowledged: list[int] = field(default_factory=list)
    broken: int = 0

    def add(self, number: int, status: int) -> None:
        """Count one answer."""
        self.by_status[status] = self.by_status.get(status, 0) + 1
        if status == 200:
            self.acknowledged.append(number)


async def post_all(
    host: str, errands: Iterable[tuple[int, list[bytes]]], *, stops_when_broken: bool = False
) -> Heard:
    """Send each errand's requests in order, many errands at once; (number, requests) each.

    With `stops_when_broken` a connection that breaks ends the sending: the server was killed, which is meant.
    """
    heard = Heard()
    work = iter(errands)
    await asyncio.gather(*(_worker(host, work, heard, stops_when_broken) for _ in range(CONNECTIONS)))
    return heard


async def _worker(
    host: str, work: Iterable[tuple[int, list[bytes]]], heard: Heard, stops_when_broken: bool
) -> None:
    name, _, port = host.rpartition(":")
    try:
        reader, writer = await asyncio.open_connection(name, int(port))
        for number, requests in work:
            for request in requests:
                writer.write(request)
                heard.add(number, await asyncio.wait_for(_status(reader), ANSWER_SECONDS))
        writer.close()
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        heard.broken += 1
        if not stops_when_broken:
            raise


async def _status(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    length = next(
        int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    )
    await reader.readexactly(length)
    return status
