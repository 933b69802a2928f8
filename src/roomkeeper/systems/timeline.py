"""The timeline of a system: everything that happened to it (ARCHITECTURE.md, idea 5)."""

import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from roomkeeper.accounts.person import Person, find_account
from roomkeeper.protocols.text import decode_text
from roomkeeper.systems.models import Exchange, System, TimelineEntry

SUMMARY_LIMIT = 500


def add(
    system: System,
    kind: str,
    summary: str,
    *,
    now: datetime,
    user: Person = None,
    source_address: str = "",
    details: dict[str, Any] | None = None,
) -> TimelineEntry:
    """A new row. Nothing in it may hold a secret; text of devices is kept as text."""
    return TimelineEntry.objects.create(
        system=system,
        kind=kind,
        summary=summary[:SUMMARY_LIMIT],
        first_at=now,
        last_at=now,
        user=find_account(user),
        source_address=source_address,
        details=details or {},
    )


def add_many(
    system_ids: Iterable[int],
    kind: str,
    summary: str,
    *,
    now: datetime,
    user: Person = None,
    details: dict[str, Any] | None = None,
) -> None:
    """The same row for many systems."""
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            system_id=system_id,
            kind=kind,
            summary=summary[:SUMMARY_LIMIT],
            first_at=now,
            last_at=now,
            user=find_account(user),
            details=details or {},
        )
        for system_id in system_ids
    )


def entries(system: System) -> QuerySet[TimelineEntry]:
    """The system's rows, newest first, with their exchanges."""
    return (
        TimelineEntry.objects.filter(system=system)
        .select_related("exchange", "user")
        .order_by("-last_at", "-id")
    )


def request_text(exchange: Exchange) -> str:
    """What the device sent, as text; cut and redacted when it was stored."""
    return unpack(exchange.request)


def answer_text(exchange: Exchange) -> str:
    """What we answered, as text; cut and redacted when it was stored."""
    return unpack(exchange.answer)


def pack(content: bytes) -> bytes:
    """Compressed for storage."""
    return zlib.compress(content, 3) if content else b""


def unpack(content: bytes | memoryview) -> str:
    """Stored content as text."""
    return decode_text(zlib.decompress(bytes(content))).text if content else ""
