"""What Roomkeeper can do about findings: each fix by its key, who may have it done, and what it does.

Some fixes need more than a yes (a password, an address): they are other acts of the system's page, named by `act`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.provisioning import management, planning
from roomkeeper.systems import live, timeline
from roomkeeper.systems.contact import connectivity_changes, credentials
from roomkeeper.systems.inventory import records
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, System, TlsTrust
from roomkeeper.words import gettext as _


class FixRefused(ValueError):
    """The fix cannot be done on this system now."""


Run = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Fix:
    """`button` is what it is called, `what` and `undo` answer the question before it. `run` takes the system,
    `user` and `now`; it is None where `act` names the act that asks for more. `looks_again`: a new diagnosis
    follows at once."""

    button: str
    what: str
    undo: str
    permission: Permission
    run: Run | None = None
    act: str = ""
    is_dangerous: bool = False
    looks_again: bool = False


def _snmp_on(system: System, *, user: Person, now: datetime) -> None:
    if system.is_secure_only:
        raise FixRefused(_("{system} is Secure-Only, which excludes SNMP.", system=system))
    planning.create_change_set(
        [system], {"NetworkServices/SNMP/Mode": "ReadOnly"}, user=user, now=now, description="SNMP on"
    )
    # The community is one of the management settings.
    management.enforce(system, user=user, now=now)


def _try_login(system: System, *, user: Person, now: datetime) -> None:
    if not credentials.has_credentials(system):
        raise FixRefused(_("No login is stored for {system}. Store one first.", system=system))
    credentials.allow_login_again(system)
    timeline.add(system, "login", _("Its login may be tried once more"), now=now, user=user)


def _legacy_tls(system: System, *, user: Person, now: datetime) -> None:
    records.set_trust(system, system.tls_trust, is_legacy=True, user=user, now=now)


def _trust_pin(system: System, *, user: Person, now: datetime) -> None:
    records.set_trust(system, TlsTrust.PIN, is_legacy=system.tls_is_legacy, user=user, now=now)


def _password_over_http(system: System, *, user: Person, now: datetime) -> None:
    records.allow_password_over_http(system, True)
    timeline.add(system, "login", _("Its password may be sent over plain HTTP"), now=now, user=user)


def _probe(system: System, *, user: Person, now: datetime) -> None:
    """Decide its connectivity again by its last post (rule R1)."""
    contact = Contact.objects.filter(system=system).first()
    if contact is None or not contact.source_address:
        raise FixRefused(
            _("{system} has never posted, so no address is known at which to try it.", system=system)
        )
    connectivity_changes.ask_probe(
        system.pk,
        reported_address=contact.reported_address,
        source_address=contact.source_address,
        used_host=contact.used_host,
        now=now,
    )
    Contact.objects.filter(system=system).update(is_probing=True)
    timeline.add(system, "probe", _("Its connectivity is to be decided again"), now=now, user=user)


FIXES: Final[Mapping[str, Fix]] = {
    "enforce": Fix(
        "Enforce settings",
        "Our address, path, feedback registration and phone book are written to it again: at once where"
        " it can be"
        " reached, else with the answer to its next post.",
        "Settings that people changed on the device are overwritten; request another value to change that.",
        Permission.CHANGE_SETTINGS,
        management.enforce,
    ),
    "snmp-on": Fix(
        "Turn SNMP on",
        "SNMP is set to ReadOnly on it, and its management settings, the community among them, are"
        " written again.",
        "Remove the request under Changes.",
        Permission.CHANGE_SETTINGS,
        _snmp_on,
    ),
    "try-login": Fix(
        "Try once more",
        "The stored login is sent to the device once. One more refusal counts there towards a lock-out.",
        "There is nothing to undo.",
        Permission.MANAGE_SYSTEMS,
        _try_login,
        looks_again=True,
    ),
    "accept-key": Fix(
        "Accept the new key",
        "The pinned key is forgotten; the next proven login pins the one that the system shows then.",
        "It cannot be undone; the old key is not kept.",
        Permission.ADMIT,
        credentials.forget_pinned_key,
        is_dangerous=True,
        looks_again=True,
    ),
    "legacy-tls": Fix(
        "Choose legacy TLS",
        "TLS 1.0 and 1.1, weak ciphers, keys and digests, and stacks without secure renegotiation are"
        " accepted from"
        " this one system: anyone who can listen in may read its password.",
        "Undo this choice on the Connection tab, under Certificate.",
        Permission.MANAGE_SYSTEMS,
        _legacy_tls,
        is_dangerous=True,
        looks_again=True,
    ),
    "trust-pin": Fix(
        "Pin its key instead",
        "The key that it shows at its next proven login is pinned; authorities, dates and names of its"
        " certificate"
        " no longer matter.",
        "Choose another trust on the Connection tab, under Certificate.",
        Permission.MANAGE_SYSTEMS,
        _trust_pin,
        is_dangerous=True,
        looks_again=True,
    ),
    "password-over-http": Fix(
        "Allow password over HTTP",
        "The stored password is sent to this one system in clear text where it has no HTTPS.",
        "Undo this under Credentials.",
        Permission.MANAGE_SYSTEMS,
        _password_over_http,
        is_dangerous=True,
        looks_again=True,
    ),
    "probe": Fix(
        "Decide connectivity again",
        "The address of its last post is tried now, and its connectivity is set by what answers there.",
        "Undo the change, if one follows, on the Connection tab.",
        Permission.MANAGE_SYSTEMS,
        _probe,
    ),
    "address": Fix(
        "Set its address",
        "Where Roomkeeper tries to reach the device.",
        "Change it back at any time.",
        Permission.MANAGE_SYSTEMS,
        act="address",
    ),
    "credentials": Fix(
        "Store its login",
        "The administrator account by which Roomkeeper logs in to the device.",
        "Nothing changes on the device.",
        Permission.MANAGE_SYSTEMS,
        act="credentials",
    ),
    "identity": Fix(
        "Accept another identity",
        "For hardware or a network card that was swapped.",
        "Accept the old serial number and MAC address again.",
        Permission.ADMIT,
        act="accept-identity",
    ),
    "readmit": Fix(
        "Admit it again",
        "What it has proven is forgotten, and it gets a new secret.",
        "It cannot be undone: the old secret stops working.",
        Permission.ADMIT,
        act="readmit",
    ),
    "admit": Fix(
        "Admit it",
        "It becomes a managed system.",
        "Ignore or block it.",
        Permission.ADMIT,
        act="approve",
    ),
}


def perform(system: System, key: str, *, user: Person, now: datetime) -> None:
    """Do a fix in one transaction. Raises `FixRefused` and what its service refuses, all `ValueError`."""
    fix = FIXES.get(key)
    if fix is None:
        raise FixRefused(_("There is no fix {key!r}.", key=key))
    if fix.run is None:
        raise FixRefused(
            _(
                "{button!r} needs more than a confirmation: use the system's page or the API call for it.",
                button=_(fix.button),
            )
        )
    with transaction.atomic():
        lock_contacts([system.pk])
        fix.run(system, user=user, now=now)
        live.publish("system", system)
