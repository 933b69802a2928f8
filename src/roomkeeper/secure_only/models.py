"""A guided move to Secure-Only or back, and the systems that take part."""

from django.db import models
from django.utils import timezone

from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _


class Move(models.Model):
    """What one person asked for. `canary` systems go first; then waves of `wave_size`."""

    class Trust(models.TextChoices):
        """How a system comes to trust our certificate."""

        TRUSTED = "trusted", "It does already"
        INSTALL_CA = "install_ca", "Our authority is installed on it"
        NO_VERIFY = "no_verify", "Its checks of certificates are turned off"

    class State(models.TextChoices):
        RUNNING = "running"
        PAUSED = "paused"
        DONE = "done"
        CANCELLED = "cancelled"

    is_secure = models.BooleanField(default=True)
    trust = models.CharField(max_length=12, choices=Trust.choices, default=Trust.TRUSTED)
    canary = models.PositiveIntegerField(default=1)
    wave_size = models.PositiveIntegerField(default=50)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RUNNING)
    reason = models.CharField(max_length=500, blank=True)
    # A person has seen what was held before this wave, and let it begin.
    accepted_wave = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return _("Move to Secure-Only") if self.is_secure else _("Move back from Secure-Only")


class Member(models.Model):
    """A system of a move. Wave 0 are the canaries.

    waiting for its wave; trusting: our authority or its settings are on their way; proving: it was asked to post a
    document by HTTPS; asked: it was told to use HTTPS; moved: it came that way. held: it stays as it was, and
    `reason` says why.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        TRUSTING = "trusting"
        PROVING = "proving"
        ASKED = "asked"
        MOVED = "moved"
        HELD = "held"
        SKIPPED = "skipped"

    move = models.ForeignKey(Move, on_delete=models.CASCADE, related_name="members")
    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="secure_only_moves")
    wave = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    since = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=500, blank=True)
    change_set_id = models.BigIntegerField(null=True)
    action_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["move", "system"], name="one_member_a_system")]
        indexes = [models.Index(fields=["move", "state"], name="members_by_state")]
