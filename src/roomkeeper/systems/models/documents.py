"""Reported documents: the newest of each kind, versions of the configuration, and facts that changed."""

from django.db import models
from django.utils import timezone

from roomkeeper.systems.models.inventory import System


class StoredDocument(models.Model):
    """The newest document of a kind, zlib-compressed, our secrets redacted.

    `read_at` is the moment of reading on the device's side: of two documents the one with the later moment is the
    newer, whichever was stored first. `facts` holds the chosen values, with what feedback has told since,
    `mended` what was not as it should be, in words. `clock_offset`: by how many seconds the device's clock was ahead of
    ours then (behind: negative), None where it told no time.
    """

    class Kind(models.TextChoices):
        STATUS = "status"
        COMMAND = "command"
        VALUESPACE = "valuespace"
        OTHER = "other"

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    received_at = models.DateTimeField()
    read_at = models.DateTimeField(default=timezone.now)
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    facts = models.JSONField(default=dict)
    mended = models.CharField(max_length=500, blank=True, default="")
    clock_offset = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "kind"], name="newest_document_a_kind")]


class ConfigurationVersion(models.Model):
    """A reported configuration that differed from the one before; found by the SHA-256 of its canonical form.

    `settings` in `content`: zlib-compressed JSON, canonical path to value (`***` where the device hides it).
    `first_at` and `last_at` are moments on the device's side: the version with the latest stands, others are history.
    `read_at` is when the whole document was read; feedback merged into it moves only `last_at`.
    """

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="configuration_versions")
    digest = models.CharField(max_length=64)
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["system", "-last_at"], name="configurations_newest_first")]


class ToldByFeedback(models.Model):
    """What feedback told of a system's status or configuration since the whole was read last (`documents.told`).

    `leaves` is a list of [path, moment, value], the oldest first; null for a node that is gone.
    """

    class Kind(models.TextChoices):
        STATUS = "status"
        CONFIGURATION = "configuration"

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="told_by_feedback")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    leaves = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "kind"], name="told_by_feedback_a_kind")]


class FactChange(models.Model):
    """A fact of the status that changed its value."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="fact_changes")
    at = models.DateTimeField(db_index=True)
    path = models.CharField(max_length=255)
    old_value = models.CharField(max_length=255, blank=True)
    new_value = models.CharField(max_length=255, blank=True)

    class Meta:
        indexes = [models.Index(fields=["system", "-at"], name="fact_changes_newest_first")]
