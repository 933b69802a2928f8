"""Network settings: the server's own addresses as devices know them, and the rules towards devices.

The table: its rows are all that there is to say of a setting. The page, the REST API, the command line and
docs/reference/network-settings.md are derived from it; another setting is another row, and a migration.
"""

from django.db import models

from roomkeeper.systems.models.setting_kinds import (
    address,
    host_name,
    lines,
    networks,
    outside_host,
    outside_port,
    pem,
    port,
    seconds,
    secret,
    switch,
    text,
    whole,
)
from roomkeeper.systems.models.setting_sections import (
    ADMISSION,
    CONNECTIVITY,
    FEEDBACK,
    HEARTBEAT,
    INTERNAL,
    OUTSIDE,
    PHONE_BOOKS,
    POLLING,
    PUBLIC,
    SECURITY,
    SNMP,
    TIME,
    WINDOW,
)
from roomkeeper.systems.models.settings_for_devices import (
    AUTHORITIES_LIMIT,
    NTP_SERVERS,
    clean_authorities,
    clean_device_zone,
    clean_ntp_servers,
    clean_snmp_text,
    clean_window,
    clean_zone,
)


class NetworkSettings(models.Model):
    """The one row of network settings."""

    internal_fqdn = host_name(
        section=INTERNAL,
        label="Host name",
        hint="For example roomkeeper.example.org",
        at="internal.fqdn",
        concerns="address",
    )
    internal_ipv4 = address(
        "IPv4", section=INTERNAL, label="IPv4 address", at="internal.ipv4", concerns="address"
    )
    internal_ipv6 = address(
        "IPv6", section=INTERNAL, label="IPv6 address", at="internal.ipv6", concerns="address"
    )
    public_fqdn = host_name(
        section=PUBLIC,
        label="Host name",
        hint="For example rooms.example.org",
        at="public.fqdn",
        concerns="address",
    )
    public_ipv4 = address("IPv4", section=PUBLIC, label="IPv4 address", at="public.ipv4", concerns="address")
    public_ipv6 = address("IPv6", section=PUBLIC, label="IPv6 address", at="public.ipv6", concerns="address")

    outside_internal_host = outside_host(
        section=OUTSIDE,
        label="Internal host",
        hint="Takes precedence over the internal addresses above.",
        at="outside.internal.host",
        concerns="address",
    )
    outside_internal_http_port = outside_port(
        section=OUTSIDE,
        label="Internal HTTP port",
        at="outside.internal.http_port",
        concerns="management",
    )
    outside_internal_https_port = outside_port(
        section=OUTSIDE,
        label="Internal HTTPS port",
        at="outside.internal.https_port",
        concerns="management",
    )
    outside_public_host = outside_host(
        section=OUTSIDE,
        label="Public host",
        hint="Takes precedence over the public addresses above.",
        at="outside.public.host",
        concerns="address",
    )
    outside_public_http_port = outside_port(
        section=OUTSIDE,
        label="Public HTTP port",
        at="outside.public.http_port",
        concerns="management",
    )
    outside_public_https_port = outside_port(
        section=OUTSIDE,
        label="Public HTTPS port",
        at="outside.public.https_port",
        concerns="management",
    )

    update_connectivity = switch(
        True,
        section=CONNECTIVITY,
        label="Keep connectivity up to date automatically",
        hint="Decided from the address that a system reports and the one it posts from, and by trying to reach it. "
        "Turn it off behind a load balancer that rewrites source addresses.",
    )
    device_http_port = port(
        80,
        section=CONNECTIVITY,
        label="HTTP port of devices",
        hint="Where a system is tried, unless its own record has a port; usually 80.",
    )
    device_https_port = port(443, section=CONNECTIVITY, label="HTTPS port of devices", hint="Usually 443.")

    admission_by_hand = switch(
        True,
        section=ADMISSION,
        label="A person admits every unknown system",
        hint="Off: unknown systems that post from the networks below are managed at once.",
        at="admission.by_hand",
    )
    admission_networks = networks(
        section=ADMISSION,
        label="Networks for admission",
        hint="One a line, for example 10.20.0.0/16. Pre-registered systems that post from here are "
        "admitted too; from elsewhere by an activation code.",
        at="admission.networks",
    )

    secure_only = switch(
        False,
        section=SECURITY,
        label="Secure-Only for new systems",
        hint="Only HTTPS between a system and this server.",
    )
    secrets_may_use_http = switch(
        True,
        section=SECURITY,
        label="A system's secret may be sent by plain HTTP",
        hint="Needed for traditional systems that do not trust our certificate yet; anyone who reads that traffic can"
        " post in their name until the first post by HTTPS replaces the secret.",
    )
    password_over_http_networks = networks(
        section=SECURITY,
        label="Networks where device passwords may use plain HTTP",
        hint="One a line. Empty: only where a system's own record allows it.",
    )
    contactable_networks = networks(
        section=SECURITY,
        label="Contactable networks",
        hint="Loopback and link-local addresses and this server's own addresses are never contacted."
        " Exceptions, one network a line, for example 127.0.0.0/8. Empty: none.",
    )
    device_authorities = pem(
        clean_authorities,
        AUTHORITIES_LIMIT,
        section=SECURITY,
        label="Authorities for certificates of devices",
        hint="Certificates in PEM, one after the other. For systems whose trust is set to an authority; the others"
        " are known by the key that they had at their first login.",
    )

    snmp_contact = text(
        clean_snmp_text,
        section=SNMP,
        label="Contact",
        hint="Whom to call.",
        at="snmp.contact",
        concerns="management",
    )
    snmp_location = text(
        clean_snmp_text, section=SNMP, label="Location", at="snmp.location", concerns="management"
    )
    snmp_community_ciphertext = secret(
        clean_snmp_text,
        section=SNMP,
        label="Community",
        hint="For monitoring to read from the systems. To try communities while adding systems, see Credentials.",
        at="snmp.community",
        concerns="management",
    )

    phone_books_always = switch(
        False,
        section=PHONE_BOOKS,
        label="Systems without a phone book search here, too",
        hint="They then find an empty phone book, and no longer the one of their previous server.",
        at="phone_books.always",
        concerns="management",
    )
    phone_books_route = switch(
        True,
        section=PHONE_BOOKS,
        label="Only addresses that a system can dial",
        hint="By the protocols that are on in its settings: no H.323 number for a system that has SIP alone.",
        at="phone_books.route",
    )

    feedback_slot = whole(
        3,
        1,
        4,
        section=FEEDBACK,
        label="Feedback slot",
        hint="1 to 4. Another manager or a room controller may need slot 3, which is usual. When you change the slot,"
        " the previous one is released if it leads here.",
        concerns="management",
    )

    ntp_servers = lines(
        clean_ntp_servers,
        NTP_SERVERS,
        section=TIME,
        label="Time servers (NTP)",
        hint="At most three, one a line; the first is asked first.",
        concerns="defaults",
    )
    device_time_zone = text(
        clean_device_zone,
        64,
        section=TIME,
        label="Time zone",
        hint="For example Europe/Oslo; not for TC, which uses other names.",
        concerns="defaults",
    )

    heartbeat_idle = seconds(
        900,
        10,
        86_400,
        section=HEARTBEAT,
        label="Idle",
        hint="Nothing to do. 900 is a quarter of an hour.",
        at="heartbeat.idle",
    )
    heartbeat_waiting = seconds(
        30,
        2,
        3_600,
        section=HEARTBEAT,
        label="Work waits",
        hint="Changes or actions wait for it.",
        at="heartbeat.waiting",
    )
    heartbeat_watched = seconds(
        30,
        2,
        3_600,
        section=HEARTBEAT,
        label="Watched",
        hint="Somebody has its page open, and for 90 s afterwards.",
        at="heartbeat.watched",
    )
    heartbeat_admitted = seconds(
        10,
        2,
        3_600,
        section=HEARTBEAT,
        label="Just admitted",
        hint="Until its secret is proven, and while it is being probed.",
        at="heartbeat.admitted",
    )
    heartbeat_unknown = seconds(
        30,
        2,
        86_400,
        section=HEARTBEAT,
        label="In the inbox",
        hint="Unknown, ignored and unproven systems.",
        at="heartbeat.unknown",
    )

    # In the zone of each system, or in this one where it reports none.
    maintenance_window = text(
        clean_window,
        200,
        default="Mon-Sun 20:00-06:00",
        section=WINDOW,
        label="Open",
        hint="For example Mon-Fri 20:00-06:00, Sat-Sun 00:00-24:00. Empty: always.",
    )
    time_zone = text(
        clean_zone,
        64,
        default="UTC",
        section=WINDOW,
        label="Time zone",
        hint="For systems that report none, such as Europe/Oslo.",
    )

    polling = switch(
        True,
        section=POLLING,
        label="Poll systems that can be reached",
        hint="Off: only what systems post is known; nothing is read from them.",
        at="polling.enabled",
    )
    poll_idle = seconds(
        900, 60, 86_400, section=POLLING, label="Idle", hint="900 is a quarter of an hour.", at="polling.idle"
    )
    poll_in_call = seconds(60, 15, 3_600, section=POLLING, label="In a call", at="polling.in_call")
    poll_watched = seconds(
        15, 5, 600, section=POLLING, label="Watched", hint="Somebody has its page open.", at="polling.watched"
    )
    poll_dead = seconds(
        300,
        60,
        86_400,
        section=POLLING,
        label="Not answering",
        hint="Until it answers again.",
        at="polling.dead",
    )
    # No more than `devices.limits` lets through at a time.
    polls_at_once = whole(
        100,
        1,
        100,
        section=POLLING,
        label="Systems at once",
        hint="On the whole server.",
        at="polling.at_once",
    )
    polls_at_once_in_a_network = whole(
        30,
        1,
        30,
        section=POLLING,
        label="At once in one network",
        hint="A network is a /24 or a /64.",
        at="polling.at_once_in_a_network",
    )

    # Kept by the server itself: the slot before may still lead to us; when posts were taken again after a time in
    # which none could be, null where that never was.
    former_feedback_slot = models.PositiveSmallIntegerField(null=True, blank=True)
    posts_resumed_at = models.DateTimeField(null=True, blank=True)


class Portion(models.Model):
    """How far a change that concerns every system has come: the last one seen to. No row: all have been."""

    name = models.CharField(max_length=32, primary_key=True)
    up_to = models.BigIntegerField()


class FormerAddress(models.Model):
    """An address of this server that was changed, kept until no system calls it any more."""

    class Side(models.TextChoices):
        INTERNAL = "internal"
        PUBLIC = "public"

    side = models.CharField(max_length=8, choices=Side.choices)
    host = models.CharField(max_length=255, unique=True)
    replaced_at = models.DateTimeField()
