"""Network settings: the server's own addresses as devices know them, and the rules towards devices."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.systems import former_addresses
from roomkeeper.systems import network_settings as service
from roomkeeper.systems.models import NetworkSettings, System
from roomkeeper.web.access import grants
from roomkeeper.web.acts import now as moment

STRAGGLERS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form. `kind` is text, number, switch, lines (one a line), pem or secret (never shown)."""

    name: str
    label: str
    kind: str
    hint: str = ""


SECTIONS: tuple[tuple[str, str, tuple[Field, ...]], ...] = (
    (
        "Internal address",
        "What systems on the LAN are told to call. A filled host name wins over the addresses.",
        (
            Field("internal_fqdn", "Host name", "text", "For example roomkeeper.example.org"),
            Field("internal_ipv4", "IPv4 address", "text"),
            Field("internal_ipv6", "IPv6 address", "text"),
        ),
    ),
    (
        "Public address",
        "What systems on the public internet and behind firewalls are told to call.",
        (
            Field("public_fqdn", "Host name", "text", "For example rooms.example.org"),
            Field("public_ipv4", "IPv4 address", "text"),
            Field("public_ipv6", "IPv6 address", "text"),
        ),
    ),
    (
        "Connectivity",
        "",
        (
            Field(
                "update_connectivity",
                "Keep connectivity up to date by itself",
                "switch",
                "Decided from the address that a system reports and the one it posts from, and by trying to reach "
                "it. Turn it off behind a load balancer that rewrites source addresses.",
            ),
            Field(
                "device_http_port",
                "HTTP port of devices",
                "number",
                "Where a system is tried; 80 unless yours differ.",
            ),
            Field("device_https_port", "HTTPS port of devices", "number", "443 unless yours differ."),
        ),
    ),
    (
        "Admission",
        "",
        (
            Field(
                "admission_by_hand",
                "A person admits every unknown system",
                "switch",
                "Off: unknown systems that post from the networks below are managed at once.",
            ),
            Field(
                "admission_networks",
                "Networks for admission",
                "lines",
                "One a line, for example 10.20.0.0/16. Pre-registered systems that post from here by plain HTTP are "
                "admitted too; by HTTPS they are from everywhere.",
            ),
        ),
    ),
    (
        "Security towards devices",
        "",
        (
            Field(
                "secure_only",
                "Secure-Only for new systems",
                "switch",
                "HTTPS and nothing else between a system and this server.",
            ),
            Field(
                "secrets_may_use_http",
                "A system's secret may be handed over by plain HTTP",
                "switch",
                "Needed for systems that do not trust our certificate yet; whoever reads that traffic can post in "
                "their name until the first post by HTTPS replaces the secret.",
            ),
            Field(
                "password_over_http_networks",
                "Networks where device passwords may use plain HTTP",
                "lines",
                "One a line. Empty: only where a system's own record allows it.",
            ),
            Field(
                "device_authorities",
                "Authorities for certificates of devices",
                "pem",
                "Certificates in PEM, one after the other. For systems whose trust is set to an authority; the others "
                "are known by the key that they showed at their first login.",
            ),
        ),
    ),
    (
        "SNMP on systems",
        "Written to every system of a family that takes it, but not in Secure-Only. An empty field writes nothing.",
        (
            Field("snmp_contact", "Contact", "text", "Whom to call."),
            Field("snmp_location", "Location", "text"),
            Field(
                "snmp_community",
                "Community",
                "secret",
                "By which monitoring reads from the systems. To try communities while adding systems, see Credentials.",
            ),
        ),
    ),
    (
        "Feedback",
        "Where systems are asked to send what happens on them: calls, alarms, changed settings.",
        (
            Field(
                "feedback_slot",
                "Feedback slot",
                "number",
                "1 to 4. Another manager or a room controller may need 3, which is usual; where the slot changes, the "
                "one before it is given up if it leads here.",
            ),
        ),
    ),
    (
        "Time on systems",
        "Wanted of every system, unless a template or a persistent setting says otherwise. Empty: left as it is.",
        (
            Field(
                "ntp_servers",
                "Time servers (NTP)",
                "lines",
                "At most three, one a line, the first being asked first.",
            ),
            Field("device_time_zone", "Time zone", "text", "For example Europe/Oslo."),
        ),
    ),
    (
        "Heartbeat",
        "How often a system is told to post, in seconds. It counts as not alive after twice that and a minute.",
        (
            Field("heartbeat_idle", "Idle", "number", "Nothing to do. 900 is a quarter of an hour."),
            Field("heartbeat_waiting", "Work waits", "number", "Changes or actions wait for it."),
            Field("heartbeat_watched", "Watched", "number", "Somebody has its page open."),
            Field("heartbeat_admitted", "Just admitted", "number", "Until its secret is proven."),
            Field("heartbeat_unknown", "In the inbox", "number", "Unknown systems."),
        ),
    ),
    (
        "Maintenance window",
        "When systems may be disturbed, for folders that say nothing else.",
        (
            Field(
                "maintenance_window",
                "Open",
                "text",
                "For example Mon-Fri 20:00-06:00, Sat-Sun 00:00-24:00. Empty: always.",
            ),
            Field("time_zone", "Time zone", "text", "For systems that report none, such as Europe/Oslo."),
        ),
    ),
    (
        "Polling",
        "How often a system that can be reached is asked how it is, in seconds; less often if it tells us by itself.",
        (
            Field(
                "polling",
                "Poll systems that can be reached",
                "switch",
                "Off: what is known of a system is what it posts.",
            ),
            Field("poll_idle", "Idle", "number", "900 is a quarter of an hour."),
            Field("poll_in_call", "In a call", "number"),
            Field("poll_watched", "Watched", "number", "Somebody has its page open."),
            Field("poll_dead", "Not answering", "number", "Until it answers again."),
            Field("polls_at_once", "Systems at once", "number", "On the whole server."),
            Field(
                "polls_at_once_in_a_network",
                "At once in one network",
                "number",
                "A network is a /24 or a /64.",
            ),
        ),
    ),
)
FIELDS = {field.name: field for _, _, fields in SECTIONS for field in fields}
# Where a field's value is kept, if that has another name.
COLUMNS = {"snmp_community": "snmp_community_ciphertext"}


