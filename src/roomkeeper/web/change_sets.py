"""Change sets: what was asked of one or many systems, live, with cancelling and trying again."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.provisioning import holding, states, undoing
from roomkeeper.provisioning.change_sets import cancel_change_set, retry_failed
from roomkeeper.provisioning.models import Change, ChangeItem, ChangeSet, DeliveryState
from roomkeeper.web.access import grants, number_of, visible_system
from roomkeeper.web.acts import Question, ask, attempt
from roomkeeper.web.acts import now as moment
from roomkeeper.web.pages import cut

STATES = [state.value for state in DeliveryState]
ENDED_BADLY = ("failed", "expired", "cancelled")
SHOWN = 200


def visible_changes(request: HttpRequest) -> QuerySet[Change]:
    """The changes of systems in folders that she may see."""
    return Change.objects.filter(grants(request).folders(Permission.VIEW, "system__folder__path"))


def _visible_set(request: HttpRequest, pk: int) -> ChangeSet:
    found = get_object_or_404(ChangeSet.objects.select_related("created_by"), pk=pk)
    if not visible_changes(request).filter(change_set=found).exists():
        raise Http404
    return found


def state_counts(changes: QuerySet[Change]) -> dict[int, dict[str, int]]:
    """How many changes of each set are in each state."""
    counts: dict[int, dict[str, int]] = {}
    for change_set, state, number in (
        changes.order_by().values_list("change_set", "state").annotate(Count("id"))
    ):
        counts.setdefault(change_set, {})[state] = number
    # In the order in which changes pass through the states.
    return {
        key: dict(sorted(found.items(), key=lambda pair: STATES.index(pair[0])))
        for key, found in counts.items()
    }


@needs(Permission.VIEW, anywhere=True)
def change_sets(request: HttpRequest) -> HttpResponse:
    """The list, newest first, of those with a change in the state that the address names."""
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    changes = visible_changes(request)
    having = changes.filter(state=state) if state else changes
    found = (
        ChangeSet.objects.filter(pk__in=having.values("change_set"))
        .select_related("created_by")
        .order_by("-id")
    )
    page, pager = cut(request, found, {"state": state})
    rows = list(page.object_list)
    counts = state_counts(changes.filter(change_set__in=rows))
    settings: dict[int, list[str]] = {}
    listed = changes.filter(change_set__in=rows).select_related("system").order_by("-id")
    first_changes = {change.change_set_id: change for change in listed}
    items = ChangeItem.objects.filter(change__in=first_changes.values()).order_by("id")
    for change_set, path in items.values_list("change__change_set", "path"):
        settings.setdefault(change_set, []).append(path)
    return render(
        request,
        "change_sets/list.html",
        {
            "rows": [
                (row, counts.get(row.pk, {}), settings.get(row.pk, []), first_changes.get(row.pk))
                for row in rows
            ],
            "state": state,
            "states": STATES,
            "pager": pager,
            "now": moment(),
        },
    )


@needs(Permission.VIEW, anywhere=True)
def change_set(request: HttpRequest, pk: int) -> HttpResponse:
    """One change set: counts by state, and system by system."""
    found = _visible_set(request, pk)
    state = request.GET.get("state", "")
    changes = visible_changes(request).filter(change_set=found)
    counts = state_counts(changes).get(found.pk, {})
    shown = changes.filter(state=state) if state in STATES else changes
    page, pager = cut(
        request,
        shown.select_related("system")
        .prefetch_related("items__change__change_set")
        .order_by("system__name", "id"),
        {"state": state},
    )
    items = {change.pk: list(change.items.all()) for change in page.object_list}
    held = holding.why_waiting([item for own in items.values() for item in own], now=moment())
    rows = [
        (change, [(item, item.reason or held.get(item.pk, "")) for item in items[change.pk]])
        for change in page.object_list
    ]
    return render(
        request,
        "change_sets/change_set.html",
        {
            "change_set": found,
            "counts": [(word, counts.get(word, 0)) for word in STATES],
            "state": state,
            "rows": rows,
            "pager": pager,
            "total": sum(counts.values()),
            "now": moment(),
            "settings": sorted({item.path for own in items.values() for item in own}),
            "may_cancel": bool(counts.get("waiting")) and _may_change_all(request, found),
            "may_retry": any(counts.get(word) for word in ENDED_BADLY) and _may_change_all(request, found),
            "undone_by": found.undone_by.order_by("id")[:5],
            "may_undo": _may_change_all(request, found),
            "may_undo_on": _changeable_on_page(request, page.object_list),
            "entries": AuditEntry.objects.filter(object_kind="change set", object_id=found.pk).order_by(
                "-id"
            )[:20],
        },
    )


def _may_change_all(request: HttpRequest, found: ChangeSet) -> bool:
    """Whether she may change the settings of every system in the set."""
    mine = grants(request).folders(Permission.CHANGE_SETTINGS, "system__folder__path")
    everything = Change.objects.filter(change_set=found)
    return everything.filter(mine).count() == everything.count()


def _changeable_on_page(request: HttpRequest, changes: Iterable[Change]) -> set[int]:
    """The ids of those changes whose systems' settings she may change."""
    mine = grants(request).folders(Permission.CHANGE_SETTINGS, "system__folder__path")
    shown = Change.objects.filter(pk__in=[change.pk for change in changes])
    return set(shown.filter(mine).values_list("pk", flat=True))


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Cancel what waits, or let what failed wait again."""
    found = _visible_set(request, pk)
    if not _may_change_all(request, found) or act not in ("cancel", "retry"):
        raise Http404
    page = reverse("change_set", args=[pk])
    counts = states.counts_of(found)
    if request.method != "POST":
        return ask(request, _question(found, act, counts, page))
    now = moment()
    deed: Any = cancel_change_set if act == "cancel" else retry_failed
    done = "What had not been sent is cancelled." if act == "cancel" else "What had failed waits again."
    attempt(request, f"{act} change set", found, lambda: deed(found, user=request.user, now=now), done)
    return HttpResponseRedirect(page)


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what asking for the values before would do. POST: ask for them, by a new change set. With `system` on that
    one alone."""
    found = _visible_set(request, pk)
    key = number_of((request.POST if request.method == "POST" else request.GET).get("system", ""))
    system = visible_system(request, key, Permission.CHANGE_SETTINGS) if key is not None else None
    if system is None and not _may_change_all(request, found):
        raise Http404
    page = reverse("change_set", args=[pk])
    only = None if system is None else [system.pk]
    if request.method != "POST":
        planned = undoing.plan_undo(found, only)
        rows = [(change.system, item) for change in planned.plan.per_system for item in change.items]
        return render(
            request,
            "change_sets/undo.html",
            {
                "change_set": found,
                "system": system,
                "counts": planned.plan.counts,
                "number": len(planned.plan.per_system),
                "rows": rows[:SHOWN],
                "more": max(len(rows) - SHOWN, 0),
                "left_out": planned.left_out[:SHOWN],
                "more_left_out": max(len(planned.left_out) - SHOWN, 0),
                "back": page,
            },
        )
    made: list[ChangeSet] = []
    is_done = attempt(
        request,
        "undo change set",
        found,
        lambda: made.append(undoing.undo(found, user=request.user, now=moment(), systems=only)),
        "The values before were asked for. The outcome is followed here.",
        systems=only,
    )
    return HttpResponseRedirect(reverse("change_set", args=[made[0].pk]) if is_done else page)


def _question(found: ChangeSet, act: str, counts: dict[str, int], page: str) -> Question:
    address = reverse("change_set_act", args=[found.pk, act])
    if act == "cancel":
        number = counts.get("waiting", 0)
        return Question(
            f"Cancel change set {found.pk}?",
            f"{number} change{'s' if number != 1 else ''} that still wait"
            f"{'' if number != 1 else 's'} will not be sent. What was sent already stays.",
            "Try again brings the cancelled ones back.",
            "Cancel the changes",
            address,
            page,
            is_dangerous=True,
        )
    number = sum(counts.get(word, 0) for word in ENDED_BADLY)
    return Question(
        f"Try change set {found.pk} again?",
        f"{number} change{'s' if number != 1 else ''} that failed, ran out or were cancelled wait for the next posts "
        "of the systems again.",
        "It can be cancelled until it is sent.",
        "Try again",
        address,
        page,
    )
