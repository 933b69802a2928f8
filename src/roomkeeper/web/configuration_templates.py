"""Templates: the list, one template with its versions and where it is used, assigning, deleting, exporting."""

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db.models import F, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.configuration_templates import comparing, editing
from roomkeeper.configuration_templates.applying import bring_into_force, systems_kept
from roomkeeper.configuration_templates.content import content_of
from roomkeeper.configuration_templates.files import about_template, encode_template
from roomkeeper.configuration_templates.mapping import plan_template
from roomkeeper.configuration_templates.models import (
    ConfigurationTemplate,
    TemplateAssignment,
    TemplateVersion,
)
from roomkeeper.systems.inventory import folder_label, labels_of
from roomkeeper.systems.models import Folder, Tag
from roomkeeper.web.access import grants, number_of, visible_folder, visible_system, visible_systems
from roomkeeper.web.acts import Question, ask, attempt
from roomkeeper.web.acts import now as moment
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.web.pages import cut

TABS = ("settings", "versions", "used")
ENFORCEMENT = {
    "automatic": "restored automatically",
    "window": "restored in the maintenance window",
    "by_hand": "restored by a person",
}
SHOWN = 200


def visible_templates(request: HttpRequest) -> QuerySet[ConfigurationTemplate]:
    """The templates of the folders that she may see."""
    seen = grants(request).folders(Permission.VIEW)
    return ConfigurationTemplate.objects.filter(seen).select_related("folder")


def visible_template(
    request: HttpRequest, pk: int, permission: Permission = Permission.VIEW
) -> ConfigurationTemplate:
    """The template, if she may see its folder (else 404) and the permission holds there (else 403)."""
    template = get_object_or_404(visible_templates(request), pk=pk)
    if permission is not Permission.VIEW:
        demand(request.user, permission, template.folder.path)
    return template


@needs(Permission.VIEW, anywhere=True)
def templates(request: HttpRequest) -> HttpResponse:
    """The list, by name."""
    words = " ".join(request.GET.get("q", "").split())
    found = visible_templates(request)
    for word in words.split():
        found = found.filter(name__icontains=word)
    assignments = Prefetch("assignments", TemplateAssignment.objects.select_related("system", "folder"))
    page, pager = cut(request, found.prefetch_related(assignments).order_by("name"), {"q": words})
    rows = list(page.object_list)
    newest = TemplateVersion.objects.filter(template__in=rows, number=F("template__newest"))
    versions = {one.template_id: one for one in newest.select_related("created_by")}
    assigned = {one.pk: list(one.assignments.all()) for one in rows}
    kept_in = [a.folder.path for uses in assigned.values() for a in uses if a.folder is not None]
    labels = labels_of({*(one.folder.path for one in rows), *kept_in})
    return render(
        request,
        "configuration_templates/list.html",
        {
            "rows": [
                (
                    one,
                    versions.get(one.pk),
                    labels[one.folder.path],
                    [_word(a, labels) for a in assigned[one.pk]],
                )
                for one in rows
            ],
            "q": words,
            "pager": pager,
            "now": moment(),
            "enforcement": ENFORCEMENT,
            "may_make": grants(request).may_anywhere(Permission.CHANGE_SETTINGS),
        },
    )


@needs(Permission.VIEW, anywhere=True)
def template(request: HttpRequest, pk: int, tab: str = "settings") -> HttpResponse:
    """One template: what it holds, its versions and what differs between two, where it is used."""
    if tab not in TABS:
        raise Http404
    found = visible_template(request, pk)
    version = editing.newest_version(found)
    context: dict[str, Any] = {
        "template": found,
        "tab": tab,
        "tabs": (("settings", "Holds"), ("versions", "Versions"), ("used", "Where used")),
        "folder_label": folder_label(found.folder),
        "enforcement": ENFORCEMENT[found.enforcement],
        "version": version,
        "content": content_of(version),
        "may_change": grants(request).may(Permission.CHANGE_SETTINGS, found.folder.path),
        "now": moment(),
    }
    if tab == "settings":
        context |= _shown_version(request, found)
    elif tab == "versions":
        context |= _versions(request, found)
    else:
        context |= _uses(request, found)
    return render(request, f"configuration_templates/tab_{tab}.html", context)


