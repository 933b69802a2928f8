"""Network settings: the server's own addresses as devices know them, and the rules towards devices."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.systems import network_settings as service
from roomkeeper.systems.models import NetworkSettings, System
from roomkeeper.systems.models.setting_kinds import Setting, sections_of
from roomkeeper.systems.network_settings import TABLE, former_addresses, settings_act
from roomkeeper.web.access import grants
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.words import gettext as _


@needs(Permission.VIEW_SERVER)
def network_settings(request: HttpRequest) -> HttpResponse:
    """Show the settings; with a POST, change them all at once or say beside each field why not."""
    found = service.get()
    shown: dict[str, Any] = {key: _shown(one, found) for key, one in TABLE.items()}
    errors: dict[str, str] = {}
    if request.method == "POST":
        demand(request.user, Permission.MANAGE_SERVER)
        values = {key: _read(request, one) for key, one in TABLE.items() if _is_given(request, one)}
        try:
            changed = settings_act.change(values, actor=actor_of(request), now=moment())
        except service.InvalidNetworkSettings as refusal:
            errors = refusal.errors
            shown |= {key: request.POST.get(key, "") for key, one in TABLE.items() if not one.is_secret}
            messages.error(request, _("Nothing was changed: see the fields marked below."))
        else:
            messages.success(request, _done(changed))
            return HttpResponseRedirect(reverse("network_settings"))
    sections = [
        (section, [(one, shown[one.key], errors.get(one.key, "")) for one in rows])
        for section, rows in sections_of(TABLE.values())
    ]
    return render(
        request,
        "network_settings/network_settings.html",
        {
            "sections": sections,
            "now": moment(),
            "may_manage": grants(request).may(Permission.MANAGE_SERVER),
            "managed": System.objects.filter(state="managed").count(),
            "straggling": former_addresses.stragglers().count(),
            "entries": AuditEntry.objects.filter(object_kind=NetworkSettings._meta.verbose_name).order_by(
                "-id"
            )[:10],
        },
        status=422 if errors else 200,
    )


def _shown(one: Setting, found: NetworkSettings) -> Any:
    value = getattr(found, one.column)
    if one.is_secret:
        return bool(value)
    return "\n".join(value) if one.form == "lines" else value


def _is_given(request: HttpRequest, one: Setting) -> bool:
    """A secret is left alone unless another one was typed, or it is to be forgotten."""
    if not one.is_secret:
        return True
    return bool(request.POST.get(one.key, "").strip() or request.POST.get(f"{one.key}_forget"))


def _read(request: HttpRequest, one: Setting) -> Any:
    text = request.POST.get(one.key, "").strip()
    if request.POST.get(f"{one.key}_forget"):
        return ""
    if one.form == "switch":
        return bool(text)
    if one.form == "lines":
        return text.replace(",", " ").split()
    if one.form == "number":
        return int(text) if text.isdecimal() and len(text) < 10 else text
    return text


def _done(changed: list[str]) -> str:
    if not changed:
        return _("Nothing was changed.")
    labels = ", ".join(_(TABLE[key].label) for key in changed)
    is_told = any(TABLE[key].concerns for key in changed)
    more = (
        _(" Managed systems are told, at the latest with the answers to their next posts.") if is_told else ""
    )
    return _("Changed: {labels}.{more}", labels=labels, more=more)
