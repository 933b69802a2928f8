"""Diagnosing systems: starting it, its newest outcome, and the fixes that it offers."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from roomkeeper.accounts.person import Person, find_account
from roomkeeper.diagnosis import fixes
from roomkeeper.diagnosis.examining import KIND
from roomkeeper.diagnosis.fixes import FIXES, FixRefused
from roomkeeper.diagnosis.models import Diagnosis
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job
from roomkeeper.systems import live
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _

_AT_ONCE = 500


class NothingToDiagnose(ValueError):
    """No system to diagnose was chosen."""


def start(systems: Iterable[System], *, user: Person, now: datetime, tries_login: bool = False) -> Job:
    """A job that diagnoses these systems; the one that is at work already where it is a single system's.

    `tries_login`: a person wants a refused login to be sent once more. Raises `NothingToDiagnose`.
    """
    chosen = list(systems)
    if not chosen:
        raise NothingToDiagnose(_("No system to diagnose was chosen."))
    with transaction.atomic():
        if len(chosen) == 1 and not tries_login and (job := _job_at_work(chosen[0])):
            return job
        title = (
            _("Diagnose {chosen}", chosen=chosen[0])
            if len(chosen) == 1
            else _("Diagnose {count} systems", count=len(chosen))
        )
        items = [work.NewItem(str(system), {"system": system.pk}, system_id=system.pk) for system in chosen]
        folders = {system.folder.path for system in chosen}
        job = work.create(
            KIND,
            title,
            items,
            user=user,
            now=now,
            parameters={"tries_login": tries_login},
            folder_path=folders.pop() if len(folders) == 1 else "/",
        )
        who = find_account(user)
        Diagnosis.objects.bulk_create(
            [Diagnosis(system=system, job_id=job.pk, user=who, created_at=now) for system in chosen],
            batch_size=_AT_ONCE,
        )
        live.publish_many([("system", system.pk, system.folder.path) for system in chosen])
    return job


def latest(system: System) -> Diagnosis | None:
    """The newest diagnosis, which may still be in progress; None where there was none."""
    return Diagnosis.objects.filter(system=system).select_related("user").order_by("-id").first()


def history(system: System) -> list[Diagnosis]:
    """All that are kept, newest first; the rows of one are read when they are asked for."""
    kept = Diagnosis.objects.filter(system=system).select_related("user").defer("rows")
    return list(kept.order_by("-id"))


def offered(diagnosis: Diagnosis | None) -> list[str]:
    """The fixes that the findings of a diagnosis offer, each once."""
    rows = diagnosis.rows if diagnosis is not None else []
    keys = [str(check["fix"]) for row in rows for check in row["checks"] if check.get("fix")]
    return [key for key in dict.fromkeys(keys) if key in FIXES]


def fix(system: System, key: str, *, user: Person, now: datetime) -> Job | None:
    """Do a fix that the newest diagnosis offers; the job of the diagnosis that follows it at once, if one does.

    Raises `FixRefused`, and what its service refuses (`ValueError`). Who may do it: `FIXES[key].permission`.
    """
    if key not in offered(latest(system)):
        raise FixRefused(
            _(
                "The newest diagnosis of {system} does not offer {key!r}. Diagnose it again.",
                system=system,
                key=key,
            )
        )
    with transaction.atomic():
        fixes.perform(system, key, user=user, now=now)
        if not FIXES[key].looks_again:
            return None
        return start([system], user=user, now=now, tries_login=key == "try-login")


def _job_at_work(system: System) -> Job | None:
    newest = Diagnosis.objects.filter(system=system, state__in=Diagnosis.OPEN).order_by("-id").first()
    if newest is None:
        return None
    return Job.objects.filter(pk=newest.job_id).exclude(state__in=Job.ENDED).first()
