"""Confirmation: what systems report, held against what they were handed (rule R7). Set-wise, for one batch."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.status import first_value
from roomkeeper.protocols.xapi.values import LITERAL, UNKNOWN, is_same, type_of
from roomkeeper.provisioning import drift, management, manager_protocol, regaining, sources, states
from roomkeeper.provisioning.actions import evidence_for, is_password, is_restart, restarts
from roomkeeper.provisioning.delivery import ROUNDS
from roomkeeper.provisioning.models import Action, ChangeItem, DeliveryState
from roomkeeper.provisioning.wanted import Managed, differences, merge
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.documents import HIDDEN, ReportedConfiguration
from roomkeeper.systems.documents.configurations import ConfigurationFeedback, merge_feedback
from roomkeeper.systems.documents.reports import Report
from roomkeeper.systems.models import NetworkSettings
from roomkeeper.systems.network_settings.outside import ServerAddress
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

CANNOT_BE_READ_BACK = noop("cannot be read back: the device answers ***")
UNKNOWN_WHETHER_IT_RAN = noop("unknown whether it ran: the device gives no evidence")


def confirm(
    reports: Sequence[Report], *, settings: NetworkSettings, writes: Writes, is_read_back: bool = False
) -> None:
    """Hold the reports that stand, at most one of a kind a system, against open wishes and actions, count drift, and
    see whether the systems do as they were told; the last is left to the caller where `is_read_back` of its writing.

    A report proves nothing of what was sent after the moment at which it was read.
    """
    configurations = {report.known.system_id: report for report in reports if report.kind == "configuration"}
    if configurations:
        manager_protocol.learn(configurations.values(), writes)
        _confirm_settings(configurations, now=writes.now)
        reported = {
            system_id: (report.known, report.document.as_reported(writes.now))
            for system_id, report in configurations.items()
        }
        note_drift(reported, "report", settings=settings, writes=writes)
    statuses = {report.known.system_id: report for report in reports if report.kind == "status"}
    if statuses:
        _confirm_actions(statuses, now=writes.now)
    if not is_read_back:
        cases = regaining.cases_of([*configurations.values(), *statuses.values()])
        regaining.look(cases, noticed_by="report", settings=settings, writes=writes)


def confirm_restarts(booted: Collection[int], *, now: datetime) -> None:
    """A boot post proves a restart that was handed over before it."""
    if booted:
        handed_over = Action.objects.filter(restarts(), system_id__in=booted, state=DeliveryState.DELIVERED)
        # Of a system that starts, open pages hear anyway.
        states.move(handed_over, DeliveryState.CONFIRMED, _("the system restarted"), now, tells=False)


def judge(item: ChangeItem, reported: Mapping[str, str], *, now: datetime, kind: str = UNKNOWN) -> None:
    """Bring one DELIVERED item in line with a reported configuration (values by match key); changes it in place.
    `kind` is the type of the setting (`values.type_of`)."""
    found = reported.get(item.match_key)
    if found == HIDDEN and item.value != "":
        item.reason = _(CANNOT_BE_READ_BACK)
        return
    if found is not None and item.value is not None and is_same(found, item.value, kind):
        states.turn(item, DeliveryState.CONFIRMED, "", now)
        return
    if found is None:
        item.absences += 1
        failed, reason = item.absences >= 2, _("not on this device")
    else:
        item.other_values += 1
        failed, reason = item.other_values >= 2, _("kept its value: {found}", found=found[:200])
    if failed or item.rounds >= ROUNDS:
        states.turn(item, DeliveryState.FAILED, reason, now)
    else:
        states.turn(item, DeliveryState.WAITING, None, now)


def _confirm_settings(configurations: Mapping[int, Report], *, now: datetime) -> None:
    delivered = Q(state=DeliveryState.DELIVERED)
    # A report from before a push can arrive after it and ask for another round; the next report may show that there
    # is no need of one.
    handed_before = Q(state=DeliveryState.WAITING, rounds__gt=0)
    open_items = list(ChangeItem.objects.filter(delivered | handed_before, system_id__in=configurations))
    if not open_items:
        return
    values: dict[int, dict[str, str]] = {}
    own_paths: dict[int, dict[str, str]] = {}
    for item in open_items:
        report = configurations[item.system_id]
        if item.delivered_at is not None and item.delivered_at > report.at:
            continue
        document = report.document
        if item.system_id not in values:
            own_paths[item.system_id] = {match_key(path): path for path in document.values}
            values[item.system_id] = {
                key: document.redacted_values[path] for key, path in own_paths[item.system_id].items()
            }
        found = values[item.system_id]
        path = own_paths[item.system_id].get(item.match_key, item.path)
        kind = type_of(path, document.value_spaces.get(path, ""))
        is_so = item.match_key in found and is_same(found[item.match_key], item.value or "", kind)
        if item.state == DeliveryState.DELIVERED or is_so:
            judge(item, found, now=now, kind=kind)
    states.keep(open_items, now, "absences", "other_values")


def _address(known: Known, settings: NetworkSettings) -> ServerAddress:
    return management.server_address(
        known.connectivity,
        is_secure_only=bool(known.is_secure_only),
        has_http_off=bool(known.has_http_off),
        used_host=known.used_host,
        used_scheme=known.scheme,
        source=known.source_address,
        settings=settings,
    )


def _managed(known: Known, settings: NetworkSettings, others: Mapping[str, str]) -> Managed:
    return Managed(
        known.name,
        known.family,
        known.connectivity,
        bool(known.is_secure_only),
        bool(known.has_phone_book) or settings.phone_books_always,
        _address(known, settings),
        others,
    )


def note_drift(
    reported: Mapping[int, tuple[Known, ReportedConfiguration]],
    noticed_by: str,
    *,
    settings: NetworkSettings,
    writes: Writes,
) -> None:
    """Hold the whole of what each of these systems has, by system id, against what is wanted of it beside what it was
    told (`regaining`). `noticed_by` is report or feedback."""
    offers = sources.collect(list(reported))
    others = management.written_values(settings, are_secrets_shown=False)
    found = {
        system_id: [
            one
            for one in differences(merge(_managed(known, settings, others), offers[system_id]), own)
            if one.layer not in regaining.LAYERS
        ]
        for system_id, (known, own) in reported.items()
    }
    being_managed = {system_id for system_id, (known, _) in reported.items() if known.management_is_due}
    counts = drift.note(
        found,
        noticed_by=noticed_by,
        now=writes.now,
        being_managed=being_managed,
        but_not=regaining.LAYERS,
    )
    for system_id, number in counts.items():
        writes.columns[system_id]["drift_count"] = number


def _confirm_actions(statuses: Mapping[int, Report], *, now: datetime) -> None:
    open_actions = list(Action.objects.filter(system_id__in=statuses, state=DeliveryState.DELIVERED))
    ended = []
    for action in open_actions:
        if is_restart(action) or is_password(action.command):
            continue
        report = statuses[action.system_id]
        if action.delivered_at is None or action.delivered_at >= report.at:
            continue
        # The status itself says best whose names it uses.
        known = report.known
        evidence = evidence_for(
            action.command, report.document.version or known.software_version, known.family
        )
        values = report.document.values
        if evidence is not None and is_same(first_value(values, evidence[0]), evidence[1], LITERAL):
            states.turn(
                action,
                DeliveryState.CONFIRMED,
                _("{evidence} is {evidence_2}", evidence=evidence[0], evidence_2=evidence[1]),
                now,
            )
        else:
            states.turn(action, DeliveryState.FAILED, _(UNKNOWN_WHETHER_IT_RAN), now)
        ended.append(action)
    # Of a report that is kept, open pages hear anyway.
    states.keep(ended, now, tells=False)


def confirm_feedback(
    posts: Sequence[ConfigurationFeedback], *, writes: Writes
) -> dict[int, tuple[Known, ReportedConfiguration]]:
    """Configuration feedback shows only what changed: equal values confirm, others say nothing yet. Gives the whole
    of what stands now by system id, which the caller hands to `note_drift` and `regaining.look`."""
    known = {post.known.system_id: post.known for post in posts}
    wholes = merge_feedback(posts, writes)
    for post in posts:
        _confirm_told(post, wholes.get(post.known.system_id), now=writes.now)
    return {system_id: (known[system_id], whole) for system_id, whole in wholes.items()}


def _confirm_told(post: ConfigurationFeedback, whole: ReportedConfiguration | None, *, now: datetime) -> None:
    by_key = {match_key(path): value for path, value in post.told if value is not None}
    items = ChangeItem.objects.filter(
        system_id=post.known.system_id,
        state=DeliveryState.DELIVERED,
        match_key__in=list(by_key)[:500],
        delivered_at__lte=post.at,
    )
    confirmed = [
        item
        for item in items
        if is_same(by_key[item.match_key], item.value or "", whole.type_of(item.path) if whole else UNKNOWN)
    ]
    states.move(confirmed, DeliveryState.CONFIRMED, "", now)
