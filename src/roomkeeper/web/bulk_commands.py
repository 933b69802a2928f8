"""A command for many systems: who has it, who refuses it and why, and what became of it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.fleet.device_acts import RUN_COMMAND
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.operations.door import do_many
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.protocols.xapi.command_line import write_call
from roomkeeper.provisioning import commands_for_many
from roomkeeper.provisioning.commands_for_many import CANNOT, KnownCommands, PlannedCall
from roomkeeper.provisioning.dangers import Danger, danger_of
from roomkeeper.provisioning.device_commands import arguments_of, search
from roomkeeper.provisioning.models import Action
from roomkeeper.systems import network_settings
from roomkeeper.web.access import grants
from roomkeeper.web.acts import now as moment
from roomkeeper.web.chosen_systems import Chosen, find_chosen, list_address
from roomkeeper.web.command_form import CommandForm, read_form
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.web.system_command import NEAR_SHOWN
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

SHOWN: Final = 100
ASKED_SHOWN: Final = 500
_SESSION: Final = "commands_refused"


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
    chosen = find_chosen(request, Permission.RUN_ACTIONS)
    if chosen is None:
        return HttpResponseRedirect(list_address(request))
    known = commands_for_many.known_commands(chosen.systems)
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
        "chosen": chosen,
        "shown": SHOWN,
        "form": form,
        "typed": request.POST,
        "body": form.call.body if form.call else "",
        "planned": planned,
        "word": str(planned.able) if planned and planned.danger and planned.danger.is_final else "",
        "cannot": [one for one in planned.calls if one.verdict == CANNOT][:SHOWN] if planned else [],
        **_completion(chosen, known, form),
    }
    return render(request, "systems/commands.html", context)


@needs(Permission.VIEW, anywhere=True)
def asked(request: HttpRequest) -> HttpResponse:
    """What became of what was asked of many at once."""
    try:
        at = parse_datetime(request.GET.get("at", ""))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Http404
    visible = grants(request).folders(Permission.VIEW, "system__folder__path")
    rows = Action.objects.filter(visible, created_by=request.user.pk, created_at=at).select_related("system")
    found = list(rows.order_by("system__name", "pk"))
    refused = request.session.get(_SESSION) or {}
    told = refused.get("rows", []) if refused.get("at") == at.isoformat() else []
    if not found and not told:
        raise Http404
    context = {
        "actions": found[:ASKED_SHOWN],
        "count": len(found),
        "more": max(len(found) - ASKED_SHOWN, 0),
        "counts": sorted(Counter(one.state for one in found).items()),
        "line": write_call(found[0].command, found[0].arguments) if found else "",
        "refused": told,
        "refused_count": refused.get("count", 0) if told else 0,
    }
    return render(request, "systems/commands_asked.html", context)


def _plan(request: HttpRequest, chosen: Chosen, call: CommandCall, known: KnownCommands) -> _Planned:
    takes_unlisted = bool(request.POST.get("anyway"))
    calls = commands_for_many.plan_calls(
        chosen.systems, lambda system: call, known, takes_unlisted=takes_unlisted
    )
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
    refused = [(one.system.pk, str(one.system), one.reason) for one in planned.calls if one.verdict == CANNOT]
    refused += [(one.key, one.label, str(one.refusal)) for one in done if not one.is_done]
    kept = {"at": now.isoformat(), "rows": refused[:ASKED_SHOWN], "count": len(refused)}
    request.session[_SESSION] = kept
    return HttpResponseRedirect(f"{reverse('systems_commanded')}?{urlencode({'at': now.isoformat()})}")


def _completion(chosen: Chosen, known: KnownCommands, form: CommandForm) -> dict[str, Any]:
    every = known.all()
    silent = sum(1 for system in chosen.systems if not known.of(system))
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
        "command_address": f"{reverse('systems_command')}?{urlencode(chosen.fields)}",
    }
