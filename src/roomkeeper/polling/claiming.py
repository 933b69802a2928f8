"""Taking polls that are due, so that no two workers ask the same system, and a dead worker's are taken over."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from roomkeeper.devices import registry
from roomkeeper.devices.client import Target
from roomkeeper.devices.limits import network_of
from roomkeeper.jobs.claims import Claims, unlocked
from roomkeeper.polling.models import Poll
from roomkeeper.polling.planning import PollCandidate, why_not
from roomkeeper.systems import network_settings
from roomkeeper.systems.contact import credentials, device_access
from roomkeeper.systems.models import Contact, NetworkSettings, System

# A living worker renews its claims well before; after a death they are free again.
CLAIM: Final = timedelta(seconds=25)
RENEW_EVERY: Final = timedelta(seconds=8)
POLLS: Final = Claims(Poll, CLAIM)
CONFIGURATION_AGE: Final = timedelta(days=1)
_ADDRESS: Final = ("system__host", "system__contact__source_address")


@dataclass(frozen=True, slots=True)
class PollTask:
    """A system to be asked, with all that the asking needs. What is news: that its login works, its TLS key."""

    system_id: int
    name: str
    target: Target
    family: str
    wants_configuration: bool
    login_is_news: bool
    key_is_news: bool
    was_silent: bool = False

    @property
    def network(self) -> str:
        """The network whose limit it shares."""
        return network_of(self.target.address)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was claimed, and whether more may be due than there were places for."""

    tasks: list[PollTask]
    is_more: bool


def claim_free(
    *, answering: int, silent: int, silent_at_most: int, busy_networks: Mapping[str, int], now: datetime
) -> Taken:
    """Take due polls for the free places: so many are being asked that answered the last time, so many that did not.

    No more in one network than Network settings allow, with the `busy_networks` that are being asked already.
    """
    settings = network_settings.get()
    # Mostly nothing is due, and a transaction would keep other writers waiting to find that out (rule R9).
    if not settings.polling or not Poll.objects.filter(free(now), due_at__lte=now).exists():
        return Taken([], is_more=False)
    busy = Counter(busy_networks)
    places = settings.polls_at_once - answering
    # To look at the database for one place each time would cost more than the polls.
    if answering and places < max(1, settings.polls_at_once // 5):
        places = 0
    lanes = (
        (Q(in_a_row__gte=0), places),
        (Q(in_a_row__lt=0), min(silent_at_most, settings.polls_at_once) - silent),
    )
    tasks: list[PollTask] = []
    is_more = False
    with transaction.atomic():
        for lane, wanted in lanes:
            if wanted > 0:
                found = _claim(lane, wanted, busy, settings, now)
                tasks += found.tasks
                is_more = is_more or found.is_more
    return Taken(tasks, is_more)


def _claim(lane: Q, wanted: int, busy: Counter[str], settings: NetworkSettings, now: datetime) -> Taken:
    due = unlocked(Poll.objects.filter(lane, free(now), due_at__lte=now).order_by("due_at"))
    # Some more than wanted, so that one crowded network does not hide the others.
    rows = list(due.values_list("pk", "in_a_row", *_ADDRESS)[: wanted * 2])
    chosen: dict[int, int] = {}
    for pk, in_a_row, host, source in rows:
        network = network_of(host or source)
        if len(chosen) < wanted and _has_room(network, busy, settings):
            busy[network] += 1
            chosen[pk] = in_a_row
    POLLS.take(chosen, now=now)
    tasks: list[PollTask] = []
    for system in System.objects.filter(pk__in=chosen).select_related("contact"):
        in_a_row = chosen.pop(system.pk)
        # Whether what was written again holds is seen in the configuration, too.
        is_checking = bool(system.management_rounds) and not system.management_is_due
        task, _ = task_of(
            system, settings=settings, now=now, is_checking=is_checking, was_silent=in_a_row < 0
        )
        if task is None:
            chosen[system.pk] = in_a_row
        else:
            tasks.append(task)
    if chosen:
        # They may not be asked any more: the sweep ends their rows, or wakes them once something has changed.
        Poll.objects.filter(pk__in=chosen).update(due_at=None)
    return Taken(tasks, is_more=len(rows) > len(tasks) + len(chosen))


def free(now: datetime) -> Q:
    """A filter on polls: those that no living worker has."""
    return POLLS.free(now)


def _has_room(network: str, busy: Counter[str], settings: NetworkSettings) -> bool:
    return not network or busy[network] < settings.polls_at_once_in_a_network


def renew(system_ids: Collection[int], *, now: datetime) -> None:
    """Keep the claims on polls that are still going on."""
    POLLS.renew(list(system_ids), now=now)


def task_of(
    system: System,
    *,
    settings: NetworkSettings,
    now: datetime,
    is_checking: bool = False,
    was_silent: bool = False,
) -> tuple[PollTask | None, str]:
    """The task of asking one system, or None and why it cannot be asked."""
    candidate = candidate_of(system)
    if reason := why_not(candidate):
        return None, reason
    contact = _contact_of(system)
    read_at = contact.configuration_at if contact else None
    task = PollTask(
        system.pk,
        system.name,
        device_access.target_of(system, settings=settings, address=candidate.address),
        system.family,
        wants_configuration=is_checking or read_at is None or read_at < now - CONFIGURATION_AGE,
        login_is_news=system.login_worked_at is None
        or system.login_refused_at is not None
        or system.is_unproven,
        key_is_news=not system.pinned_key,
        was_silent=was_silent,
    )
    return task, ""


def candidate_of(system: System) -> PollCandidate:
    """What decides whether the system is polled."""
    return PollCandidate(
        state=system.state,
        connectivity=system.connectivity,
        has_login=credentials.has_credentials(system),
        login_was_refused=system.login_refused_at is not None and system.login_worked_at is None,
        address=device_access.find_address(system, _contact_of(system)),
        reads_status=registry.get_family(system.family).can("read_status"),
    )


def _contact_of(system: System) -> Contact | None:
    found: Contact | None = getattr(system, "contact", None)
    return found