def _shown_version(request: HttpRequest, found: ConfigurationTemplate) -> dict[str, Any]:
    """An older version where the address names one."""
    number = number_of(request.GET.get("version", ""), 8)
    older = found.versions.filter(number=number).first() if number is not None else None
    return {"version": older, "content": content_of(older)} if older else {}


def _versions(request: HttpRequest, found: ConfigurationTemplate) -> dict[str, Any]:
    versions = list(found.versions.select_related("created_by").order_by("-number")[:SHOWN])
    by_number = {str(one.number): one for one in versions}
    new = by_number.get(request.GET.get("new", "")) or (versions[0] if versions else None)
    old = by_number.get(request.GET.get("old", "")) or next((one for one in versions if one != new), None)
    differences = comparing.compare(content_of(old), content_of(new)) if old and new else []
    entries = AuditEntry.objects.filter(
        object_kind=ConfigurationTemplate._meta.verbose_name, object_id=found.pk
    )
    return {
        "versions": versions,
        "old": old,
        "new": new,
        "differences": differences,
        "entries": entries.order_by("-id")[:20],
    }


def _uses(request: HttpRequest, found: ConfigurationTemplate) -> dict[str, Any]:
    systems = systems_kept(found)
    assigned = found.assignments.select_related("system", "folder", "created_by").order_by("order", "id")
    labels = labels_of({one.folder.path for one in assigned if one.folder is not None})
    return {
        "assignments": [(one, _word(one, labels)) for one in assigned],
        "kept_on": systems[:SHOWN],
        "kept_count": len(systems),
        "uses": found.uses.select_related("used_by", "change_set").order_by("-id")[:50],
        "folders": [
            (folder, label)
            for folder, label in folder_choices(request, Permission.CHANGE_SETTINGS)
            if folder.path.startswith(found.folder.path)
        ],
        "tags": Tag.objects.filter(systems__folder__path__startswith=found.folder.path)
        .distinct()
        .order_by("name")[:500],
    }


def _word(one: TemplateAssignment, labels: Mapping[str, str] | None = None) -> str:
    """What it is assigned to; `labels` are those of many folders, where they were looked up together."""
    if one.system is not None:
        return f"system {one.system}"
    if one.folder is None:
        return f"tag {one.tag}"
    return f"folder {folder_label(one.folder) if labels is None else labels[one.folder.path]}"


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
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, and delete the template."""
    found = visible_template(request, pk, Permission.CHANGE_SETTINGS)
    if request.method != "POST":
        number = len(systems_kept(found))
        kept = f"It is persistent on {number} system{'s' if number != 1 else ''}; " if number else ""
        question = Question(
            f"Delete {found}?",
            f"{kept}what it set stays as it is on the systems and is no longer enforced. All its versions"
            f" are deleted.",
            "It cannot be undone; export it first.",
            "Delete",
            reverse("template_delete", args=[pk]),
            reverse("template", args=[pk]),
            is_dangerous=True,
        )
        return ask(request, question)
    attempt(request, "delete template", found, lambda: editing.delete_template(found), f"{found} is deleted.")
    return HttpResponseRedirect(reverse("templates"))


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what making it persistent on a system, a tag or a folder would do. POST: make it so."""
    found = visible_template(request, pk, Permission.CHANGE_SETTINGS)
    page = reverse("template_tab", args=[pk, "used"])
    source = request.POST if request.method == "POST" else request.GET
    target, fields = _target(request, source.get("kind", ""), source.get("target", ""))
    if target is None:
        messages.error(request, "Choose a folder, a tag or a system.")
        return HttpResponseRedirect(page)
    order = number_of(source.get("order", "100"), 5)
    target["order"] = 100 if order is None else order
    now = moment()
    if request.method != "POST":
        return _ask_to_assign(request, found, target, (*fields, ("order", str(target["order"]))), page)
    done = attempt(
        request,
        "assign template",
        found,
        lambda: editing.assign(found, user=request.user, now=now, **target),
        "",
        to=dict(fields)["target"],
    )
    if done:
        tell_in_force(request, found)
    return HttpResponseRedirect(page)


