"""Probes asked for and changes of connectivity decided (rule R1)."""

from django.db import models
from django.utils import timezone

from roomkeeper.systems.models.inventory import Connectivity, System


class Probe(models.Model):
    """A probe that is due or running for a system: what was reported, what was seen, and the host used for us."""

    system = models.OneToOneField(System, on_delete=models.CASCADE, primary_key=True, related_name="probe")
    asked_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(default=timezone.now, db_index=True)
    claimed_until = models.DateTimeField(null=True)
    reported_address = models.CharField(max_length=64)
    source_address = models.CharField(max_length=64)
    used_host = models.CharField(max_length=255, blank=True)


class ConnectivityChange(models.Model):
    """A decision on connectivity with both addresses and the reason; applied unless locked, undoable."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="connectivity_changes")
    at = models.DateTimeField(default=timezone.now)
    old = models.CharField(max_length=32, choices=Connectivity.choices, blank=True)
    new = models.CharField(max_length=32, choices=Connectivity.choices, blank=True)
    reported_address = models.CharField(max_length=64, blank=True)
    source_address = models.CharField(max_length=64, blank=True)
    used_host = models.CharField(max_length=255, blank=True)
    probe = models.CharField(max_length=16, blank=True)
    reason = models.CharField(max_length=500)
    was_applied = models.BooleanField(default=True)
    undone_at = models.DateTimeField(null=True)
    user = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["system", "-id"], name="connectivity_newest_first")]
