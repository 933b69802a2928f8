"""Jobs: making one, the kinds of them, cancelling, counting. How they are worked on stands in `running`.

A job is rows of ours, written in the caller's transaction. Workers look for jobs that nobody works on
(`engine`), so nothing else has to be told.
"""

import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.dispatch import Signal

from roomkeeper import keys
from roomkeeper.accounts.person import Person, find_account
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.words import gettext as _

if TYPE_CHECKING:
    from roomkeeper.jobs.running import RunningJob

# Sent inside the transaction that changed a job, with `job`: for open pages.
changed = Signal()
LABEL_LIMIT = 255
SENTENCE_LIMIT = 500
AT_ONCE = 500


class JobRefused(ValueError):
    """The job cannot be handled like that."""


@dataclass(frozen=True, slots=True)
class NewItem:
    """A part of a job to be made: what it is called on pages, and what its kind needs to know of it."""

    label: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    system_id: int | None = None


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job. `run` works on it and returns a sentence for people; it may be called again for the same job
    after its process died, and then finds the items that are not ended."""

    name: str
    run: "Callable[[RunningJob], Awaitable[str]]"


_kinds: dict[str, JobKind] = {}


def register_kind(kind: JobKind) -> None:
    """Have jobs of this kind worked on."""
    _kinds[kind.name] = kind


def get_kind(name: str) -> JobKind:
    """The kind of that name; raises `JobRefused`."""
    if name not in _kinds:
        raise JobRefused(_("Nothing here works on jobs of the kind {name!r}.", name=name))
    return _kinds[name]


def kind_names() -> list[str]:
    """The kinds that are worked on here, by name."""
    return sorted(_kinds)


def create(
    kind: str,
    title: str,
    items: Iterable[NewItem],
    *,
    user: Person,
    now: datetime,
    parameters: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Any] | None = None,
    folder_path: str = "/",
) -> Job:
    """A job that a worker takes up within a second. `secrets` is kept encrypted until it ends; who may see the
    folder may see the job."""
    get_kind(kind)
    store = keys.load(django_settings.OPTIONS.data)
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind,
            title=title[:LABEL_LIMIT],
            parameters=dict(parameters or {}),
            secrets_ciphertext=store.encrypt(json.dumps(dict(secrets))) if secrets else b"",
            folder_path=folder_path,
            created_at=now,
            created_by=find_account(user),
        )
        add_items(job.pk, items)
        changed.send(sender=Job, job=job)
    return job


def add_items(job_id: int, items: Iterable[NewItem]) -> int:
    """More parts for the job; returns how many."""
    made = [
        JobItem(
            job_id=job_id,
            label=item.label[:LABEL_LIMIT],
            parameters=dict(item.parameters),
            system_id=item.system_id,
        )
        for item in items
    ]
    JobItem.objects.bulk_create(made, batch_size=AT_ONCE)
    return len(made)


def cancel(job: Job, *, now: datetime) -> None:
    """Stop the job: what was not begun is not begun, what is being done is given up. Raises `JobRefused`."""
    with transaction.atomic():
        found = Job.objects.select_for_update().get(pk=job.pk)
        if found.state in Job.ENDED:
            raise JobRefused(_("The job has already ended."))
        found.cancel_requested_at = found.cancel_requested_at or now
        found.save(update_fields=["cancel_requested_at"])
        if found.state == Job.State.QUEUED:
            end(found, Job.State.CANCELLED, _("Cancelled before it started."), now=now)
        else:
            changed.send(sender=Job, job=found)


def end(job: Job, state: str, summary: str, *, now: datetime) -> None:
    """The job is over; inside the caller's transaction. Items that were not ended are cancelled."""
    JobItem.objects.filter(job=job, state__in=JobItem.OPEN).update(
        state=JobItem.State.CANCELLED, ended_at=now
    )
    job.state, job.summary, job.ended_at = state, summary[:SENTENCE_LIMIT], now
    job.secrets_ciphertext, job.worker = b"", ""
    job.save(update_fields=["state", "summary", "ended_at", "secrets_ciphertext", "worker"])
    changed.send(sender=Job, job=job)


def secrets_of(job: Job) -> dict[str, Any]:
    """The job's secrets in the clear; empty once it has ended."""
    if not job.secrets_ciphertext:
        return {}
    found = json.loads(keys.load(django_settings.OPTIONS.data).decrypt(bytes(job.secrets_ciphertext)))
    return dict(found)


def counts(job_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """How many items of each job are in each state; every state is named."""
    found = {job_id: {state.value: 0 for state in JobItem.State} for job_id in job_ids}
    rows = JobItem.objects.filter(job_id__in=list(found)).values_list("job_id", "state")
    for job_id, state, number in rows.annotate(number=Count("id")):
        found[job_id][state] = number
    return found


def wait_for(job_id: int, limit: timedelta) -> Job:
    """The job as it is when it has ended, or when that much time has passed; for callers in a thread of their own."""
    until = time.monotonic() + limit.total_seconds()
    while True:
        job = Job.objects.get(pk=job_id)
        remaining = until - time.monotonic()
        if job.state in Job.ENDED or remaining <= 0:
            return job
        # Other processes work on it, and no database tells a thread that a row has changed.
        connection.close()
        time.sleep(min(0.2, remaining))


def ended_before(limit: datetime) -> QuerySet[Job]:
    """Jobs that ended before then."""
    return Job.objects.filter(state__in=Job.ENDED, ended_at__lt=limit)
