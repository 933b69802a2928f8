"""What was asked of systems and what became of it: change sets, changes, their items, and actions (rule R7)."""

from django.db import models
from django.utils import timezone

from roomkeeper.systems.models import System


class DeliveryState(models.TextChoices):
    """The states of everything that is delivered; DELIVERED means "handed over, perhaps", never "done"."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


OPEN_STATES = (DeliveryState.WAITING, DeliveryState.DELIVERED)


class ChangeSet(models.Model):
    """What one person or program asked of one or many systems at once."""

    description = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    is_persistent = models.BooleanField(default=False)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    # When it is handed over: only while the system's maintenance window is open; also while it is in a call.
    only_in_window = models.BooleanField(default=False)
    during_calls = models.BooleanField(default=True)
    # It stops by itself once so many systems have failed.
    failure_limit = models.PositiveIntegerField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stop_reason = models.CharField(max_length=255, blank=True)
    # The change set whose values before this one restores.
    undoes = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="undone_by")

    def __str__(self) -> str:
        return str(self.pk)


class Change(models.Model):
    """The part of a change set that concerns one system; its state is worked out from its items."""

    change_set = models.ForeignKey(ChangeSet, on_delete=models.CASCADE, related_name="changes")
    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="changes")
    state = models.CharField(max_length=12, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["change_set", "system"], name="one_change_a_system")]
        indexes = [models.Index(fields=["system", "-id"], name="changes_newest_first")]


class ChangeItem(models.Model):
    """One wanted setting of a change. `value` null removes an earlier request; "" sets empty (rule R7).

    `match_key` is the path's canonical key, so that a newer wish finds the older one whatever its spelling.
    `secret_value` holds the encrypted value of settings that devices answer as `***`; `value` is then "***".
    `previous` is what the system had when it was asked: null where nobody knows, "***" where it is hidden.
    """

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="items")
    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="change_items")
    path = models.CharField(max_length=255)
    match_key = models.CharField(max_length=255)
    value = models.TextField(null=True)
    secret_value = models.BinaryField(default=bytes)
    previous = models.TextField(null=True)
    state = models.CharField(max_length=12, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    reason = models.CharField(max_length=500, blank=True)
    rounds = models.PositiveSmallIntegerField(default=0)
    other_values = models.PositiveSmallIntegerField(default=0)
    absences = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["system", "match_key"],
                name="items_by_path",
                condition=models.Q(state__in=["waiting", "delivered"]),
            ),
            models.Index(
                fields=["expires_at"],
                name="open_items_by_expiry",
                condition=models.Q(state__in=["waiting", "delivered"]),
            ),
            models.Index(fields=["system"], name="waiting_items", condition=models.Q(state="waiting")),
        ]


class Action(models.Model):
    """A one-off act: a command delivered at most once; without evidence it ends as FAILED (rule R7)."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="actions")
    command = models.CharField(max_length=255)
    arguments = models.JSONField(default=list)
    body = models.TextField(null=True)
    # Passwords go with it encrypted, and only until it has ended.
    secret = models.BinaryField(default=bytes)
    has_secret = models.BooleanField(default=False)
    # All of the arguments, encrypted, where one is a secret that `arguments` shows as `***`; until it was sent.
    sealed_arguments = models.BinaryField(default=bytes)
    # What the device answered, by path; null where no answer came, as with what goes with the answer to a post.
    answer = models.JSONField(null=True)
    # When it is handed over, as with change sets.
    only_in_window = models.BooleanField(default=False)
    during_calls = models.BooleanField(default=True)
    state = models.CharField(max_length=12, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    delivered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["system", "-id"], name="actions_newest_first"),
            models.Index(fields=["system"], name="waiting_actions", condition=models.Q(state="waiting")),
            models.Index(fields=["system"], name="actions_with_secrets", condition=models.Q(has_secret=True)),
        ]


class Drift(models.Model):
    """A setting of a system that differs from its requested value. Open while `ended_at` is null.

    `rounds` counts how often it was set back, those of the last day included, so that two managers that fight are
    found. `noticed_by` is report or feedback.
    """

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="drifts")
    match_key = models.CharField(max_length=255)
    path = models.CharField(max_length=255)
    layer = models.CharField(max_length=16)
    why = models.CharField(max_length=255, blank=True)
    enforcement = models.CharField(max_length=12)
    wanted = models.TextField()
    found = models.TextField(null=True)
    since = models.DateTimeField()
    noticed_by = models.CharField(max_length=12)
    rounds = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    ignored_at = models.DateTimeField(null=True)
    ignored_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "match_key"],
                condition=models.Q(ended_at__isnull=True),
                name="one_open_drift_a_setting",
            )
        ]
        indexes = [
            models.Index(
                fields=["-since", "-id"], name="drift_feed", condition=models.Q(ended_at__isnull=True)
            ),
            models.Index(fields=["system", "match_key", "ended_at"], name="drift_of_a_setting"),
        ]
