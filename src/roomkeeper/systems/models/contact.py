"""How a system reaches us: its hot contact row, its secrets, and claims by others to be it."""

from django.db import models
from django.utils import timezone

from roomkeeper.systems.models.inventory import System


class Contact(models.Model):
    """What the newest check-in said; one narrow row per system, written at every check-in.

    Kept apart from `System` so that a check-in rewrites a small row without any secondary index.
    `interval` is seconds. `has_work` says that delivery must be asked; `watched_until` that somebody looks.
    """

    system = models.OneToOneField(System, on_delete=models.CASCADE, primary_key=True, related_name="contact")
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    next_contact_due_at = models.DateTimeField(null=True)
    overdue_at = models.DateTimeField(null=True)
    interval = models.PositiveIntegerField(default=0)
    last_event = models.CharField(max_length=32, blank=True)
    reported_address = models.CharField(max_length=64, blank=True)
    source_address = models.CharField(max_length=64, blank=True)
    used_host = models.CharField(max_length=255, blank=True)
    scheme = models.CharField(max_length=5, blank=True)
    software_version = models.CharField(max_length=255, blank=True)
    reported_name = models.CharField(max_length=255, blank=True)
    product_type = models.CharField(max_length=255, blank=True)
    beat_entry_id = models.BigIntegerField(null=True)
    status_entry_id = models.BigIntegerField(null=True)
    has_work = models.BooleanField(default=False)
    is_probing = models.BooleanField(default=False)
    status_at = models.DateTimeField(null=True)
    configuration_at = models.DateTimeField(null=True)
    documents_asked_at = models.DateTimeField(null=True)
    watched_until = models.DateTimeField(null=True)
    is_alive = models.BooleanField(null=True)
    # Why it counts as alive or not, of the moment when that changed last.
    alive_reason = models.CharField(max_length=255, blank=True)
    flapping_until = models.DateTimeField(null=True)
    # Bytes of its posts that were kept on that day (a proleptic ordinal, UTC), for its daily amount (rule R14).
    taken_day = models.PositiveIntegerField(default=0)
    taken_bytes = models.BigIntegerField(default=0)


class SystemSecret(models.Model):
    """A secret of the device services (rule R4): found by HMAC, read back from its ciphertext.

    `pending` was made on admission and never used; `current` is proven; `next` is handed out while `current`
    still serves, until it is used.
    """

    class Stage(models.TextChoices):
        PENDING = "pending"
        CURRENT = "current"
        NEXT = "next"

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="secrets")
    stage = models.CharField(max_length=8, choices=Stage.choices)
    digest = models.BinaryField(max_length=32, unique=True)
    ciphertext = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    bound_source = models.CharField(max_length=64, blank=True)
    was_sent_over_http = models.BooleanField(default=False)
    is_withheld = models.BooleanField(default=False)
    proven_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "stage"], name="one_secret_a_stage")]


class Claim(models.Model):
    """Somebody said to be a system and did not prove it; changes nothing, is shown, is counted (rules R3, R5)."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, null=True, related_name="claims")
    service = models.CharField(max_length=16)
    reason = models.CharField(max_length=64)
    source_address = models.CharField(max_length=64)
    serial_number = models.CharField(max_length=255, blank=True)
    mac_address = models.CharField(max_length=12, blank=True)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now, db_index=True)
    count = models.PositiveIntegerField(default=1)
    sample = models.BinaryField(default=bytes)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service", "reason", "source_address", "serial_number", "mac_address"],
                name="claims_of_one_kind_are_one_row",
            )
        ]
