"""Acts on many systems: choose in the list, see what it would do, confirm."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.provisioning import actions, management, planning
from roomkeeper.systems import inventory, records
from roomkeeper.systems.models import System
from roomkeeper.web.access import grants, visible_folder
from roomkeeper.web.acts import now as moment
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.web.system_filters import filtered, ordered, read_filters, visible_systems

LIMIT = 20_000
# What is done system by system inside one request; a change set is not.
ONE_BY_ONE_LIMIT = 2_000
SHOWN = 100
ACTS: dict[str, tuple[Permission, str]] = {
    "setting": (Permission.CHANGE_SETTINGS, "Change a setting"),
    "folder": (Permission.MANAGE_SYSTEMS, "Move to a folder"),
    "tags": (Permission.MANAGE_SYSTEMS, "Tag"),
    "enforce": (Permission.CHANGE_SETTINGS, "Enforce settings"),
    "restart": (Permission.RUN_ACTIONS, "Restart"),
}


@needs(Permission.VIEW, anywhere=True)
def bulk(request: HttpRequest) -> HttpResponse:
    """GET: the question about the chosen systems. POST: a preview for settings, else the act itself."""
    source = request.POST if request.method == "POST" else request.GET
    act = source.get("act", "")
    if act not in ACTS:
        raise Http404
    permission, title = ACTS[act]
    now = moment()
    back = reverse("systems") + (source.get("filter", "") if source.get("filter", "").startswith("?") else "")
    permitted = _chosen(request, source, now).filter(grants(request).folders(permission))
    chosen = list(permitted.select_related("folder")[:LIMIT])
    if not chosen:
        messages.error(request, "None of the chosen systems may be changed by you like that.")
        return HttpResponseRedirect(back)
    plan = None
    if request.method == "POST":
        try:
            if act == "setting":
                plan = planning.plan_settings(chosen, {request.POST.get("path", "").strip(): _value(request)})
                if request.POST.get("step") == "confirm":
                    return _ask_settings(request, chosen, now)
            else:
                return _run(request, act, chosen, now, back)
        except ValueError as refusal:
            messages.error(request, str(refusal))
    return render(
        request,
        "systems/bulk.html",
        {
            "act": act,
            "title": title,
            "chosen": chosen[:SHOWN],
            "count": len(chosen),
            "more": max(len(chosen) - SHOWN, 0),
            "keys": [system.pk for system in chosen] if not source.get("every") else [],
            "every": source.get("every", ""),
            "filter": source.get("filter", ""),
            "back": back,
            "plan": plan,
            "typed": request.POST,
            "shown": SHOWN,
            "cannot": [change for change in plan.per_system if change.verdict == "cannot"][:SHOWN]
            if plan
            else [],
            "folders": folder_choices(request, permission) if act == "folder" else [],
        },
    )


def _chosen(request: HttpRequest, source: QueryDict, now: datetime) -> Any:
    if source.get("every"):
        filters = read_filters(QueryDict(source.get("filter", "").removeprefix("?")))
        return ordered(filtered(request, filters, now), filters.sort)
    keys = [int(key) for key in source.getlist("system") if key.isdecimal()][:1000]
    return visible_systems(request).filter(pk__in=keys).order_by("name", "id")


def _value(request: HttpRequest) -> str | None:
    return None if request.POST.get("take_back") else request.POST.get("value", "")


def _care(request: HttpRequest) -> planning.Care:
    limit = request.POST.get("failure_limit", "").strip()
    if limit and not (limit.isdecimal() and len(limit) <= 6):
        raise ValueError(f"{limit!r} is no number of systems.")
    return planning.Care(
        during_calls=bool(request.POST.get("during_calls")),
        only_in_window=bool(request.POST.get("only_in_window")),
        failure_limit=int(limit) if limit else None,
    )


def _ask_settings(request: HttpRequest, chosen: list[System], now: datetime) -> HttpResponse:
    path = request.POST.get("path", "").strip()
    with transaction.atomic():
        made = planning.create_change_set(
            chosen,
            {path: _value(request)},
            user=request.user,
            now=now,
            description=request.POST.get("description", "").strip(),
            is_persistent=bool(request.POST.get("is_persistent")),
            care=_care(request),
        )
        audit.record(request.user, "web", "change settings", made, path=path, systems=len(chosen))
    messages.success(request, f"Asked of {len(chosen)} systems. What becomes of it is followed here.")
    return HttpResponseRedirect(reverse("change_set", args=[made.pk]))


def _run(request: HttpRequest, act: str, chosen: list[System], now: datetime, back: str) -> HttpResponse:
    if len(chosen) > ONE_BY_ONE_LIMIT:
        messages.error(request, f"At most {ONE_BY_ONE_LIMIT} systems at once: narrow the list by a filter.")
        return HttpResponseRedirect(back)
    deed = _deed(request, act, now)
    done, refused = 0, []
    for system in chosen:
        try:
            with transaction.atomic():
                deed(system)
            done += 1
        except ValueError as refusal:
            refused.append(str(refusal))
    audit.record(
        request.user,
        "web",
        f"{act} systems",
        None,
        done=done,
        refused=len(refused),
        systems=[system.pk for system in chosen[:1000]],
    )
    if done:
        words = {
            "folder": "moved",
            "tags": "tagged",
            "enforce": "enforced with their next posts",
            "restart": "asked to restart with their next posts",
        }[act]
        messages.success(request, f"{done} system{'s' if done > 1 else ''} {words}.")
    for sentence in refused[:5]:
        messages.error(request, sentence)
    if len(refused) > 5:
        messages.error(request, f"and {len(refused) - 5} others were refused.")
    return HttpResponseRedirect(back)


def _deed(request: HttpRequest, act: str, now: datetime) -> Callable[[System], Any]:
    if act == "folder":
        folder = visible_folder(request, request.POST.get("folder", ""), Permission.MANAGE_SYSTEMS)
        return lambda system: records.move(system, folder)
    if act == "tags":
        added, taken = (_words(request.POST.get(name, "")) for name in ("tags", "taken"))

        def tag(system: System) -> None:
            held = set(system.tags.values_list("name", flat=True))
            inventory.set_tags(system, (held | added) - taken)

        return tag
    if act == "enforce":
        return lambda system: management.enforce(system, user=request.user, now=now)
    return lambda system: actions.restart(system, user=request.user, now=now)


def _words(text: str) -> set[str]:
    return {word.strip() for word in text.split(",") if word.strip()}
