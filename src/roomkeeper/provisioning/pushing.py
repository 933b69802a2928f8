"""The road of pushes: management settings, feedback and secret are written to a system that can be reached (R4, R6).

The other road is `delivery`. Both hand over the same secret, so that it does not matter which one is first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from django.db import transaction

from roomkeeper.accounts.person import Person
from roomkeeper.devices import errors
from roomkeeper.devices.driver import Driver
from roomkeeper.jobs.leases import only_writer
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.provisioning import calling, management, manager_protocol, reading, regaining, still_ours
from roomkeeper.provisioning.drift import recount
from roomkeeper.provisioning.manager_protocol import WhenHttpIsOff
from roomkeeper.provisioning.models import Drift
from roomkeeper.provisioning.reading import Fetched
from roomkeeper.provisioning.still_ours import ToldSettings
from roomkeeper.systems import findings, live, network_settings, timeline
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, System, SystemSecret
from roomkeeper.systems.network_settings.outside import ServerAddress
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

log = structlog.get_logger(__name__)

NOT_KEPT: Final = regaining.NOT_KEPT
PHONE_BOOKS: Final = "Phonebook/"
NO_PHONE_BOOKS: Final = noop(
    "It has no phone book settings in its present mode (as rooms in Microsoft Teams mode), so it does not"
    " use the phone"
    " book here."
)


class BeingWritten(RuntimeError):
    """Somebody else is writing to the system at this moment. Try again in a minute."""


@dataclass(frozen=True, slots=True)
class PushOutcome:
    """What became of a push. `rejected`: path and the device's words. `feedback_words`: why feedback is not
    registered in its `slot`, "" where it is. `note`: what was done first so that it can call us, "" for nothing."""

    written: tuple[str, ...]
    rejected: tuple[tuple[str, str], ...]
    feedback_words: str
    slot: int
    note: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether everything is as wanted."""
        return not self.rejected and not self.feedback_words

    @property
    def words(self) -> str:
        """A sentence for people."""
        note = f"{self.note} " if self.note else ""
        if self.is_whole:
            return _(
                "{note}{count} management settings were written and feedback is registered.",
                note=note,
                count=len(self.written),
            )
        parts = [f"{path}: {words}" for path, words in self.rejected]
        if self.feedback_words:
            parts.append(_("feedback: {feedback_words}", feedback_words=self.feedback_words))
        return _(
            "{note}{count} management settings were written. Not accepted: {parts}",
            note=note,
            count=len(self.written),
            parts="; ".join(parts),
        )


@dataclass(frozen=True, slots=True)
class _Plan:
    settings: Mapping[str, str]
    server: ServerAddress
    feedback_url: str
    writes_feedback: bool
    feedback_slot: int
    had_another_slot: bool
    told: ToldSettings
    software_version: str
    turns_http_on: bool
    needs_trust: bool


async def push_management(
    driver: Driver,
    system_id: int,
    *,
    user: Person = None,
    when_http_is_off: WhenHttpIsOff = WhenHttpIsOff.USE_HTTPS,
) -> PushOutcome:
    """Write the management settings and register feedback; the device is proven to be the right one first, and to
    speak the protocol that it is told to use.

    Raises `DeviceError` where nothing could be written at all, and `BeingWritten`.
    """
    async with only_writer(system_id) as is_ours:
        if not is_ours:
            raise BeingWritten
        return await write_management(driver, system_id, user=user, when_http_is_off=when_http_is_off)


