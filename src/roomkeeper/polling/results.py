"""Keeping what polls brought: documents, how they went, what that says about being alive. Set-wise, some at a time."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog
from django.db import IntegrityError, connection

from roomkeeper.devices import errors
from roomkeeper.polling import evidence
from roomkeeper.polling.asking import AskedSystem, phrase
from roomkeeper.polling.claiming import POLLS
from roomkeeper.polling.evidence import Memory, PollVerdict
from roomkeeper.polling.models import Poll
from roomkeeper.polling.planning import LATE, Intervals, Next, Situation, next_poll
from roomkeeper.provisioning import reading, regaining
from roomkeeper.provisioning.models import Drift
from roomkeeper.provisioning.reading import Kept
from roomkeeper.systems import findings
from roomkeeper.systems.admission import claimants
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.documents import calls
from roomkeeper.systems.documents.redaction import redact_text
from roomkeeper.systems.documents.reports import Report
from roomkeeper.systems.models import Contact, Flip, NetworkSettings, System
from roomkeeper.words import gettext as _

log = structlog.get_logger(__name__)

UNREACHABLE: Final = "cannot be reached"
_FIELDS: Final = tuple(field.name for field in Poll._meta.concrete_fields if not field.primary_key)
_UPDATE: Final = (
    "UPDATE systems_contact SET overdue_at = %s, is_alive = %s, alive_reason = %s WHERE system_id = %s"
)
# They say what the system or its settings forbid, or that others ask it too much, and nothing about being alive.
_NOT_COUNTED: Final = (
    errors.LoginRefused,
    errors.ContactForbidden,
    errors.Unsupported,
    errors.DeviceBusy,
)


@dataclass(slots=True)
class _Batch:
    asked: Mapping[int, AskedSystem]
    kept: Mapping[int, Kept]
    now: datetime
    updates: list[tuple[Any, ...]] = field(default_factory=list)


def store(asked: Sequence[AskedSystem], *, now: datetime) -> dict[int, Kept]:
    """Keep these outcomes, at most `reading.KEPT_AT_ONCE`; by system id, what was kept. One that is gone is passed
    over."""
    by_id = {one.system_id: one for one in asked}
    kept = reading.prepare(document for one in asked for document in one.fetched)
    for system_id in by_id:
        kept.setdefault(system_id, Kept(system_id))
    try:
        reading.store(list(kept.values()), now, partial(_alongside, _Batch(by_id, kept, now)))
    except IntegrityError:
        if len(asked) == 1:
            raise
        # Two systems cannot both be what one of them says of itself; the others are not to suffer for it.
        return {one.system_id: _store_alone(one, now) for one in asked}
    for one in asked:
        if one.proof_is_news and "status" in kept[one.system_id].documents:
            device_access.keep_proof(one.system_id, one.tls_key)
    return kept


def _store_alone(one: AskedSystem, now: datetime) -> Kept:
    try:
        return store([one], now=now)[one.system_id]
    except IntegrityError as error:
        log.error(
            "what a system says of itself contradicts another", system=one.system_id, error=str(error)[:300]
        )
        return Kept(one.system_id)


def error_of(asked: AskedSystem, kept: Kept) -> errors.DeviceError | None:
    """What went wrong, in asking or in reading what came."""
    if asked.error is not None:
        return asked.error
    return next(
        (
            error.about(asked.whom, _("reading its {kind}", kind=kind))
            for kind, error in kept.failures.items()
        ),
        None,
    )


def _alongside(
    batch: _Batch,
    by_id: Mapping[int, Known],
    reports: Sequence[Report],
    settings: NetworkSettings,
    writes: Writes,
) -> None:
    ids = sorted(system_id for system_id in batch.asked if system_id in by_id)
    rows = Poll.objects.in_bulk(ids)
    systems = {
        system.pk: system for system in System.objects.filter(pk__in=ids).select_related("contact", "folder")
    }
    documents: dict[int, list[Report]] = {system_id: [] for system_id in ids}
    for report in reports:
        documents[report.known.system_id].append(report)
    # As the confirmation of these reports has just noted it.
    lost = Drift.objects.filter(system_id__in=ids, layer=regaining.FEEDBACK, ended_at=None)
    has_lost_feedback = set(lost.values_list("system_id", flat=True))
    changed = []
    for system_id in ids:
        row = rows.get(system_id) or Poll(system_id=system_id)
        system = systems[system_id]
        status = next((one for one in documents[system_id] if one.kind == "status"), None)
        if status is not None:
            row.has_our_feedback = bool(
                status.document.secrets
                and not by_id[system_id].management_is_due
                and system_id not in has_lost_feedback
            )
        _conclude(row, system, by_id[system_id], batch, settings, writes)
        changed.append(row)
    Poll.objects.bulk_create(changed, update_conflicts=True, unique_fields=["system"], update_fields=_FIELDS)
    if batch.updates:
        with connection.cursor() as cursor:
            cursor.executemany(_UPDATE, batch.updates)


def _conclude(
    row: Poll, system: System, known: Known, batch: _Batch, settings: NetworkSettings, writes: Writes
) -> None:
    asked, kept, now = batch.asked[system.pk], batch.kept[system.pk], batch.now
    contact = system.contact
    error = error_of(asked, kept)
    has_status = "status" in kept.documents
    was_alive = _was_alive(contact, now)
    _note_outcome(row, asked, error, has_status=has_status, now=now)
    verdict = PollVerdict(_memory_of(row))
    if has_status or (error is not None and not isinstance(error, _NOT_COUNTED)):
        verdict = evidence.judge(
            verdict.memory,
            failed_because="" if has_status or error is None else phrase(error),
            was_alive=was_alive,
            posted_at=contact.last_seen_at,
            now=now,
        )
        _remember(row, verdict.memory)
    is_alive = bool(was_alive if verdict.is_alive is None else verdict.is_alive)
    planned = _plan(row, system, known, settings, writes, is_alive=is_alive, now=now)
    if verdict.is_alive is not None:
        _keep_alive(verdict, system, known, planned, batch, writes, was_alive=was_alive)
    _tell_unreachable(row, verdict, system, has_status=has_status, error=error)
    writes.changed(known)


def _was_alive(contact: Contact, now: datetime) -> bool | None:
    """None: it never gave a sign of life."""
    if contact.overdue_at is None:
        return None
    return bool(contact.is_alive) and contact.overdue_at > now


def _note_outcome(
    row: Poll, asked: AskedSystem, error: errors.DeviceError | None, *, has_status: bool, now: datetime
) -> None:
    for column, value in POLLS.given_back.items():
        setattr(row, column, value)
    row.last_at, row.duration_ms = now, asked.duration_ms
    row.error_kind = type(error).__name__[:40] if error else ""
    # Device errors quote what devices said; addresses of ours in it lose their secrets.
    row.error = redact_text(str(error))[:500] if error else ""
    if has_status:
        row.last_ok_at = now


def _memory_of(row: Poll) -> Memory:
    return Memory(row.outcomes, row.counted, row.in_a_row, row.failing_since)


def _remember(row: Poll, memory: Memory) -> None:
    row.outcomes, row.counted, row.in_a_row = memory.outcomes, memory.counted, memory.in_a_row
    row.failing_since = memory.failing_since


def _plan(
    row: Poll,
    system: System,
    known: Known,
    settings: NetworkSettings,
    writes: Writes,
    *,
    is_alive: bool,
    now: datetime,
) -> Next:
    due = system.contact.next_contact_due_at
    situation = Situation(
        is_alive=is_alive,
        in_call=bool(writes.columns[system.pk].get("in_call", system.in_call)),
        is_watched=bool(known.is_watched),
        failures=max(0, -row.in_a_row),
        has_feedback=row.has_our_feedback and due is not None and due + LATE > now,
        login_refused_at=system.login_refused_at,
        login_has_worked=system.login_worked_at is not None,
    )
    planned = next_poll(situation, Intervals.of(settings), now=now, chance=random.random())  # noqa: S311 - jitter
    row.due_at, row.due_because = planned.at, planned.because[:60]
    return planned


def _keep_alive(
    verdict: PollVerdict,
    system: System,
    known: Known,
    planned: Next,
    batch: _Batch,
    writes: Writes,
    *,
    was_alive: bool | None,
) -> None:
    contact, now = system.contact, batch.now
    if verdict.is_alive:
        until = liveness.overdue_at(now, int(planned.interval / timedelta(seconds=1)))
        if contact.overdue_at is not None:
            until = max(until, contact.overdue_at)
        if not was_alive or contact.overdue_at is None or until > contact.overdue_at:
            batch.updates.append((until, True, verdict.reason or contact.alive_reason, system.pk))
    else:
        batch.updates.append((now, False, verdict.reason[:255], system.pk))
        if system.in_call:
            writes.columns[system.pk]["in_call"] = False
            writes.calls[system.pk] = calls.encode(calls.after_silence(calls.decode(system.calls)))
    known.is_alive = verdict.is_alive
    if verdict.is_alive is was_alive:
        return
    writes.flips.append(
        Flip(system_id=system.pk, at=now, is_alive=bool(verdict.is_alive), reason=verdict.reason[:255])
    )
    if verdict.is_alive:
        findings.clear(liveness.NO_CONTACT, system.pk, f"{verdict.reason}.")
    else:
        claimed = claimants.newest_claim(system)
        where = _("the address at which it is reached")
        findings.report(liveness.no_contact(system, verdict.reason, claimed, where))


def _tell_unreachable(
    row: Poll, verdict: PollVerdict, system: System, *, has_status: bool, error: errors.DeviceError | None
) -> None:
    """A system that posts while its polls fail is alive; a person is told all the same."""
    if verdict.is_unreachable and not row.is_unreachable and error is not None:
        row.is_unreachable = True
        findings.report(
            findings.Finding(
                UNREACHABLE,
                system.pk,
                _("It posts, but polls fail. {what_happened}", what_happened=error.what_happened),
                error.advice,
            )
        )
    elif has_status and row.is_unreachable:
        row.is_unreachable = False
        findings.clear(UNREACHABLE, system.pk, _("It answered a poll."))
