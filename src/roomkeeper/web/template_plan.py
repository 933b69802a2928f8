"""Planning a template for chosen systems, with the mapping report, and applying it once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.configuration_templates import editing
from roomkeeper.configuration_templates.applying import AppliedTemplate, apply_template, newest_of
from roomkeeper.configuration_templates.content import Content
from roomkeeper.configuration_templates.mapping import CAUSES, MappingReport, plan_template
from roomkeeper.configuration_templates.models import ConfigurationTemplate
from roomkeeper.provisioning.planning import Care
from roomkeeper.systems.inventory import folder_label
from roomkeeper.systems.models import State, System, Tag
from roomkeeper.systems.software_versions import VersionKey
from roomkeeper.web.access import grants, number_of, visible_folder, visible_systems
from roomkeeper.web.acts import Question, ask, attempt
from roomkeeper.web.acts import now as moment
from roomkeeper.web.configuration_templates import ENFORCEMENT, tell_in_force, visible_template
from roomkeeper.web.folder_choices import folder_choices

LIMIT = 10_000
PERSISTENT_LIMIT = 500
SHOWN_SYSTEMS = 50
SHOWN_LINES = 400
_FILTERS = ("q", "folder", "tag", "model", "system")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which systems were chosen on the page, and whether any filter was set at all."""

    systems: QuerySet[System]
    values: dict[str, str]

    @property
    def is_made(self) -> bool:
        """Whether something was asked for; `every` asks for all."""
        return bool(self.values)


@needs(Permission.VIEW, anywhere=True)
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose systems; then what the template would do to them, per model and system by system."""
    found = visible_template(request, pk)
    choice = _choice(request, request.GET)
    count = choice.systems.count() if choice.is_made else 0
    report = None
    if choice.is_made and 0 < count <= LIMIT:
        report = plan_template(editing.newest_content(found), choice.systems, template=found)
    elif choice.is_made:
        words = (
            "No managed system matches." if not count else f"More than {LIMIT:,} systems: narrow the choice."
        )
        messages.error(request, words)
    key = request.GET.get("show", "")
    may_apply = count > 0 and choice.systems.filter(_may_change(request)).exists()
    return render(
        request,
        "configuration_templates/plan.html",
        {
            "template": found,
            "folder_label": folder_label(found.folder),
            "values": choice.values,
            "address": urlencode(choice.values),
            "count": count,
            "report": report,
            "sections": _sections(report) if report else [],
            "causes": [(word, report.causes[cause]) for cause, word in CAUSES.items() if report.causes[cause]]
            if report
            else [],
            "shown": _shown(report, key) if report else [],
            "show": key,
            "shown_limit": SHOWN_SYSTEMS,
            "may_apply": may_apply,
            "folders": folder_choices(request, Permission.VIEW),
            "tags": Tag.objects.filter(systems__in=_visible(request)).distinct().order_by("name")[:500],
            "models": _models(request),
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
    source = request.POST if request.method == "POST" else request.GET
    choice = _choice(request, source)
    page = f"{reverse('template_plan', args=[pk])}?{urlencode(choice.values)}"
    content = editing.newest_content(found)
    systems = list(choice.systems.filter(_may_change(request))[:LIMIT]) if choice.is_made else []
    if not systems:
        messages.error(request, "You may not change any of the chosen systems.")
        return HttpResponseRedirect(page)
    if content.has_secrets:
        # Whoever may send a secret to a system of her own choice could read it there.
        demand(request.user, Permission.CHANGE_SETTINGS, found.folder.path)
    if request.method != "POST":
        return _ask(request, found, content, systems, choice, page)
    with_commands = bool(source.get("commands"))
    if with_commands:
        for path in {system.folder.path for system in systems}:
            demand(request.user, Permission.RUN_ACTIONS, path)

    def note(begun: AppliedTemplate) -> None:
        audit.record(
            request.user,
            "page",
            "apply template",
            found,
            version=found.newest,
            change_set=begun.change_set.pk if begun.change_set else None,
            systems=len(systems),
            actions=begun.commands,
        )

    try:
        done = apply_template(
            newest_of(found),
            systems,
            user=request.user,
            now=moment(),
            with_commands=with_commands,
            care=Care(bool(source.get("during_calls")), bool(source.get("only_in_window"))),
            note=note,
        )
    except ValueError as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(page)
    change_set = done.change_set.pk if done.change_set else None
    if done.actions:
        messages.success(
            request, f"{len(done.actions)} commands were requested; follow them on each system's page."
        )
    for sentence in done.refused[:5]:
        messages.error(request, sentence)
    if change_set is None:
        if not done.actions:
            messages.success(request, "No system had to be changed.")
        return HttpResponseRedirect(page)
    messages.success(request, f"Asked of the systems that {found} would change. Follow the outcome here.")
    return HttpResponseRedirect(reverse("change_set", args=[change_set]))


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def make_persistent(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what making it persistent on the planned systems would do. POST: make it so, on these systems."""
    found = visible_template(request, pk, Permission.CHANGE_SETTINGS)
    source = request.POST if request.method == "POST" else request.GET
    choice = _choice(request, source)
    page = f"{reverse('template_plan', args=[pk])}?{urlencode(choice.values)}"
    permitted = choice.systems.filter(_may_change(request), folder__path__startswith=found.folder.path)
    systems = list(permitted[: PERSISTENT_LIMIT + 1]) if choice.is_made else []
    if len(systems) > PERSISTENT_LIMIT:
        messages.error(
            request,
            f"More than {PERSISTENT_LIMIT} systems: assign it to a folder or a tag, under Where used.",
        )
        return HttpResponseRedirect(page)
    if not systems:
        messages.error(
            request, f"None of the chosen systems is in {folder_label(found.folder)} and yours to change."
        )
        return HttpResponseRedirect(page)
    if request.method != "POST":
        counts = plan_template(editing.newest_content(found), systems, template=found).counts
        number = len(systems)
        question = Question(
            f"Make {found} persistent on {number} system{'s' if number != 1 else ''}?",
            f"{counts['change']} will change, {counts['already']} already set, {counts['cannot']} cannot."
            f" From now on a "
            f"difference is {ENFORCEMENT[found.enforcement]}. Its commands are not run. Systems added"
            f" later are not"
            " included: for those, assign it to a folder or a tag under Where used.",
            "Enforcing can be stopped; what was set stays as it is on the systems.",
            "Make it persistent",
            reverse("template_persistent", args=[pk]),
            page,
            fields=tuple(choice.values.items()),
        )
        return ask(request, question)
    is_done = attempt(
        request,
        "assign template",
        found,
        lambda: editing.assign_to_systems(found, systems, user=request.user, now=moment()),
        "",
        systems=[system.pk for system in systems],
    )
    if is_done:
        tell_in_force(request, found)
    return HttpResponseRedirect(reverse("template_tab", args=[pk, "used"]) if is_done else page)


