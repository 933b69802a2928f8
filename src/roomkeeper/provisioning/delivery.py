"""The road of answers: what a system is handed with the answer to its check-in, for a whole batch at once (R4, R7).

What is written here stands in the transaction that is committed before the answers leave; DELIVERED therefore
means "handed over, perhaps", and another round follows where no report comes.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings as django_settings
from django.db.models import F, Q

from roomkeeper import keys
from roomkeeper.devices.feedback_slots import find_slots
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.protocols.external_manager import CommandCall, DocumentRequest, SettingValue
from roomkeeper.provisioning import holding, management, passwords, regaining, states, withholding
from roomkeeper.provisioning.actions import (
    KEY_IS_GONE,
    SAFE_ROAD_ONLY,
    arguments_of,
    is_password,
    secrets_of,
)
from roomkeeper.provisioning.models import Action, ChangeItem, DeliveryState, Drift
from roomkeeper.systems import findings
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.check_ins.checkin import Arrival
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.documents import status_values
from roomkeeper.systems.models import REACHABLE, NetworkSettings, StoredDocument, System, SystemSecret
from roomkeeper.systems.network_settings.outside import ServerAddress
from roomkeeper.words import gettext as _

ROUNDS = management.ROUNDS
# No report can be missed before the device had the time to post it.
REPORT_TIME = timedelta(seconds=20)
# One answer stays small enough for old codecs; the rest rides on the next.
SETTINGS_AT_ONCE = 200
ACTIONS_AT_ONCE = 10
# Every release has it (protocol notes B); a device that cannot post it tries again with its next post.
PROOF_LOCATION = "/Status"


@dataclass(slots=True)
class Delivery:
    """What one answer carries, and the secrets in it that must be redacted where it is kept."""

    settings: list[SettingValue] = field(default_factory=list)
    commands: list[CommandCall] = field(default_factory=list)
    documents: list[DocumentRequest] = field(default_factory=list)
    interval: int = 0
    secrets: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A system that is being answered: how it came, whether it just started, the secret in its path."""

    known: Known
    arrival: Arrival
    is_initial: bool
    path_secret: str


def deliver(visitors: Sequence[Visitor], *, settings: NetworkSettings, writes: Writes) -> dict[int, Delivery]:
    """What each visitor is handed, by system id. The last post of a system in the batch gets it all."""
    by_id = {visitor.known.system_id: visitor for visitor in visitors}
    found = {system_id: Delivery() for system_id in by_id}
    if not by_id:
        return found
    proven = [system_id for system_id, visitor in by_id.items() if visitor.known.is_proven]
    working = [system_id for system_id in proven if by_id[system_id].known.has_work]
    _hand_over_secrets(by_id, found, settings, writes)
    if working:
        _hand_over_settings(working, found, writes)
        _hand_over_actions(working, by_id, found, writes)
    _ask_for_documents(by_id, found, settings, writes)
    _register_feedback_anew(by_id, found, settings)
    _ask_for_https_proof(by_id, found, settings)
    open_work = states.systems_with_work(working) if working else set()
    for system_id, visitor in by_id.items():
        known = visitor.known
        if known.is_proven:
            known.has_work = system_id in open_work or bool(
                known.management_is_due or known.wants_https_proof or found[system_id].secrets
            )
        found[system_id].interval = known.interval = choose_interval(known, settings)
    return found


def choose_interval(known: Known, settings: NetworkSettings) -> int:
    """Seconds to the next heartbeat: short while work waits or somebody watches, long when idle (rule R1)."""
    if not known.is_proven or known.is_probing:
        return settings.heartbeat_admitted
    if known.is_watched:
        return settings.heartbeat_watched
    return settings.heartbeat_waiting if known.has_work else settings.heartbeat_idle


