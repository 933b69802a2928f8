"""Which systems are pushed to now: those that can be reached and for which something waits. A pump (`jobs.pumps`).

What waits is in rows, so a worker that dies loses nothing: the next look finds it again.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from roomkeeper.devices import errors, registry
from roomkeeper.devices.driver import Driver
from roomkeeper.jobs.leases import only_writer
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.provisioning import holding, passwords
from roomkeeper.provisioning.models import Action, ChangeItem, DeliveryState
from roomkeeper.provisioning.push_work import prove_password, push_actions, push_settings
from roomkeeper.provisioning.pushing import write_management
from roomkeeper.systems import live, timeline
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import REACHABLE, State, System
from roomkeeper.words import gettext as _

log = structlog.get_logger(__name__)

# Systems that one process pushes to at a time.
AT_ONCE: Final = 60
# After a push that did not succeed: seconds to the next one, growing with each.
AGAIN_AFTER: Final = (30.0, 120.0, 600.0, 1800.0)


class PushPump:
    """What this process pushes now, and what it has to leave alone for a time. A restart tries at once, which is what
    people expect of one."""

    def __init__(self) -> None:
        self._in_hand: set[int] = set()
        # System id: how often it failed in a row, when it may be tried again.
        self._failed: dict[int, tuple[int, float]] = {}

    async def push_due(self, *, now: datetime) -> int:
        """Push to some of the systems for which something waits; returns how many were tried."""
        room = AT_ONCE - len(self._in_hand)
        if room <= 0:
            return 0
        ids = [one for one in await off_loop(self._due, now, room) if one not in self._in_hand]
        self._in_hand.update(ids)
        try:
            await asyncio.gather(*(self._push(system_id) for system_id in ids))
        finally:
            self._in_hand.difference_update(ids)
        return len(ids)

    def forget_failures(self) -> None:
        """Try everything again at the next look."""
        self._failed.clear()

    def _due(self, now: datetime, room: int) -> list[int]:
        moment = time.monotonic()
        old = [one for one, (_, until) in self._failed.items() if until + AGAIN_AFTER[-1] < moment]
        for system_id in old:
            self._failed.pop(system_id, None)
        left_alone = {one for one, (_, until) in self._failed.items() if until > moment} | self._in_hand
        families = _families()
        waiting = Q(state=DeliveryState.WAITING, expires_at__gt=now)
        limit = room + len(left_alone)
        found = _some(System.objects.filter(management_is_due=True), "", families, limit)
        found += _some(passwords.unproven(), "system", families, limit, is_refused_too=True)
        # Each by its own small index: asked together, SQLite looks at every system, twice a second.
        items = ChangeItem.objects.filter(waiting).exclude(value=None)
        found += _free(items, "change__change_set__", families, limit, now)
        found += _free(Action.objects.filter(waiting), "", families, limit, now)
        return [one for one in dict.fromkeys(found) if one not in left_alone][:room]

    async def _push(self, system_id: int) -> None:
        number = self._failed.get(system_id, (0, 0.0))[0]
        self._failed[system_id] = (
            number + 1,
            time.monotonic() + AGAIN_AFTER[min(number, len(AGAIN_AFTER) - 1)],
        )
        try:
            async with only_writer(system_id) as is_ours, device_access.talking_to(system_id) as driver:
                if is_ours and await self._push_all(driver, system_id):
                    self._failed.pop(system_id, None)
        except errors.DeviceError as error:
            log.info("a push failed", system=system_id, error=str(error))
            # The first failure of a row is told: the system may just be restarting, and it is tried again.
            if not number:
                await off_loop(_note_failure, system_id, error)
        except (device_access.NoAddress, System.DoesNotExist) as error:
            log.info("nothing was pushed", system=system_id, reason=str(error))
        except Exception:
            log.exception("a push failed with an internal error", system=system_id)

    async def _push_all(self, driver: Driver, system_id: int) -> bool:
        """Whether everything that waits was pushed and taken."""
        unproven, is_due = await off_loop(_first_look, system_id)
        if unproven is not None:
            await prove_password(driver, unproven)
        is_whole = not is_due or (await write_management(driver, system_id)).is_whole
        await push_settings(driver, system_id)
        await push_actions(driver, system_id)
        return is_whole


def pushable(system_ids: Iterable[int]) -> set[int]:
    """Those of the systems that are pushed to at once; the others are handed things with the answers to their posts."""
    rows = System.objects.filter(pk__in=list(system_ids))
    return set(_reachable(rows, "", _families()).values_list("pk", flat=True))


def _families() -> list[str]:
    families = registry.load_families().items()
    return [name for name, manifest in families if manifest.can("write_configuration")]


def _free(rows: QuerySet[Any], care: str, families: list[str], limit: int, now: datetime) -> list[int]:
    """Systems that can be pushed to and for which rows wait that nothing holds back (`holding`); `care` is the way
    from a row to what says when it may go."""
    rows = rows.filter(holding.no_call_is_in_the_way(care))
    found = _some(rows.filter(**{f"{care}only_in_window": False}), "system", families, limit)
    windowed = _reachable(rows.filter(**{f"{care}only_in_window": True}), "system__", families)
    places = windowed.values_list("system", "system__time_zone", "system__folder__path").distinct()
    # Windows are no columns: all that wait for theirs are looked at, or those outside would hide those inside.
    systems = {system_id: (zone, path) for system_id, zone, path in places}
    return found + sorted(holding.open_now(systems, now))[:limit]


def _some(
    rows: QuerySet[Any], system: str, families: list[str], limit: int, *, is_refused_too: bool = False
) -> list[int]:
    """The lowest ids of systems that can be pushed to, by rows of theirs; `system` is the way from row to system.
    `is_refused_too`: also those that refuse the stored login."""
    way = f"{system}__" if system else ""
    found = _reachable(rows, way, families, is_refused_too=is_refused_too).order_by(system or "pk")
    return list(found.values_list(system or "pk", flat=True).distinct()[:limit])


def _reachable(
    rows: QuerySet[Any], way: str, families: list[str], *, is_refused_too: bool = False
) -> QuerySet[Any]:
    """The rows of systems that can be pushed to; `way` leads from a row to the columns of its system."""
    # Not the column itself: by its index SQLite would go through all managed systems.
    found: QuerySet[Any] = rows.alias(state_of_system=Lower(f"{way}state")).filter(
        **{
            "state_of_system": State.MANAGED,
            f"{way}connectivity__in": REACHABLE,
            f"{way}family__in": families,
            f"{way}username__gt": "",
        }
    )
    return found if is_refused_too else found.filter(**{f"{way}login_refused_at": None})


def _first_look(system_id: int) -> tuple[Action | None, bool]:
    """The password that is to be proven before anything else, and whether management settings are due."""
    is_due = System.objects.filter(pk=system_id, management_is_due=True).exists()
    return passwords.find_unproven(system_id), is_due


def _note_failure(system_id: int, error: errors.DeviceError) -> None:
    with transaction.atomic():
        system = System.objects.select_related("folder").filter(pk=system_id).first()
        if system is not None:
            timeline.add(
                system, "management", _("Could not push: {error}", error=error), now=datetime.now(UTC)
            )
            live.publish("system", system)


pump = PushPump()
