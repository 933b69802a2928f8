"""Planning settings for one or many systems and recording what was asked (rule R7). Sends nothing."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import Q

from roomkeeper import keys
from roomkeeper.accounts.person import Person, find_account
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.paths import match_key, setting_path
from roomkeeper.protocols.xapi.values import is_same, trimmed, type_of
from roomkeeper.protocols.xapi.valuespace import ValueSpace
from roomkeeper.provisioning import persistent, states
from roomkeeper.provisioning.models import OPEN_STATES, Change, ChangeItem, ChangeSet, DeliveryState
from roomkeeper.provisioning.secret_values import is_secret_path
from roomkeeper.systems import live, timeline
from roomkeeper.systems.documents import (
    HIDDEN,
    ReportedConfiguration,
    each_reported,
    value_spaces_of_systems,
)
from roomkeeper.systems.inventory import NAME_LIMIT
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import State, System
from roomkeeper.words import gettext as _

EXPIRES_AFTER = timedelta(days=7)
NAME_PATH = "SystemUnit/Name"
VALUE_LIMIT = 10_000
SETTINGS_LIMIT = 500
# What is no character of XML 1.0 (production 2): controls, lone surrogates, and two more. No database holds all of it.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
WRITE_CHUNK = 200
WRITE_ITEMS = 500
Note = Callable[[ChangeSet], object]


class PlanRefused(ValueError):
    """The settings cannot be asked for; `errors` holds a sentence for each path at fault."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(
            " ".join(f"{path}: {sentence}" if path else sentence for path, sentence in errors.items())
        )
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Care:
    """How carefully a change set is handed over: a system in a call waits for its end unless `during_calls`, with
    `only_in_window` for its maintenance window; once more than `failure_limit` systems failed, the rest is cancelled.
    """

    during_calls: bool = False
    only_in_window: bool = False
    failure_limit: int | None = None


ORDINARY_CARE = Care()
# A name disturbs nobody.
HARMLESS = Care(during_calls=True)


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One setting for one system; `verdict` is change, already or cannot, with the reason where it cannot.

    `cause` is the kind of that reason: not_managed, absent or not_allowed; else empty. `previous` is the value that
    the system reported last, None where it reported none.
    """

    path: str
    value: str | None
    verdict: str
    reason: str = ""
    cause: str = ""
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What would be asked of one system."""

    system: System
    items: tuple[PlannedItem, ...]

    @property
    def verdict(self) -> str:
        """`change` where anything will change, else `cannot` where anything cannot, else `already`."""
        verdicts = {item.verdict for item in self.items}
        return next(word for word in ("change", "cannot", "already") if word in verdicts or word == "already")


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """What a change set would do: per system, and how many systems will change, are already set, or cannot."""

    per_system: tuple[PlannedChange, ...]
    settings: Mapping[str, str | None]
    counts: Counter[str] = field(default_factory=Counter)


def clean_settings(settings: Mapping[str, Any]) -> dict[str, str | None]:
    """Settings by canonical path; raises `PlanRefused` with a sentence for each path or value that cannot be."""
    errors: dict[str, str] = {}
    cleaned: dict[str, str | None] = {}
    seen: dict[str, str] = {}
    if not settings:
        errors[""] = _("No setting was given.")
    if len(settings) > SETTINGS_LIMIT:
        raise PlanRefused({"": _("At most {limit} settings can be requested at once.", limit=SETTINGS_LIMIT)})
    for text, value in settings.items():
        try:
            path = setting_path(text)
            key = match_key(path)
        except (ProtocolError, ValueError) as error:
            errors[text] = str(error)
            continue
        if key in seen:
            errors[text] = _("is the same setting as {seen}.", seen=seen[key])
        elif value is not None and not isinstance(value, str):
            errors[text] = _('needs a text as its value, or null to remove the request ("" sets it empty).')
        elif value is not None and (len(value) > VALUE_LIMIT or UNPRINTABLE.search(value)):
            errors[text] = _("has a value that is too long or contains characters that no device accepts.")
        else:
            if key == match_key(NAME_PATH):
                path = NAME_PATH
                if value is None or len(value) > NAME_LIMIT:
                    errors[text] = _("must be a name of 0 to {limit} characters.", limit=NAME_LIMIT)
            seen[key] = text
            cleaned[path] = value
    if errors:
        raise PlanRefused(errors)
    return cleaned


def plan_settings(systems: Iterable[System], settings: Mapping[str, Any]) -> ChangePlan:
    """What these settings would do to these systems, by what each reported; decides without doing."""
    wanted = clean_settings(settings)
    return plan_each([(system, wanted) for system in systems], wanted)


