"""Leases: which process runs the schedule."""

from django.db import models


class Lease(models.Model):
    """Held by one process at a time; a holder that stops renewing loses it when it runs out."""

    name = models.CharField(max_length=64, primary_key=True)
    holder = models.CharField(max_length=128)
    expires_at = models.DateTimeField()
