"""First-contact templates: applied once to systems that begin to be managed, by family and folder.

Admission only leaves a note, because it happens in the batch's own transaction; a schedule does the rest as soon as the
system has reported what it has, so that values it cannot take are not asked of it.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from roomkeeper.configuration_templates.applying import apply_content, newest_of
from roomkeeper.configuration_templates.content import Content, content_of
from roomkeeper.configuration_templates.models import ConfigurationTemplate, FirstContact
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.systems.models import ConfigurationVersion, State, System

# A system that has not reported its configuration by then gets the values unchecked.
PATIENCE: Final = timedelta(minutes=30)
AT_ONCE: Final = 50


def note_admission(*, system: System, now: datetime, **_: Any) -> None:
    """Remember that the system is new; connected to `admission.admitted`, inside its transaction."""
    if ConfigurationTemplate.objects.filter(is_first_contact=True, newest__gt=0).exists():
        FirstContact.objects.update_or_create(system=system, defaults={"admitted_at": now})


def apply_due(*, now: datetime) -> int:
    """Apply first-contact templates to new systems that have reported; scheduled. Returns how many were looked at."""
    reported = ConfigurationVersion.objects.filter(
        system=OuterRef("system"), last_at__gte=OuterRef("admitted_at") - timedelta(minutes=5)
    )
    ready = Exists(reported) | Q(admitted_at__lte=now - PATIENCE) | ~Q(system__state=State.MANAGED)
    due = FirstContact.objects.filter(ready).select_related("system__folder").order_by("admitted_at")
    rows = list(due[:AT_ONCE])
    for row in rows:
        if row.system.state == State.MANAGED:
            _apply_to(row.system, now)
        # Only now: a server that dies before does it again, and what is already set is not asked for twice.
        FirstContact.objects.filter(pk=row.pk, admitted_at=row.admitted_at).delete()
    return len(rows)


def templates_for(system: System) -> list[ConfigurationTemplate]:
    """The first-contact templates that concern the system, those of nearer folders first."""
    found = ConfigurationTemplate.objects.filter(is_first_contact=True, newest__gt=0).select_related("folder")
    fitting = [
        one
        for one in found.order_by("name")
        if system.folder.path.startswith(one.folder.path)
        and (not one.families or system.family in one.families)
    ]
    return sorted(fitting, key=lambda one: -len(one.folder.path))


def _apply_to(system: System, now: datetime) -> None:
    """Each template once; of a setting that several name, the nearest folder's value."""
    taken: set[str] = set()
    for template in templates_for(system):
        version = newest_of(template)
        content = content_of(version)
        settings = tuple(one for one in content.settings if match_key(one.path) not in taken)
        taken |= {match_key(one.path) for one in settings}
        with transaction.atomic():
            apply_content(
                Content(settings, content.commands),
                version,
                [system],
                user=None,
                now=now,
                description=f"{version}, at first contact",
                is_first_contact=True,
            )
