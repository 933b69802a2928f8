"""When a system is polled next, and how its last polls went."""

from django.db import models

from roomkeeper.systems.models import System


class Poll(models.Model):
    """One row for each system that may be polled; without a row, or without `due_at`, it is not.

    `outcomes` has a bit for each of the `counted` last polls, the newest lowest, 1 where it failed. `in_a_row` counts
    equal ones: above zero those that went well, below it those that failed. `error` is empty after a good one.
    """

    system = models.OneToOneField(System, on_delete=models.CASCADE, primary_key=True, related_name="poll")
    due_at = models.DateTimeField(null=True, db_index=True)
    # Why then: a short phrase such as "in a call".
    due_because = models.CharField(max_length=60, blank=True)
    # Until when a worker has it; one that died has its polls taken over after that.
    claimed_until = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    outcomes = models.PositiveSmallIntegerField(default=0)
    counted = models.PositiveSmallIntegerField(default=0)
    in_a_row = models.IntegerField(default=0)
    # The first failure among those that `outcomes` holds.
    failing_since = models.DateTimeField(null=True)
    error_kind = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)
    duration_ms = models.PositiveIntegerField(null=True)
    # Whether the last status showed our feedback slot, with our address and in order.
    has_our_feedback = models.BooleanField(default=False)
    is_unreachable = models.BooleanField(default=False)
