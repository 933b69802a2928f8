"""Secure-Only of one system: asked for by a person, complete at the first check-in by HTTPS (rule R5)."""

from datetime import datetime
from typing import Any

from django.db import transaction

from roomkeeper.systems import live, timeline
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, State, System


def set_secure_only(system: System, is_secure_only: bool, *, user: Any, now: datetime) -> None:
    """Ask the system to use HTTPS alone, or let it use HTTP again. Its management settings follow with the next
    answer; plain HTTP is refused only once it has come by HTTPS."""
    if system.is_secure_only == is_secure_only:
        return
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
        word = "Secure-Only was asked for" if is_secure_only else "Secure-Only was taken back"
        timeline.add(system, "secure-only", word, now=now, user=user)
        live.publish("system", system)
