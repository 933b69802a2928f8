"""A command for many systems: who has it, who refuses it and why."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.fleet.device_acts import RUN_COMMAND
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.operations.door import Outcome, do_many
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.protocols.xapi.command_line import write_call
from roomkeeper.provisioning import commands_for_many
from roomkeeper.provisioning.commands_for_many import CANNOT, KnownCommands, PlannedCall
from roomkeeper.provisioning.dangers import Danger, danger_of
from roomkeeper.provisioning.delivery_surface import ACTIONS
from roomkeeper.provisioning.device_commands import arguments_of, search
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import System
from roomkeeper.web.acts import now as moment
from roomkeeper.web.chosen_systems import SHOWN, chosen_context, chosen_of, list_address, source_of
from roomkeeper.web.command_form import CommandForm, read_form
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.web.derived_choosing import AT_ONCE, again
from roomkeeper.web.derived_telling import list_of_begun, tell_outcomes
from roomkeeper.web.system_command import NEAR_SHOWN
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext


@dataclass(frozen=True, slots=True)
class _Planned:
    """What would become of the chosen systems."""

    calls: list[PlannedCall]
    counts: Counter[str]
    danger: Danger | None

    @property
    def able(self) -> int:
        return len(self.calls) - self.counts[CANNOT]


@needs(Permission.RUN_ACTIONS, anywhere=True)
def commands(request: HttpRequest) -> HttpResponse:
    """GET: what to ask? POST: what would become of each system; with `step=confirm` asking it."""
    chosen = chosen_of(request, Permission.RUN_ACTIONS, AT_ONCE)
    if not chosen:
        return HttpResponseRedirect(list_address(request))
    known = commands_for_many.known_commands(chosen)
    step = request.POST.get("step", "")
    form = read_form(request, known.all() or None, is_done=step in ("check", "confirm"))
    planned = None
    if step in ("check", "confirm"):
        if form.call is None:
            form.error = form.error or _("Which command?")
        else:
            planned = _plan(request, chosen, form.call, known)
    if planned is not None and step == "confirm" and _is_confirmed(request, planned):
        return _ask(request, planned, form)
    context = {
        "title": _("Run a command"),
        **chosen_context(request, chosen),
        "form": form,
        "typed": request.POST,
        "body": form.call.body if form.call else "",
        "planned": planned,
        "word": str(planned.able) if planned and planned.danger and planned.danger.is_final else "",
        "able": planned.able if planned else 0,
        "is_dangerous": bool(planned and planned.danger),
        "cannot": [(one.system, [one.reason]) for one in planned.calls if one.verdict == CANNOT][:SHOWN]
        if planned
        else [],
        **_completion(chosen, known, form),
        "command_address": f"{reverse('systems_command')}?{urlencode(again(source_of(request), chosen))}",
    }
    return render(request, "systems/commands.html", context)


def _plan(request: HttpRequest, chosen: list[System], call: CommandCall, known: KnownCommands) -> _Planned:
    takes_unlisted = bool(request.POST.get("anyway"))
    calls = commands_for_many.plan_calls(chosen, lambda system: call, known, takes_unlisted=takes_unlisted)
    able = next((one.call for one in calls if one.verdict != CANNOT), None)
    slot = network_settings.get().feedback_slot
    return _Planned(
        calls,
        Counter(one.verdict for one in calls),
        danger_of(able, our_slot=slot) if able else None,
    )


def _is_confirmed(request: HttpRequest, planned: _Planned) -> bool:
    if not planned.able:
        messages.error(request, _("Nothing was done: none of them can run it."))
        return False
    is_final = planned.danger is not None and planned.danger.is_final
    if is_final and request.POST.get("word", "").strip() != str(planned.able):
        messages.error(request, _("Nothing was done: type {able} to confirm.", able=planned.able))
        return False
    return True


def _ask(request: HttpRequest, planned: _Planned, form: CommandForm) -> HttpResponse:
    now = moment()
    able = {one.system: one.call for one in planned.calls if one.verdict != CANNOT}
    own = {
        system.pk: {"command": call.path, "arguments": arguments_of(call), "body": call.body}
        for system, call in able.items()
    }
    when = {"during_calls": form.care.during_calls, "only_in_window": form.care.only_in_window}
    done = list(do_many(SYSTEMS, RUN_COMMAND, able, actor=actor_of(request), now=now, taken=when, own=own))
    done += [
        Outcome(one.system.pk, str(one.system), refusal=ValueError(one.reason))
        for one in planned.calls
        if one.verdict == CANNOT
    ]
    tell_outcomes(request, SYSTEMS, RUN_COMMAND, done, now)
    return HttpResponseRedirect(list_of_begun(ACTIONS, now))


def _completion(chosen: list[System], known: KnownCommands, form: CommandForm) -> dict[str, Any]:
    every = known.all()
    silent = sum(1 for system in chosen if not known.of(system))
    told = _(
        "Completed by the {count} commands that these systems or others of their models reported.",
        count=len(every),
    )
    if silent:
        told += ngettext(
            " {count} of them has reported none and cannot be checked.",
            " {count} of them have reported none and cannot be checked.",
            silent,
        )
    near = search(every.values(), form.text, limit=NEAR_SHOWN) if form.call and not form.command else []
    return {
        "paths": sorted(write_call(one.path, ()) for one in every.values()),
        "told": told,
        "near": near,
    }
