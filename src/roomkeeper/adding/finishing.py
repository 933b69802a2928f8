"""What makes a system that was just added whole: management settings pushed, documents read and kept, its name.

Every step may fail by itself; the system stays, and a warning says what a person can do. All of it may be done again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from django.db import transaction

from roomkeeper.accounts.person import Person
from roomkeeper.devices import errors, registry
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.manifest import Manifest
from roomkeeper.jobs.models import JobItem
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.provisioning import calling, naming, pushing, reading
from roomkeeper.provisioning.manager_protocol import WhenHttpIsOff
from roomkeeper.systems import inventory, live
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, State, System
from roomkeeper.words import gettext as _

# Somebody else may be writing to it, such as the same job in another process that is about to end.
WRITER_SECONDS: Final = 60.0
LOOK_AGAIN: Final = 0.5
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that did not succeed, and what to do about it."""

    sentence: str
    advice: str


@dataclass(slots=True)
class Finished:
    """The system as it stands now, and what is left to do."""

    name: str = ""
    family: str = ""
    product: str = ""
    software_version: str = ""
    warnings: list[Warned] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def finish(
    item_id: int,
    system_id: int,
    *,
    user: Person,
    when_http_is_off: WhenHttpIsOff = WhenHttpIsOff.USE_HTTPS,
) -> Finished:
    """Push, read and name. Raises `System.DoesNotExist`."""
    family = registry.get_family(await off_loop(_family_of, system_id))
    finished = Finished()
    is_whole = True
    if family.can("write_configuration"):
        try:
            async with device_access.talking_to(system_id) as driver:
                is_whole = await _push(driver, system_id, finished, user, when_http_is_off)
                await _read(driver, system_id, finished)
            if not is_whole and await off_loop(_learn_whether_it_calls, system_id):
                # What it did not take is what it has not; it is of another family now.
                finished.warnings.clear()
                async with device_access.talking_to(system_id) as driver:
                    is_whole = await _push(driver, system_id, finished, user, when_http_is_off)
        except errors.DeviceError as error:
            finished.warnings.append(Warned(error.what_happened, error.advice))
            is_whole = False
        except device_access.NoAddress as error:
            finished.warnings.append(Warned(str(error), _("Give it one under System > Connection.")))
            is_whole = False
    else:
        finished.notes.append(
            _("It is identified only. {title}: {about}", title=family.title, about=family.about)
        )
    await off_loop(_settle, item_id, system_id, finished, is_whole)
    return finished


async def _push(
    driver: Driver, system_id: int, finished: Finished, user: Person, when_http_is_off: WhenHttpIsOff
) -> bool:
    """Write the management settings; whether all of it succeeded."""
    try:
        outcome = await _when_free(
            lambda: pushing.push_management(driver, system_id, user=user, when_http_is_off=when_http_is_off)
        )
    except (errors.LoginRefused, errors.ConnectionFailed, errors.DeviceBusy):
        # Nothing more would come of it.
        raise
    except errors.NotAdministrator as error:
        finished.warnings.append(
            Warned(
                _("No management settings were written: {what_happened}", what_happened=error.what_happened),
                error.advice,
            )
        )
        return False
    except errors.DeviceError as error:
        finished.warnings.append(
            Warned(
                _(
                    "Its management settings could not be written: {what_happened}",
                    what_happened=error.what_happened,
                ),
                error.advice,
            )
        )
        return False
    except pushing.BeingWritten:
        sentence = _("Something else is writing to it, so its management settings wait.")
        finished.warnings.append(
            Warned(sentence, _("They are pushed automatically; look at its page in a minute."))
        )
        return False
    if outcome.note:
        finished.notes.append(outcome.note)
    for path, words in outcome.rejected:
        finished.warnings.append(_rejected(driver.family, path, words))
    if outcome.feedback_words:
        advice = _(
            "Until then only polling sees its calls. Free feedback slot {slot} on it, then enforce.",
            slot=outcome.slot,
        )
        finished.warnings.append(
            Warned(
                _("Feedback is not registered: {feedback_words}", feedback_words=outcome.feedback_words),
                advice,
            )
        )
    return outcome.is_whole


def _rejected(family: Manifest, path: str, words: str) -> Warned:
    why = next((setting.why for setting in family.settings if setting.path.lower() == path.lower()), "")
    purpose = _(" It {why}.", why=why) if why else ""
    return Warned(
        _("It did not take {path}: {words}.", path=path, words=words.rstrip(".")),
        _(
            "Set {path} on the system itself, then enforce its management settings.{purpose}",
            path=path,
            purpose=purpose,
        ),
    )


async def _read(driver: Driver, system_id: int, finished: Finished) -> None:
    """Its first status, configuration, value spaces and commands."""
    try:
        await reading.read_and_keep(driver, system_id)
    except (errors.LoginRefused, errors.ConnectionFailed, errors.DeviceBusy):
        raise
    except errors.DeviceError as error:
        finished.warnings.append(
            Warned(
                _(
                    "Not all of its documents could be read: {what_happened}",
                    what_happened=error.what_happened,
                ),
                error.advice,
            )
        )


async def _when_free(write: Callable[[], Awaitable[_T]]) -> _T:
    until = time.monotonic() + WRITER_SECONDS
    while True:
        try:
            return await write()
        except pushing.BeingWritten:
            if time.monotonic() > until:
                raise
        await asyncio.sleep(LOOK_AGAIN)


def _learn_whether_it_calls(system_id: int) -> bool:
    """Whether what was read of it says that it never calls, which was not known before."""
    system = System.objects.get(pk=system_id)
    return calling.learn_whether_it_calls(system, now=datetime.now(UTC))


def _family_of(system_id: int) -> str:
    return System.objects.get(pk=system_id).family


def _settle(item_id: int, system_id: int, finished: Finished, is_whole: bool) -> None:
    """Its name, and whether the pump has to go on with its management settings."""
    now = datetime.now(UTC)
    with transaction.atomic():
        lock_contacts([system_id])
        system = System.objects.select_for_update(of=("self",)).select_related("folder").get(pk=system_id)
        is_named = bool(JobItem.objects.values_list("details", flat=True).get(pk=item_id).get("is_named"))
        if not system.name:
            system.name = system.reported_name[: inventory.NAME_LIMIT]
            system.save(update_fields=["name"])
        elif is_named and system.reported_name:
            naming.keep_name(system_id, system.reported_name, now=now)
        if not is_whole:
            make_due([system_id])
        live.publish("systems", system)
    finished.name, finished.family = str(system), system.family
    if never := calling.why_it_never_calls(system):
        finished.notes.insert(0, never)
    finished.product, finished.software_version = system.product, system.software_version


def make_due(system_ids: list[int]) -> None:
    """Leave what is not finished to the pump and to the answers to its posts; inside the caller's transaction."""
    lock_contacts(system_ids)
    rows = System.objects.filter(pk__in=system_ids, state=State.MANAGED)
    rows.update(management_is_due=True)
    Contact.objects.filter(system_id__in=system_ids).update(has_work=True)
