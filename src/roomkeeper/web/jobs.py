"""One job with what became of each of its parts, live; the list and the acts are declared."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.adding import service as adding
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.jobs.surface import JOBS
from roomkeeper.operations.exports import csv_answer
from roomkeeper.systems.models import System
from roomkeeper.web.access import grants, visible_systems
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import actor_of, acts_for, get_row, history_of
from roomkeeper.web.pages import cut
from roomkeeper.words import noop

ITEM_STATES = [state.value for state in JobItem.State]
# What something answered at or went wrong at: a range is mostly addresses where nothing is.
RESULTS = "results"
NO_RESULT = (*JobItem.OPEN, JobItem.State.SKIPPED, JobItem.State.CANCELLED)
CSV_COLUMNS = ("what", "state", "system", "result", noop("what to do"), "began", "ended")


def visible_jobs(request: HttpRequest) -> QuerySet[Job]:
    """The jobs of folders that she may see."""
    return JOBS.rows(grants(request))


def _retry_address(request: HttpRequest, job: Job, failed: int) -> str:
    """Where what failed in it can be tried again, filled in as far as it is known; "" where it cannot be."""
    if job.kind != adding.KIND or job.state not in Job.ENDED or not failed:
        return ""
    if not grants(request).may_anywhere(Permission.ADMIT):
        return ""
    return f"{reverse('add_systems')}?tab=range&again={job.pk}"


@needs(Permission.VIEW, anywhere=True)
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """One job: how far it is, and part by part what became of it."""
    now = moment()
    found = get_row(JOBS, actor_of(request), pk)
    progress = found.progress
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
            "rows": [
                (
                    item,
                    seen.get(item.system_id or 0),
                    advice_of(item),
                )
                for item in rows
            ],
            "show": show,
            "results": progress.total - sum(progress.counts[state] for state in NO_RESULT),
            "pager": pager,
            "now": now,
            "is_ended": found.state in Job.ENDED,
            "acts": acts_for(JOBS, found, actor_of(request)),
            "retry_address": _retry_address(request, found, progress.counts["failed"]),
            "left_out": _left_out(found),
            "entries": history_of(JOBS, found),
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
def export(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The job's items as CSV, all that the filter shows."""
    found = get_row(JOBS, actor_of(request), pk)
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
