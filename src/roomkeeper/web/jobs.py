"""Jobs: the list, and one with what became of each of its parts, live; stopping it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.adding import service as adding
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.operations.exports import csv_answer
from roomkeeper.systems.models import System
from roomkeeper.web.access import grants
from roomkeeper.web.acts import Question, ask, attempt
from roomkeeper.web.acts import now as moment
from roomkeeper.web.pages import cut
from roomkeeper.web.system_filters import visible_systems

STATES = [state.value for state in Job.State]
ITEM_STATES = [state.value for state in JobItem.State]
# What something answered at or went wrong at: a range is mostly addresses where nothing is.
RESULTS = "results"
NO_RESULT = (*JobItem.OPEN, JobItem.State.SKIPPED, JobItem.State.CANCELLED)
CSV_COLUMNS = ("what", "state", "system", "result", "what to do", "began", "ended")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: its items by state, and how many of them are over."""

    counts: dict[str, int]

    @property
    def total(self) -> int:
        """All items."""
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        """Those that were done, however they ended; what a stopped job left out is not among them."""
        return self.total - sum(self.counts[state] for state in (*JobItem.OPEN, JobItem.State.CANCELLED))

    @property
    def shown(self) -> list[tuple[str, int]]:
        """The states of ended items that there are any of."""
        return [
            (state, number) for state, number in self.counts.items() if number and state not in JobItem.OPEN
        ]


def visible_jobs(request: HttpRequest) -> QuerySet[Job]:
    """The jobs of folders that she may see."""
    return Job.objects.filter(grants(request).folders(Permission.VIEW, "folder_path")).select_related(
        "created_by"
    )


def visible_job(request: HttpRequest, pk: int) -> Job:
    """The job, if she may see its folder; else 404."""
    return get_object_or_404(visible_jobs(request), pk=pk)


def _may_stop(request: HttpRequest, job: Job) -> bool:
    """Whoever started it, and who manages the systems of its folder."""
    is_own = job.created_by_id is not None and job.created_by_id == request.user.pk
    return is_own or grants(request).may(Permission.MANAGE_SYSTEMS, job.folder_path)


def _retry_address(request: HttpRequest, job: Job, failed: int) -> str:
    """Where what failed in it can be tried again, filled in as far as it is known; "" where it cannot be."""
    if job.kind != adding.KIND or job.state not in Job.ENDED or not failed:
        return ""
    if not grants(request).may_anywhere(Permission.ADMIT):
        return ""
    return f"{reverse('add_systems')}?tab=range&again={job.pk}"