@needs(Permission.VIEW_SERVER)
def network_settings(request: HttpRequest) -> HttpResponse:
    """Show the settings; with a POST, change them all at once or say beside each field why not."""
    found = service.get()
    shown: dict[str, Any] = {name: _shown(field, found) for name, field in FIELDS.items()}
    errors: dict[str, str] = {}
    if request.method == "POST":
        demand(request.user, Permission.MANAGE_SERVER)
        values = {name: _read(request, field) for name, field in FIELDS.items() if _is_given(request, field)}
        before = {name: getattr(found, COLUMNS.get(name, name)) for name in FIELDS}
        try:
            with transaction.atomic():
                after = service.update(values, user=request.user, now=moment())
                changed = [name for name in FIELDS if getattr(after, COLUMNS.get(name, name)) != before[name]]
                if changed:
                    audit.record(request.user, "page", "change network settings", after, changed=changed)
        except service.InvalidNetworkSettings as refusal:
            errors = refusal.errors
            shown |= {
                name: request.POST.get(name, "") for name, field in FIELDS.items() if field.kind != "secret"
            }
            messages.error(request, "Nothing was changed: see the fields marked below.")
        else:
            messages.success(request, _done(changed))
            return HttpResponseRedirect(reverse("network_settings"))
    sections = [
        (title, words, [(field, shown[field.name], errors.get(field.name, "")) for field in fields])
        for title, words, fields in SECTIONS
    ]
    return render(
        request,
        "network_settings/network_settings.html",
        {
            "sections": sections,
            "now": moment(),
            "may_manage": grants(request).may(Permission.MANAGE_SERVER),
            "managed": System.objects.filter(state="managed").count(),
            "stragglers": former_addresses.stragglers().order_by("name", "pk")[:STRAGGLERS_SHOWN],
            "straggling": former_addresses.stragglers().count(),
            "entries": AuditEntry.objects.filter(object_kind=NetworkSettings._meta.verbose_name).order_by(
                "-id"
            )[:10],
        },
        status=422 if errors else 200,
    )


def _shown(field: Field, found: NetworkSettings) -> Any:
    value = getattr(found, COLUMNS.get(field.name, field.name))
    if field.kind == "secret":
        return bool(value)
    return "\n".join(value) if field.kind == "lines" else value


def _is_given(request: HttpRequest, field: Field) -> bool:
    """A secret is left alone unless another one was typed, or it is to be forgotten."""
    if field.kind != "secret":
        return True
    return bool(request.POST.get(field.name, "").strip() or request.POST.get(f"{field.name}_forget"))


def _read(request: HttpRequest, field: Field) -> Any:
    text = request.POST.get(field.name, "").strip()
    if request.POST.get(f"{field.name}_forget"):
        return ""
    if field.kind == "switch":
        return bool(text)
    if field.kind == "lines":
        return text.replace(",", " ").split()
    if field.kind == "number":
        return int(text) if text.isdecimal() and len(text) < 10 else text
    return text


def _done(changed: list[str]) -> str:
    if not changed:
        return "Nothing was changed."
    labels = ", ".join(FIELDS[name].label for name in changed)
    told = ("internal_", "public_", "snmp_", "feedback_", "ntp_", "device_time_")
    moved = any(name.startswith(told) for name in changed)
    more = " Managed systems are told, at the latest with the answers to their next posts." if moved else ""
    return f"Changed: {labels}.{more}"
