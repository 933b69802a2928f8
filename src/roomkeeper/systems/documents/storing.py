"""Storing the documents that systems post or are read from them: set-wise, inside a short transaction (rule R8).

Of two documents the one that was read later on the device's side is the newer, whichever is stored first (rule R8).
Not here: configurations (`configurations`), and what feedback tells between documents (`feedback`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Any, Final

from django.db.models import Max

from roomkeeper.protocols.xapi.status import first_value
from roomkeeper.systems import findings
from roomkeeper.systems.check_ins.learning import (
    DESCRIPTIONS,
    SOFTWARE,
    forget_descriptions,
    learn,
    software_of,
)
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.documents import calls, clocks, configurations, facts, feedback, told_rows
from roomkeeper.systems.documents.moments import is_older
from roomkeeper.systems.documents.redaction import redact
from roomkeeper.systems.documents.reports import Report
from roomkeeper.systems.documents.told import Told
from roomkeeper.systems.models import Contact, FactChange, StoredDocument, System, ToldByFeedback
from roomkeeper.systems.windows import find_zone
from roomkeeper.words import gettext as _

_STATUS: Final = StoredDocument.Kind.STATUS
_IN_EVERY_STATUS: Final = (SOFTWARE, "SystemUnit/ProductId", "SystemUnit/ProductPlatform")


def store_reports(reports: Sequence[Report], writes: Writes) -> list[Report]:
    """Keep the documents, the facts that changed and new versions of configurations.

    Gives the reports that stand, with what feedback told since they were read. One that is older than what stands is
    kept as history and is not among them: it proves nothing.
    """
    newest: dict[tuple[int, str], Report] = {}
    for report in reports:
        other = newest.get((report.known.system_id, report.kind))
        if other is None or other.at <= report.at:
            newest[report.known.system_id, report.kind] = report
    of_kind: dict[str, list[Report]] = {}
    for (_rest, kind), report in newest.items():
        of_kind.setdefault(kind, []).append(report)
    standing = _store_statuses(of_kind.get("status", []), writes)
    standing += configurations.store(of_kind.get("configuration", []), writes)
    return standing + _store_descriptions(
        [report for kind in DESCRIPTIONS for report in of_kind.get(kind, ())], writes
    )


def _store_statuses(reports: list[Report], writes: Writes) -> list[Report]:
    if not reports:
        return []
    ids = [report.known.system_id for report in reports]
    before: dict[int, tuple[dict[str, str], datetime, str, int | None]] = {
        row[0]: row[1:]
        for row in StoredDocument.objects.filter(system_id__in=ids, kind=_STATUS).values_list(
            "system_id", "facts", "read_at", "mended", "clock_offset"
        )
    }
    stored = System.objects.filter(pk__in=ids).values_list("pk", "calls", "time_zone")
    calls_before = {pk: known_calls for pk, known_calls, _ in stored}
    zones = {pk: find_zone(zone) for pk, _, zone in stored if zone}
    clocks_of: dict[int, int | None] = {}
    told = told_rows.load(ids, ToldByFeedback.Kind.STATUS)
    standing: list[Report] = []
    for report in reports:
        system_id = report.known.system_id
        old, read_at, mended, offset = before.get(system_id, (None, None, "", None))
        if is_older(report.at, read_at, writes.now):
            _keep_as_history(report, writes)
            continue
        report.tell_mended(mended, writes)
        clocks_of[system_id] = _judge_clock(report, zones.get(system_id), offset, writes)
        if not _is_whole(report) and (old is not None or not report.document.values):
            feedback.merge_status([_as_feedback(report)], writes)
            continue
        since = told.get(system_id, Told()).since(report.at)
        stored_calls = calls_before.get(system_id, {})
        known_calls = writes.calls.get(system_id, stored_calls)
        feedback.keep_calls(system_id, _calls_of(report, known_calls, since), stored_calls, writes)
        if since.leaves:
            report = replace(
                report, document=replace(report.document, values=since.onto(report.document.redacted_values))
            )
        if old is not None:
            writes.facts += [
                FactChange(system_id=system_id, at=report.at, path=path, old_value=was, new_value=now)
                for path, was, now in facts.changed_facts(old, report.document.facts)
            ]
        learn(report.known, report.document.values, report.document.version, report.product_type, writes)
        writes.changed(report.known)
        standing.append(report)
    if standing:
        forget_descriptions(
            [
                report.known
                for report in standing
                if software_of(before.get(report.known.system_id, ({},))[0])
                != software_of(report.document.facts)
            ],
            before,
        )
        _upsert(standing, writes, _STATUS, clocks_of)
        kept = [report.known.system_id for report in standing]
        Contact.objects.filter(system_id__in=kept).update(status_at=writes.now)
        told_rows.prune(
            {report.known.system_id: report.at for report in standing}, told, ToldByFeedback.Kind.STATUS
        )
    for report in standing:
        report.known.status_is_old = False
    return standing


def _judge_clock(report: Report, zone: tzinfo | None, before: int | None, writes: Writes) -> int | None:
    """By how many seconds its clock is ahead; a finding where that comes to be minutes, or no longer is."""
    values = report.document.values
    found = clocks.offset_of(
        values, asked_at=report.at, told_at=writes.now, zones=() if zone is None else (zone,)
    )
    if found is None:
        return before
    seconds = round(found.total_seconds())
    if clocks.is_wrong(seconds) == clocks.is_wrong(before):
        return seconds
    system_id = report.known.system_id
    if clocks.is_wrong(seconds):
        sentence = _(
            "Its clock is {words} of this server's. {ntp_words}",
            words=clocks.words(seconds),
            ntp_words=clocks.ntp_words(values),
        )
        findings.report(findings.Finding(clocks.KIND, system_id, sentence, clocks.ADVICE))
    else:
        findings.clear(clocks.KIND, system_id, _("Its clock is right again."))
    return seconds


def _is_whole(report: Report) -> bool:
    """A device names itself in the root of a document, and says what it is within; feedback does neither."""
    return bool(report.document.version or first_value(report.document.values, *_IN_EVERY_STATUS))


def _as_feedback(report: Report) -> feedback.StatusFeedback:
    return feedback.StatusFeedback(report.known, report.at, list(report.document.redacted_values.items()))


def _calls_of(report: Report, before: Mapping[str, Any], since: Told) -> calls.Calls:
    found = calls.of_status(report.document.call_values, at=report.at, before=calls.decode(before))
    for at, leaves in since.by_moment():
        found = calls.after(found, leaves, at=at)
    return found


def _keep_as_history(report: Report, writes: Writes) -> None:
    writes.note(
        report.known,
        "document",
        _(
            "A {report.kind} read at {report.at:%H:%M:%S} UTC came after a newer one: kept in "
            "the history only",
            report=report,
        ),
        path=f"/{report.kind.capitalize()}",
        request=redact(report.document.payload, report.document.secrets),
    )


def _store_descriptions(reports: list[Report], writes: Writes) -> list[Report]:
    """Command documents and value spaces; one read before the one that stands, or before the system changed its
    software, is nothing that could be used, and a line on the timeline."""
    if not reports:
        return []
    ids = {report.known.system_id for report in reports}
    rows = StoredDocument.objects.filter(system_id__in=ids, kind__in=DESCRIPTIONS.values())
    read_at = {(row[0], row[1]): row[2] for row in rows.values_list("system_id", "kind", "read_at")}
    upgraded_at = dict(
        FactChange.objects.filter(system_id__in=ids, path=SOFTWARE)
        .values_list("system_id")
        .annotate(newest=Max("at"))
    )
    standing = []
    for report in reports:
        system_id = report.known.system_id
        if is_older(report.at, read_at.get((system_id, report.kind)), writes.now) or is_older(
            report.at, upgraded_at.get(system_id), writes.now
        ):
            _keep_as_history(report, writes)
        else:
            report.tell_mended("", writes)
            standing.append(report)
    for kind, stored_kind in DESCRIPTIONS.items():
        _upsert([report for report in standing if report.kind == kind], writes, stored_kind)
    return standing


def _upsert(
    reports: list[Report],
    writes: Writes,
    kind: StoredDocument.Kind,
    clocks_of: Mapping[int, int | None] = MappingProxyType({}),
) -> None:
    StoredDocument.objects.bulk_create(
        [
            StoredDocument(
                system_id=report.known.system_id,
                kind=kind,
                received_at=writes.now,
                read_at=report.at,
                content=report.document.packed,
                size=len(report.document.payload),
                facts=report.document.facts,
                mended=report.document.mended,
                clock_offset=clocks_of.get(report.known.system_id),
            )
            for report in reports
        ],
        update_conflicts=True,
        unique_fields=["system", "kind"],
        update_fields=["received_at", "read_at", "content", "size", "facts", "mended", "clock_offset"],
    )