async def write_management(
    driver: Driver,
    system_id: int,
    *,
    user: Person = None,
    when_http_is_off: WhenHttpIsOff = WhenHttpIsOff.USE_HTTPS,
) -> PushOutcome:
    """The same for a caller that is the system's only writer already."""
    await device_access.identify(driver, system_id)
    services = await driver.read_services() if driver.family.can("read_services") else {}
    client = driver.client
    plan = await off_loop(_plan, system_id, client.target.address, client.scheme, services, when_http_is_off)
    note = ""
    if plan.turns_http_on:
        note = await manager_protocol.turn_http_on(driver, services)
    elif plan.needs_trust:
        note = await manager_protocol.make_trusted(driver, plan.software_version)
    result = await driver.write_configuration(plan.settings)
    feedback_words = ""
    if plan.writes_feedback:
        try:
            await driver.register_feedback(plan.feedback_url, slot=plan.feedback_slot)
            if plan.had_another_slot:
                await _give_up_slots(driver, plan)
        except (errors.Rejected, errors.Unsupported, errors.NotAdministrator) as error:
            feedback_words = str(error)
    # Read back: what the device said it took may be kept otherwise, and some other manager may be faster (rule R12).
    asked_at = datetime.now(UTC)
    document = await driver.fetch_document("configuration")
    kept = await off_loop(reading.prepare, [Fetched(system_id, "configuration", document, asked_at)])
    if failure := kept[system_id].failures.get("configuration"):
        raise failure.about(driver.client.target.whom, _("reading back its management settings"))
    configuration = kept[system_id].documents["configuration"]
    faults = still_ours.faults_of_configuration(configuration.values, plan.told, configuration.value_spaces)
    if plan.writes_feedback and not feedback_words and driver.family.can("read_feedback"):
        slots = still_ours.faults_of_slots(await driver.read_feedback(), plan.told)
        feedback_words = " ".join(fault.sentence for fault in slots)
    rejected = {refused.path: refused.words or refused.what_happened for refused in result.rejected}
    if lacking := _books_it_lacks(rejected, configuration.values):
        # Nothing that anybody could set: rooms in Teams mode have none before RoomOS 26.9 (protocol notes P.4).
        rejected = {path: words for path, words in rejected.items() if path not in lacking}
        note = f"{note} {_(NO_PHONE_BOOKS)}".strip()
    for fault in faults:
        rejected.setdefault(fault.path, f"It accepted it but has another value. {fault.sentence}")
    outcome = PushOutcome(
        tuple(path for path in plan.settings if path not in rejected and path not in lacking),
        tuple(rejected.items()),
        feedback_words,
        plan.feedback_slot,
        note,
    )
    await off_loop(reading.store, list(kept.values()), datetime.now(UTC), is_read_back=True)
    await off_loop(_record, system_id, outcome, user)
    return outcome


def _books_it_lacks(rejected: Iterable[str], found: Mapping[str, str]) -> set[str]:
    """Those of the refused settings that are of phone books, where the device has no setting of phone books at all."""
    if any(path.startswith(PHONE_BOOKS) for path in found):
        return set()
    return {path for path in rejected if path.startswith(PHONE_BOOKS)}


async def _give_up_slots(driver: Driver, plan: _Plan) -> None:
    found = await driver.read_feedback()
    for call in management.give_up_slots(found, plan.feedback_slot, plan.server):
        await driver.run_command(call)