def _hand_over_secrets(
    by_id: dict[int, Visitor], found: dict[int, Delivery], settings: NetworkSettings, writes: Writes
) -> None:
    """The pending or next secret, or the current one where management settings are due, with the settings it is in."""
    wanting = [
        i for i, v in by_id.items() if v.known.has_work or v.known.management_is_due or not v.known.is_proven
    ]
    rows: dict[int, dict[str, SystemSecret]] = defaultdict(dict)
    for row in SystemSecret.objects.filter(system_id__in=wanting):
        rows[row.system_id][row.stage] = row
    sent_over_http: list[int] = []
    for system_id in wanting:
        visitor = by_id[system_id]
        stages = rows.get(system_id, {})
        secret = _choose_secret(visitor, stages, settings, writes)
        if secret is None:
            continue
        delivery, known, arrival = found[system_id], visitor.known, visitor.arrival
        text = secrets.text_of(secret)
        address = _address_for(visitor, settings)
        delivery.settings += management.management_settings(
            address,
            text,
            family=known.family,
            is_secure_only=bool(known.is_secure_only),
            has_phone_book=bool(known.has_phone_book) or settings.phone_books_always,
            others=management.written_values(settings),
        )
        delivery.commands += management.management_commands(
            address,
            text,
            software_version=known.software_version,
            family=known.family,
            slot=settings.feedback_slot,
        )
        if settings.former_feedback_slot is not None:
            # As it told it last, before anything of this answer.
            slots = find_slots(status_values(system_id))
            delivery.commands += management.give_up_slots(slots, settings.feedback_slot, address)
        delivery.secrets.append(text)
        delivery.words.append(_("management settings"))
        writes.columns[system_id]["told_at"] = writes.now
        if (
            secret.stage != SystemSecret.Stage.CURRENT
            and arrival.scheme == "http"
            and not secret.was_sent_over_http
        ):
            sent_over_http.append(secret.pk)
        if secret.stage == SystemSecret.Stage.CURRENT:
            _count_round(known, writes)
    SystemSecret.objects.filter(pk__in=sent_over_http).update(was_sent_over_http=True)


def _address_for(
    visitor: Visitor, settings: NetworkSettings, *, is_secure_only: bool = False
) -> ServerAddress:
    known, arrival = visitor.known, visitor.arrival
    return management.server_address(
        known.connectivity,
        is_secure_only=is_secure_only or bool(known.is_secure_only),
        used_host=arrival.host,
        used_scheme=arrival.scheme,
        source=arrival.source,
        settings=settings,
    )


def _choose_secret(
    visitor: Visitor, stages: dict[str, SystemSecret], settings: NetworkSettings, writes: Writes
) -> SystemSecret | None:
    known, arrival = visitor.known, visitor.arrival
    secret = stages.get(SystemSecret.Stage.NEXT)
    if known.is_proven and secret is None:
        return stages.get(SystemSecret.Stage.CURRENT) if _has_a_round(known, writes) else None
    if not known.is_proven:
        secret = stages.get(SystemSecret.Stage.PENDING)
        if secret is None:
            return None
        reason = withholding.why_withheld(secret, arrival, now=writes.now)
        if reason:
            withholding.withhold(known, secret, reason)
            return None
    if arrival.scheme == "http" and (known.is_secure_only or not settings.secrets_may_use_http):
        findings.report(
            findings.Finding(
                "secret needs https",
                known.system_id,
                _("The system posted by plain HTTP, over which its secret may not be sent."),
                _("Have it call by HTTPS, or allow secrets over HTTP in Network settings."),
            )
        )
        return None
    return secret


def _has_a_round(known: Known, writes: Writes) -> bool:
    """Whether management settings are due and may be handed over; after three rounds a person is asked instead."""
    if known.management_is_due and known.management_rounds >= ROUNDS:
        rows = Drift.objects.filter(system_id=known.system_id, layer__in=regaining.LAYERS, ended_at=None)
        regaining.give_up(known, regaining.words_of(rows), writes)
    return known.management_is_due


def _count_round(known: Known, writes: Writes) -> None:
    known.management_rounds += 1
    writes.columns[known.system_id]["management_rounds"] = known.management_rounds


