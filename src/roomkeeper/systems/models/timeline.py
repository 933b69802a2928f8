"""What happened to a system: timeline rows, full exchanges, changes of being alive, and events for live pages."""

from django.db import models
from django.utils import timezone

from roomkeeper.systems.models.inventory import System


class TimelineEntry(models.Model):
    """One thing that happened, or a run of equal ones (`count` from `first_at` to `last_at`, rule R8)."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="timeline")
    kind = models.CharField(max_length=24)
    summary = models.CharField(max_length=500)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    source_address = models.CharField(max_length=64, blank=True)
    user = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["system", "-id"], name="timeline_newest_first")]


class Exchange(models.Model):
    """Request and answer of a timeline entry: redacted, cut at a limit, zlib-compressed; the last 50 a system."""

    entry = models.OneToOneField(
        TimelineEntry, on_delete=models.CASCADE, primary_key=True, related_name="exchange"
    )
    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="exchanges")
    path = models.CharField(max_length=255)
    scheme = models.CharField(max_length=5)
    request = models.BinaryField()
    answer = models.BinaryField(default=bytes)
    status = models.PositiveSmallIntegerField(default=200)


class Flip(models.Model):
    """A system began or ceased to give signs of life."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="flips")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    is_alive = models.BooleanField()
    reason = models.CharField(max_length=255)


class ChangeEvent(models.Model):
    """Something that open pages show has changed; the growing id is what a browser resumes from (rule R9)."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    topic = models.CharField(max_length=32)
    system_id = models.BigIntegerField(null=True)
    folder_path = models.CharField(max_length=500, blank=True)
