"""Who was found becomes a system: the one that is known, the one that waits, or a new one. One system a device (R3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from roomkeeper.accounts.permissions import Permission, demand, grants_of
from roomkeeper.adding import tries
from roomkeeper.adding.plan import AddingPlan, ItemRequest
from roomkeeper.devices.login import Login
from roomkeeper.devices.tls import Trust
from roomkeeper.jobs.models import JobItem
from roomkeeper.protocols.identification import same_serial
from roomkeeper.systems import admission, inventory, timeline
from roomkeeper.systems.admission import secure_only
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import State, System
from roomkeeper.words import gettext as _

ADDED: Final = "added"
HERE: Final = "already here"
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Somebody at an address: proven by a login, or named by SNMP alone (no login).

    What SNMP says proves nothing, so the second has no serial number: it would become the system that was registered
    with it, or keep its true owner from being added.
    """

    family: str
    product: str = ""
    software_version: str = ""
    serial_number: str = ""
    mac_address: str = ""
    name: str = ""
    tls_key: str = ""
    sys_object_id: str = ""
    login: Login | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class ResultEntry:
    """Outcome. `result`: ADDED, HERE or REFUSED, with a sentence and what a person can do.

    `is_named`: it has a name that somebody gave, which the device is to take.
    """

    result: str
    sentence: str
    advice: str = ""
    system_id: int | None = None
    is_named: bool = False


def enter(plan: AddingPlan, asked: ItemRequest, who: Who, *, now: datetime) -> ResultEntry:
    """Make it a managed system, or find that it is one. The item remembers the system in the same transaction."""
    if plan.user is None:
        return ResultEntry(
            REFUSED, _("The person who asked for it no longer has an account."), _("Add it again.")
        )
    try:
        return _enter_and_note(plan, asked, who, now)
    except PermissionDenied as error:
        return ResultEntry(REFUSED, str(error))
    except admission.AdmissionRefused:
        # Somebody else, such as a rule of admission, was faster: what he has made is found now.
        try:
            return _enter_and_note(plan, asked, who, now)
        except admission.AdmissionRefused as error:
            return ResultEntry(REFUSED, str(error), _("Open the system that has it, and compare the two."))


def _enter_and_note(plan: AddingPlan, asked: ItemRequest, who: Who, now: datetime) -> ResultEntry:
    with transaction.atomic():
        tries.one_at_a_time()
        found = _enter(plan, asked, who, now)
        if found.result == ADDED:
            item = JobItem.objects.select_for_update().get(pk=asked.item_id)
            item.system_id = found.system_id
            item.details = {**item.details, "is_named": found.is_named}
            item.save(update_fields=["system_id", "details"])
        return found


def _enter(plan: AddingPlan, asked: ItemRequest, who: Who, now: datetime) -> ResultEntry:
    known, waiting = _find_known(asked, who)
    # Several admitted systems: one has the serial number, another the MAC address.
    if len(known) > 1:
        names = " and ".join(_label(plan, system) for system in known)
        sentence = _(
            "Its serial number and its MAC address belong to two different systems: {names}.", names=names
        )
        return ResultEntry(
            REFUSED, sentence, _("Accept the swapped hardware on one of them, or delete the other.")
        )
    if known and (known[0].state != State.PRE_REGISTERED or who.login is None):
        return _known_already(plan, known[0], who)
    system = known[0] if known else waiting or System()
    is_registered = system.state == State.PRE_REGISTERED and system.pk is not None
    if is_registered and not _agrees(system, who):
        sentence = _(
            "{label} was pre-registered with a different serial number or MAC address.",
            label=_label(plan, system),
        )
        return ResultEntry(REFUSED, sentence, _("Correct the pre-registered numbers, or the address."))
    if not is_registered:
        system.folder = asked.folder
        system.name = asked.name or ""
    demand(plan.user, Permission.ADMIT, system.folder.path)
    system.name = system.name or asked.name
    is_named = bool(system.name)
    if not is_named:
        system.name = (who.name or _plain_name(asked, who))[: inventory.NAME_LIMIT]
    lock_contacts([system.pk] if system.pk else [])
    _fill(plan, system, asked, who, is_registered=is_registered)
    admission.admit_by_address(
        system, user=plan.user, now=now, source=who.address, connectivity=plan.connectivity
    )
    if who.login is not None:
        credentials.set_credentials(system, who.login.username, who.login.password)
        system.login_worked_at = now
        if not is_named:
            # Its own name is not read yet, and no other must be handed to it when it proves itself (rule R7).
            system.name = ""
        system.save(update_fields=["login_worked_at", "name"])
    if not is_registered:
        inventory.set_tags(system, asked.tags)
    timeline.add(
        system, "admission", _("Added by its address {host}", host=asked.host), now=now, user=plan.user
    )
    return ResultEntry(ADDED, "", system_id=system.pk, is_named=is_named)


