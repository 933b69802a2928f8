"""Diagnoses: what was found of a system, when, and who asked."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from roomkeeper.systems.models import System


class Diagnosis(models.Model):
    """One look at one system. `rows` grows while it is looked at; its form is that of `sheet.Sheet.as_json`.

    `level` is the gravest of its findings once it has ended. The last ten of a system are kept.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    OPEN: ClassVar = (State.WAITING, State.RUNNING)

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="diagnoses")
    # The job that works on it; one that is begun again goes on with the same row.
    job_id = models.BigIntegerField(db_index=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    level = models.CharField(max_length=8, blank=True)
    summary = models.CharField(max_length=500, blank=True)
    rows = models.JSONField(default=list)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["system", "-id"], name="diagnoses_newest_first")]
