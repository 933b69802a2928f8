"""Reported documents: the newest of each kind, versions of the configuration, and facts that changed."""

from django.db import models

from roomkeeper.systems.models.inventory import System


class StoredDocument(models.Model):
    """The newest document of a kind, zlib-compressed, our secrets redacted. `facts` holds its chosen values, `mended`
    what was not as it should be, in words."""

    class Kind(models.TextChoices):
        STATUS = "status"
        COMMAND = "command"
        VALUESPACE = "valuespace"
        OTHER = "other"

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    received_at = models.DateTimeField()
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    facts = models.JSONField(default=dict)
    mended = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "kind"], name="newest_document_a_kind")]


class ConfigurationVersion(models.Model):
    """A reported configuration that differed from the one before; found by the SHA-256 of its canonical form.

    `settings` in `content`: zlib-compressed JSON, canonical path to value (`***` where the device hides it).
    """

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="configuration_versions")
    digest = models.CharField(max_length=64)
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["system", "-last_at"], name="configurations_newest_first")]


class FactChange(models.Model):
    """A fact of the status that changed its value."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="fact_changes")
    at = models.DateTimeField(db_index=True)
    path = models.CharField(max_length=255)
    old_value = models.CharField(max_length=255, blank=True)
    new_value = models.CharField(max_length=255, blank=True)

    class Meta:
        indexes = [models.Index(fields=["system", "-at"], name="fact_changes_newest_first")]