def _plan(
    system_id: int, address: str, scheme: str, services: Mapping[str, str], wish: WhenHttpIsOff
) -> _Plan:
    settings = network_settings.get()
    now = datetime.now(UTC)
    system = System.objects.select_related("folder").get(pk=system_id)
    contact = Contact.objects.get(system=system_id)
    calls_by_http = manager_protocol.calls_by_http(contact.scheme, contact.overdue_at, now)
    has_http_off = manager_protocol.lacks_http(services, system.family) and not calls_by_http
    if scheme == "http" and (system.is_secure_only or not settings.secrets_may_use_http):
        raise errors.PasswordNeedsTls(
            _(
                "The device was reached by plain HTTP, over which its secret may not be sent. Turn "
                "HTTPS on there, or allow secrets over HTTP in Network settings."
            )
        )
    calling.learn_whether_it_calls(system, now=now)
    server = management.server_address(
        system.connectivity,
        is_secure_only=system.is_secure_only,
        has_http_off=has_http_off and wish is WhenHttpIsOff.USE_HTTPS,
        used_host=contact.used_host or management.own_address_towards(address),
        used_scheme=contact.scheme,
        source=contact.source_address or address,
        settings=settings,
    )
    if not server.authority:
        raise errors.NoAddressToTell
    if not calls_by_http:
        manager_protocol.check(services, server.scheme, wish, system.family)
    turns_http_on = has_http_off and server.scheme == "http"
    with transaction.atomic():
        lock_contacts([system_id])
        # So that nobody asks for plain HTTP again before its configuration is read.
        System.objects.filter(pk=system_id).update(has_http_off=has_http_off and not turns_http_on)
        secret = _secret_of(system)
    text = secrets.text_of(secret)
    wanted = management.management_settings(
        server,
        text,
        family=system.family,
        is_secure_only=system.is_secure_only,
        has_phone_book=management.has_phone_book(system, settings),
        others=management.written_values(settings),
    )
    family = management.family_of(system.family)
    return _Plan(
        {setting.path: setting.value for setting in wanted},
        server,
        management.feedback_url(server, text),
        writes_feedback=family.feedback is not None and family.can("register_feedback"),
        feedback_slot=settings.feedback_slot,
        had_another_slot=settings.former_feedback_slot is not None,
        told=management.told(
            server,
            [text],
            family=system.family,
            software_version=system.software_version,
            is_secure_only=system.is_secure_only,
            has_phone_book=management.has_phone_book(system, settings),
            others=management.written_values(settings),
            slot=settings.feedback_slot,
        ),
        software_version=system.software_version,
        turns_http_on=turns_http_on,
        # Who calls by HTTPS trusts us; who is moved to Secure-Only is made to before (`secure_only.moving`).
        needs_trust=has_http_off and server.scheme == "https" and contact.scheme != "https",
    )


def _secret_of(system: System) -> SystemSecret:
    """The secret that the system is to have: the one of a rotation, else what it has, else its pending one."""
    stages = {secret.stage: secret for secret in SystemSecret.objects.filter(system=system)}
    for stage in (SystemSecret.Stage.NEXT, SystemSecret.Stage.CURRENT):
        if stage in stages:
            return stages[stage]
    pending = stages.get(SystemSecret.Stage.PENDING)
    now = datetime.now(UTC)
    if pending is None or (pending.expires_at is not None and pending.expires_at <= now):
        # The device has just proven to be itself by login, serial number and key.
        return secrets.issue_pending(system, now=now, source=system.admitted_source)
    return pending


def _record(system_id: int, outcome: PushOutcome, user: Person) -> None:
    now = datetime.now(UTC)
    with transaction.atomic():
        lock_contacts([system_id])
        system = System.objects.select_for_update(of=("self",)).select_related("folder").get(pk=system_id)
        # Counted until a later report shows it in order: another manager may be writing to it (rule R13).
        system.management_rounds = min(system.management_rounds + 1, management.ROUNDS + 1)
        if outcome.is_whole:
            system.management_is_due = False
            rows = Drift.objects.filter(system=system, layer__in=regaining.LAYERS, ended_at=None)
            if rows.update(ended_at=now):
                recount(system)
            findings.clear(NOT_KEPT, system.pk, _("The system accepted its management settings."))
        else:
            if system.management_rounds >= management.ROUNDS:
                system.management_is_due, system.management_rounds = False, management.ROUNDS + 1
                findings.report(
                    findings.Finding(
                        NOT_KEPT,
                        system.pk,
                        _("It did not accept all of its management settings. {words}", words=outcome.words),
                        _("Check what the device says; then enforce the management settings again."),
                    )
                )
        findings.clear(
            device_access.RIGHTS_FINDING, system.pk, _("The account has the rights to write to it.")
        )
        system.told_at = now
        system.save(update_fields=["management_is_due", "management_rounds", "told_at"])
        timeline.add(system, "management", _("Pushed: {words}", words=outcome.words), now=now, user=user)
        live.publish("system", system)
