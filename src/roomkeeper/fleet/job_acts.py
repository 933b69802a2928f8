"""What is asked of devices by a job, of one or of many at once; and what a diagnosis offers to mend."""

from datetime import datetime
from functools import partial
from typing import Final

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.adding import logins
from roomkeeper.backups import making
from roomkeeper.diagnosis import service as diagnosis
from roomkeeper.diagnosis.fixes import FIXES, Fix
from roomkeeper.jobs.models import Job
from roomkeeper.operations.acts import Act, Input, Page, Rest, Trail
from roomkeeper.polling import service as polling
from roomkeeper.systems.models import System


def _fix_act(key: str, fix: Fix) -> Act:
    return Act(
        name=f"fix {key}",
        trail=Trail(word=f"fix: {key}"),
        needs=fix.permission,
        run=partial(_do_fix, key),
        summary=fix.what,
        title=f"{fix.button}: {{row}}?",
        what=fix.what,
        undo=fix.undo,
        button=fix.button,
        done="It is being diagnosed again."
        if fix.looks_again
        else "Done. Diagnose it again to see the result.",
        is_dangerous=fix.is_dangerous,
        page=Page(tab="diagnosis"),
        # Programs name the fix: `systems/{id}/diagnosis/fix`.
        rest=Rest(is_derived=False),
    )


def _do_fix(key: str, row: System, *, user: Person, now: datetime) -> Job | None:
    return diagnosis.fix(row, key, user=user, now=now)


FIX_ACTS: Final = {key: _fix_act(key, fix) for key, fix in FIXES.items()}
LOGIN: Final = Act(
    name="login",
    trail=Trail(word="log in"),
    needs=Permission.MANAGE_SYSTEMS,
    run=logins.start,
    refused=(logins.LoginNotUsable,),
    rest=Rest(status=422, answers="jobs"),
    summary="Try a login on a system, once, and store it.",
    takes=(
        Input(name="username", least=1, most=128, label="User name", meaning="The account on the devices."),
        Input(name="password", least=1, most=1000, is_secret=True, meaning="Write-only."),
        Input(
            name="password_may_use_http",
            type=bool,
            default=False,
            label="May be sent over plain HTTP if a device offers nothing better",
            meaning="May be sent by plain HTTP to systems without HTTPS.",
        ),
    ),
    title="Store a login of {row} and try it",
    what="It is tried once on each and stored, by a job that shows the outcome of each.",
    undo="A stored login that has worked is not replaced by one that a device refuses.",
    button="Store a login and try it",
    done="The login of {row} is being tried.",
    is_together=True,
    for_many=True,
    page=Page(tab="connection"),
)
JOB_ACTS: Final = (
    Act(
        name="poll",
        needs=Permission.RUN_ACTIONS,
        run=polling.start,
        summary="Ask a system for its status now.",
        title="Poll {row} now?",
        what="Roomkeeper connects to the device and reads its status.",
        undo="Nothing is changed on it.",
        button="Poll now",
        done="{row} is being polled.",
        rest=Rest(answers="jobs"),
        is_together=True,
        for_many=True,
        page=Page(tab="connection"),
    ),
    LOGIN,
    Act(
        name="diagnose",
        needs=Permission.RUN_ACTIONS,
        run=diagnosis.start,
        refused=(diagnosis.NothingToDiagnose,),
        summary="Look at a system in both directions, row by row.",
        title="Diagnose {row}?",
        what="Each is checked in both directions, row by row of the network table of its family.",
        undo="Nothing is changed on it.",
        button="Diagnose",
        rest=Rest(answers="jobs"),
        is_together=True,
        for_many=True,
        page=Page(tab="diagnosis"),
    ),
    Act(
        name="back up",
        rest=Rest(at="backups", answers="jobs"),
        needs=Permission.CHANGE_SETTINGS,
        run=making.start,
        refused=(making.BackupRefused,),
        summary="Back a system up now.",
        title="Back up {row}?",
        what="Each that can be reached is also asked for macros and panels.",
        undo="Nothing is changed on it.",
        button="Back up",
        is_together=True,
        for_many=True,
    ),
    *(FIX_ACTS[key] for key, fix in FIXES.items() if fix.run is not None),
)
