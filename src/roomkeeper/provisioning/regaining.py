"""What a system no longer does as it was told is handed over again: by either road, three rounds, then a person (R13).

Judged with every whole status and configuration, posted, told by feedback, or read; by `still_ours`. Two numbers
count: how often it was handed over until a later report shows it in order (`System.management_rounds`), and how often
somebody else wrote it within a day (`Drift.rounds`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.status import first_value
from roomkeeper.provisioning import drift, management, still_ours
from roomkeeper.provisioning.models import Drift
from roomkeeper.provisioning.sources import Enforcement
from roomkeeper.provisioning.still_ours import Fault, ToldSettings
from roomkeeper.provisioning.wanted import Difference
from roomkeeper.systems import findings
from roomkeeper.systems.addresses import parse_address
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.documents import ReportedConfiguration
from roomkeeper.systems.documents.configurations import ConfigurationFeedback
from roomkeeper.systems.documents.reports import Report
from roomkeeper.systems.models import REACHABLE, Contact, NetworkSettings, State, System, SystemSecret
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

SETTINGS: Final = "management"
FEEDBACK: Final = "feedback"
LAYERS: Final = (SETTINGS, FEEDBACK)
NOT_KEPT: Final = "management settings not kept"
# `management_rounds` of a system about which a person was told.
_TOLD: Final = management.ROUNDS + 1
_SOLVED: Final = noop("The system does what it was told.")
# Changed, it leads the system's calls elsewhere, and no answer of ours reaches it any more.
CALLS: Final = "Provisioning/ExternalManager/Address"
_ADVICE_THERE: Final = (
    f"Set {CALLS} on the device itself to this server, or enter an address and a login for it here."
)
_ADVICE: Final = noop("Check whether another manager writes to it; then enforce the management settings.")


@dataclass(frozen=True, slots=True)
class Case:
    """What a system says of itself, as it says it, `at` a moment: its `layer` is one of LAYERS. `secrets` are those
    that it may have, as far as the caller knows."""

    known: Known
    layer: str
    values: Mapping[str, str]
    value_spaces: Mapping[str, str]
    secrets: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """A case, and what is wrong there."""

    known: Known
    layer: str
    faults: tuple[Fault, ...]

    @property
    def differences(self) -> list[Difference]:
        """The faults as drift."""
        why = _("what makes it do what Roomkeeper tells it")
        return [
            Difference(
                fault.path,
                fault.wanted,
                fault.found,
                self.layer,
                why,
                Enforcement.AUTOMATIC,
                is_lost=not fault.is_foreign,
            )
            for fault in self.faults
        ]


def cases_of(reports: Iterable[Report]) -> list[Case]:
    """The cases among the documents of a batch."""
    found = []
    for report in reports:
        document = report.document
        if report.kind == "configuration":
            layer = SETTINGS
        elif report.kind == "status" and still_ours.tells_of_slots(document.values):
            layer = FEEDBACK
        else:
            continue
        found.append(
            Case(report.known, layer, document.values, document.value_spaces, document.secrets, report.at)
        )
    return found


def cases_told(
    posts: Iterable[ConfigurationFeedback], wholes: Mapping[int, tuple[Known, ReportedConfiguration]]
) -> list[Case]:
    """The cases among configuration feedback, by what stands with it: as it was told, and not as it is stored."""
    found: dict[int, Case] = {}
    for post in posts:
        system_id = post.known.system_id
        if system_id in wholes:
            known, whole = wholes[system_id]
            before = found[system_id].values if system_id in found else whole.settings
            told = {path: value for path, value in post.told if value is not None}
            found[system_id] = Case(
                known, SETTINGS, {**before, **told}, whole.value_spaces, (post.secret,), post.at
            )
    return list(found.values())


def look(cases: Iterable[Case], *, noticed_by: str, settings: NetworkSettings, writes: Writes) -> None:
    """Hold them against what the systems were told, and have what is wrong handed over again. `noticed_by` is report or
    feedback."""
    judged = judge(cases, settings=settings)
    for layer in LAYERS:
        _note(judged, layer, noticed_by, writes)
    _regain(judged, writes)


def judge(cases: Iterable[Case], *, settings: NetworkSettings) -> list[Judged]:
    """Hold them against what the systems were told; those that were never told are left out."""
    managed = [case for case in cases if case.known.state == State.MANAGED and case.secrets]
    if not managed:
        return []
    others = management.written_values(settings)
    hosts = _hosts_of([case.known for case in managed])
    found, doubtful = [], []
    for case in managed:
        told = _told(case, case.secrets, hosts, settings, others)
        if told is None:
            continue
        faults = _faults(case, told)
        if faults:
            doubtful.append(case)
        else:
            found.append(Judged(case.known, case.layer, ()))
    doubtful = _newer_than_told(doubtful)
    # A post shows one secret; during a rotation the system may have another. Asked only where something is wrong.
    texts = _secrets_of({case.known.system_id for case in doubtful})
    for case in doubtful:
        own = texts.get(case.known.system_id, ())
        told = _told(case, own, hosts, settings, others) if own else None
        if told is not None:
            found.append(Judged(case.known, case.layer, tuple(_faults(case, told))))
    return found


def _newer_than_told(cases: Sequence[Case]) -> list[Case]:
    """Those that say something of what the systems were sent last: what was read before cannot show it."""
    ids = {case.known.system_id for case in cases}
    told = dict(System.objects.filter(pk__in=ids).values_list("pk", "told_at")) if ids else {}
    return [case for case in cases if (at := told.get(case.known.system_id)) is None or case.at > at]


def _note(judged: Sequence[Judged], layer: str, noticed_by: str, writes: Writes) -> None:
    """Keep what is wrong as drift."""
    found = {one.known.system_id: one for one in judged if one.layer == layer}
    if not found:
        return
    open_rows = Drift.objects.filter(system_id__in=found, layer=layer, ended_at=None)
    known_already = set(open_rows.values_list("system_id", flat=True))
    concerned = {pk: one for pk, one in found.items() if one.faults or pk in known_already}
    if not concerned:
        return
    counts = drift.note(
        {pk: one.differences for pk, one in concerned.items()},
        noticed_by=noticed_by,
        now=writes.now,
        being_managed={pk for pk, one in concerned.items() if one.known.management_is_due},
        layers={layer},
    )
    for pk, number in counts.items():
        writes.columns[pk]["drift_count"] = number


def _regain(judged: Iterable[Judged], writes: Writes) -> None:
    """Have what is wrong handed over again, or tell a person; and note what is in order again."""
    by_system: dict[int, list[Judged]] = defaultdict(list)
    for one in judged:
        if one.faults or one.known.management_is_due or one.known.management_rounds:
            by_system[one.known.system_id].append(one)
    if not by_system:
        return
    rows: dict[int, list[Drift]] = defaultdict(list)
    for row in Drift.objects.filter(system_id__in=by_system, layer__in=LAYERS, ended_at=None):
        rows[row.system_id].append(row)
    for system_id, own in by_system.items():
        known = own[0].known
        faults = [fault for one in own for fault in one.faults]
        open_rows = rows[system_id]
        if not faults:
            if not open_rows:
                _in_order(known, {one.layer for one in own}, writes)
        elif not open_rows or any(row.ignored_at is None for row in open_rows):
            _hand_over_again(known, faults, open_rows, writes)


def give_up(known: Known, sentence: str, writes: Writes) -> None:
    """Three rounds were not enough: nothing is handed over until it is in order, or a person enforces it."""
    known.management_is_due, known.management_rounds = False, _TOLD
    writes.columns[known.system_id].update(management_is_due=False, management_rounds=_TOLD)
    findings.report(
        findings.Finding(
            NOT_KEPT,
            known.system_id,
            _(
                "It was given its management settings {ROUNDS} times but does not keep them. {sentence}",
                ROUNDS=management.ROUNDS,
                sentence=sentence,
            ),
            _(_ADVICE),
        )
    )


def words_of(rows: Collection[Drift]) -> str:
    """What stands there now, of open rows of drift."""
    told = [_("{path} is {found}.", path=row.path, found=row.found or "gone") for row in rows]
    return " ".join(told) or _("It did not report what it has instead.")


def _in_order(known: Known, layers: set[str], writes: Writes) -> None:
    if known.management_is_due:
        # A status alone says nothing of settings that were never handed over.
        if SETTINGS not in layers and not known.management_rounds:
            return
        known.management_is_due = False
        writes.columns[known.system_id]["management_is_due"] = False
        writes.note(known, "management", _("The system reports the management settings it was given"))
    else:
        # Only what is told later, and not in answer to the handing over, ends the count.
        known.management_rounds = 0
        writes.columns[known.system_id]["management_rounds"] = 0
    findings.clear(NOT_KEPT, known.system_id, _(_SOLVED))


def _hand_over_again(known: Known, faults: Sequence[Fault], rows: Sequence[Drift], writes: Writes) -> None:
    sentence = " ".join(fault.sentence for fault in faults)
    is_contested = any(row.rounds >= management.ROUNDS for row in rows)
    if known.management_rounds >= management.ROUNDS or (is_contested and not known.management_is_due):
        give_up(known, sentence, writes)
        return
    if known.management_is_due:
        return
    if any(
        fault.is_foreign and match_key(fault.path) == match_key(CALLS) for fault in faults
    ) and not _can_be_pushed(known):
        findings.report(
            findings.Finding(
                NOT_KEPT,
                known.system_id,
                _(
                    "It calls another manager. {sentence} This server cannot reach it to correct that.",
                    sentence=sentence,
                ),
                _ADVICE_THERE,
            )
        )
    known.management_is_due = known.has_work = True
    writes.columns[known.system_id]["management_is_due"] = True
    Contact.objects.filter(pk=known.system_id).update(has_work=True)
    for row in rows:
        row.rounds, row.asked_at = row.rounds + 1, writes.now
    Drift.objects.bulk_update(rows, ["rounds", "asked_at"], batch_size=200)
    writes.note(known, "management", _("To be written again: {sentence}", sentence=sentence))


def _can_be_pushed(known: Known) -> bool:
    """Whether there is a way to it besides the answers to its own calls."""
    rows = System.objects.filter(pk=known.system_id, connectivity__in=REACHABLE, login_refused_at=None)
    return rows.exclude(username="").exists()


def _faults(case: Case, told: ToldSettings) -> list[Fault]:
    if case.layer == FEEDBACK:
        return still_ours.faults_of_status(case.values, told)
    return still_ours.faults_of_configuration(case.values, told, case.value_spaces)


def _told(
    case: Case,
    texts: Sequence[str],
    hosts: Mapping[int, str],
    settings: NetworkSettings,
    others: Mapping[str, str],
) -> ToldSettings | None:
    known = case.known
    address = management.server_address(
        known.connectivity,
        is_secure_only=bool(known.is_secure_only),
        has_http_off=bool(known.has_http_off),
        used_host=known.used_host or hosts.get(known.system_id, ""),
        used_scheme=known.scheme,
        source=known.source_address,
        settings=settings,
    )
    if not address.authority:
        return None
    version = known.software_version
    if case.layer == FEEDBACK:
        version = first_value(case.values, "SystemUnit/Software/Version") or version
    return management.told(
        address,
        texts,
        family=known.family,
        software_version=version,
        is_secure_only=bool(known.is_secure_only),
        has_phone_book=bool(known.has_phone_book) or settings.phone_books_always,
        others=others,
        slot=settings.feedback_slot,
    )


def _hosts_of(each: Iterable[Known]) -> dict[int, str]:
    """Our address towards those that never posted: they were told that one."""
    lacking = [known.system_id for known in each if not known.used_host]
    if not lacking:
        return {}
    found = {}
    for system in System.objects.filter(pk__in=lacking).select_related("contact"):
        address = device_access.find_address(system, system.contact)
        # No name is looked up inside a transaction.
        if parse_address(address) is not None:
            found[system.pk] = management.own_address_towards(address)
    return found


def _secrets_of(system_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = defaultdict(tuple)
    if system_ids:
        for secret in SystemSecret.objects.filter(system_id__in=system_ids):
            found[secret.system_id] += (secrets.text_of(secret),)
    return found
