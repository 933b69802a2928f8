"""What one batch writes, gathered while its posts are handled and written set-wise at the end of its transaction."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from roomkeeper.systems import live
from roomkeeper.systems.check_ins import statements
from roomkeeper.systems.check_ins.liveness import FIRST_POST, POSTS_AGAIN, overdue_at
from roomkeeper.systems.check_ins.roster import Known, ordinal
from roomkeeper.systems.models import Exchange, FactChange, Flip, NetworkCard, System, TimelineEntry
from roomkeeper.systems.timeline import SUMMARY_LIMIT, pack

# A body is kept up to this size in an exchange; the rest is cut, and the row says so.
EXCHANGE_LIMIT = 65_536

_TOUCH = """
    UPDATE systems_contact SET last_seen_at = %s, next_contact_due_at = %s, overdue_at = %s, last_event = %s
    WHERE system_id {among}
"""
_EXTEND_RUNS = "UPDATE systems_timelineentry SET last_at = %s, count = count + %s WHERE id {among}"
# The reason is worked out from the row as it was before: it changes with what it explains.
_SEEN = """
    UPDATE systems_contact SET last_seen_at = %s, overdue_at = %s, is_alive = %s,
        alive_reason = CASE WHEN is_alive THEN alive_reason WHEN is_alive IS NULL THEN %s ELSE %s END
    WHERE system_id {among}
"""
_BEGIN_STATUS_RUN = "UPDATE systems_contact SET status_entry_id = %s WHERE system_id = %s"
_WRITE_CONTACT = """
    UPDATE systems_contact SET first_seen_at = COALESCE(first_seen_at, %s), last_seen_at = %s,
        next_contact_due_at = %s, overdue_at = %s, "interval" = %s, last_event = %s, reported_address = %s,
        source_address = %s, used_host = %s, scheme = %s, software_version = %s, reported_name = %s,
        beat_entry_id = %s, status_entry_id = %s, has_work = %s, is_probing = %s, is_alive = %s,
        alive_reason = CASE WHEN is_alive THEN alive_reason WHEN is_alive IS NULL THEN %s ELSE %s END,
        documents_asked_at = CASE WHEN %s THEN %s ELSE documents_asked_at END
    WHERE system_id = %s
