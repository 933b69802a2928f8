"""What waits for a system that can be reached, pushed to it: settings of changes, and actions (rule R7).

The states and their meaning are those of the other road (`delivery`): DELIVERED is written before anything is sent,
so that a crash between leads to another round of a setting and never to a second run of an action. CONFIRMED comes from
reading back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from roomkeeper import keys
from roomkeeper.devices import errors
from roomkeeper.devices.driver import Driver
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.provisioning import authorities, holding, passwords, states
from roomkeeper.provisioning.actions import (
    KEY_IS_GONE,
    SAFE_ROAD_ONLY,
    arguments_of,
    is_password,
    is_restart,
)
from roomkeeper.provisioning.delivery import ACTIONS_AT_ONCE, ROUNDS, SETTINGS_AT_ONCE
from roomkeeper.provisioning.models import Action, ChangeItem, DeliveryState
from roomkeeper.provisioning.planning import UNPRINTABLE
from roomkeeper.provisioning.reading import read_and_keep
from roomkeeper.systems.documents.redaction import redact_text
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.words import gettext as _

# Nothing can have reached the device: what was marked as handed over waits again, and no round is counted.
_NOTHING_SENT: Final = (
    errors.ContactForbidden,
    errors.NameNotResolved,
    errors.ConnectionRefused,
    errors.ConnectTimedOut,
    errors.TlsFailed,
    errors.CertificateRefused,
    errors.LoginRefused,
    errors.WrongDevice,
)
# While something is being sent it counts as sent at the latest moment that this can take: a report that is asked for
# meanwhile proves nothing of it. Afterwards the real moment is written; after a crash it comes by itself.
ON_ITS_WAY: Final = timedelta(minutes=2)
# Characters of an answer.
ANSWER_LIMIT: Final = 200_000


@dataclass(frozen=True, slots=True)
class _Setting:
    item_id: int
    change_id: int
    path: str
    value: str


async def push_settings(driver: Driver, system_id: int) -> int:
    """Push the settings that wait, and read back what holds; returns how many were pushed. Raises `DeviceError`,
    after which they wait again; where they may have arrived, the next push looks before it writes."""
    if await off_loop(_is_in_doubt, system_id):
        await read_and_keep(driver, system_id, ("configuration",))
    taken = await off_loop(_take_settings, system_id)
    if not taken:
        return 0
    try:
        try:
            outcome = await driver.write_configuration({one.path: one.value for one in taken})
        finally:
            await off_loop(_note_settings_sent, taken)
    except errors.DeviceError as error:
        if isinstance(error, _NOTHING_SENT):
            await off_loop(_give_back_settings, system_id, taken)
        elif error.can_retry:
            await off_loop(_wait_again, system_id, taken)
        else:
            await off_loop(
                _fail_settings, system_id, dict.fromkeys((one.path for one in taken), str(error)), taken
            )
        raise
    refused = {
        one.path: _("the device refused it: {words}", words=one.words or one.what_happened)
        for one in outcome.rejected
    }
    if refused:
        await off_loop(_fail_settings, system_id, refused, taken)
    await read_and_keep(driver, system_id, ("configuration",))
    return len(taken)


async def push_actions(driver: Driver, system_id: int) -> int:
    """Run the actions that wait, one after the other; returns how many. A restart is the last of a round."""
    number = 0
    if not await off_loop(_has_free_action, system_id):
        return 0
    if not driver.client.scheme:
        # Not asked anything yet, so it is not known by which road.
        await driver.identify()
    while number < ACTIONS_AT_ONCE and (action := await off_loop(_take_action, system_id)) is not None:
        number += 1
        if is_password(action.command):
            await _push_password(driver, action)
            continue
        try:
            arguments = arguments_of(action)
        except keys.KeyFileUnusable:
            await off_loop(_end_action, action, DeliveryState.FAILED, KEY_IS_GONE)
            continue
        if action.command.lower() in SAFE_ROAD_ONLY and driver.client.scheme != "https":
            words = _("the device was reached by plain HTTP, and this may only be sent by HTTPS")
            await off_loop(_end_action, action, DeliveryState.FAILED, words)
            continue
        try:
            result = await driver.run_command(CommandCall(action.command, arguments, action.body))
        except (*_NOTHING_SENT, errors.DeviceBusy):
            await off_loop(_end_action, action, DeliveryState.WAITING, "")
            raise
        except (errors.Rejected, errors.Unsupported, errors.NotAdministrator) as error:
            state = DeliveryState.CONFIRMED if _is_there_already(action, error) else DeliveryState.FAILED
            await off_loop(_end_action, action, state, str(error))
            continue
        except BaseException:
            # It stays DELIVERED: whether it ran is told by what the device reports from now on. Until here nothing
            # that it reports may judge it, since its answer was still to come.
            await off_loop(_note_action_sent, action)
            raise
        if is_restart(action):
            # It has agreed; that it did it is proven by its boot post.
            await off_loop(_note_action_sent, action)
            return number
        answer = kept_answer(result.values)
        told = ", ".join(f"{name} {value}" for name, value in answer.items() if value)
        words = _("the device ran it{what}", what=": " + told if told else "")
        await off_loop(_end_action, action, DeliveryState.CONFIRMED, words, answer)
    return number


def kept_answer(values: Mapping[str, str]) -> dict[str, str]:
    """As much of what a device answered as is kept, without secrets of ours."""
    kept: dict[str, str] = {}
    room = ANSWER_LIMIT
    for path, value in values.items():
        room -= len(path) + len(value)
        if room < 0:
            break
        # Answers are a device's words, which no database holds whole.
        kept[path] = redact_text(UNPRINTABLE.sub("", value))
    return kept


async def prove_password(driver: Driver, action: Action) -> None:
    """Find out by a login which password holds after one was handed over, perhaps. Raises `DeviceError`."""
    pair = await off_loop(passwords.pair_of, action)
    if pair is None:
        await off_loop(_end_action, action, DeliveryState.FAILED, passwords.OTHERS_STORED)
    else:
        await off_loop(_end_action, action, *await passwords.prove(driver, action, pair))


async def _push_password(driver: Driver, action: Action) -> None:
    try:
        try:
            refusal = await passwords.hand_over(driver, action)
        finally:
            await off_loop(_note_action_sent, action)
    except _NOTHING_SENT:
        await off_loop(_end_action, action, DeliveryState.WAITING, "")
        raise
    if refusal:
        await off_loop(_end_action, action, DeliveryState.FAILED, refusal)
    else:
        # What goes wrong from here on leaves it DELIVERED, and the pump comes back to prove it.
        await prove_password(driver, action)


def _is_there_already(action: Action, error: errors.DeviceError) -> bool:
    """Whether the device refused an authority because it has it."""
    is_authority = action.command.lower() in SAFE_ROAD_ONLY
    return is_authority and isinstance(error, errors.Rejected) and authorities.ALREADY_THERE in error.words


def _take_settings(system_id: int) -> list[_Setting]:
    now = datetime.now(UTC)
    store = keys.load(django_settings.OPTIONS.data)
    with transaction.atomic():
        lock_contacts([system_id])
        waiting = ChangeItem.objects.filter(
            system_id=system_id, state=DeliveryState.WAITING, expires_at__gt=now
        ).exclude(value=None)
        # What is held must not stand before what may go.
        free, _rest = holding.split(
            list(waiting.select_related("change__change_set").order_by("id")), now=now
        )
        items = free[:SETTINGS_AT_ONCE]
        states.move(items, DeliveryState.DELIVERED, None, now, delivered_at=now + ON_ITS_WAY)
    return [
        _Setting(
            item.pk,
            item.change_id,
            item.path,
            store.decrypt(bytes(item.secret_value)) if item.secret_value else str(item.value),
        )
        for item in items
    ]


def _still_delivered(taken: list[_Setting]) -> QuerySet[ChangeItem]:
    return ChangeItem.objects.filter(pk__in=[one.item_id for one in taken], state=DeliveryState.DELIVERED)


def _note_settings_sent(taken: list[_Setting]) -> None:
    _still_delivered(taken).update(delivered_at=datetime.now(UTC))


def _note_action_sent(action: Action) -> None:
    Action.objects.filter(pk=action.pk, state=DeliveryState.DELIVERED).update(delivered_at=datetime.now(UTC))


def _give_back_settings(system_id: int, taken: list[_Setting]) -> None:
    with transaction.atomic():
        lock_contacts([system_id])
        states.move(
            _still_delivered(taken),
            DeliveryState.WAITING,
            None,
            datetime.now(UTC),
            delivered_at=None,
            rounds=F("rounds") - 1,
        )


def _wait_again(system_id: int, taken: list[_Setting]) -> None:
    """After a try of which nothing is known. The round counts, so the last one is left to the next report."""
    with transaction.atomic():
        lock_contacts([system_id])
        rows = _still_delivered(taken).filter(rounds__lt=ROUNDS)
        states.move(rows, DeliveryState.WAITING, None, datetime.now(UTC))


def _is_in_doubt(system_id: int) -> bool:
    """Whether something that waits was sent before and may have arrived: no configuration was read since."""
    return ChangeItem.objects.filter(
        Q(system__contact__configuration_at=None)
        | Q(system__contact__configuration_at__lte=F("delivered_at")),
        system_id=system_id,
        state=DeliveryState.WAITING,
        rounds__gt=0,
        delivered_at__lte=datetime.now(UTC),
    ).exists()


def _fail_settings(system_id: int, reasons: dict[str, str], taken: list[_Setting]) -> None:
    now = datetime.now(UTC)
    with transaction.atomic():
        lock_contacts([system_id])
        failed = list(_still_delivered([one for one in taken if one.path in reasons]))
        for item in failed:
            states.turn(item, DeliveryState.FAILED, reasons[item.path], now)
        states.keep(failed, now)


def _free_actions(system_id: int, now: datetime) -> list[Action]:
    """Those that wait and may go now, in their order."""
    waiting = Action.objects.filter(system_id=system_id, state=DeliveryState.WAITING, expires_at__gt=now)
    return holding.split(list(waiting.order_by("id")), now=now)[0]


def _has_free_action(system_id: int) -> bool:
    return bool(_free_actions(system_id, datetime.now(UTC)))


def _take_action(system_id: int) -> Action | None:
    now = datetime.now(UTC)
    with transaction.atomic():
        lock_contacts([system_id])
        action = next(iter(_free_actions(system_id, now)), None)
        if action is not None:
            # At most once: from here on it is never handed over again, whatever becomes of the exchange.
            states.move([action], DeliveryState.DELIVERED, None, now, delivered_at=now + ON_ITS_WAY)
    return action


def _end_action(
    action: Action, state: DeliveryState, reason: str, answer: dict[str, str] | None = None
) -> None:
    now = datetime.now(UTC)
    delivered_at = None if state == DeliveryState.WAITING else now
    with transaction.atomic():
        lock_contacts([action.system_id])
        handed_over = Action.objects.filter(pk=action.pk, state=DeliveryState.DELIVERED)
        states.move(handed_over, state, reason, now, answer=answer, delivered_at=delivered_at)
