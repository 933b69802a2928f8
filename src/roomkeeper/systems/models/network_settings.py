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

    # Authorities (PEM) that may sign the certificates of devices.
    device_authorities = models.TextField(blank=True)
    snmp_contact = models.CharField(max_length=255, blank=True)
    snmp_location = models.CharField(max_length=255, blank=True)
    # The community that systems are given; encrypted, written and never read back.
    snmp_community_ciphertext = models.BinaryField(default=bytes, blank=True)

    # Where systems are asked to send their feedback; the slot that was used before may still lead to us.
    feedback_slot = models.PositiveSmallIntegerField(default=3)
    former_feedback_slot = models.PositiveSmallIntegerField(null=True, blank=True)
    # Wanted of every system for which nothing else is wanted there; empty wants nothing.
    ntp_servers = models.JSONField(default=list, blank=True)
    device_time_zone = models.CharField(max_length=64, blank=True)

    # For folders that say nothing else; in the zone of each system, or in this one where it reports none.
    maintenance_window = models.CharField(max_length=200, default="Mon-Sun 20:00-06:00")
    time_zone = models.CharField(max_length=64, default="UTC")

    polling = models.BooleanField(default=True)
    poll_idle = models.PositiveIntegerField(default=900)
    poll_in_call = models.PositiveIntegerField(default=60)
    poll_watched = models.PositiveIntegerField(default=15)
    poll_dead = models.PositiveIntegerField(default=300)
    polls_at_once = models.PositiveIntegerField(default=100)
    polls_at_once_in_a_network = models.PositiveIntegerField(default=30)

    # A change that concerns every system marks them some hundred at a time: the last one marked, null when done.
    marked_up_to = models.BigIntegerField(null=True, blank=True)
    # The same for systems that are held against changed defaults.
    compared_up_to = models.BigIntegerField(null=True, blank=True)
    # When posts were taken again after a time in which none could be, null where that never was.
    posts_resumed_at = models.DateTimeField(null=True, blank=True)


class FormerAddress(models.Model):
    """An address of this server that was changed, kept until no system calls it any more."""

    class Side(models.TextChoices):
        INTERNAL = "internal"
        PUBLIC = "public"

    side = models.CharField(max_length=8, choices=Side.choices)
    host = models.CharField(max_length=255, unique=True)
    replaced_at = models.DateTimeField()