def plan_each(
    wishes: Sequence[tuple[System, Mapping[str, str | None]]], settings: Mapping[str, str | None]
) -> ChangePlan:
    """The same where each system has settings of its own, cleaned by the caller; `settings` stand for all of them."""
    spaces = value_spaces_of_systems([system for system, _ in wishes])
    planned = []
    counts: Counter[str] = Counter({"change": 0, "already": 0, "cannot": 0})
    reported = each_reported([system.pk for system, _ in wishes])
    sent = states.in_flight([system.pk for system, _ in wishes], map(match_key, settings))
    for (system, own_settings), own in zip(wishes, reported, strict=True):
        by_key = {} if own is None else own.by_key(own_settings)
        items = tuple(
            _unless_sent(
                _plan_item(system, path, value, own, by_key, spaces.get(system.pk, {})),
                sent.get((system.pk, match_key(path))),
            )
            for path, value in own_settings.items()
        )
        change = PlannedChange(system, items)
        counts[change.verdict] += 1
        planned.append(change)
    return ChangePlan(tuple(planned), settings, counts)


def _unless_sent(item: PlannedItem, change_set: int | None) -> PlannedItem:
    """What was sent may be obeyed at any moment: the last report does not say that a value stands."""
    if change_set is None or item.verdict != "already":
        return item
    return replace(item, verdict="change", reason=f"the value sent by change set {change_set} may replace it")


def _plan_item(
    system: System,
    path: str,
    value: str | None,
    reported: ReportedConfiguration | None,
    by_key: Mapping[str, tuple[str, str]],
    spaces: Mapping[str, ValueSpace],
) -> PlannedItem:
    if system.state != State.MANAGED:
        return PlannedItem(path, value, "cannot", _("the system is not managed"), "not_managed")
    if value is None:
        return PlannedItem(path, value, "change", _("removes an earlier request"))
    if not is_secret_path(path):
        # As it will be read back (rule R12); a password may begin with a blank.
        value = trimmed(value)
    if reported is None:
        return PlannedItem(
            path, value, "change", _("no configuration was reported yet, so it cannot be checked")
        )
    found = (path, reported.settings[path]) if path in reported.settings else by_key.get(match_key(path))
    if found is None and reported.is_whole:
        reason = _("not on this device: its configuration has no such setting")
        return PlannedItem(path, value, "cannot", reason, "absent")
    if found is None:
        return PlannedItem(
            path, value, "change", _("the device has not reported this setting; it is sent anyway")
        )
    own_path, present = found
    reference = reported.value_spaces.get(own_path, "")
    space = spaces.get(reference)
    if space:
        value = space.own_spelling(value)
    if is_same(present, value, space.kind if space else type_of(own_path, reference)):
        return PlannedItem(own_path, value, "already", previous=present)
    refusal = space.refusal(value) if space else None
    if refusal:
        return PlannedItem(own_path, value, "cannot", refusal, "not_allowed", previous=present)
    return PlannedItem(own_path, value, "change", previous=present)


def create_change_set(
    systems: Iterable[System],
    settings: Mapping[str, Any],
    *,
    user: Person,
    now: datetime,
    description: str = "",
    is_persistent: bool = False,
    care: Care = ORDINARY_CARE,
    note: Note | None = None,
) -> ChangeSet:
    """Plan it and record it (`record_plan`): what is already set is CONFIRMED, what cannot be is FAILED,
    the rest WAITS for a push or the systems' next check-ins. Raises `PlanRefused`."""
    plan = plan_settings(systems, settings)
    return record_plan(
        plan, user=user, now=now, description=description, is_persistent=is_persistent, care=care, note=note
    )


def record_plan(
    plan: ChangePlan,
    *,
    user: Person,
    now: datetime,
    description: str = "",
    is_persistent: bool = False,
    care: Care = ORDINARY_CARE,
    undoes: ChangeSet | None = None,
    note: Note | None = None,
) -> ChangeSet:
    """Record what was planned as a change set. Raises `PlanRefused` where it concerns no system.

    Written in several transactions where it is long; `note` is called inside the first, for the audit trail.
    """
    if not plan.per_system:
        raise PlanRefused({"": _("No system was chosen.")})
    change_set = ChangeSet(
        description=description[:255],
        created_at=now,
        created_by=find_account(user),
        is_persistent=is_persistent,
        during_calls=care.during_calls,
        only_in_window=care.only_in_window,
        failure_limit=care.failure_limit,
        undoes=undoes,
    )
    # A transaction a chunk: on SQLite nobody but the batcher may write for long (rule R9).
    for part in _write_chunks(plan.per_system):
        with transaction.atomic():
            if change_set.pk is None:
                change_set.save()
                if note is not None:
                    note(change_set)
            _record(change_set, part, user=user, now=now)
    return change_set


def _write_chunks(planned: Sequence[PlannedChange]) -> Iterator[tuple[PlannedChange, ...]]:
    """The changes in parts of few systems and few settings."""
    part: list[PlannedChange] = []
    items = 0
    for change in planned:
        if part and (len(part) >= WRITE_CHUNK or items + len(change.items) > WRITE_ITEMS):
            yield tuple(part)
            part, items = [], 0
        part.append(change)
        items += len(change.items)
    if part:
        yield tuple(part)


