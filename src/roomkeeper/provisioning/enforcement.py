"""Closing drift: by itself where that is wanted, by a person, or the other way round by accepting what was found.

Each setting is set back three times a day at most; after that somebody else writes it, and a person is told.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from roomkeeper.accounts.permissions import Grants
from roomkeeper.accounts.person import Person
from roomkeeper.provisioning import persistent, planning, regaining, states
from roomkeeper.provisioning.drift import DriftRefused, demand_open, known_of_that_time, recount
from roomkeeper.provisioning.models import OPEN_STATES, ChangeItem, DeliveryState, Drift
from roomkeeper.provisioning.sources import Enforcement
from roomkeeper.systems import findings, live
from roomkeeper.systems.inventory import NAME_LIMIT
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, State, System
from roomkeeper.words import gettext as _

ROUNDS: Final = 3
# A system that was asked has so long to report anew before it is asked again.
AGAIN_AFTER: Final = timedelta(minutes=10)
AT_ONCE: Final = 100
FOUGHT_OVER: Final = "setting fought over"


def enforce_due(*, now: datetime) -> int:
    """Set back what is to be set back by itself, at once or in the maintenance window; scheduled. Returns how many
    settings were asked for."""
    may_be_asked = Q(asked_at=None) | Q(asked_at__lt=now - AGAIN_AFTER)
    # It may wait for a window, or for the end of a call, longer than any time to report anew.
    on_its_way = ChangeItem.objects.filter(
        system=OuterRef("system"), match_key=OuterRef("match_key"), state__in=OPEN_STATES
    )
    # What makes a system do as it is told was asked for when it was noticed (`regaining`).
    due = Drift.objects.filter(
        may_be_asked,
        ~Exists(on_its_way),
        ~Q(layer__in=regaining.LAYERS),
        ended_at=None,
        ignored_at=None,
        enforcement__in=(Enforcement.AUTOMATIC, Enforcement.WINDOW),
        rounds__lte=ROUNDS,
        system__state=State.MANAGED,
    ).select_related("system__folder")
    rows = list(due.order_by("id")[:AT_ONCE])
    for row in [row for row in rows if row.rounds >= ROUNDS]:
        _tell_fight(row)
    enforce([row for row in rows if row.rounds < ROUNDS], user=None, now=now, waits_for_windows=True)
    return len(rows)


def is_fought_over(row: Drift) -> bool:
    """Whether it was set back so often that it is not any more, until somebody resumes it."""
    return row.rounds > ROUNDS


def look_up(rows: list[Any], grants: Grants, now: datetime) -> None:
    """Note with each whether it is fought over, and with one alone what happened around that time."""
    for row in rows:
        row.is_fought_over = is_fought_over(row)
        if len(rows) == 1:
            row.known_of_that_time = known_of_that_time(row)


def enforce_one(row: Drift, *, user: Person, now: datetime) -> None:
    """Set one back, because somebody asks for it."""
    enforce([row], user=user, now=now)


def enforce(rows: Sequence[Drift], *, user: Person, now: datetime, waits_for_windows: bool = False) -> None:
    """Have these settings written again, by whichever road reaches their systems: now, or with `waits_for_windows`
    as the enforcement of each says."""
    by_layer: dict[str, list[Drift]] = defaultdict(list)
    for row in rows:
        if row.ended_at is None:
            by_layer[row.layer].append(row)
    for layer, those in by_layer.items():
        if layer in _ROADS:
            _ROADS[layer](those, now)
        else:
            _ask_anew(those, user, now, waits_for_windows)
    for row in rows:
        row.rounds, row.asked_at = row.rounds + 1, now
    Drift.objects.bulk_update(rows, ["rounds", "asked_at"], batch_size=200)


def accept(row: Drift, *, user: Person, now: datetime) -> None:
    """What was found is wanted from now on: of this system alone, as a persistent setting. Raises `DriftRefused`."""
    demand_open(row)
    if row.layer in regaining.LAYERS:
        raise DriftRefused(
            _(
                "A management setting cannot be accepted as it was found: without it the system is "
                "not managed. Change Network settings, or the system's connectivity."
            )
        )
    if row.found is None:
        raise DriftRefused(
            _(
                "The device does not have this setting, so there is no value to accept. Remove the "
                "request instead."
            )
        )
    if row.layer == "system":
        with transaction.atomic():
            lock_contacts([row.system_id])
            System.objects.filter(pk=row.system_id).update(name=row.found[:NAME_LIMIT])
            live.publish("systems", row.system)
    else:
        planning.create_change_set(
            [row.system],
            {row.path: row.found},
            user=user,
            now=now,
            description=f"Accepted as found: {row.path}",
            is_persistent=True,
        )
    with transaction.atomic():
        Drift.objects.filter(pk=row.pk).update(ended_at=now)
        recount(row.system)


def _make_management_due(rows: Sequence[Drift], now: datetime) -> None:
    ids = sorted({row.system_id for row in rows})
    with transaction.atomic():
        lock_contacts(ids)
        System.objects.filter(pk__in=ids).update(management_is_due=True, management_rounds=0)
        Contact.objects.filter(system_id__in=ids).update(has_work=True)
        live.publish_many([("system", row.system_id, row.system.folder.path) for row in rows])


def _reopen_wishes(rows: Sequence[Drift], now: datetime) -> None:
    """A persistent wish is delivered again as itself: a new one for the same path would take its place."""
    wanted = {(row.system_id, row.match_key) for row in rows}
    ids = sorted({row.system_id for row in rows})
    with transaction.atomic():
        lock_contacts(ids)
        newest: dict[tuple[int, str], ChangeItem] = {}
        for item in persistent.items_of(ids):
            newest.setdefault((item.system_id, item.match_key), item)
        items = [newest[key] for key in wanted if key in newest]
        states.move(
            items,
            DeliveryState.WAITING,
            _("it differed and is restored"),
            now,
            rounds=0,
            other_values=0,
            absences=0,
            delivered_at=None,
            expires_at=now + planning.EXPIRES_AFTER,
        )
        states.wake(ids)


def _ask_anew(rows: Sequence[Drift], user: Person, now: datetime, waits_for_windows: bool) -> None:
    """One change set for each wanted value, whatever the number of systems."""
    groups: dict[tuple[str, str, str, bool], list[System]] = defaultdict(list)
    for row in rows:
        is_windowed = waits_for_windows and row.enforcement == Enforcement.WINDOW
        groups[row.path, row.wanted, row.why, is_windowed].append(row.system)
    for (path, value, why, is_windowed), systems in groups.items():
        planning.create_change_set(
            systems,
            {path: value},
            user=user,
            now=now,
            description=f"Restored: {path} ({why})",
            care=planning.Care(only_in_window=is_windowed),
        )


_ROADS: dict[str, Callable[[Sequence[Drift], datetime], None]] = {
    regaining.SETTINGS: _make_management_due,
    regaining.FEEDBACK: _make_management_due,
    persistent.LAYER: _reopen_wishes,
}


def _tell_fight(row: Drift) -> None:
    """Set back often enough: it is left as it is until a person takes it up."""
    Drift.objects.filter(pk=row.pk).update(rounds=ROUNDS + 1)
    findings.report(
        findings.Finding(
            FOUGHT_OVER,
            row.system.pk,
            _(
                "{path} was restored {rounds} times within a day and differs again: wanted "
                "{wanted!r}, found {found!r}. Something else writes it: another manager, a script, "
                "or the device itself.",
                path=row.path,
                rounds=ROUNDS,
                wanted=row.wanted,
                found=row.found,
            ),
            _(
                "Find out what writes it, or accept the value as found; then resume restoring it "
                "under Provisioning > Drift."
            ),
        )
    )