def _ask(
    request: HttpRequest,
    found: ConfigurationTemplate,
    content: Content,
    systems: Sequence[System],
    choice: Choice,
    page: str,
) -> HttpResponse:
    counts = plan_template(content, systems, template=found).counts
    question = Question(
        f"Apply {found} v{found.newest} once?",
        f"{len(systems)} system{'s' if len(systems) != 1 else ''}: {counts['change']} will change, "
        f"{counts['already']} already set, {counts['cannot']} cannot. What a system cannot accept is left"
        f" out.",
        "It can be cancelled until it is sent; afterwards it is undone on its own page.",
        "Apply it once",
        reverse("template_apply", args=[found.pk]),
        page,
        fields=tuple(choice.values.items()),
    )
    return ask(
        request, question, "configuration_templates/ask_apply.html", command_count=len(content.commands)
    )


def _visible(request: HttpRequest) -> QuerySet[System]:
    return visible_systems(request).filter(state=State.MANAGED)


def _may_change(request: HttpRequest) -> Any:
    return grants(request).folders(Permission.CHANGE_SETTINGS)


def _choice(request: HttpRequest, source: QueryDict) -> Choice:
    values = {name: source.get(name, "").strip() for name in _FILTERS}
    values = {name: value[:300] for name, value in values.items() if value}
    rows = _visible(request).select_related("folder").order_by("name", "pk")
    if "folder" in values:
        rows = rows.filter(folder__path__startswith=visible_folder(request, values["folder"]).path)
    if "tag" in values:
        rows = rows.filter(tags__name=values["tag"])
    if "system" in values:
        key = number_of(values["system"])
        rows = rows.filter(pk=key) if key is not None else rows.none()
    if "model" in values:
        product, _, version = values["model"].partition("|")
        rows = rows.filter(product=product, software_version=version)
    for word in values.get("q", "").split():
        rows = rows.filter(name__icontains=word)
    if source.get("every"):
        values["every"] = "1"
    return Choice(rows, values)


def _models(request: HttpRequest) -> list[tuple[str, str]]:
    rows = (
        _visible(request)
        .order_by("product", VersionKey("software_version"))
        .values_list("product", "software_version")
    )
    return [
        (f"{product}|{version}", f"{product} {version}".strip()) for product, version in rows.distinct()[:200]
    ]
