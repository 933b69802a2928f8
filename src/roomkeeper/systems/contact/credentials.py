"""The name and password by which a system is logged in to; the password is kept encrypted."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from roomkeeper import keys
from roomkeeper.accounts.person import Person
from roomkeeper.systems import findings, live, timeline
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _


def set_credentials(system: System, username: str, password: str) -> None:
    """Keep the credentials of the system's administrator account; an empty password keeps an empty one."""
    system.username = username
    system.password_ciphertext = keys.load(settings.OPTIONS.data).encrypt(password)
    system.login_worked_at = system.login_refused_at = None
    system.save(update_fields=["username", "password_ciphertext", "login_worked_at", "login_refused_at"])
    findings.clear("login refused", system.pk, _("Other credentials were stored."))


def allow_login_again(system: System) -> None:
    """Somebody has unlocked the account, or set its password back: the refused login may be tried once more."""
    system.login_refused_at = None
    system.save(update_fields=["login_refused_at"])


def has_credentials(system: System) -> bool:
    """Whether a login can be tried at all."""
    return bool(system.username and system.password_ciphertext)


def forget_pinned_key(system: System, *, user: Person, now: datetime) -> None:
    """Accept that the system shows another TLS key: the next proven login pins the new one (rule R6)."""
    with transaction.atomic():
        system.pinned_key = ""
        system.save(update_fields=["pinned_key"])
        timeline.add(
            system, "identity", _("A new TLS key is accepted at the next proven login"), now=now, user=user
        )
        findings.clear("certificate changed", system.pk, _("The new key was accepted."))
        live.publish("system", system)


def password_of(system: System) -> str:
    """The stored password in the clear; for the login alone, never for a page, a log or an answer."""
    if not system.password_ciphertext:
        return ""
    return keys.load(settings.OPTIONS.data).decrypt(bytes(system.password_ciphertext))
