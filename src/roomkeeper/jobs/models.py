"""The schedule's lease, jobs with their items, and the workers that run them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class Lease(models.Model):
    """Who holds a right that one process at a time may have, and until when."""

    name = models.CharField(max_length=64, primary_key=True)
    holder = models.CharField(max_length=128)
    expires_at = models.DateTimeField()


class Worker(models.Model):
    """A process that runs jobs; one whose time is over is dead, and its work goes to the living.

    `problem` says why its engine could not be started; such a worker tries again and has no work.
    """

    name = models.CharField(max_length=128, primary_key=True)
    started_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    problem = models.CharField(max_length=300, blank=True)


class Job(models.Model):
    """Work of ours that takes long: adding systems, looking through a network, diagnosing.

    This row and its items are the truth of what was done. The durable engine only sees to it that somebody works on
    it; its own record may be lost without loss. `secrets` is encrypted and forgotten when the job ends.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ENDED: ClassVar = (State.DONE, State.FAILED, State.CANCELLED)

    kind = models.CharField(max_length=32)
    title = models.CharField(max_length=255)
    parameters = models.JSONField(default=dict)
    secrets_ciphertext = models.BinaryField(default=bytes)
    folder_path = models.CharField(max_length=500, default="/")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    summary = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    # Counts how often the engine was asked anew; part of the workflow's name.
    attempt = models.PositiveSmallIntegerField(default=1)
    # Who works on it now; a worker that was thought dead and is not finds another name here and stops.
    worker = models.CharField(max_length=128, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], name="jobs_not_ended", condition=models.Q(state__in=["queued", "running"])
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def shown_state(self) -> str:
        """Its state as people are told it: one that is to stop says so until it has."""
        is_stopping = self.cancel_requested_at is not None and self.ended_at is None
        return "stopping" if is_stopping else self.state


class JobItem(models.Model):
    """One part of a job, such as one address or one system, and what became of it."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        WARNING = "warning"
        FAILED = "failed"
        SKIPPED = "skipped"
        CANCELLED = "cancelled"

    OPEN: ClassVar = (State.WAITING, State.RUNNING)

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="items")
    label = models.CharField(max_length=255)
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    system_id = models.BigIntegerField(null=True)
    summary = models.CharField(max_length=500, blank=True)
    advice = models.CharField(max_length=500, blank=True)
    details = models.JSONField(default=dict)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["job", "state", "id"], name="items_of_a_job_by_state"),
            models.Index(fields=["system_id"], name="items_of_a_system"),
        ]
