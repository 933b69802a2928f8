"""One template with its versions and where it is used, its file, and making it persistent; the list is declared."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.configuration_templates import comparing, editing
from roomkeeper.configuration_templates.applying import systems_kept
from roomkeeper.configuration_templates.content import TemplateRefused, content_of
from roomkeeper.configuration_templates.declared_acts import ASSIGN
from roomkeeper.configuration_templates.files import about_template, encode_template
from roomkeeper.configuration_templates.mapping import plan_template
from roomkeeper.configuration_templates.models import ConfigurationTemplate
from roomkeeper.configuration_templates.surface import ASSIGNMENTS, ENFORCEMENT, TEMPLATES
from roomkeeper.configuration_templates.telling import assigned_to, counted
from roomkeeper.operations.door import NotSeen, referred
from roomkeeper.operations.taking import TakenRefused, take_form
from roomkeeper.systems.models import Tag
from roomkeeper.web.access import grants, number_of, visible_systems
from roomkeeper.web.acts import Question, ask
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import actor_of, get_row, history_of, tried
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

SHOWN = 200


def visible_template(
    request: HttpRequest, pk: int, permission: Permission = Permission.VIEW
) -> ConfigurationTemplate:
    """The template, if she may see its folder (else 404) and the permission holds there (else 403)."""
    found: ConfigurationTemplate = get_row(TEMPLATES, actor_of(request), pk)
    if permission is not Permission.VIEW:
        demand(request.user, permission, found.folder.path)
    return found


@needs(Permission.VIEW, anywhere=True)
def template(request: HttpRequest, pk: int) -> HttpResponse:
    """What it holds, or held in an older version that the address names."""
    found = visible_template(request, pk)
    number = number_of(request.GET.get("version", ""), 8)
    older = found.versions.filter(number=number).first() if number is not None else None
    version = older or editing.newest_version(found)
    return _tab(request, found, "settings", version=version, content=content_of(version))


@needs(Permission.VIEW, anywhere=True)
def versions(request: HttpRequest, pk: int) -> HttpResponse:
    """Its versions, what differs between two, and what was done to it."""
    found = visible_template(request, pk)
    rows = list(found.versions.select_related("created_by").order_by("-number")[:SHOWN])
    by_number = {str(one.number): one for one in rows}
    new = by_number.get(request.GET.get("new", "")) or (rows[0] if rows else None)
    old = by_number.get(request.GET.get("old", "")) or next((one for one in rows if one != new), None)
    differences = comparing.compare(content_of(old), content_of(new)) if old and new else []
    return _tab(
        request,
        found,
        "versions",
        versions=rows,
        old=old,
        new=new,
        differences=differences,
        entries=history_of(TEMPLATES, found),
    )


@needs(Permission.VIEW, anywhere=True)
def used(request: HttpRequest, pk: int) -> HttpResponse:
    """On what it is persistent, on which systems that is, and when it was applied."""
    found = visible_template(request, pk)
    systems = systems_kept(found)
    rows = ASSIGNMENTS.rows(grants(request)).filter(template=found).order_by("order", "id")
    assignments = list(rows)
    if ASSIGNMENTS.prepare is not None:
        ASSIGNMENTS.prepare(assignments, grants(request), moment())
    folders = folder_choices(request, Permission.CHANGE_SETTINGS)
    tags = Tag.objects.filter(systems__folder__path__startswith=found.folder.path)
    return _tab(
        request,
        found,
        "used",
        assignments=assignments,
        kept_on=systems[:SHOWN],
        kept_count=len(systems),
        uses=found.uses.select_related("used_by", "change_set").order_by("-id")[:50],
        folders=[one for one in folders if one[0].path.startswith(found.folder.path)],
        tags=tags.distinct().order_by("name")[:500],
    )


def _tab(request: HttpRequest, found: ConfigurationTemplate, tab: str, **context: Any) -> HttpResponse:
    context |= {
        "template": found,
        "tab": tab,
        "enforcement": _(ENFORCEMENT[found.enforcement]),
        "may_change": grants(request).may(Permission.CHANGE_SETTINGS, found.folder.path),
        "now": moment(),
    }
    return render(request, f"configuration_templates/tab_{tab}.html", context)


@needs(Permission.VIEW, anywhere=True)
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """The template as a file, without its secrets."""
    found = visible_template(request, pk)
    exported = encode_template(about_template(found), editing.newest_content(found))
    text = json.dumps(exported, indent=2, ensure_ascii=False)
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in found.name)
    answer = HttpResponse(text + "\n", content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{name}-v{found.newest}.json"'
    return answer


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what making it persistent on a system, a tag or a folder would do. POST: make it so."""
    found = visible_template(request, pk, Permission.CHANGE_SETTINGS)
    page = reverse("template_used", args=[pk])
    given = _with_system(request)
    try:
        taken = take_form(TEMPLATES, ASSIGN, given.getlist)
        if request.method != "POST":
            return _ask_to_assign(request, found, taken, page)
    except (TakenRefused, TemplateRefused, NotSeen) as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(page)
    for _rest, told in tried(request, TEMPLATES, ASSIGN, found, taken, ""):
        tell_in_force(request, told)
    return HttpResponseRedirect(page)


