"""Running a command on a system: chosen from what it has, checked, confirmed, and what became of it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.fleet.device_acts import RUN_COMMAND
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.operations.door import do
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.protocols.xapi.command_line import write_call
from roomkeeper.provisioning import actions
from roomkeeper.provisioning.dangers import danger_of
from roomkeeper.provisioning.device_commands import DeviceCommands, arguments_of, commands_of, want_commands
from roomkeeper.provisioning.models import Action
from roomkeeper.provisioning.roads import road_of
from roomkeeper.systems import network_settings, watching
from roomkeeper.systems.documents import HIDDEN
from roomkeeper.systems.models import State, System
from roomkeeper.web.access import grants, visible_system
from roomkeeper.web.acts import Question, ask, is_confirmed
from roomkeeper.web.acts import now as moment
from roomkeeper.web.command_form import CommandForm, read_form
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.words import gettext as _

_LONGEST_ADDRESS = 2000
NEAR_SHOWN = 12
ANSWER_SHOWN = 1000


@needs(Permission.RUN_ACTIONS, anywhere=True)
def command(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the form, with the parameters of the command in the address. POST: the question, then the act."""
    system = visible_system(request, pk, Permission.RUN_ACTIONS)
    known = commands_of(system)
    if not request.headers.get("X-Live"):
        watching.watch([pk], now=moment())
        if known is None or not known.is_own:
            want_commands(system)
    is_done = request.method == "POST" and request.POST.get("step") != "choose"
    form = read_form(request, known.commands if known else None, is_done=is_done)
    if not is_done:
        return _render_form(request, system, known, form)
    if form.call is None and not form.error:
        form.error = _("Which command?")
    if form.call is not None and form.is_good:
        try:
            actions.checked(system, form.call.path, arguments_of(form.call), form.call.body)
        except actions.ActionRefused as refusal:
            form.error = str(refusal)
    if form.call is None or not form.is_good:
        return _render_form(request, system, known, form, status=422)
    question = _question(system, form, form.call)
    if request.POST.get("step") != "confirm" or not is_confirmed(request, question):
        return _ask(request, system, known, form, form.call, question)
    return _run(request, system, form, form.call, question)


@needs(Permission.VIEW, anywhere=True)
def result(request: HttpRequest, pk: int, action: int) -> HttpResponse:
    """What became of an action."""
    system = visible_system(request, pk)
    found = get_object_or_404(Action.objects.select_related("created_by"), pk=action, system=system)
    line = write_call(found.command, found.arguments)
    context = {
        "system": system,
        "action": found,
        "line": line,
        "answer": [(path, value) for path, value in (found.answer or {}).items() if value][:ANSWER_SHOWN],
        "again": line if len(line) < _LONGEST_ADDRESS and not found.has_secret and HIDDEN not in line else "",
        "may_run": grants(request).may(Permission.RUN_ACTIONS, system.folder.path),
    }
    if found.ended_at is None:
        care = actions.care_of(found)
        context["road"] = road_of(system, found.command, care, now=moment())
    return render(request, "systems/action.html", context)


def _question(system: System, form: CommandForm, call: CommandCall) -> Question:
    danger = danger_of(call, our_slot=network_settings.get().feedback_slot)
    line = write_call(call.path, call.arguments)
    back = reverse("system_command", args=[system.pk])
    is_final = danger is not None and danger.is_final
    return Question(
        title=_("Run {path} on {system}?", path=call.path, system=system),
        what=danger.sentence if danger else _("The device runs this once:"),
        undo=_("It cannot be undone.") if is_final else _("It can be cancelled until it is sent."),
        button=_("Run it"),
        address=back,
        back=f"{back}?{urlencode({'command': line})}" if len(line) < _LONGEST_ADDRESS else back,
        is_dangerous=danger is not None,
        word=str(system) if is_final else "",
        fields=(*form.hidden(), ("step", "confirm")),
    )


def _ask(
    request: HttpRequest,
    system: System,
    known: DeviceCommands | None,
    form: CommandForm,
    call: CommandCall,
    question: Question,
) -> HttpResponse:
    return ask(
        request,
        question,
        "systems/ask_command.html",
        system=system,
        known=known,
        form=form,
        line=write_call(call.path, call.arguments),
        body=call.body,
        road=road_of(system, call.path, form.care, now=moment()),
    )


def _run(
    request: HttpRequest, system: System, form: CommandForm, call: CommandCall, question: Question
) -> HttpResponse:
    taken = {
        "command": call.path,
        "arguments": arguments_of(call),
        "body": call.body,
        "during_calls": form.care.during_calls,
        "only_in_window": form.care.only_in_window,
    }
    try:
        asked = do(SYSTEMS, RUN_COMMAND, system, actor=actor_of(request), now=moment(), taken=taken)
    except actions.ActionRefused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(question.back)
    return HttpResponseRedirect(reverse("system_action", args=[system.pk, asked.pk]))


def _render_form(
    request: HttpRequest,
    system: System,
    known: DeviceCommands | None,
    form: CommandForm,
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "system": system,
        "known": known,
        "form": form,
        "paths": [write_call(one.path, ()) for one in known.search("")] if known else [],
        "told": _told(system, known),
        "command_address": reverse("system_command", args=[system.pk]),
        "near": known.search(form.text, limit=NEAR_SHOWN) if known and form.call and not form.command else [],
        "is_managed": system.state == State.MANAGED,
        "body": form.call.body if form.call else "",
    }
    return render(request, "systems/command.html", context, status=status)


def _told(system: System, known: DeviceCommands | None) -> str:
    """From where it is known what the system has."""
    if known is None:
        return _(
            "{system} has not reported its commands, so nothing is completed or checked. It is "
            "asked for them with the answer to its next post.",
            system=system,
        )
    if known.is_own:
        return _(
            "Completed and checked by the {count} commands that {system} reported.",
            count=len(known.commands),
            system=system,
        )
    return _(
        "Completed and checked by the {count} commands that another system of its model reported.",
        count=len(known.commands),
    )
