"""Planning a template for chosen systems, with the mapping report, applying it once, making it persistent on them."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.configuration_templates import acting, editing
from roomkeeper.configuration_templates.declared_acts import APPLY, MAKE_PERSISTENT
from roomkeeper.configuration_templates.mapping import CAUSES, MappingReport, plan_template
from roomkeeper.configuration_templates.models import ConfigurationTemplate
from roomkeeper.configuration_templates.surface import ENFORCEMENT, TEMPLATES
from roomkeeper.configuration_templates.telling import counted
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.operations.acts import Act
from roomkeeper.operations.filters import read_filters
from roomkeeper.operations.lists import ListRefused
from roomkeeper.operations.taking import take_form
from roomkeeper.systems.inventory import folder_label
from roomkeeper.systems.models import State, System
from roomkeeper.web.access import grants
from roomkeeper.web.acts import Question, ask
from roomkeeper.web.acts import now as moment
from roomkeeper.web.chosen_systems import chosen_rows, source_of
from roomkeeper.web.configuration_templates import counts_words, tell_in_force, visible_template
from roomkeeper.web.derived_acts import tried
from roomkeeper.web.derived_bars import flat, selects_of
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.words import gettext as _

LIMIT = 10_000
PERSISTENT_LIMIT = 500
SHOWN_SYSTEMS = 50
SHOWN_LINES = 400


@needs(Permission.VIEW, anywhere=True)
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose systems by the filters of their list; then what the template would do to them, per model and system by
    system."""
    found = visible_template(request, pk)
    choice = _choice(request)
    systems = _chosen(request, choice)
    count = systems.count() if choice else 0
    report = None
    if 0 < count <= LIMIT:
        report = plan_template(editing.newest_content(found), systems, template=found)
    elif choice:
        many = _("More than {limit:,} systems: narrow the choice.", limit=LIMIT)
        messages.error(request, many if count else _("No managed system matches."))
    query, key = QueryDict(choice.get("filter", "").removeprefix("?")), request.GET.get("show", "")
    try:
        asked = read_filters(SYSTEMS, {name: query.getlist(name) for name in query})
    except ListRefused:
        asked = read_filters(SYSTEMS, {})
    return render(
        request,
        "configuration_templates/plan.html",
        {
            "template": found,
            "folder_label": folder_label(found.folder),
            "search": query.get("search", ""),
            "folder": query.get("folder", ""),
            # Only managed systems are planned for.
            "selects": [one for one in selects_of(SYSTEMS, asked, grants(request)) if one["name"] != "state"],
            "shown_address": urlencode(flat(request.GET, without={"show"})),
            "address": urlencode(choice, doseq=True),
            "count": count,
            "report": report,
            "sections": _sections(report) if report else [],
            "causes": [(word, report.causes[cause]) for cause, word in CAUSES.items() if report.causes[cause]]
            if report
            else [],
            "shown": _shown(report, key) if report else [],
            "show": key,
            "shown_limit": SHOWN_SYSTEMS,
            "may_apply": report is not None and systems.filter(_may_change(request)).exists(),
            "folders": folder_choices(request, Permission.VIEW),
        },
    )


def _sections(report: MappingReport) -> list[dict[str, Any]]:
    """Per model what cannot be, by cause in the order in which causes are told."""
    order = list(CAUSES)
    found = []
    for model in sorted(report.models.values(), key=lambda one: -one.systems):
        lines = sorted(model.lines.values(), key=lambda line: (order.index(line.cause), line.name.lower()))
        found.append(
            {
                "model": model,
                "name": f"{model.product or 'unknown product'} {model.software_version}".strip(),
                "change": model.verdicts["change"] + model.verdicts["run"],
                "already": model.verdicts["already"],
                "cannot": model.verdicts["cannot"],
                "lines": [(line, CAUSES[line.cause]) for line in lines[:SHOWN_LINES]],
                "more": max(len(lines) - SHOWN_LINES, 0),
                "respelled": sorted(model.respelled.items())[:SHOWN_LINES],
            }
        )
    return found