def _with_system(request: HttpRequest) -> QueryDict:
    """What was given, with the id of the system that is named; none where not exactly one has that name."""
    given = (request.POST if request.method == "POST" else request.GET).copy()
    text = given.get("system", "").strip()
    if text and number_of(text) is None:
        keys = list(visible_systems(request).filter(name__iexact=text).values_list("pk", flat=True)[:2])
        given["system"] = str(keys[0]) if len(keys) == 1 else ""
    return given


def tell_in_force(request: HttpRequest, told: dict[str, Any]) -> None:
    """Say what bringing the template into force where it is assigned came to."""
    applied = told["applied"]
    if applied is None:
        messages.success(request, _("It is persistent; differences are shown as drift."))
    elif applied.change_set is None:
        messages.success(request, _("It is persistent. No system has to be changed."))
    else:
        number = len([one for one in applied.report.systems if one.planned.items])
        messages.success(
            request,
            ngettext(
                "It is persistent. {counted} is asked by change set {change_set}.",
                "It is persistent. {counted} are asked by change set {change_set}.",
                number,
                counted=counted(number, "system"),
                change_set=applied.change_set.pk,
            ),
        )


def _ask_to_assign(
    request: HttpRequest, found: ConfigurationTemplate, taken: dict[str, Any], page: str
) -> HttpResponse:
    target = taken | referred(ASSIGN, taken, actor_of(request))
    assuming = editing.assignment_to(found, **target)
    before = {system.pk for system in systems_kept(found)}
    systems = [one for one in systems_kept(found, assuming=[assuming]) if one.pk not in before]
    report = plan_template(editing.newest_content(found), systems, template=found, assuming=[assuming])
    question = Question(
        _("Make {found} persistent on {assigned_to}?", found=found, assigned_to=assigned_to(assuming)),
        _(
            "{counted}: {counts_words} From now on a difference is {enforcement}; systems added "
            "later are included. Its commands are not run.",
            counted=counted(len(systems), "more system"),
            counts_words=counts_words(report.counts),
            enforcement=_(ENFORCEMENT[found.enforcement]),
        ),
        ASSIGN.undo,
        ASSIGN.button,
        reverse("template_assign", args=[found.pk]),
        page,
        fields=tuple((name, str(value)) for name, value in taken.items() if value),
    )
    return ask(request, question)


def counts_words(counts: dict[str, int]) -> str:
    """The outcome for systems, as a sentence."""
    return _(
        "{counts[change]} will change, {counts[already]} already set, {counts[cannot]} cannot.", counts=counts
    )
