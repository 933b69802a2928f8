"""Network settings: the server's own addresses as devices know them, and the rules towards devices."""

from django.db import models


class NetworkSettings(models.Model):
    """The one row of network settings. Durations are seconds."""

    internal_ipv4 = models.GenericIPAddressField(protocol="IPv4", null=True, blank=True)
    internal_ipv6 = models.GenericIPAddressField(protocol="IPv6", null=True, blank=True)
    internal_fqdn = models.CharField(max_length=255, blank=True)
    public_ipv4 = models.GenericIPAddressField(protocol="IPv4", null=True, blank=True)
    public_ipv6 = models.GenericIPAddressField(protocol="IPv6", null=True, blank=True)
    public_fqdn = models.CharField(max_length=255, blank=True)

    update_connectivity = models.BooleanField(default=True)
    secure_only = models.BooleanField(default=False)
    secrets_may_use_http = models.BooleanField(default=True)
    password_over_http_networks = models.JSONField(default=list, blank=True)

    heartbeat_idle = models.PositiveIntegerField(default=900)
    heartbeat_waiting = models.PositiveIntegerField(default=30)
    heartbeat_watched = models.PositiveIntegerField(default=30)
    heartbeat_admitted = models.PositiveIntegerField(default=10)
    heartbeat_unknown = models.PositiveIntegerField(default=30)

    device_http_port = models.PositiveIntegerField(default=80)
    device_https_port = models.PositiveIntegerField(default=443)

    admission_by_hand = models.BooleanField(default=True)
    admission_networks = models.JSONField(default=list, blank=True)
