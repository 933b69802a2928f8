"""The drift feed: where systems differ from what is wanted, since when, and what to do about it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.provisioning import drift, enforcement
from roomkeeper.provisioning.models import Drift
from roomkeeper.systems.models import TimelineEntry
from roomkeeper.web.access import grants, number_of
from roomkeeper.web.acts import Question, ask, attempt
from roomkeeper.web.acts import now as moment
from roomkeeper.web.pages import cut

LAYERS = ("management", "system", "persistent", "template", "default")
SHOWS = (("open", "To decide"), ("ignored", "Ignored"))
AT_ONCE = 1000
# What stands on a timeline this long before a difference was noticed may tell who made it.
BEFORE = timedelta(minutes=20)
_TELLING = ("feedback", "change", "action", "management", "boot", "software", "document")


def visible_drift(request: HttpRequest, permission: Permission = Permission.VIEW) -> QuerySet[Drift]:
    """What stands open of systems in folders on which the permission holds."""
    rows = Drift.objects.filter(grants(request).folders(permission, "system__folder__path"), ended_at=None)
    return rows.select_related("system__folder", "ignored_by")


@needs(Permission.VIEW, anywhere=True)
def feed(request: HttpRequest) -> HttpResponse:
    """GET: the feed, newest first. POST: set back what was chosen, after asking."""
    if request.method == "POST":
        return _enforce(request)
    show, layer = request.GET.get("show", "open"), request.GET.get("layer", "")
    q, system = request.GET.get("q", "").strip(), request.GET.get("system", "")
    layer = layer if layer in LAYERS else ""
    scope = visible_drift(request)
    if layer:
        scope = scope.filter(layer=layer)
    if (key := number_of(system)) is not None:
        scope = scope.filter(system_id=key)
    for word in q.split():
        scope = scope.filter(
            Q(path__icontains=word) | Q(system__name__icontains=word) | Q(found__icontains=word)
        )
    counts = scope.aggregate(
        open=Count("pk", filter=Q(ignored_at=None)), ignored=Count("pk", filter=Q(ignored_at__isnull=False))
    )
    rows = scope.filter(ignored_at__isnull=show != "ignored").order_by("-since", "-id")
    page, pager = cut(request, rows, {"show": show, "layer": layer, "q": q, "system": system})
    mine = set(
        visible_drift(request, Permission.CHANGE_SETTINGS)
        .filter(pk__in=[row.pk for row in page.object_list])
        .values_list("pk", flat=True)
    )
    return render(
        request,
        "drift/feed.html",
        {
            "page": page,
            "pager": pager,
            "mine": mine,
            "shows": [(key, label, counts[key]) for key, label in SHOWS],
            "show": show,
            "layer": layer,
            "layers": LAYERS,
            "q": q,
            "system_key": system,
            "rounds": enforcement.ROUNDS,
            "now": moment(),
        },
    )


@needs(Permission.VIEW, anywhere=True)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One difference with what the timeline knows of the time when it was noticed."""
    row = get_object_or_404(visible_drift(request), pk=pk)
    around = TimelineEntry.objects.filter(
        system=row.system, last_at__gte=row.since - BEFORE, first_at__lte=row.since, kind__in=_TELLING
    )
    return render(
        request,
        "drift/one.html",
        {
            "row": row,
            "entries": around.select_related("user").order_by("-last_at", "-id")[:20],
            "may_change": grants(request).may(Permission.CHANGE_SETTINGS, row.system.folder.path),
            "rounds": enforcement.ROUNDS,
            "now": moment(),
        },
    )


def _enforce(request: HttpRequest) -> HttpResponse:
    given = (number_of(text) for text in request.POST.getlist("drift"))
    keys = [key for key in given if key is not None][:AT_ONCE]
    rows = list(visible_drift(request, Permission.CHANGE_SETTINGS).filter(pk__in=keys))
    back = reverse("drift")
    if not rows:
        messages.error(request, "Choose at least one difference that you may set back.")
        return HttpResponseRedirect(back)
    if request.POST.get("step") != "confirm":
        systems = len({row.system_id for row in rows})
        return ask(
            request,
            Question(
                f"Set back {len(rows)} setting{'s' if len(rows) > 1 else ''}?",
                f"What is wanted is written again to {systems} system{'s' if systems > 1 else ''}: at once where they "
                "can be reached, with the answer to their next post where not.",
                "What was found is overwritten. Accept it instead where it is right.",
                "Set back",
                back,
                back,
                fields=(("step", "confirm"), *(("drift", str(row.pk)) for row in rows)),
            ),
        )
    now = moment()
    attempt(
        request,
        "enforce drift",
        None,
        lambda: enforcement.enforce(rows, user=request.user, now=now),
        f"{len(rows)} setting{'s are' if len(rows) > 1 else ' is'} written again.",
        drift=keys,
    )
    return HttpResponseRedirect(back)


_ACTS: dict[str, tuple[str, str, str, str, Callable[..., Any]]] = {
    "accept": (
        "Take what was found as what is wanted?",
        "It becomes a persistent setting of this system alone, whatever templates say.",
        "Take the wish back under the system's Settings.",
        "Accept it",
        enforcement.accept,
    ),
    "ignore": (
        "Leave this difference alone?",
        "It is neither set back nor counted, until it ends by itself.",
        "It stands under Ignored, where it can be taken up again.",
        "Ignore it",
        drift.ignore,
    ),
    "take-up": (
        "Take this difference up again?",
        "It is counted, and set back by itself where that is wanted.",
        "It can be ignored again.",
        "Take it up",
        lambda row, *, user, now: drift.take_up(row),
    ),
}


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Accept, ignore, or take up one difference."""
    row = get_object_or_404(visible_drift(request, Permission.CHANGE_SETTINGS), pk=pk)
    if act not in _ACTS:
        raise Http404
    title, what, undo, button, deed = _ACTS[act]
    back = reverse("drift")
    if request.method != "POST":
        about = f"{row.system}, {row.path}: wanted {row.wanted!r}, found {row.found!r}. {what}"
        return ask(request, Question(title, about, undo, button, reverse("drift_act", args=[pk, act]), back))
    now = moment()
    done = {
        "accept": "It is what is wanted now.",
        "ignore": "It is left alone.",
        "take-up": "It is taken up.",
    }[act]
    attempt(
        request,
        f"{act} drift",
        row.system,
        lambda: deed(row, user=request.user, now=now),
        done,
        path=row.path,
    )
    return HttpResponseRedirect(back)
