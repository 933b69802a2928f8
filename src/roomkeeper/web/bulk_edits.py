"""Editing many systems in a spreadsheet: the file out, the file back in, what it would change, and doing it."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.bulk_editing.applying import PlanChanged
from roomkeeper.bulk_editing.columns import FIELDS, ROWS_LIMIT
from roomkeeper.bulk_editing.differences import CANNOT, CHANGE, EditPlan
from roomkeeper.bulk_editing.exporting import USUAL, usable_fields, usable_paths
from roomkeeper.bulk_editing.planning import plan_edit
from roomkeeper.bulk_editing.reading import SheetRefused, read_csv
from roomkeeper.bulk_editing.surface import EDIT, EDITING, export
from roomkeeper.configuration_templates.known_settings import known_models, known_paths
from roomkeeper.operations.door import do
from roomkeeper.operations.taking import take_form
from roomkeeper.systems.models import State, System
from roomkeeper.web import packed_files
from roomkeeper.web.access import grants, number_of, visible_systems
from roomkeeper.web.acts import now as moment
from roomkeeper.web.chosen_systems import filtered_rows
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

SHOWN: Final = 100
PATH_FIELDS: Final = 6
SESSION_KEY: Final = "edited_systems"
VIEWS: Final = (
    (CHANGE, noop("Will change")),
    (CANNOT, noop("Cannot in part")),
    ("refused", noop("Left out")),
    ("unchanged", noop("Stay as they are")),
)


@needs(Permission.VIEW, anywhere=True)
def export_form(request: HttpRequest) -> HttpResponse:
    """What the file is to hold: fields of the record, and settings."""
    systems = _reach_of(request)
    typed = [path for path in request.GET.getlist("setting") if path.strip()]
    asked = request.GET.getlist("field")
    return render(
        request,
        "systems/edit_export.html",
        {
            "count": systems.count(),
            "kept": _kept(request),
            "back": _back(request),
            "fields": [(field, field.key in (asked or USUAL)) for field in FIELDS.values()],
            "paths": typed + [""] * max(PATH_FIELDS - len(typed), 2),
            "known_paths": known_paths(known_models(visible_systems(request))),
        },
    )


@needs(Permission.VIEW, anywhere=True)
def export_file(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The file."""
    pasted = request.GET.get("settings", "").replace(",", "\n").splitlines()
    try:
        paths = usable_paths([text for text in (*request.GET.getlist("setting"), *pasted) if text.strip()])
        fields = usable_fields(request.GET.getlist("field"))
    except SheetRefused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(f"{reverse('systems_edit_export')}?{request.GET.urlencode()}")
    systems = _reach_of(request)
    if systems.count() > ROWS_LIMIT:
        messages.error(
            request,
            _("A file can hold at most {limit:,} systems: narrow the list with a filter.", limit=ROWS_LIMIT),
        )
        return HttpResponseRedirect(_back(request))
    return export(systems, fields=fields, paths=paths, actor=actor_of(request), now=moment())


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def edit(request: HttpRequest) -> HttpResponse:
    """GET: the form for the file. POST: what it would change; with `step=apply` doing it, if it is still that."""
    context: dict[str, Any] = {"typed": request.POST, "rows_limit": f"{ROWS_LIMIT:,}"}
    if request.method == "POST":
        try:
            data = packed_files.given(request)
            packed = packed_files.pack(data)
            plan = plan_edit(
                read_csv(data),
                reach=_visible(request),
                user=request.user,
                makes_folders=bool(request.POST.get("create_folders")),
            )
            if request.POST.get("step") == "apply" and plan.has_changes:
                return _apply(request, plan)
        except PlanChanged as refusal:
            messages.warning(request, str(refusal))
        except ValueError as refusal:
            messages.error(request, str(refusal))
            return render(request, "systems/edit.html", context)
        context |= {"packed": packed, **_shown(request, plan)}
    return render(request, "systems/edit.html", context)


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def edited(request: HttpRequest) -> HttpResponse:
    """What was done, and where the rest is followed."""
    done = request.session.get(SESSION_KEY)
    if not done:
        return HttpResponseRedirect(reverse("systems_edit"))
    return render(request, "systems/edit_done.html", {"done": done})


def _apply(request: HttpRequest, plan: EditPlan) -> HttpResponse:
    taken = take_form(EDITING, EDIT, request.POST.getlist) | {"plan": plan}
    taken["digest"] = taken["digest"] or "none was shown"
    done = do(EDITING, EDIT, None, actor=actor_of(request), now=moment(), taken=taken)
    request.session[SESSION_KEY] = {
        "records": done.records,
        "record_job": done.job.pk if done.job else None,
        "queued": len(plan.records) if done.job else 0,
        "change_set": done.change_set.pk if done.change_set else None,
        "name_change_set": done.name_change_set.pk if done.name_change_set else None,
        "asked": len(plan.settings.per_system) if plan.settings else 0,
        "named": len(plan.names.per_system) if plan.names else 0,
        "refused": [sentence for _, sentence in done.refused[:SHOWN]],
        "left_out": plan.counts["refused"],
        "cannot": sum(change.verdict == CANNOT for edit in plan.edits for change in edit.changes),
    }
    return HttpResponseRedirect(reverse("systems_edited"))


@dataclass(frozen=True, slots=True)
class DifferenceTab:
    """A part of the difference, and how much is in it."""

    key: str
    label: str
    count: int
    is_here: bool


def _shown(request: HttpRequest, plan: EditPlan) -> dict[str, Any]:
    groups: dict[str, list[Any]] = {
        CHANGE: [one for one in plan.edits if one.verdict in (CHANGE, "already")],
        CANNOT: [one for one in plan.edits if any(change.verdict == CANNOT for change in one.changes)],
        "unchanged": [one for one in plan.edits if one.verdict == "unchanged"],
        "refused": list(plan.problems),
    }
    show = request.POST.get("show") or request.POST.get("shown", "")
    if show not in groups:
        show = next((key for key, _label in VIEWS if groups[key]), CHANGE)
    rows = groups[show]
    pages = max((len(rows) + SHOWN - 1) // SHOWN, 1)
    page = min(max(number_of(request.POST.get("page", "1"), 6) or 1, 1), pages)
    return {
        "plan": plan,
        "labels": {field.key: _(field.label) for field in FIELDS.values()},
        "tabs": [DifferenceTab(key, _(label), len(groups[key]), key == show) for key, label in VIEWS],
        "show": show,
        "rows": rows[(page - 1) * SHOWN : page * SHOWN],
        "page": page,
        "pages": pages,
        "asked": len(plan.settings.per_system) if plan.settings else 0,
    }


def _reach_of(request: HttpRequest) -> QuerySet[System]:
    """The chosen systems, or those that the filter lets through, in the order of the list."""
    keys = [key for text in request.GET.getlist("system") if (key := number_of(text)) is not None]
    if keys and not request.GET.get("every"):
        return _visible(request).filter(pk__in=keys[:1000]).order_by("name", "pk")
    found = filtered_rows(request, request.GET.get("filter", ""), moment())
    return found if grants(request).may(Permission.VIEW_INBOX) else found.exclude(state=State.PENDING)


def _visible(request: HttpRequest) -> QuerySet[System]:
    found = visible_systems(request)
    return found if grants(request).may(Permission.VIEW_INBOX) else found.exclude(state=State.PENDING)


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    """What of the address says which systems are meant."""
    return [(name, value) for name in ("filter", "every", "system") for value in request.GET.getlist(name)]


def _back(request: HttpRequest) -> str:
    words = request.GET.get("filter", "")
    return reverse("systems") + (words if words.startswith("?") else "")
