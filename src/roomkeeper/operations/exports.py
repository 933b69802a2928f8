"""Long lists as CSV files, sent some lines at a time as they are read."""

import itertools
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from roomkeeper.accounts import audit
from roomkeeper.accounts.actors import Actor
from roomkeeper.operations import lists
from roomkeeper.operations.csv_tables import safe_cell, write_line
from roomkeeper.operations.subjects import Subject

LINES_AT_ONCE: Final = 500
# Without it spreadsheets read what stands behind as Windows-1252, and write `HÃ¶rsaal` back.
BYTE_ORDER_MARK: Final = "\ufeff"


def csv_answer(filename: str, heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A file to download. What devices said becomes no formula in it."""
    return text_in_chunks(filename, _lines(heading, rows), at_once=LINES_AT_ONCE)


def csv_of(
    subject: Subject, rows: QuerySet[Any], order: lists.Order, actor: Actor, now: datetime
) -> StreamingHttpResponse:
    """A whole list as a file; noted in the audit trail where the subject says so."""
    if subject.export_word:
        with audit.acting_from(actor.source_address):
            audit.record(actor.user, actor.road, subject.export_word, None, count=rows.count())
    columns = [one.name for one in lists.csv_fields(subject)]
    content = lists.csv_rows(subject, lists.every(subject, rows, order, actor.grants, now))
    return csv_answer(f"{subject.path}.csv", columns, content)


def text_in_chunks(filename: str, parts: Iterator[str], *, at_once: int = 1) -> StreamingHttpResponse:
    """A CSV file to download whose parts are made while it is sent, some at a time."""
    marked = itertools.chain([BYTE_ORDER_MARK], parts)
    response = StreamingHttpResponse(_slowly(marked, at_once), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _lines(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield write_line(heading)
    for row in rows:
        yield write_line(["" if value is None else safe_cell(str(value)) for value in row])


async def _slowly(parts: Iterator[str], at_once: int) -> AsyncIterator[str]:
    """The parts in chunks made off the event loop, so that a long list holds nobody up."""
    while chunk := await sync_to_async(lambda: "".join(itertools.islice(parts, at_once)))():
        yield chunk
