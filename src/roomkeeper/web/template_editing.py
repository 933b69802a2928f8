"""Making a template and giving it a new version: by hand with completion, from text or a file, from a system."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.configuration_templates import editing, known_settings
from roomkeeper.configuration_templates.applying import systems_kept
from roomkeeper.configuration_templates.content import (
    Content,
    TemplateRefused,
    TemplateSetting,
    checked,
)
from roomkeeper.configuration_templates.declared_acts import CHANGE, CREATE, EDIT
from roomkeeper.configuration_templates.files import as_given
from roomkeeper.configuration_templates.known_settings import KnownModel
from roomkeeper.configuration_templates.models import ConfigurationTemplate
from roomkeeper.configuration_templates.pasted_text import encode_text
from roomkeeper.configuration_templates.surface import ENFORCEMENT, TEMPLATES
from roomkeeper.configuration_templates.typed import Given, read_typed
from roomkeeper.configuration_templates.variables import NAMES, names_in
from roomkeeper.operations.door import NotSeen, do
from roomkeeper.operations.taking import TakenRefused, take
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning.secret_values import is_secret_path
from roomkeeper.web.access import number_of, visible_systems
from roomkeeper.web.acts import now as moment
from roomkeeper.web.configuration_templates import tell_in_force, visible_template
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.words import gettext as _

EMPTY_ROWS = 3
REMARKS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A row of the table: what was typed, what is wrong with it, and what known models have against it."""

    number: int
    path: str
    value: str
    error: str = ""
    remarks: tuple[str, ...] = ()
    is_secret: bool = False
    is_typed: bool = False


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def new(request: HttpRequest) -> HttpResponse:
    """The form for a new template; what it is made from stands in the address or in a text."""
    return _form(request, None)


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form for a new version."""
    return _form(request, visible_template(request, pk, Permission.CHANGE_SETTINGS))


@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def hint(request: HttpRequest) -> HttpResponse:
    """What is known of the setting or command that is being typed."""
    kind, path, number = (request.GET.get(name, "")[:600] for name in ("kind", "path", "number"))
    models = known(request)
    if kind == "command":
        words = path.removeprefix("xCommand ").split(":")[0]
        found: Any = known_settings.suggest_commands(models, words, limit=8) if words.strip() else []
        return render(request, "configuration_templates/command_hint.html", {"commands": found})
    value = request.GET.get("value", "")
    suggestion = known_settings.find_setting(models, path)
    row = _row(number_of(number, 5) or 0, path, value, models)
    return render(request, "configuration_templates/hint.html", {"row": row, "suggestion": suggestion})


def known(request: HttpRequest) -> list[KnownModel]:
    """The models of the systems that she may see."""
    return known_settings.known_models(visible_systems(request))


def _form(request: HttpRequest, found: ConfigurationTemplate | None) -> HttpResponse:
    before = editing.newest_content(found) if found else Content()
    errors: dict[str, str] = {}
    content = before
    step = request.POST.get("step", "")
    if request.method == "POST":
        given = read_typed(request.POST.getlist, request.FILES.get("file"))
        for problem in given.problems:
            messages.error(request, problem)
        try:
            content = checked(given.settings, given.commands, before=before)
        except TemplateRefused as refusal:
            errors = refusal.errors
        if step == "save" and not errors and not given.problems:
            try:
                return _save(request, found, content)
            except (TemplateRefused, TakenRefused) as refusal:
                errors = refusal.errors
        if errors and step == "save":
            messages.error(request, _("Nothing was saved: see the marked fields below."))
        if hidden := given.hidden_paths:
            paths = ", ".join(hidden[:5]) + (_(" and others") if len(hidden) > 5 else "")
            messages.warning(request, _("Type it again: {paths}. Secrets are not shown.", paths=paths))
    else:
        taken = _from_system(request) if found is None else None
        if taken is not None:
            content = taken
        settings = [(one.path, one.value) for one in content.settings]
        given = Given(settings, list(content.commands), encode_text(Content((), content.commands)))
    return _render_form(request, found, before, given, errors)


def _from_system(request: HttpRequest) -> Content | None:
    """The settings that were picked on the page of a system's settings."""
    taken = request.session.pop("template_picked", None)
    if not taken:
        return None
    return Content(tuple(TemplateSetting(path, value) for path, value in taken))


