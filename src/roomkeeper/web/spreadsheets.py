"""Long lists as CSV files, sent line by line as they are read."""

import csv
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from roomkeeper.web.system_filters import csv_value

LINES_AT_ONCE = 500


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_answer(filename: str, heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A file to download. What devices said becomes no formula in it."""
    return text_in_chunks(filename, _lines(heading, rows), at_once=LINES_AT_ONCE)


def text_in_chunks(filename: str, parts: Iterator[str], *, at_once: int = 1) -> StreamingHttpResponse:
    """A CSV file to download whose parts are made while it is sent, some at a time."""
    response = StreamingHttpResponse(_slowly(parts, at_once), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _lines(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(heading)
    for row in rows:
        yield writer.writerow([csv_value(value) for value in row])


async def _slowly(parts: Iterator[str], at_once: int) -> AsyncIterator[str]:
    """The parts in chunks made off the event loop, so that a long list holds nobody up."""
    while chunk := await sync_to_async(lambda: "".join(itertools.islice(parts, at_once)))():
        yield chunk
