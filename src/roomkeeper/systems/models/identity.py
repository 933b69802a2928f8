"""What else tells systems apart: their other network cards, and codes by which one that is awaited shows itself."""

from django.db import models
from django.utils import timezone

from roomkeeper.systems.models.inventory import System
from roomkeeper.words import gettext as _


class NetworkCard(models.Model):
    """A MAC address of a system beside its own (rule R3): its status lists it, or it posted by it with its secret."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="cards")
    mac_address = models.CharField(max_length=12, db_index=True)
    first_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "mac_address"], name="a_card_of_a_system_is_one_row")
        ]

    def __str__(self) -> str:
        return self.mac_address


class ActivationCode(models.Model):
    """A one-time code in the device address by which a pre-registered system shows itself (rule R4).

    Kept as its digest alone: it is shown when it is made, and to nobody again.
    """

    system = models.OneToOneField(System, on_delete=models.CASCADE, related_name="activation_code")
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_source = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return _("Activation code of {system}", system=self.system)