def _shown(report: MappingReport, key: str) -> list[Any]:
    """The systems of a verdict, or the one whose id the address names, item by item."""
    if key.isdecimal():
        return [one for one in report.systems if str(one.system.pk) == key]
    wanted = [one for one in report.systems if not key or one.verdict == key]
    return wanted[:SHOWN_SYSTEMS]


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the question with its counts. POST: ask the systems once."""
    found = visible_template(request, pk)
    choice = _choice(request)
    page = _page(found, choice)
    systems = list(_chosen(request, choice).filter(_may_change(request))[:LIMIT]) if choice else []
    if not systems:
        messages.error(request, _("You may not change any of the chosen systems."))
        return HttpResponseRedirect(page)
    content = editing.newest_content(found)
    if request.method != "POST":
        what = _(
            "{counted}: {counts} What a system cannot accept is left out.",
            counted=counted(len(systems), "system"),
            counts=_counts(found, systems),
        )
        question = _question(
            APPLY, found, _("Apply {found} v{newest} once?", found=found, newest=found.newest), what, choice
        )
        number = len(content.commands)
        return ask(request, question, "configuration_templates/ask_apply.html", command_count=number)
    # A box that is not ticked is not sent.
    given = request.POST.copy()
    given["commands"] = given.get("commands", "")
    given.setlist("systems", [str(system.pk) for system in systems])
    for _rest, told in tried(
        request, TEMPLATES, APPLY, found, take_form(TEMPLATES, APPLY, given.getlist), ""
    ):
        applied, change_set = told["applied"], acting.change_set_of(told)
        if applied.actions:
            messages.success(
                request,
                _(
                    "{count} commands were requested; follow them on each system's page.",
                    count=len(applied.actions),
                ),
            )
        for sentence in applied.refused[:5]:
            messages.error(request, sentence)
        if change_set is not None:
            messages.success(
                request,
                _("Asked of the systems that {found} would change. Follow the outcome here.", found=found),
            )
            return HttpResponseRedirect(reverse("change_set", args=[change_set]))
        if not applied.actions:
            messages.success(request, _("No system had to be changed."))
    return HttpResponseRedirect(page)


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def make_persistent(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what making it persistent on the planned systems would do. POST: make it so, on these systems."""
    found = visible_template(request, pk, Permission.CHANGE_SETTINGS)
    choice = _choice(request)
    page = _page(found, choice)
    permitted = _chosen(request, choice).filter(
        _may_change(request), folder__path__startswith=found.folder.path
    )
    systems = list(permitted[: PERSISTENT_LIMIT + 1]) if choice else []
    if not systems or len(systems) > PERSISTENT_LIMIT:
        many = _(
            "More than {limit} systems: assign it to a folder or a tag, under Where used.",
            limit=PERSISTENT_LIMIT,
        )
        none = _(
            "None of the chosen systems is in {folder_label} and yours to change.",
            folder_label=folder_label(found.folder),
        )
        messages.error(request, many if systems else none)
        return HttpResponseRedirect(page)
    if request.method != "POST":
        title = _(
            "Make {found} persistent on {counted}?", found=found, counted=counted(len(systems), "system")
        )
        what = _(
            "{counts} From now on a difference is {enforcement}. Its commands are not run. "
            "Systems added later are not included: for those, assign it to a folder or a tag "
            "under Where used.",
            counts=_counts(found, systems),
            enforcement=_(ENFORCEMENT[found.enforcement]),
        )
        return ask(request, _question(MAKE_PERSISTENT, found, title, what, choice))
    taken = {"systems": [system.pk for system in systems]}
    for _rest_2, told in tried(request, TEMPLATES, MAKE_PERSISTENT, found, taken, ""):
        tell_in_force(request, told)
        return HttpResponseRedirect(reverse("template_used", args=[pk]))
    return HttpResponseRedirect(page)


def _choice(request: HttpRequest) -> dict[str, Any]:
    """The fields by which systems are chosen: their ids, all that a filter lets through, or the filters themselves as
    the plan's own form has them; nothing where nothing was chosen."""
    source = source_of(request)
    if keys := [key for name in ("system", "systems", "row") for key in source.getlist(name)]:
        return {"system": keys}
    if request.method == "POST" or "filter" in source:
        return {"every": "1", "filter": source.get("filter", "")} if source.get("every") else {}
    kept = flat(source, without={"show", "every"})
    return {"every": "1", "filter": f"?{urlencode(kept)}"} if kept or source.get("every") else {}


def _chosen(request: HttpRequest, choice: dict[str, Any]) -> QuerySet[System]:
    """The managed systems of the choice that she may see."""
    source = QueryDict(urlencode(choice, doseq=True))
    return chosen_rows(request, source, moment()).filter(state=State.MANAGED).select_related("folder")


def _page(found: ConfigurationTemplate, choice: dict[str, Any]) -> str:
    return f"{reverse('template_plan', args=[found.pk])}?{urlencode(choice, doseq=True)}"


def _counts(found: ConfigurationTemplate, systems: list[System]) -> str:
    return counts_words(plan_template(editing.newest_content(found), systems, template=found).counts)


def _question(
    act: Act, found: ConfigurationTemplate, title: str, what: str, choice: dict[str, Any]
) -> Question:
    address = reverse(f"template_{act.slug.replace('-', '_')}", args=[found.pk])
    fields = [
        (name, one)
        for name, value in choice.items()
        for one in ([value] if isinstance(value, str) else value)
    ]
    return Question(title, what, act.undo, act.button, address, _page(found, choice), fields=tuple(fields))


def _may_change(request: HttpRequest) -> Any:
    return grants(request).folders(Permission.CHANGE_SETTINGS)
