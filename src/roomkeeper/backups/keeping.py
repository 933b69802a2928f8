"""Storing backups, reading them back, and how many are kept."""

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from roomkeeper.accounts.person import Person, find_account
from roomkeeper.backups.models import Backup, BackupPart, PartContent, Reason
from roomkeeper.backups.reading import FoundPart
from roomkeeper.jobs import retention
from roomkeeper.systems import housekeeping, live, timeline
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.documents import ReportedConfiguration, unpack_configuration
from roomkeeper.systems.documents.redaction import redact_text
from roomkeeper.systems.models import ConfigurationVersion, System, SystemSecret
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

AT_ONCE: Final = 200


class NothingToBackUp(ValueError):
    """The system has reported no configuration yet, so there is nothing to back up."""


class BackupInUse(ValueError):
    """The backup is about to be put back."""


def store(
    system: System,
    parts: Iterable[FoundPart],
    *,
    reason: str,
    missing: Sequence[str],
    user: Person,
    now: datetime,
) -> Backup:
    """Keep the newest reported configuration of the system with these parts. Raises `NothingToBackUp`."""
    texts = tuple(secrets.text_of(one) for one in SystemSecret.objects.filter(system=system))
    prepared = {(part.kind, part.name): _prepare(part, texts) for part in parts}
    with transaction.atomic():
        backup = _new(system, reason=reason, missing=missing, user=user, now=now)
        rows = []
        for (kind, name), one in prepared.items():
            content, _rest = PartContent.objects.select_for_update().get_or_create(
                sha256=one.sha256, defaults={"content": one.content, "size": one.size}
            )
            backup.size += content.size
            rows.append(BackupPart(backup=backup, kind=kind, name=name, content=content, details=one.details))
        BackupPart.objects.bulk_create(rows)
        _tell(backup, len(rows), user=user, now=now)
    return backup


def store_with_parts_of(
    system: System, older: Backup | None, *, reason: str, missing: Sequence[str], user: Person, now: datetime
) -> Backup:
    """Keep the newest reported configuration with the parts of an older backup, for a device that cannot be asked."""
    with transaction.atomic():
        backup = _new(system, reason=reason, missing=missing, user=user, now=now)
        rows = [
            BackupPart(
                backup=backup, kind=part.kind, name=part.name, content=part.content, details=part.details
            )
            for part in (older.parts.select_related("content") if older else ())
        ]
        backup.size += sum(row.content.size for row in rows)
        BackupPart.objects.bulk_create(rows)
        _tell(backup, len(rows), user=user, now=now)
    return backup


def _new(system: System, *, reason: str, missing: Sequence[str], user: Person, now: datetime) -> Backup:
    # The version is held until the transaction ends, so that retention does not take it away meanwhile.
    versions = ConfigurationVersion.objects.select_for_update().filter(system=system)
    version = versions.order_by("-last_at", "-id").first()
    if version is None or not version.size:
        raise NothingToBackUp(
            _("{system} has reported no configuration yet, so there is nothing to back up.", system=system)
        )
    return Backup.objects.create(
        system=system,
        made_at=now,
        made_by=find_account(user),
        reason=reason,
        configuration=version,
        size=version.size,
        missing=list(missing),
        product=system.product,
        software_version=system.software_version,
        serial_number=system.serial_number,
    )


def _tell(backup: Backup, parts: int, *, user: Person, now: datetime) -> None:
    backup.save(update_fields=["size"])
    words = ngettext(" with {count} part", " with {count} parts", parts) if parts else ""
    timeline.add(
        backup.system,
        "backup",
        _("Backed up {reason}{words}", reason=backup.get_reason_display(), words=words),
        now=now,
        user=user,
        details={"backup": backup.pk},
    )
    live.publish("system", backup.system)


@dataclass(frozen=True, slots=True)
class _Prepared:
    sha256: str
    content: bytes
    size: int
    details: dict[str, Any]


def _prepare(part: FoundPart, secret_texts: tuple[str, ...]) -> _Prepared:
    """What takes time, outside of any transaction (rule R9): our secrets taken out, hashed, compressed."""
    text = redact_text(part.text, secret_texts)
    content = text.encode("utf-8", "surrogatepass")
    details = {**part.details, "is_redacted": True} if text != part.text else part.details
    return _Prepared(hashlib.sha256(content).hexdigest(), zlib.compress(content, 6), len(content), details)


def text_of(part: BackupPart) -> str:
    """What the part holds."""
    return zlib.decompress(bytes(part.content.content)).decode("utf-8", "surrogatepass")


def settings_of(backup: Backup) -> dict[str, str]:
    """The settings of a backup by canonical path, `***` where the device hides them."""
    return configuration_of(backup).settings


def configuration_of(backup: Backup) -> ReportedConfiguration:
    """The same with what they may hold; empty where the backup has none."""
    if backup.configuration is None:
        return ReportedConfiguration({}, {}, backup.made_at)
    return unpack_configuration(backup.configuration)


def find_newest_with_parts(system: System) -> Backup | None:
    """The newest backup of the system in which there is more than its configuration."""
    return Backup.objects.filter(system=system, parts__isnull=False).order_by("-made_at", "-id").first()


def delete(backup: Backup, *, user: Person, now: datetime) -> None:
    """Delete one backup; what it shares with others stays. Raises `BackupInUse`."""
    with transaction.atomic():
        if backup.restorations.filter(state__in=["waiting", "running"]).exists():
            raise BackupInUse(
                _("The backup is about to be restored. Delete it afterwards, or cancel the restore first.")
            )
        timeline.add(
            backup.system,
            "backup",
            _("Backup of {made_at:%Y-%m-%d %H:%M} deleted", made_at=backup.made_at),
            now=now,
            user=user,
        )
        live.publish("system", backup.system)
        backup.delete()


def prune(system: System, kept: int) -> int:
    """Delete the oldest backups beyond so many of each reason; those made by hand stay. Returns how many went."""
    number = 0
    own = Backup.objects.filter(system=system).exclude(reason=Reason.BY_HAND)
    for reason, count in own.order_by().values_list("reason").annotate(count=Count("pk")):
        if count <= kept:
            continue
        rows = own.filter(reason=reason)
        # What is to be put back yet is needed.
        newest = rows.order_by("-id").values_list("pk", flat=True)[:kept]
        old = rows.exclude(pk__in=list(newest)).exclude(restorations__state__in=["waiting", "running"])
        number += old.delete()[1].get("backups.Backup", 0)
    return number


def forget_unused_contents(*, now: datetime) -> int:
    """Delete contents that no backup has any more. Returns how many went."""
    with transaction.atomic():
        unused = PartContent.objects.filter(~Exists(BackupPart.objects.filter(content=OuterRef("pk"))))
        rows = PartContent.objects.select_for_update().filter(
            pk__in=list(unused.values_list("pk", flat=True)[:AT_ONCE])
        )
        # Looked at again under the lock: a backup may just have found it.
        ids = [row.pk for row in rows if not row.parts.exists()]
        PartContent.objects.filter(pk__in=ids).delete()
    return len(ids)


def register_retention() -> None:
    """Versions of configurations that a backup refers to stay as long as it does."""
    retention.register_kind("configurations", _old_configurations)


def _old_configurations(limit: datetime) -> QuerySet[Any]:
    held = Backup.objects.filter(configuration=OuterRef("pk"))
    return housekeeping.old_configurations(limit).exclude(Exists(held))
