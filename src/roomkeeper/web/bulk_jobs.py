"""The acts on many systems that run as jobs: which permission they take, and how they are started."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from roomkeeper.accounts.permissions import Permission
from roomkeeper.backups import making
from roomkeeper.diagnosis import service as diagnosis
from roomkeeper.jobs.models import Job
from roomkeeper.polling import service as polling


@dataclass(frozen=True, slots=True)
class BulkJob:
    """An act that runs as a job; `what` is what it does, as a sentence."""

    permission: Permission
    title: str
    what: str
    start: Callable[..., Job]


JOBS: Final = {
    "diagnose": BulkJob(
        Permission.RUN_ACTIONS,
        "Diagnose",
        "Each system is checked in both directions, row by row of the network table of its family.",
        diagnosis.start,
    ),
    "poll": BulkJob(
        Permission.RUN_ACTIONS,
        "Poll now",
        "Each system that can be reached is asked for its status at once.",
        polling.start,
    ),
    "back-up": BulkJob(
        Permission.CHANGE_SETTINGS,
        "Back up",
        "Each managed system is backed up; those that can be reached are also asked for macros and panels.",
        making.start,
    ),
}
