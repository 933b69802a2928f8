"""What new hardware's own record brings into the record that it takes over. Inside the caller's transaction.

Everything that happened to the new hardware comes along; what only tells of the old hardware's present goes.
"""

import hashlib
from datetime import datetime

from django.db.models import Exists, OuterRef

from roomkeeper.backups.models import Backup
from roomkeeper.provisioning import states
from roomkeeper.provisioning.models import OPEN_STATES, Action, Change, ChangeItem, DeliveryState
from roomkeeper.systems.documents import pack_configuration
from roomkeeper.systems.models import (
    Claim,
    ConfigurationVersion,
    ConnectivityChange,
    Contact,
    Exchange,
    FactChange,
    Flip,
    Probe,
    StoredDocument,
    System,
    SystemSecret,
    TimelineEntry,
    ToldByFeedback,
)
from roomkeeper.tickets.models import Ticket
from roomkeeper.words import gettext as _

# What the new hardware has said and done so far; its rows go over as they are.
_HISTORY = (
    TimelineEntry,
    Exchange,
    Flip,
    FactChange,
    ConnectivityChange,
    Claim,
    ConfigurationVersion,
    Backup,
    Ticket,
)
# Columns of the record that tell of the hardware and where it stands, not of the room. Its serial number and MAC
# address are not among them: these are accepted by `systems.admission`.
HARDWARE = (
    "family",
    "product",
    "software_version",
    "reported_name",
    "host",
    "http_port",
    "https_port",
    "tls_trust",
    "tls_is_legacy",
    "pinned_key",
    "sys_object_id",
    "connectivity",
    "connectivity_since",
    "connectivity_is_locked",
    "is_proven_by_probe",
    "is_unproven",
)
# Columns of the contact row that are not copied: they are about work that waits, and decided anew.
_CONTACT_KEPT = {"system", "has_work", "is_probing", "watched_until"}


def take_over(system: System, record: System, *, now: datetime) -> bool:
    """Move what belongs to the new hardware from its own record to the system, and delete that record.

    Returns whether the new hardware has proven a secret: it goes on with it, as the system's.
    """
    reported = ConfigurationVersion.objects.filter(system=record).order_by("-last_at", "-id").first()
    for model in _HISTORY:
        model._default_manager.filter(system=record).update(system=system)
    if reported is None:
        _note_unreported(system, now=now)
    else:
        # The newest of the two is the new hardware's, whenever each was heard of last.
        ConfigurationVersion.objects.filter(pk=reported.pk).update(last_at=now, read_at=now)
    _take_documents(system, record)
    _take_wishes(system, record, now=now)
    _take_contact(system, record)
    Probe.objects.filter(system__in=[system.pk, record.pk]).delete()
    SystemSecret.objects.filter(system=record).update(system=system)
    for name in HARDWARE:
        setattr(system, name, getattr(record, name))
    # Its serial number is another record's until it is gone.
    record.delete()
    return SystemSecret.objects.filter(system=system, stage=SystemSecret.Stage.CURRENT).exists()


def forget_hardware(system: System, *, now: datetime) -> None:
    """Nothing is known of the new hardware yet: what is known of the old one does not hold for it."""
    _note_unreported(system, now=now)
    blank = System()
    for name in HARDWARE:
        if name != "family":
            setattr(system, name, getattr(blank, name))
    StoredDocument.objects.filter(system=system).delete()
    ToldByFeedback.objects.filter(system=system).delete()
    Probe.objects.filter(system=system).delete()
    fresh = Contact(system=system)
    Contact.objects.filter(system=system).update(
        **{name: getattr(fresh, name) for name in _contact_columns()}
    )


def _note_unreported(system: System, *, now: datetime) -> None:
    """An empty version follows those of the old hardware: plans must not take that one's settings for present ones."""
    ConfigurationVersion.objects.create(
        system=system,
        digest=hashlib.sha256(b"").hexdigest(),
        content=pack_configuration({}, {}),
        size=0,
        first_at=now,
        last_at=now,
        read_at=now,
    )


def _contact_columns() -> list[str]:
    return [field.name for field in Contact._meta.concrete_fields if field.name not in _CONTACT_KEPT]


def _take_contact(system: System, record: System) -> None:
    found = Contact.objects.filter(system=record).first() or Contact(system=record)
    values = {name: getattr(found, name) for name in _contact_columns()}
    Contact.objects.update_or_create(system=system, defaults={**values, "has_work": True})


def _take_documents(system: System, record: System) -> None:
    # One of a kind: what the old hardware said of itself goes, even where the new one has said nothing yet.
    for model in (StoredDocument, ToldByFeedback):
        model._default_manager.filter(system=system).delete()
        model._default_manager.filter(system=record).update(system=system)


def _take_wishes(system: System, record: System, *, now: datetime) -> None:
    """What was asked of the new hardware before is history; what was still open there is not asked of the room."""
    reason = _("the system took over another record")
    for model in (ChangeItem, Action):
        still_open = model._default_manager.filter(system=record, state__in=OPEN_STATES)
        states.move(still_open, DeliveryState.CANCELLED, reason, now)
    # A change set that asked both keeps the room's part.
    both = Change.objects.filter(system=system, change_set=OuterRef("change_set"))
    moved = list(Change.objects.filter(~Exists(both), system=record).values_list("pk", flat=True))
    # Persistent wishes are of a room, not of its hardware.
    kept = ChangeItem.objects.filter(change__in=moved, change__change_set__is_persistent=True)
    states.move(kept, DeliveryState.SUPERSEDED, reason, now)
    ChangeItem.objects.filter(change__in=moved).update(system=system)
    Change.objects.filter(pk__in=moved).update(system=system)
    Action.objects.filter(system=record).update(system=system)
