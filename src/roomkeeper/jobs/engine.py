"""The durable engine of one worker: DBOS sees to it that every job that is not ended is worked on by somebody.

One workflow stands for one job, whatever the number of its items, because a workflow costs milliseconds and an item
is a row. The engine's own tables may be lost: what is missing there is found among our rows and begun anew.
(ADR 0008.)
"""

import asyncio
import concurrent.futures
import logging
import time
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID
from django.conf import settings as django_settings
from django.db import transaction

from roomkeeper.jobs import clock, running, work, workers
from roomkeeper.jobs.leases import holder_name
from roomkeeper.jobs.models import Job, Worker
from roomkeeper.words import gettext as _

log = structlog.get_logger(__name__)

QUEUE: Final = "jobs"
# Jobs at a time: in one process, and in all of them.
AT_ONCE_HERE: Final = 4
AT_ONCE: Final = 16
POLL_SECONDS: Final = 0.5
WORKER_TIME: Final = workers.WORKER_TIME
# Longer than the pause between two attempts to start.
PROBLEM_TIME: Final = timedelta(seconds=60)
RENEW_EVERY: Final = 4.0
CHECK_EVERY: Final = 5.0
ATTEMPTS: Final = 50
# The shape of the workflow below, not our release: a new release goes on with the jobs of the old one.
WORKFLOW_VERSION: Final = "1"
# SQLite's one process finds its own work again at once, because its name stays the same.
ONLY_WORKER: Final = "serve"
_ENDED: Final = frozenset({"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})

_loop: asyncio.AbstractEventLoop | None = None
_worker = ""
_in_hand: "set[concurrent.futures.Future[str]]" = set()


@DBOS.workflow(name="job")
def _job(job_id: int) -> str:
    return _work_on(job_id)


@DBOS.step(name="work on its items")
def _work_on(job_id: int) -> str:
    if _loop is None:
        raise RuntimeError("The engine is not running.")
    future = asyncio.run_coroutine_threadsafe(running.perform(job_id, _worker), _loop)
    _in_hand.add(future)
    try:
        return future.result()
    finally:
        _in_hand.discard(future)


class Engine:
    """Runs between `start` and `stop`, in the process whose event loop talks to devices. One a process."""

    def __init__(self) -> None:
        self._is_embedded = not django_settings.OPTIONS.database_url
        self._name = ONLY_WORKER if self._is_embedded else holder_name()
        # Moments of the monotonic clock: what is due must not wait for an hour because somebody set the clock back.
        self._renew_at = self._check_at = 0.0
        self._asked: set[str] = set()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take up work; jobs that this worker had in hand when it died are begun again.

        May be called again after it failed, with whatever DBOS or its database raised."""
        global _loop, _worker
        _loop, _worker = loop, self._name
        logger = logging.getLogger("dbos")
        if not logger.handlers:
            # It would give itself a handler that prints lines of its own kind; ours prints JSON.
            logger.addHandler(logging.NullHandler())
        try:
            DBOS(config=self._config())
            DBOS.launch()
            self._renew(clock.now())
            DBOS.register_queue(
                QUEUE,
                worker_concurrency=AT_ONCE_HERE,
                global_concurrency=AT_ONCE,
                polling_interval_sec=POLL_SECONDS,
                on_conflict="always_update",
            )
        except BaseException:
            # What was half begun answers a second launch with nothing.
            DBOS.destroy()
            raise
        logger.setLevel(logging.WARNING)

    def _config(self) -> DBOSConfig:
        options = django_settings.OPTIONS
        url = options.database_url or f"sqlite:///{options.data / 'jobs.sqlite3'}"
        return {
            "name": "roomkeeper",
            "system_database_url": url,
            "executor_id": self._name,
            "application_version": WORKFLOW_VERSION,
            "sys_db_pool_size": 5,
            # A failure to start is told once, by whoever called; DBOS would print it with every attempt.
            "log_level": "CRITICAL",
            "enable_otlp": False,
            **({"db_engine_kwargs": {"isolation_level": "READ COMMITTED"}} if options.database_url else {}),
            "notification_listener_polling_interval_sec": 1.0,
        }

    def tell_problem(self, problem: str, *, now: datetime) -> None:
        """Have the checks of every process know that this worker does not work, and why."""
        values = {"expires_at": now + PROBLEM_TIME, "problem": problem[:300]}
        Worker.objects.update_or_create(name=self._name, defaults=values)

    def sweep(self) -> None:
        """Every half second, in a thread: have jobs worked on that nobody works on, and take over from the dead."""
        now, moment = clock.measure(), time.monotonic()
        if moment >= self._renew_at:
            self._renew(now)
        is_check = moment >= self._check_at
        if is_check:
            self._check_at = moment + CHECK_EVERY
        open_jobs = Job.objects.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING)).order_by("id")
        names = {f"job-{job_id}-{attempt}": job_id for job_id, attempt in _ids(open_jobs)}
        self._asked &= names.keys()
        for name, job_id in names.items():
            if name not in self._asked:
                self._ask(name, job_id)
            elif is_check:
                self._look_after(name, job_id, now)

    def stop(self) -> None:
        """Let go; what is in hand is given back to whoever is alive, or waits for the next start."""
        global _loop
        _loop = None
        for future in list(_in_hand):
            future.cancel()
        DBOS.destroy(workflow_completion_timeout_sec=5)
        held = Job.objects.filter(state=Job.State.RUNNING, worker__startswith=f"{self._name}/")
        for job_id, attempt in _ids(held):
            _begin_anew(job_id, attempt)
        Worker.objects.filter(name=self._name).delete()

    def _renew(self, now: datetime) -> None:
        Worker.objects.update_or_create(
            name=self._name, defaults={"expires_at": now + WORKER_TIME, "problem": ""}
        )
        self._renew_at = time.monotonic() + RENEW_EVERY

    def _ask(self, name: str, job_id: int) -> None:
        """Asking twice for one name makes one workflow, whoever asks."""
        with SetWorkflowID(name):
            DBOS.enqueue_workflow(QUEUE, _job, job_id)
        self._asked.add(name)

    def _look_after(self, name: str, job_id: int, now: datetime) -> None:
        status = DBOS.get_workflow_status(name)
        if status is None:
            self._asked.discard(name)
        elif status.status in _ENDED:
            _begin_anew(job_id, int(name.rpartition("-")[2]))
        elif status.status == "PENDING" and self._is_dead(status.executor_id, now):
            log.warning("taking over from a dead worker", worker=status.executor_id, job=job_id)
            # Private in DBOS 3.4: its open part recovers only a worker's own id. A test holds the behaviour.
            DBOS._recover_pending_workflows([str(status.executor_id)])

    def _is_dead(self, worker: str | None, now: datetime) -> bool:
        if not worker or worker == self._name:
            return False
        return not workers.alive(now).filter(name=worker).exists()


def _ids(jobs: Any) -> list[tuple[int, int]]:
    return list(jobs.values_list("id", "attempt"))


def _begin_anew(job_id: int, attempt: int) -> None:
    """The workflow is over and the job is not: another workflow, but not for ever."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id, attempt=attempt).first()
        if job is None or job.state in Job.ENDED:
            return
        if attempt >= ATTEMPTS:
            work.end(
                job,
                Job.State.FAILED,
                _("It was started too often and never finished."),
                now=clock.now(),
            )
            return
        job.attempt, job.worker = attempt + 1, ""
        job.save(update_fields=["attempt", "worker"])