"""
_TAKEN = "UPDATE systems_contact SET taken_day = %s, taken_bytes = %s WHERE system_id = %s"
# Rows that a post makes whatever it says; a system past its daily amount gets no more of them.
_FROM_POSTS = {
    "boot",
    "register",
    "heartbeat",
    "event",
    "document",
    "feedback",
    "unreadable",
    "configuration",
}
# SQLite takes 32,766 parameters a statement, PostgreSQL 65,535; batches are cut well below.
CHUNK = 5_000


@dataclass(slots=True)
class NewEntry:
    """A timeline row to be made, with its exchange; `run_of` is the system whose run it begins, `run_kind`
    the field of its contact that names the run."""

    entry: TimelineEntry
    path: str = ""
    scheme: str = ""
    request: bytes = b""
    answer: bytes = b""
    status: int = 200
    run_of: Known | None = None
    run_kind: str = "beat_entry_id"


@dataclass(slots=True)
class Writes:
    """Everything one batch writes about contacts, timeline, facts and live pages."""

    now: datetime
    touched: dict[tuple[int, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    seen: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    runs: Counter[int] = field(default_factory=Counter)
    contacts: dict[int, Known] = field(default_factory=dict)
    entries: list[NewEntry] = field(default_factory=list)
    columns: dict[int, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    calls: dict[int, dict[str, Any]] = field(default_factory=dict)
    taken: dict[int, Known] = field(default_factory=dict)
    cards: set[tuple[int, str]] = field(default_factory=set)
    flips: list[Flip] = field(default_factory=list)
    facts: list[FactChange] = field(default_factory=list)
    events: set[tuple[str, int | None, str]] = field(default_factory=set)

    def touch(self, known: Known) -> None:
        """An unchanged beat: only times move."""
        self.touched[known.interval, known.last_event].add(known.system_id)
        if known.beat_entry_id is not None:
            self.runs[known.beat_entry_id] += 1

    def see(self, known: Known) -> None:
        """A sign of life that is no check-in with an answer: feedback, a posted document."""
        self.seen[known.interval].add(known.system_id)
        if known.is_alive is not None and not known.is_alive:
            known.is_alive = True
            self.flips.append(Flip(system_id=known.system_id, at=self.now, is_alive=True, reason=POSTS_AGAIN))

    def note(
        self,
        known: Known,
        kind: str,
        summary: str,
        *,
        source: str = "",
        details: dict[str, Any] | None = None,
        path: str = "",
        scheme: str = "",
        request: bytes = b"",
    ) -> NewEntry:
        """A timeline row; with `path` also the exchange, whose answer is filled in later."""
        entry = NewEntry(
            TimelineEntry(
                system_id=known.system_id,
                kind=kind,
                summary=summary[:SUMMARY_LIMIT],
                first_at=self.now,
                last_at=self.now,
                source_address=source[:64],
                details=details or {},
            ),
            path=path[:255],
            scheme=scheme,
            request=request[:EXCHANGE_LIMIT],
        )
        if kind not in _FROM_POSTS or not is_over(known):
            self.entries.append(entry)
        return entry

    def changed(self, known: Known, topic: str = "system") -> None:
        """Open pages that show the system are to look again."""
        self.events.add((topic, known.system_id, known.folder_path))

    def flush(self) -> None:
        """Write it all; a handful of statements whatever the number of posts."""
        self._write_entries()
        self._touch()
        self._write_contacts()
        self._write_columns()
        self._write_taken()
        Flip.objects.bulk_create(self.flips)
        NetworkCard.objects.bulk_create(
            [
                NetworkCard(system_id=system_id, mac_address=mac, first_at=self.now)
                for system_id, mac in sorted(self.cards)
            ],
            ignore_conflicts=True,
        )
        over = {known.system_id for known in self.taken.values() if is_over(known)}
        FactChange.objects.bulk_create([one for one in self.facts if one.system_id not in over])
        live.publish_many(sorted(self.events, key=str))

    def _write_taken(self) -> None:
        if self.taken:
            day = ordinal(self.now)
            rows = [(day, self.taken[key].taken_today, key) for key in sorted(self.taken)]
            with connection.cursor() as cursor:
                cursor.executemany(_TAKEN, rows)

    def _write_entries(self) -> None:
        if not self.entries:
            return
        TimelineEntry.objects.bulk_create([new.entry for new in self.entries], batch_size=500)
        Exchange.objects.bulk_create(
            [
                Exchange(
                    entry=new.entry,
                    system_id=new.entry.system_id,
                    path=new.path,
                    scheme=new.scheme,
                    request=pack(new.request),
                    answer=pack(new.answer[:EXCHANGE_LIMIT]),
                    status=new.status,
                )
                for new in self.entries
                if new.path
            ],
            batch_size=500,
        )
        status_runs = []
        for new in self.entries:
            if new.run_of is not None:
                setattr(new.run_of, new.run_kind, new.entry.pk)
                if new.run_kind == "status_entry_id" and new.run_of.system_id not in self.contacts:
                    status_runs.append((new.entry.pk, new.run_of.system_id))
        if status_runs:
            with connection.cursor() as cursor:
                cursor.executemany(_BEGIN_STATUS_RUN, status_runs)

    def _write_columns(self) -> None:
        """One statement for all systems that get the same values: those of one model and release."""
        groups: dict[tuple[tuple[str, Any], ...], list[int]] = defaultdict(list)
        for system_id, values in self.columns.items():
            groups[tuple(sorted(values.items()))].append(system_id)
        for same, system_ids in groups.items():
            if same:
                System.objects.filter(pk__in=sorted(system_ids)).update(**dict(same))
        for system_id, calls in self.calls.items():
            System.objects.filter(pk=system_id).update(calls=calls)

    def _touch(self) -> None:
        for (interval, event), ids in self.touched.items():
            due = self.now + timedelta(seconds=interval)
            _update(
                _TOUCH, [self.now, due, overdue_at(self.now, interval), event], ids - self.contacts.keys()
            )
        for interval, ids in self.seen.items():
            until = overdue_at(self.now, interval)
            _update(_SEEN, [self.now, until, True, FIRST_POST, POSTS_AGAIN], ids - self.contacts.keys())
        by_count: dict[int, list[int]] = defaultdict(list)
        for entry_id, count in self.runs.items():
            by_count[count].append(entry_id)
        for count, entry_ids in by_count.items():
            _update(_EXTEND_RUNS, [self.now, count], entry_ids)

    def _write_contacts(self) -> None:
        rows = [
            self._contact_row(known) for known in sorted(self.contacts.values(), key=lambda k: k.system_id)
        ]
        if rows:
            with connection.cursor() as cursor:
                cursor.executemany(_WRITE_CONTACT, rows)

    def _contact_row(self, known: Known) -> list[Any]:
        now, interval = self.now, known.interval
        return [
            now,
            now,
            now + timedelta(seconds=interval),
            overdue_at(now, interval),
            interval,
            known.last_event,
            known.reported_address,
            known.source_address,
            known.used_host,
            known.scheme,
            known.software_version,
            known.reported_name,
            known.beat_entry_id,
            known.status_entry_id,
            bool(known.has_work),
            bool(known.is_probing),
            True,
            FIRST_POST,
            POSTS_AGAIN,
            bool(known.documents_were_asked),
            now,
            known.system_id,
        ]


def is_over(known: Known) -> bool:
    """Whether the system is past its amount of the day, so that its posts make no further rows (rule R14)."""
    limit: int = settings.OPTIONS.day_size_limit
    return known.taken_today > limit


def _update(sql: str, parameters: list[Any], ids: Iterable[int]) -> None:
    for part in _parts(ids):
        among, members = statements.among(part)
        statements.execute(sql.format(among=among), [*parameters, *members])


def _parts(ids: Iterable[int]) -> list[list[int]]:
    ordered = sorted(ids)
    return [ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK)]
