"""Small changes of a system's record by hand: its folder, notes, address, Secure-Only, password over plain HTTP."""

from datetime import datetime

from django.db import transaction

from roomkeeper.accounts.person import Person
from roomkeeper.systems import live, network_settings, timeline
from roomkeeper.systems.inventory import places
from roomkeeper.systems.inventory.hosts import HostRefused, parse_host
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Folder, System, TlsTrust
from roomkeeper.words import gettext as _

NOTES_LIMIT = 10_000


class AddressRefused(ValueError):
    """The address or port cannot be one of a device."""

    field = "host"


def move(system: System, folder: Folder) -> None:
    """Put the system into another folder; open pages of both folders hear of it."""
    with transaction.atomic():
        # Whoever follows the move may write it.
        lock_contacts([system.pk])
        before = system.folder
        live.publish("systems", folder_path=before.path)
        system.folder = folder
        system.save(update_fields=["folder"])
        places.tell_of_system(system, before)
        live.publish("systems", folder_path=folder.path)
        live.publish("system", system)


def set_notes(system: System, notes: str) -> None:
    """Words of people on the system; at most ten thousand characters are kept."""
    system.notes = notes.strip()[:NOTES_LIMIT]
    system.save(update_fields=["notes"])


def allow_password_over_http(system: System, is_allowed: bool) -> None:
    """Whether the stored password may be sent over plain HTTP (rule R6)."""
    system.password_may_use_http = is_allowed
    system.save(update_fields=["password_may_use_http"])


class TrustRefused(ValueError):
    """The system's certificate cannot be judged like that."""


def set_trust(system: System, trust: str, *, is_legacy: bool, user: Person, now: datetime) -> None:
    """How its certificate is judged, and whether TLS 1.0 and weak ciphers are good enough (rule R6).

    Raises `TrustRefused`.
    """
    if trust not in TlsTrust.values:
        raise TrustRefused(
            _(
                "A certificate is trusted by {values}, not by {trust!r}.",
                values=", ".join(TlsTrust.values),
                trust=trust,
            )
        )
    if trust == TlsTrust.AUTHORITY and not network_settings.get().device_authorities:
        raise TrustRefused(_("Network settings contain no authority for certificates of devices yet."))
    with transaction.atomic():
        before = (system.tls_trust, system.tls_is_legacy)
        system.tls_trust, system.tls_is_legacy = trust, is_legacy
        system.save(update_fields=["tls_trust", "tls_is_legacy"])
        if before != (trust, is_legacy):
            words = _("Its certificate is trusted by: {label}", label=TlsTrust(trust).label.lower())
            old = _("; legacy TLS is allowed") if is_legacy else ""
            timeline.add(system, "security", words + old, now=now, user=user)
            live.publish("system", system)


def usable_address(host: str, http_port: int | None, https_port: int | None) -> str:
    """The host as it may be stored beside these ports; raises `AddressRefused`."""
    try:
        host = parse_host(host)
    except HostRefused as refusal:
        raise AddressRefused(str(refusal)) from refusal
    if any(port is not None and not 1 <= port <= 65_535 for port in (http_port, https_port)):
        raise AddressRefused(_("A port is a number from 1 to 65535."))
    return host


def set_address(system: System, host: str, http_port: int | None, https_port: int | None) -> None:
    """Where the device is tried; without ports, those of Network settings. Raises `AddressRefused`.

    The host that it has may stay as it is: a new port is no reason to refuse what was stored long ago.
    """
    kept = system.host if host.strip() == system.host else ""
    host = usable_address("" if kept else host, http_port, https_port) or kept
    with transaction.atomic():
        system.host, system.http_port, system.https_port = host, http_port, https_port
        system.save(update_fields=["host", "http_port", "https_port"])
        live.publish("system", system)