def _save(request: HttpRequest, found: ConfigurationTemplate | None, content: Content) -> HttpResponse:
    """Store it by the door; raises `TemplateRefused`, `TakenRefused`."""
    actor, now = actor_of(request), moment()
    rules = _sent_rules(request)
    held = {**as_given(content), "note": request.POST.get("note", "")}
    try:
        if found is None:
            taken = take(TEMPLATES, CREATE, rules | held)
            found = do(TEMPLATES, CREATE, None, actor=actor, now=now, taken=taken)
            messages.success(request, CREATE.done.format(row=found))
            return HttpResponseRedirect(reverse("template", args=[found.pk]))
        changed = {
            name: value for name, value in rules.items() if TEMPLATES.by_name[name].value(found) != value
        }
        taken, before = take(TEMPLATES, EDIT, held), found.newest
        if changed:
            do(TEMPLATES, CHANGE, found, actor=actor, now=now, taken=take(TEMPLATES, CHANGE, changed))
        _rest, told = do(TEMPLATES, EDIT, found, actor=actor, now=now, taken=taken)
    except NotSeen as error:
        raise Http404 from error
    if told["version"].number != before and found.assignments.exists():
        tell_in_force(request, told)
    else:
        messages.success(
            request,
            _("{found} is stored; version {number} is in force.", found=found, number=told["version"].number),
        )
    return HttpResponseRedirect(reverse("template", args=[found.pk]))


def _sent_rules(request: HttpRequest) -> dict[str, Any]:
    """What was typed beside what the template holds."""
    return {
        "name": request.POST.get("name", ""),
        "description": request.POST.get("description", ""),
        "folder": number_of(request.POST.get("folder", "")) or 0,
        "enforcement": request.POST.get("enforcement", "automatic"),
        "first_contact": bool(request.POST.get("first_contact")),
        "families": request.POST.getlist("families"),
    }


def _shown_rules(request: HttpRequest, found: ConfigurationTemplate | None) -> dict[str, Any]:
    """The same as the form shows it: as it was typed, else as it is, else empty."""
    if request.method == "POST":
        return {**_sent_rules(request), "note": request.POST.get("note", "")}
    if found is None:
        return {"name": request.GET.get("name", ""), "enforcement": "automatic"}
    return {one.name: TEMPLATES.by_name[one.name].value(found) for one in CHANGE.takes}


def _render_form(
    request: HttpRequest,
    found: ConfigurationTemplate | None,
    before: Content,
    given: Given,
    errors: dict[str, str],
) -> HttpResponse:
    models = known(request)
    typed = request.POST if request.method == "POST" else None
    stored = {match_key(one.path) for one in before.settings if one.is_secret and one.value}
    rows: list[TemplateRow] = []
    all_text = given.all_text
    if not given.is_text:
        rows = [
            _row(number, path, value or "", models, errors.get(path, ""), stored)
            for number, (path, value) in enumerate(given.settings, 1)
        ]
        rows += [TemplateRow(len(rows) + number, "", "") for number in range(1, EMPTY_ROWS + 1)]
    elif not all_text:
        all_text = encode_text(Content(tuple(TemplateSetting(*one) for one in given.settings)))
    # In a text no error stands beside what it is about.
    beside = set() if given.is_text else {path for path, _ in given.settings}
    kept_on = len(systems_kept(found)) if found else 0
    command_remarks = [
        (command.command, remark)
        for command in given.commands
        for remark in known_settings.remarks_on_command(models, command)
    ]
    return render(
        request,
        "configuration_templates/form.html",
        {
            "template": found,
            "rows": rows,
            "all_text": all_text,
            "pasted": given.pasted,
            "commands": given.commands_text,
            "command_remarks": command_remarks[:20],
            "errors": errors,
            "other_errors": {name: sentence for name, sentence in errors.items() if name not in beside},
            "folders": folder_choices(request, Permission.CHANGE_SETTINGS),
            "enforcements": [(key, _(word)) for key, word in ENFORCEMENT.items()],
            "all_families": editing.family_names(),
            **_shown_rules(request, found),
            "kept_on": kept_on,
            "known_paths": known_settings.known_paths(models),
            "models": models,
            "variables": NAMES,
        },
        status=422 if errors and typed and typed.get("step") == "save" else 200,
    )


def _row(
    number: int,
    path: str,
    value: str,
    models: Sequence[KnownModel],
    error: str = "",
    stored: frozenset[str] | set[str] = frozenset(),
) -> TemplateRow:
    is_secret = is_secret_path(path)
    remarks: tuple[str, ...] = ()
    is_typed = False
    if path and not error:
        try:
            is_typed = match_key(path) in stored
            asked = None if names_in(value) or (is_secret and not value) else value
            found = known_settings.remarks_on_setting(models, path, asked)
            remarks = tuple(f"{one.model}: {one.sentence}" for one in found[:REMARKS_SHOWN])
            if len(found) > REMARKS_SHOWN:
                remarks = (*remarks, _("and {count} other models", count=len(found) - REMARKS_SHOWN))
        except ValueError as refusal:
            error = str(refusal)
    return TemplateRow(number, path, "" if is_secret else value, error, remarks, is_secret, is_typed)