def time_taken(began: datetime | None, ended: datetime | None, now: datetime) -> str:
    """How long something took, or takes so far: `41 s`, `3 min 5 s`, `2 h 10 min`."""
    if began is None:
        return "–"
    seconds = max(0, int(((ended or now) - began).total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


@needs(Permission.VIEW, anywhere=True)
def jobs(request: HttpRequest) -> HttpResponse:
    """The list, newest first, of the state and kind that the address names."""
    now = moment()
    mine = visible_jobs(request)
    kinds = list(mine.order_by("kind").values_list("kind", flat=True).distinct())
    state = request.GET.get("state", "") if request.GET.get("state") in STATES else ""
    kind = request.GET.get("kind", "") if request.GET.get("kind") in kinds else ""
    q = request.GET.get("q", "").strip()
    found = mine.order_by("-id")
    if state:
        found = found.filter(state=state)
    if kind:
        found = found.filter(kind=kind)
    if q:
        found = found.filter(
            Q(title__icontains=q) | Q(summary__icontains=q) | Q(created_by__username__icontains=q)
        )
    page, pager = cut(request, found, {"state": state, "kind": kind, "q": q})
    counts = work.counts(job.pk for job in page.object_list)
    return render(
        request,
        "jobs/list.html",
        {
            "rows": [
                (job, Progress(counts[job.pk]), time_taken(job.started_at, job.ended_at, now))
                for job in page.object_list
            ],
            "state": state,
            "states": STATES,
            "kind": kind,
            "kinds": kinds,
            "q": q,
            "pager": pager,
            "now": now,
            "may_add": grants(request).may_anywhere(Permission.ADMIT),
        },
    )


@needs(Permission.VIEW, anywhere=True)
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """One job: how far it is, and part by part what became of it."""
    now = moment()
    found = visible_job(request, pk)
    progress = Progress(work.counts([found.pk])[found.pk])
    show = _show(request)
    page, pager = cut(request, _items(found, show), {"show": show})
    rows = list(page.object_list)
    numbers = {item.system_id for item in rows if item.system_id is not None}
    seen = visible_systems(request).filter(pk__in=numbers).in_bulk()
    return render(
        request,
        "jobs/job.html",
        {
            "job": found,
            "progress": progress,
            "taken": time_taken(found.started_at, found.ended_at, now),
            "rows": [
                (
                    item,
                    seen.get(item.system_id or 0),
                    advice_of(item),
                    time_taken(item.started_at, item.ended_at, now),
                )
                for item in rows
            ],
            "show": show,
            "results": progress.total - sum(progress.counts[state] for state in NO_RESULT),
            "pager": pager,
            "now": now,
            "is_ended": found.state in Job.ENDED,
            "may_stop": _may_stop(request, found),
            "retry_address": _retry_address(request, found, progress.counts["failed"]),
            "left_out": _left_out(found),
            "entries": AuditEntry.objects.filter(object_kind="job", object_id=found.pk).order_by("-id")[:20],
        },
    )


def _show(request: HttpRequest) -> str:
    show = request.GET.get("show", "")
    return show if show in ITEM_STATES or show == RESULTS else ""


def _items(job: Job, show: str) -> QuerySet[JobItem]:
    """The items in the order in which they were asked for, results as they came: none moves while it is looked at."""
    found = JobItem.objects.filter(job=job).order_by("id")
    if show == RESULTS:
        return found.exclude(state__in=NO_RESULT).order_by("ended_at", "id")
    return found.filter(state=show) if show else found


def advice_of(item: JobItem) -> list[str]:
    """What a person can do, one by one where the item's kind tells it so."""
    told = item.details.get("warnings") if isinstance(item.details, dict) else None
    single = [str(one.get("advice") or "") for one in told or [] if isinstance(one, dict)]
    return [words for words in dict.fromkeys(single) if words] or ([item.advice] if item.advice else [])


def _left_out(job: Job) -> list[str]:
    """What was asked for and could not be understood, where its kind keeps that."""
    told = job.parameters.get("left_out")
    return [str(one) for one in told] if isinstance(told, list) else []


@needs(Permission.VIEW, anywhere=True)
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, and stop the job."""
    found = visible_job(request, pk)
    if not _may_stop(request, found):
        raise PermissionDenied("You may stop your own jobs, and those of folders whose systems you manage.")
    page = reverse("job", args=[pk])
    if request.method != "POST":
        return ask(request, _stop_question(found, page))
    done = "The job is being stopped; what it has done so far stays."
    attempt(request, "cancel job", found, lambda: work.cancel(found, now=moment()), done)
    return HttpResponseRedirect(page)


def _stop_question(found: Job, page: str) -> Question:
    progress = Progress(work.counts([found.pk])[found.pk])
    rest = progress.total - progress.ended
    return Question(
        "Stop this job?",
        f"{found.title}: {progress.ended} of {progress.total} are done and stay as they are. {rest} will not be done.",
        "It cannot be taken up again where it stopped; start it anew for what is missing.",
        "Stop it",
        reverse("job_stop", args=[found.pk]),
        page,
        is_dangerous=True,
    )


@needs(Permission.VIEW, anywhere=True)
def export(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The job's items as CSV, all that the filter shows."""
    found = visible_job(request, pk)
    items = _items(found, _show(request))
    audit.record(request.user, "page", "export job", found, count=items.count())
    return csv_answer(f"job-{found.pk}.csv", CSV_COLUMNS, _rows(items, visible_systems(request)))


def _rows(items: QuerySet[JobItem], systems: QuerySet[System]) -> Iterator[list[Any]]:
    visible = set(systems.values_list("pk", flat=True))
    for item in items.iterator(chunk_size=1000):
        yield [
            item.label,
            item.state,
            item.system_id if item.system_id in visible else "",
            item.summary,
            " / ".join(advice_of(item)),
            item.started_at.isoformat() if item.started_at else "",
            item.ended_at.isoformat() if item.ended_at else "",
        ]
