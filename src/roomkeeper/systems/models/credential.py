"""Credentials that are tried on systems whose own are not known yet: logins, SNMP communities and users."""

from django.db import models
from django.utils import timezone


class Credential(models.Model):
    """An entry of the list. `ciphertext` is encrypted JSON, written and never read back:

    login: username, password. community: version (1, 2c), community. snmp_user: username, auth_protocol,
    auth_password, privacy_protocol, privacy_password.
    """

    class Kind(models.TextChoices):
        LOGIN = "login", "Login"
        COMMUNITY = "community", "SNMP community"
        SNMP_USER = "snmp_user", "SNMP v3 user"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    username = models.CharField(max_length=128, blank=True)
    ciphertext = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name
