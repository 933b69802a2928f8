"""Whether long work is done by anybody: the workers that are alive, and the check of the server that says so."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from roomkeeper.jobs.checks import CheckResult
from roomkeeper.jobs.claims import Claims
from roomkeeper.jobs.models import Job, Worker
from roomkeeper.words import gettext as _

# A worker renews every few seconds; after this time without it is dead, and its jobs go to the living.
WORKER_TIME: Final = timedelta(seconds=15)
_LIVES: Final = Claims(Worker, WORKER_TIME, until="expires_at")
# A job that nobody took up for so long, while workers say that they live.
TAKEN_UP_WITHIN: Final = timedelta(minutes=2)
NAME: Final = "jobs do not run"


def alive(now: datetime) -> QuerySet[Worker]:
    """The workers that work."""
    return Worker.objects.filter(_LIVES.taken(now), problem="")


def telling(now: datetime) -> QuerySet[Worker]:
    """The workers that say how they are: those that work, and those whose engine cannot start."""
    return Worker.objects.filter(expires_at__gt=now)


def look(*, now: datetime) -> CheckResult:
    """Do jobs run? A queue that stands still is a fault of its own, whoever says to be alive."""
    if not alive(now).exists():
        troubled = telling(now).exclude(problem="").order_by("name").first()
        if troubled is not None:
            return CheckResult(
                "jobs",
                False,
                _("the job engine cannot start"),
                _("It says: {problem} It is tried again every few seconds.", problem=troubled.problem),
            )
        return CheckResult(
            "jobs", False, _("no worker runs"), _("Start roomkeeper serve or roomkeeper worker.")
        )
    running = Job.objects.filter(state=Job.State.RUNNING).count()
    oldest = Job.objects.filter(state=Job.State.QUEUED).order_by("id").first()
    if oldest is not None and now - oldest.created_at > TAKEN_UP_WITHIN and not running:
        words = _(
            "the oldest job has been waiting since {created_at:%Y-%m-%d %H:%M} UTC",
            created_at=oldest.created_at,
        )
        return CheckResult("jobs", False, words, _("Check the worker's log, and restart it."))
    return CheckResult("jobs", True, _("started in time; {running} running", running=running))
