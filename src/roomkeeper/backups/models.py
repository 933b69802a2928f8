"""Backups with their parts, when they are made, and what was put back or moved to new hardware."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from roomkeeper.provisioning.models import ChangeSet
from roomkeeper.systems.models import ConfigurationVersion, System
from roomkeeper.words import gettext as _


class Reason(models.TextChoices):
    """Why a backup was made."""

    SCHEDULED = "scheduled", "by the schedule"
    BY_HAND = "by_hand", "by hand"
    BEFORE_RESTORE = "before_restore", "before a restore"
    BEFORE_REPLACE = "before_replace", "before a replacement"


class PartKind(models.TextChoices):
    """What a device keeps beside its configuration (protocol notes J)."""

    MACRO = "macro", "Macro"
    EXTENSION = "extension", "Panel"
    BRANDING = "branding", "Picture"


class Backup(models.Model):
    """A configuration version of a system with its macros, panels and pictures, as far as the device gave them.

    `missing` are sentences: what is not in it and why. The rest names the hardware that it is of.
    """

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="backups")
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    reason = models.CharField(max_length=16, choices=Reason.choices)
    # A version that a backup refers to is not deleted by retention.
    configuration = models.ForeignKey(
        ConfigurationVersion, on_delete=models.RESTRICT, null=True, related_name="backups"
    )
    size = models.PositiveIntegerField(default=0)
    missing = models.JSONField(default=list)
    product = models.CharField(max_length=255, blank=True)
    software_version = models.CharField(max_length=255, blank=True)
    serial_number = models.CharField(max_length=255, blank=True)

    class Meta:
        indexes = [models.Index(fields=["system", "-id"], name="backups_newest_first")]

    def __str__(self) -> str:
        return _("backup {self}", self=self.pk)


class PartContent(models.Model):
    """What one or many parts hold: found by the SHA-256 of the text, zlib-compressed."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()
    size = models.PositiveIntegerField()


class BackupPart(models.Model):
    """A macro, a panel or a picture of a backup. `details` holds is_active of a macro, is_redacted where our own
    secret stood in it."""

    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=12, choices=PartKind.choices)
    name = models.CharField(max_length=255)
    content = models.ForeignKey(PartContent, on_delete=models.RESTRICT, related_name="parts")
    details = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backup", "kind", "name"], name="one_part_of_a_name_in_a_backup")
        ]


class BackupSchedule(models.Model):
    """The one row of when backups are made by themselves, and how many of each reason a system keeps."""

    is_on = models.BooleanField(default=True)
    every_days = models.PositiveSmallIntegerField(default=7)
    kept = models.PositiveSmallIntegerField(default=8)


class BackupTry(models.Model):
    """When the schedule last tried to back up a system, and what became of it."""

    system = models.OneToOneField(
        System, on_delete=models.CASCADE, primary_key=True, related_name="backup_try"
    )
    at = models.DateTimeField(db_index=True)
    words = models.CharField(max_length=500, blank=True)
    is_whole = models.BooleanField(default=False)


class Replacement(models.Model):
    """New hardware took over a system's record. The old hardware's identity is kept, so that it can come back."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="replacements")
    at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    # Columns of the system and of its contact as they were.
    old = models.JSONField(default=dict)
    old_password_ciphertext = models.BinaryField(default=bytes)
    new_serial_number = models.CharField(max_length=255, blank=True)
    new_mac_address = models.CharField(max_length=12, blank=True)
    # The new hardware's own record, which is gone; null where it had none.
    merged_system_id = models.BigIntegerField(null=True)
    merged_name = models.CharField(max_length=255, blank=True)
    undone_at = models.DateTimeField(null=True)


class Restoration(models.Model):
    """A backup is put back on a system: waiting until that has reported itself, or in the hands of a job."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="restorations")
    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="restorations")
    picks = models.JSONField(default=list)
    # All of the old hardware's own goes with it, its numbers and addresses for calls among them.
    takes_over = models.BooleanField(default=False)
    replacement = models.ForeignKey(
        Replacement, on_delete=models.SET_NULL, null=True, related_name="restorations"
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    words = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    job_id = models.BigIntegerField(null=True)
    change_set = models.ForeignKey(ChangeSet, on_delete=models.SET_NULL, null=True, related_name="+")
    action_ids = models.JSONField(default=list)
    counts = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="restorations_waiting", condition=models.Q(state="waiting"))
        ]
