"""How a system is reached and how it reaches this server: each road of its family with what is known of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from roomkeeper.devices import registry
from roomkeeper.devices.manifest import Direction, Requirement
from roomkeeper.polling import service as polling
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Connectivity, Contact, NetworkSettings, System
from roomkeeper.words import gettext as _

UNREACHABLE = (Connectivity.BEHIND_FIREWALL, Connectivity.INACCESSIBLE)


@dataclass(frozen=True, slots=True)
class ConnectionRoad:
    """A row of the drawing. `inbound` is from Roomkeeper to the system; `is_struck` that its mode rules it out."""

    service: str
    port: str
    inbound: bool
    is_struck: bool
    dot: str
    found: str
    at: datetime | None = None


def roads(
    system: System,
    contact: Contact | None,
    settings: NetworkSettings,
    last_probe: Any,
    polls: polling.PollFacts,
) -> list[ConnectionRoad]:
    """The family's table of network requirements with what is known of each of its rows."""
    # A system that has said nothing of itself yet is taken for an endpoint.
    family = registry.presumed_family(system.family)
    return [
        _outbound(requirement, system, contact)
        if requirement.direction is Direction.OUTBOUND
        else _inbound(requirement, system, settings, last_probe, polls)
        for requirement in family.requirements
    ]


def _inbound(
    requirement: Requirement,
    system: System,
    settings: NetworkSettings,
    last_probe: Any,
    polls: polling.PollFacts,
) -> ConnectionRoad:
    service = requirement.service
    ports = {
        "HTTPS": system.https_port or settings.device_https_port,
        "HTTP": system.http_port or settings.device_http_port,
    }
    port = str(ports.get(service, requirement.port))
    is_reachable = system.connectivity not in UNREACHABLE
    if not requirement.holds(is_reachable=True, is_secure_only=system.is_secure_only):
        return ConnectionRoad(service, port, True, True, "grey", _("not used: Secure-Only"))
    if not requirement.holds(is_reachable=is_reachable, is_secure_only=system.is_secure_only):
        return ConnectionRoad(
            service, port, True, True, "grey", _("not used: its connectivity says that it cannot be reached")
        )
    if service in ports:
        told = _poll_words(system, polls, service) or _probe_words(system, last_probe)
        return ConnectionRoad(service, port, True, False, *told)
    if service == "SNMP":
        return ConnectionRoad(service, port, True, False, *_snmp_words(system))
    return ConnectionRoad(service, port, True, False, "grey", _("not used: not needed"))


def _poll_words(
    system: System, polls: polling.PollFacts, service: str
) -> tuple[str, str, datetime | None] | None:
    """What its last poll tells of the road; None where it was not polled yet. HTTPS is tried first (rule R6)."""
    if polls.last_at is None:
        return None
    # Whoever was reached by TLS has a pinned key.
    used = "HTTPS" if system.pinned_key or system.is_secure_only else "HTTP"
    if service != used:
        return ("grey", _("not used: HTTPS is"), None) if service == "HTTP" else None
    if polls.error:
        return "red", _("its last poll failed: {error}", error=polls.error), polls.last_at
    return "green", _("answered its last poll"), polls.last_at


def _probe_words(system: System, change: Any) -> tuple[str, str, datetime | None]:
    words = {
        "itself": ("green", _("answered as itself")),
        "unproven": ("amber", _("a device like it answered, unproven")),
        "other": ("red", _("something else answered")),
        "silent": ("red", _("did not answer")),
    }
    if change is None or change.probe not in words:
        return "grey", _("not tried yet"), None
    return (*words[change.probe], change.at)


def _snmp_words(system: System) -> tuple[str, str]:
    """What is known of its SNMP agent, which is asked when a system is added and when it is diagnosed."""
    if system.sys_object_id:
        return "green", _("answered as {sys_object_id}", sys_object_id=system.sys_object_id)
    return "grey", _("not asked, or did not answer; not needed")


def login_words(system: System) -> tuple[str, str, datetime | None]:
    """How the stored login fares: a dot's colour, words, and since when."""
    if not credentials.has_credentials(system):
        return "grey", _("no login is stored"), None
    if system.login_refused_at is not None:
        return (
            "red",
            _("refused; it is not sent again until it is changed or tried again here"),
            system.login_refused_at,
        )
    if system.login_worked_at is not None:
        return "green", _("worked"), system.login_worked_at
    return "grey", _("not tried yet"), None


def _outbound(requirement: Requirement, system: System, contact: Contact | None) -> ConnectionRoad:
    service, port = requirement.service, str(requirement.port)
    if contact is not None and contact.scheme.upper() == service:
        port = contact.used_host.rpartition(":")[2] if contact.used_host.count(":") == 1 else port
    if not requirement.holds(is_reachable=True, is_secure_only=system.is_secure_only):
        return ConnectionRoad(service, port, False, True, "grey", _("not used: Secure-Only"))
    if contact is None or contact.last_seen_at is None:
        return ConnectionRoad(service, port, False, False, "grey", _("no post yet"))
    if contact.scheme.upper() != service:
        return ConnectionRoad(service, port, False, False, "grey", _("not used by its last post"))
    event = contact.last_event.lower() or "post"
    return ConnectionRoad(
        service,
        port,
        False,
        False,
        "green",
        _("last post ({event}) from {source_address}", event=event, source_address=contact.source_address),
        contact.last_seen_at,
    )