def _hand_over_settings(ids: list[int], found: dict[int, Delivery], writes: Writes) -> None:
    now = writes.now
    waiting = ChangeItem.objects.filter(system_id__in=ids, state=DeliveryState.WAITING, expires_at__gt=now)
    # Delivered, but no configuration was reported since: the answer may have been lost.
    never = Q(system__contact__configuration_at__isnull=True)
    unreported = ChangeItem.objects.filter(
        never | Q(system__contact__configuration_at__lte=F("delivered_at")),
        system_id__in=ids,
        state=DeliveryState.DELIVERED,
        rounds__lt=ROUNDS,
        reason="",
        delivered_at__lt=now - REPORT_TIME,
    )
    store = keys.load(django_settings.OPTIONS.data)
    delivered: list[ChangeItem] = []
    wanted = [
        *waiting.select_related("change__change_set").order_by("id"),
        *unreported.select_related("change__change_set").order_by("id"),
    ]
    free, _rest = holding.split(wanted, now=now, calls_told=_calls_told(writes))
    for item in free:
        delivery = found[item.system_id]
        if item.value is None or len(delivery.settings) >= SETTINGS_AT_ONCE:
            continue
        value = item.value
        if item.secret_value:
            value = store.decrypt(bytes(item.secret_value))
            delivery.secrets.append(value)
        delivery.settings.append(SettingValue(item.path, value))
        delivery.words.append(item.path)
        delivered.append(item)
    states.move(delivered, DeliveryState.DELIVERED, None, now)


def _calls_told(writes: Writes) -> dict[int, bool]:
    """What posts of the same batch said of calls, which is written after the answers are worked out."""
    return {pk: columns["in_call"] for pk, columns in writes.columns.items() if "in_call" in columns}


def _hand_over_actions(
    ids: list[int], by_id: dict[int, Visitor], found: dict[int, Delivery], writes: Writes
) -> None:
    waiting = Action.objects.filter(system_id__in=ids, state=DeliveryState.WAITING, expires_at__gt=writes.now)
    free, _rest_2 = holding.split(
        list(waiting.order_by("id")), now=writes.now, calls_told=_calls_told(writes)
    )
    delivered = []
    for action in free:
        delivery = found[action.system_id]
        is_risky = action.command.lower() in SAFE_ROAD_ONLY
        if len(delivery.commands) >= ACTIONS_AT_ONCE:
            continue
        if is_risky and by_id[action.system_id].arrival.scheme != "https":
            continue
        if is_password(action.command):
            if pair := _pair_for(action, by_id[action.system_id], writes.now):
                known = by_id[action.system_id].known
                quirks = quirks_of(known.software_version, known.family)
                delivery.commands.append(quirks.password_call(pair.username, pair.new, pair.old))
                delivery.secrets += [pair.new, pair.old]
                delivery.words.append(_("a new password"))
                delivered.append(action)
            continue
        try:
            arguments = arguments_of(action)
            delivery.secrets += secrets_of(action)
        except keys.KeyFileUnusable:
            states.move([action], DeliveryState.FAILED, KEY_IS_GONE, writes.now)
            continue
        delivery.commands.append(CommandCall(action.command, arguments, action.body))
        delivery.words.append(action.command)
        delivered.append(action)
    # At most once: from here on it is never handed over again, whatever becomes of the answer.
    states.move(delivered, DeliveryState.DELIVERED, None, writes.now, tells=False, sealed_arguments=b"")
    for action in delivered:
        writes.changed(by_id[action.system_id].known)


def _pair_for(action: Action, visitor: Visitor, now: datetime) -> passwords.Pair | None:
    """The passwords that may go with this answer; None where they may not, or must not any more."""
    if visitor.known.connectivity in REACHABLE:
        # It is pushed, where a login proves it at once.
        return None
    system = System.objects.only("password_may_use_http").get(pk=action.system_id)
    if visitor.arrival.scheme != "https" and not system.password_may_use_http:
        return None
    pair = passwords.pair_of(action)
    if pair is None:
        states.move([action], DeliveryState.FAILED, passwords.OTHERS_STORED, now)
    return pair