def _record(
    change_set: ChangeSet, planned: tuple[PlannedChange, ...], *, user: Person, now: datetime
) -> None:
    ids = [change.system.pk for change in planned]
    lock_contacts(ids)
    wanted = {(change.system.pk, match_key(item.path)) for change in planned for item in change.items}
    # A newer wish for the same path replaces the older one (rule R7), and one that was to persist.
    kept = Q(state=DeliveryState.CONFIRMED, change__change_set__is_persistent=True)
    older = ChangeItem.objects.filter(
        kept | Q(state__in=OPEN_STATES), system_id__in=ids, match_key__in={key for _, key in wanted}
    )
    rows = older.values_list("pk", "change_id", "system_id", "match_key", "state", "value")
    replaced = [row for row in rows if (row[2], row[3]) in wanted]
    older_changes = {change_id for _, change_id, *_ in replaced}
    # What was sent may be obeyed at any moment: the last report says nothing about such a path.
    in_flight = {row[2:4]: row[5] for row in replaced if row[4] == DeliveryState.DELIVERED}
    rows_replaced = ChangeItem.objects.filter(pk__in=[pk for pk, *_ in replaced])
    states.move(rows_replaced, DeliveryState.SUPERSEDED, _("replaced by a newer request"), now, tells=False)
    changes = Change.objects.bulk_create(
        [Change(change_set=change_set, system=change.system, updated_at=now) for change in planned]
    )
    ChangeItem.objects.bulk_create(
        [
            _new_item(change, item, in_flight, now)
            for change, intended in zip(changes, planned, strict=True)
            for item in intended.items
        ],
        batch_size=1000,
    )
    states.refresh_changes({change.pk for change in changes} | older_changes, now=now)
    states.wake(ids)
    _rename_records(planned)
    timeline.add_many(
        ids,
        "change",
        _("Asked to set {items}", items=", ".join(item.path for item in planned[0].items)),
        now=now,
        user=user,
        details={"change_set": change_set.pk},
    )


def _new_item(
    change: Change, item: PlannedItem, in_flight: Mapping[tuple[int, str], str | None], now: datetime
) -> ChangeItem:
    """`in_flight` are the values that were sent and not reported yet, by system and path."""
    key = match_key(item.path)
    is_certain = (change.system_id, key) not in in_flight
    is_secret = bool(item.value) and is_secret_path(item.path)
    previous = item.previous if is_certain else in_flight[change.system_id, key]
    if previous is not None and is_secret_path(item.path):
        previous = HIDDEN
    state, reason = DeliveryState.WAITING, ""
    if item.verdict == "already" and is_certain:
        state, reason = DeliveryState.CONFIRMED, _("it was already set")
    elif item.verdict == "cannot":
        state, reason = DeliveryState.FAILED, item.reason
    elif item.value is None:
        state, reason = DeliveryState.CONFIRMED, _("the request was removed")
    encrypted = keys.load(django_settings.OPTIONS.data).encrypt(item.value or "") if is_secret else b""
    return ChangeItem(
        change=change,
        system_id=change.system_id,
        path=item.path,
        match_key=key,
        value=HIDDEN if is_secret else item.value,
        secret_value=encrypted,
        previous=previous,
        created_at=now,
        **states.born(state, reason, now),
        expires_at=now + EXPIRES_AFTER,
    )


def _rename_records(planned: tuple[PlannedChange, ...]) -> None:
    """The record's name and the wanted `SystemUnit/Name` are one (rule R7)."""
    renamed = []
    for change in planned:
        name = next((i.value for i in change.items if i.path == NAME_PATH and i.verdict != "cannot"), None)
        if name and name != change.system.name:
            change.system.name = name
            renamed.append(change.system)
    if renamed:
        System.objects.bulk_update(renamed, ["name"])
        live.publish_many([("systems", None, "")])


def rename(system: System, name: str, *, user: Person, now: datetime) -> ChangeSet | None:
    """Rename the system: at once in our records, and as a wish on the device where it is managed."""
    name = name.strip()
    if not name or len(name) > NAME_LIMIT:
        raise PlanRefused({NAME_PATH: _("A name has 1 to {limit} characters.", limit=NAME_LIMIT)})
    if system.state == State.MANAGED:
        return create_change_set(
            [system],
            {NAME_PATH: name},
            user=user,
            now=now,
            description=f"Rename to {name}",
            # A name that is restored automatically stays so under another name.
            is_persistent=persistent.is_kept(system.pk, match_key(NAME_PATH)),
            care=HARMLESS,
        )
    with transaction.atomic():
        system.name = name
        system.save(update_fields=["name"])
        live.publish("systems", system)
    return None
