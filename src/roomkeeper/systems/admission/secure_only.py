"""Secure-Only of one system: asked for by a person, complete at the first check-in by HTTPS (rule R5)."""

from datetime import datetime

from django.db import transaction

from roomkeeper.accounts.person import Person
from roomkeeper.devices import registry
from roomkeeper.systems import live, timeline
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, State, System
from roomkeeper.words import gettext as _


class SecureOnlyRefused(ValueError):
    """The system's family cannot be Secure-Only."""


def is_supported(family: str) -> bool:
    """Whether systems of that family can be Secure-Only; of one that nobody recognised it is assumed."""
    manifest = registry.get_family(family)
    return manifest.is_fallback or manifest.secure_only.is_supported


def set_secure_only(system: System, is_secure_only: bool, *, user: Person, now: datetime) -> None:
    """Ask the system to use HTTPS alone, or let it use HTTP again. Its management settings follow by push or with the
    next answer; plain HTTP is refused only once it has come by HTTPS. Raises `SecureOnlyRefused`."""
    if system.is_secure_only == is_secure_only:
        return
    if is_secure_only and not is_supported(system.family):
        family = registry.get_family(system.family)
        raise SecureOnlyRefused(
            _(
                "{system} cannot be Secure-Only. {title}: {changes}",
                system=system,
                title=family.title,
                changes=family.secure_only.changes,
            )
        )
    with transaction.atomic():
        lock_contacts([system.pk])
        system.is_secure_only = is_secure_only
        system.secure_only_completed_at = None
        if system.state == State.MANAGED:
            system.management_is_due = True
            system.management_rounds = 0
            Contact.objects.filter(system=system).update(has_work=True)
        system.save(
            update_fields=[
                "is_secure_only",
                "secure_only_completed_at",
                "management_is_due",
                "management_rounds",
            ]
        )
        word = _("Secure-Only was requested") if is_secure_only else _("Secure-Only was turned off")
        timeline.add(system, "secure-only", word, now=now, user=user)
        live.publish("system", system)