def _ask_for_documents(
    by_id: dict[int, Visitor], found: dict[int, Delivery], settings: NetworkSettings, writes: Writes
) -> None:
    lacking = _lacking_descriptions([i for i, v in by_id.items() if v.known.is_proven])
    for system_id, visitor in by_id.items():
        known, delivery = visitor.known, found[system_id]
        secret = visitor.path_secret if known.is_proven else next(iter(delivery.secrets), "")
        if not secret:
            continue
        handed = bool(delivery.settings or delivery.commands)
        asks = []
        if handed or visitor.is_initial or (known.status_is_old and not known.documents_were_asked):
            asks.append("/Status")
        if (
            handed
            or visitor.is_initial
            or known.has_work
            or (known.configuration_is_old and not known.documents_were_asked)
        ):
            asks.append("/Configuration")
        if known.is_proven and (known.has_work or not known.documents_were_asked):
            asks += lacking.get(system_id, ())
        here = management.address_used(visitor.arrival) if asks else None
        if here is not None and not here.authority:
            here = _address_for(visitor, settings)
        if here is not None and here.authority:
            url = here.url(management.DOCUMENTS_PATH, secret)
            delivery.documents = [DocumentRequest(location, url) for location in asks]
            known.documents_were_asked = True
            writes.contacts[system_id] = known


def _register_feedback_anew(
    by_id: dict[int, Visitor], found: dict[int, Delivery], settings: NetworkSettings
) -> None:
    """With its first answer after an outage of ours a system gets its slot back: writing over one that is in order does
    no harm, and to look first would take a round (rule R13)."""
    for system_id, visitor in by_id.items():
        known, delivery = visitor.known, found[system_id]
        is_theirs = known.comes_after_outage and known.is_proven and visitor.path_secret
        # Where a secret is handed over, the registration with it is there already.
        if not is_theirs or delivery.secrets:
            continue
        known.comes_after_outage = False
        address = _address_for(visitor, settings)
        commands = management.management_commands(
            address,
            visitor.path_secret,
            software_version=known.software_version,
            family=known.family,
            slot=settings.feedback_slot,
        )
        if commands:
            delivery.commands += commands
            delivery.words.append(_("its feedback slot, after an outage"))


def _ask_for_https_proof(
    by_id: dict[int, Visitor], found: dict[int, Delivery], settings: NetworkSettings
) -> None:
    """Have it post a document by HTTPS while it still calls us by HTTP: what arrives proves that it trusts us."""
    for system_id, visitor in by_id.items():
        if (
            not visitor.known.wants_https_proof
            or visitor.arrival.scheme == "https"
            or not visitor.path_secret
        ):
            continue
        there = _address_for(visitor, settings, is_secure_only=True)
        if not there.authority:
            continue
        url = there.url(management.DOCUMENTS_PATH, visitor.path_secret)
        delivery = found[system_id]
        delivery.documents = [one for one in delivery.documents if one.location != PROOF_LOCATION]
        delivery.documents.append(DocumentRequest(PROOF_LOCATION, url))
        delivery.words.append(_("a document by HTTPS"))


def _lacking_descriptions(ids: list[int]) -> dict[int, list[str]]:
    """What describes the device itself, asked for once: its value spaces and its commands."""
    wanted = {StoredDocument.Kind.VALUESPACE: "/Valuespace", StoredDocument.Kind.COMMAND: "/Command"}
    have: dict[int, set[str]] = defaultdict(set)
    for system_id, kind in StoredDocument.objects.filter(system_id__in=ids, kind__in=wanted).values_list(
        "system_id", "kind"
    ):
        have[system_id].add(kind)
    return {i: [place for kind, place in wanted.items() if kind not in have[i]] for i in ids}