def _fill(plan: AddingPlan, system: System, asked: ItemRequest, who: Who, *, is_registered: bool) -> None:
    system.host, system.http_port, system.https_port = asked.host, asked.http_port, asked.https_port
    system.serial_number = who.serial_number or system.serial_number
    system.mac_address = who.mac_address or system.mac_address
    system.family, system.product = who.family, who.product
    system.software_version, system.sys_object_id = who.software_version, who.sys_object_id
    system.tls_trust, system.tls_is_legacy = plan.trust.value, plan.is_legacy_tls
    system.pinned_key = who.tls_key if plan.trust is Trust.PIN and who.login is not None else ""
    if not is_registered:
        system.password_may_use_http = plan.password_may_use_http
        system.is_secure_only = plan.is_secure_only and secure_only.is_supported(who.family)


def _find_known(asked: ItemRequest, who: Who) -> tuple[list[System], System | None]:
    """Admitted systems that it is, and the one in the inbox that is not in contradiction to it."""
    rows = System.objects.select_related("folder").order_by("pk")
    if not who.serial_number and not who.mac_address:
        # Nothing tells it apart but where it is.
        same = Q(host=asked.host, http_port=asked.http_port, https_port=asked.https_port)
        known = rows.filter(same).exclude(state=State.PENDING)
        return list(known[:1]), None
    same = Q(pk__in=[])
    if who.serial_number:
        same |= Q(serial_number__iexact=who.serial_number)
    if who.mac_address:
        same |= Q(mac_address=who.mac_address)
    found = list(rows.filter(same))
    known_ones = [system for system in found if system.state != State.PENDING]
    waiting = [system for system in found if system.state == State.PENDING and _agrees(system, who)]
    return known_ones, waiting[0] if waiting else None


def _agrees(system: System, who: Who) -> bool:
    """Whether what is stored is not in contradiction; blank counts as agreeing (rule R3)."""
    pairs = ((system.serial_number, who.serial_number), (system.mac_address, who.mac_address))
    return all(not stored or not said or same_serial(stored, said) for stored, said in pairs)


def _known_already(plan: AddingPlan, system: System, who: Who) -> ResultEntry:
    label = _label(plan, system)
    if system.state in (State.IGNORED, State.BLOCKED):
        word = system.get_state_display().lower()
        return ResultEntry(
            REFUSED,
            _("{label} is here, and {word}.", label=label, word=word),
            _("Admit it again on its page."),
            _shown(plan, system),
        )
    numbers = (who.serial_number, system.serial_number)
    if all(numbers) and not same_serial(*numbers):
        sentence = _(
            "{label} has its MAC address but a different serial number: {serial_number}.",
            label=label,
            serial_number=system.serial_number,
        )
        advice = _("If its hardware was swapped, accept that on its page.")
        return ResultEntry(REFUSED, sentence, advice, _shown(plan, system))
    return ResultEntry(HERE, _("Already here: {label}.", label=label), "", _shown(plan, system))


def _may_see(plan: AddingPlan, system: System) -> bool:
    return grants_of(plan.user).may(Permission.VIEW, system.folder.path)


def _shown(plan: AddingPlan, system: System) -> int | None:
    return system.pk if _may_see(plan, system) else None


def _label(plan: AddingPlan, system: System) -> str:
    """Its name, for those who may know it."""
    return (
        _("{system} (system {system_id})", system=system, system_id=system.pk)
        if _may_see(plan, system)
        else _("A system that you are not allowed to see")
    )


def _plain_name(asked: ItemRequest, who: Who) -> str:
    return " ".join(word for word in (who.product, asked.host) if word)