def tell_in_force(request: HttpRequest, found: ConfigurationTemplate) -> None:
    """Bring the template into force where it is assigned, and say what that came to."""
    applied = bring_into_force(found, user=request.user, now=moment())
    if applied is None:
        messages.success(request, "It is persistent; differences are shown as drift.")
    elif applied.change_set is None:
        messages.success(request, "It is persistent. No system has to be changed.")
    else:
        number = len([one for one in applied.report.systems if one.planned.items])
        messages.success(
            request,
            f"It is persistent. {number} system{'s are' if number != 1 else ' is'} asked by change set "
            f"{applied.change_set.pk}.",
        )


def _target(
    request: HttpRequest, kind: str, text: str
) -> tuple[dict[str, Any] | None, tuple[tuple[str, str], ...]]:
    fields = (("kind", kind), ("target", text))
    permission = Permission.CHANGE_SETTINGS
    if kind == "folder" and text.isdecimal():
        return {"folder": visible_folder(request, text, permission)}, fields
    if kind == "system" and text.strip():
        named = Q(name__iexact=text.strip())
        if (key := number_of(text, 14)) is not None:
            named |= Q(pk=key)
        chosen = visible_systems(request).filter(named)
        keys = list(chosen.values_list("pk", flat=True)[:2])
        return (
            ({"system": visible_system(request, keys[0], permission)}, fields)
            if len(keys) == 1
            else (None, fields)
        )
    if kind == "tag" and text.strip():
        return {"tag": text.strip()[:50]}, fields
    return None, fields


def _ask_to_assign(
    request: HttpRequest,
    found: ConfigurationTemplate,
    target: dict[str, Any],
    fields: tuple[tuple[str, str], ...],
    page: str,
) -> HttpResponse:
    assuming = TemplateAssignment(template=found, **target)
    folder: Folder | None = target.get("folder") or (target["system"].folder if "system" in target else None)
    if folder is not None and not folder.path.startswith(found.folder.path):
        messages.error(request, f"{found} cannot be used outside {folder_label(found.folder)}.")
        return HttpResponseRedirect(page)
    before = {system.pk for system in systems_kept(found)}
    systems = [one for one in systems_kept(found, assuming=[assuming]) if one.pk not in before]
    report = plan_template(editing.newest_content(found), systems, template=found, assuming=[assuming])
    counts = report.counts
    question = Question(
        f"Make {found} persistent on {_word(assuming)}?",
        f"{len(systems)} more system{'s' if len(systems) != 1 else ''}: {counts['change']} will change, "
        f"{counts['already']} already set, {counts['cannot']} cannot. From now on a difference is "
        f"{ENFORCEMENT[found.enforcement]}; systems added later are included. Its commands are not run.",
        "Enforcing can be stopped; what was set stays as it is on the systems.",
        "Make it persistent",
        reverse("template_assign", args=[found.pk]),
        page,
        fields=fields,
    )
    return ask(request, question)


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def unassign(request: HttpRequest, pk: int, assignment: int) -> HttpResponse:
    """Ask, and stop enforcing it there."""
    found = visible_template(request, pk, Permission.CHANGE_SETTINGS)
    one = get_object_or_404(found.assignments.select_related("system", "folder"), pk=assignment)
    page = reverse("template_tab", args=[pk, "used"])
    if request.method != "POST":
        question = Question(
            f"Stop enforcing {found} on {_word(one)}?",
            "What it set stays as it is on the systems; from now on they may differ.",
            "Assign it again to make it persistent again.",
            "Stop enforcing it",
            reverse("template_unassign", args=[pk, assignment]),
            page,
        )
        return ask(request, question)
    attempt(
        request,
        "unassign template",
        found,
        lambda: editing.unassign(one),
        "It is no longer enforced.",
        to=_word(one),
    )
    return HttpResponseRedirect(page)
