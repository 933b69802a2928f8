"""What replacing a system's hardware would do, told before it is done. Decides without doing."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from roomkeeper.accounts.person import Person
from roomkeeper.backups import restoring
from roomkeeper.backups.mapping import RestoreReport, is_other_model, read_picks
from roomkeeper.backups.models import Backup
from roomkeeper.systems import admission, inventory
from roomkeeper.systems.models import ConfigurationVersion, Contact, State, System, SystemSecret
from roomkeeper.words import gettext as _


class ReplaceRefused(ValueError):
    """The hardware cannot be replaced like that."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """The new hardware: what it is called by, and its own record where it has one."""

    serial_number: str = ""
    mac_address: str = ""
    record: System | None = None

    def __str__(self) -> str:
        product = self.record.product if self.record else ""
        return ", ".join(text for text in (product, self.serial_number, self.mac_address) if text)


@dataclass(frozen=True, slots=True)
class ReplacementStep:
    """One thing that the replacement does, as it is shown before; `can_be_undone` in the words of the plan."""

    title: str
    words: str
    can_be_undone: bool = True


@dataclass(frozen=True, slots=True)
class ReplacementPlan:
    """What a replacement would do. `report` is None while the new hardware has reported no configuration."""

    system: System
    hardware: Hardware
    steps: tuple[ReplacementStep, ...]
    report: RestoreReport | None
    is_other_model: bool


def find_hardware(
    system: System,
    *,
    serial_number: str = "",
    mac_address: str = "",
    record: System | None = None,
    user: Person = None,
) -> Hardware:
    """The new hardware by its numbers or by its own record, which numbers find too.

    Raises `ReplaceRefused`, which names only records that the user may see.
    """
    serial_number = serial_number.strip()
    try:
        mac_address = inventory.normalize_mac(mac_address) if mac_address.strip() else ""
    except ValueError as error:
        raise ReplaceRefused(str(error)) from error
    if len(serial_number) > admission.SERIAL_LIMIT:
        raise ReplaceRefused(
            _("A serial number has at most {SERIAL_LIMIT} characters.", SERIAL_LIMIT=admission.SERIAL_LIMIT)
        )
    if record is None:
        if not serial_number and not mac_address:
            raise ReplaceRefused(
                _("Enter the serial number or the MAC address of the new hardware, or choose its record.")
            )
        record = _record_with(system, serial_number, mac_address, user)
    if record is None:
        return Hardware(serial_number, mac_address)
    if record.pk == system.pk:
        raise ReplaceRefused(_("{system} already is that hardware.", system=system))
    if record.state in (State.IGNORED, State.BLOCKED):
        raise ReplaceRefused(
            _(
                "{label} is ignored or blocked. Admit it again first if it is the new hardware.",
                label=admission.label_for(user, record),
            )
        )
    for own, given, word in (
        (record.serial_number, serial_number, "serial number"),
        (record.mac_address, mac_address, "MAC address"),
    ):
        if own and given and own != given:
            raise ReplaceRefused(
                _(
                    "{label} has a {word} other than {given}.",
                    label=admission.label_for(user, record),
                    word=word,
                    given=given,
                )
            )
    return Hardware(record.serial_number or serial_number, record.mac_address or mac_address, record)


def plan(
    system: System,
    hardware: Hardware,
    *,
    restores: bool = True,
    picks: Sequence[str] = (),
    keeps_credentials: bool = False,
) -> ReplacementPlan:
    """What the replacement would do, step by step. Raises `ReplaceRefused`, `PicksRefused`."""
    demand_replaceable(system)
    read_picks(picks)
    record = hardware.record
    product = record.product if record else ""
    steps = [
        ReplacementStep(
            _("The record stays"),
            _(
                "{system} keeps its id {system_id}, name, folder, tags, notes, people's rights, "
                "tickets, requested settings and its whole history.",
                system=system,
                system_id=system.pk,
            ),
        ),
        ReplacementStep(_("The old hardware leaves"), _leaving(system), can_be_undone=False),
        ReplacementStep(
            _("The new hardware comes"),
            _(
                "{hardware} is the system from now on. {coming}",
                hardware=hardware or "It",
                coming=_coming(record),
            ),
        ),
        ReplacementStep(_("Login and TLS key"), _login(record, keeps_credentials=keeps_credentials)),
    ]
    if record is not None:
        words = _(
            "{record} (system {record_id}) is merged into {system}: its timeline, documents, "
            "backups and tickets move too; its name, folder and tags do not. Its id is not used "
            "again.",
            record=record,
            record_id=record.pk,
            system=system,
        )
        steps.append(ReplacementStep(_("Its own record goes"), words, can_be_undone=False))
    report = None
    if restores:
        steps.append(ReplacementStep(_("The settings follow"), _following(system, record)))
        if record is not None and has_reported(record) and has_reported(system):
            report = restoring.plan_take_over(system, record, picks)
    is_other = is_other_model(product, system.product)
    return ReplacementPlan(system, hardware, tuple(steps), report, is_other)


def newest_backup(system: System) -> Backup | None:
    """The backup that would be put on new hardware, if it were replaced now."""
    return (
        Backup.objects.filter(system=system, configuration__isnull=False).order_by("-made_at", "-id").first()
    )


def demand_replaceable(system: System) -> None:
    """Raises `ReplaceRefused` for a system whose hardware cannot be replaced."""
    if system.state not in (State.MANAGED, State.PRE_REGISTERED):
        raise ReplaceRefused(
            _(
                "{system} is {state}; only the hardware of a managed system can be replaced.",
                system=system,
                state=system.get_state_display().lower(),
            )
        )


def has_reported(system: System | None) -> bool:
    """Whether its present hardware has reported a configuration."""
    newest = ConfigurationVersion.objects.filter(system=system).order_by("-last_at", "-id").first()
    return system is not None and newest is not None and newest.size > 0


def source_of(record: System | None) -> str:
    """The address that the new hardware was seen at: its secret is handed to no other (rule R4)."""
    contact = Contact.objects.filter(system=record).first() if record else None
    return contact.source_address if contact else ""


def _record_with(system: System, serial_number: str, mac_address: str, user: Person) -> System | None:
    same = Q(pk__in=[])
    if serial_number:
        same |= Q(serial_number__iexact=serial_number)
    if mac_address:
        same |= Q(mac_address=mac_address)
    found = list(System.objects.filter(same).select_related("folder").order_by("pk")[:10])
    if any(one.pk == system.pk for one in found):
        raise ReplaceRefused(_("{system} already is that hardware.", system=system))
    if len(found) > 1:
        told = ", ".join(admission.label_for(user, one) for one in found)
        raise ReplaceRefused(
            _(
                "Several records have that serial number or MAC address: {told}. Choose one of them.",
                told=told,
            )
        )
    return found[0] if found else None


def _leaving(system: System) -> str:
    old = ", ".join(text for text in (system.product, system.serial_number, system.mac_address) if text)
    return _(
        "{old} is no longer this system. Its secret no longer works: if it posts again, it "
        "appears in the inbox as unknown. Open requests to it are cancelled.",
        old=old or "The old hardware",
    )


def _coming(record: System | None) -> str:
    if record is None:
        return _(
            "It has never posted: a ticket will name the address of its first post, and it gets "
            "a new secret once it is admitted for that address."
        )
    if SystemSecret.objects.filter(system=record, stage=SystemSecret.Stage.CURRENT).exists():
        return _("It has already proven a secret and keeps it: there is nothing to do on the device.")
    return _(
        "It gets a new secret with its next post from {source}, or by push.",
        source=source_of(record) or "its address",
    )


def _login(record: System | None, *, keeps_credentials: bool) -> str:
    if record is not None and record.username:
        login = _("The login stored with its own record is used.")
    elif keeps_credentials:
        login = _("The login stored for the old hardware is tried on it.")
    else:
        login = _(
            "The stored login is deleted; enter the new one under Connection if Roomkeeper should reach it."
        )
    return _("{login} The pinned TLS key is forgotten; the next proven login pins the new one.", login=login)


def _following(system: System, record: System | None) -> str:
    if newest_backup(system) is None and not has_reported(system):
        return _(
            "The old hardware has reported no configuration, so there is nothing to restore to the new one."
        )
    if has_reported(record):
        when = _("at once")
    else:
        when = _("as soon as it has reported its own configuration, which shows what it can accept")
    return _(
        "The last configuration of the old hardware is backed up now and restored to the new one {when}.",
        when=when,
    )
