"""Tickets: something that needs a person."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from roomkeeper.systems.models import System


class Ticket(models.Model):
    """One open ticket per system and kind; a finding that repeats raises its count."""

    class State(models.TextChoices):
        OPEN = "open"
        ACKNOWLEDGED = "acknowledged"
        CLOSED = "closed"

    class Level(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        CRITICAL = "critical"

    system = models.ForeignKey(
        System, on_delete=models.CASCADE, null=True, blank=True, related_name="tickets"
    )
    kind = models.CharField(max_length=48)
    level = models.CharField(max_length=8, choices=Level.choices, default=Level.WARNING)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    reason = models.CharField(max_length=1000)
    advice = models.CharField(max_length=1000, blank=True)
    opened_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    count = models.PositiveIntegerField(default=1)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    close_reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "kind"],
                condition=~Q(state="closed") & Q(system__isnull=False),
                name="one_open_ticket_a_system_and_kind",
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=~Q(state="closed") & Q(system__isnull=True),
                name="one_open_ticket_a_kind_of_the_server",
            ),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="tickets_by_state")]
