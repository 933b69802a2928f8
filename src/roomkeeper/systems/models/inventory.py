"""Folders, tags and systems: what an administrator organises."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Upper
from django.utils import timezone

from roomkeeper.words import gettext as _


class Folder(models.Model):
    """A place in the one tree of folders. `path` is the ids below the root, as `/4/9/`; the root is `/`."""

    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    name = models.CharField(max_length=100)
    path = models.CharField(max_length=500, db_index=True, blank=True)
    # Whether a phone book is set on it or on a folder above; its systems then search ours (`phonebooks.setting`).
    has_phone_book = models.BooleanField(default=False)
    # When systems may be disturbed, such as `Mon-Fri 20:00-06:00`; empty: as for the folder above.
    maintenance_window = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="folder_names_differ_beside_each_other"),
            # SQL counts no two NULLs as equal, so the root needs an expression of its own.
            models.UniqueConstraint(
                Coalesce("parent_id", 0), condition=Q(parent__isnull=True), name="one_root_folder"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word that systems carry across folders."""

    name = models.CharField(max_length=50, unique=True)

    def __str__(self) -> str:
        return self.name


class State(models.TextChoices):
    """Where the record stands (glossary, *state*)."""

    PENDING = "pending"
    PRE_REGISTERED = "pre_registered"
    MANAGED = "managed"
    IGNORED = "ignored"
    BLOCKED = "blocked"


class Connectivity(models.TextChoices):
    """How a system can be reached; empty until it is decided for the first time (rule R1)."""

    UNDECIDED = "", "undecided"
    INACCESSIBLE = "inaccessible", "Inaccessible"
    REACHABLE_ON_LAN = "reachable_on_lan", "Reachable on LAN"
    REACHABLE_ON_PUBLIC_INTERNET = "reachable_on_public_internet", "Reachable on Public Internet"
    BEHIND_FIREWALL = "behind_firewall", "Behind Firewall"


# Where we can call the system by ourselves.
REACHABLE: Final = (Connectivity.REACHABLE_ON_LAN, Connectivity.REACHABLE_ON_PUBLIC_INTERNET)


class HttpsProof(models.TextChoices):
    """Whether a system has shown that it reaches us by HTTPS."""

    NONE = "", "not asked"
    ASKED = "asked", "asked"
    PROVEN = "proven", "proven"


class TlsTrust(models.TextChoices):
    """What makes a device's certificate good enough (rule R6)."""

    PIN = "pin", "The key that it showed at its first login"
    AUTHORITY = "authority", "Signed by an authority of Network settings"
    OFF = "off", "Any certificate"


class System(models.Model):
    """A record that we manage. Its id is permanent, is never reused and survives new hardware.

    `mac_address` is 12 upper-case hex digits, `serial_number` as sent; both empty where unknown (rule R3).
    `name` and the wanted `SystemUnit/Name` are one; what the device says is `reported_name` (rule R7).
    """

    name = models.CharField(max_length=255)
    reported_name = models.CharField(max_length=255, blank=True)
    folder = models.ForeignKey(Folder, on_delete=models.PROTECT, related_name="systems")
    tags = models.ManyToManyField(Tag, blank=True, related_name="systems")
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    family = models.CharField(max_length=32, blank=True)
    product = models.CharField(max_length=255, blank=True)
    software_version = models.CharField(max_length=255, blank=True)
    serial_number = models.CharField(max_length=255, blank=True, db_index=True)
    mac_address = models.CharField(max_length=12, blank=True, db_index=True)

    host = models.CharField(max_length=255, blank=True)
    http_port = models.PositiveIntegerField(null=True, blank=True)
    https_port = models.PositiveIntegerField(null=True, blank=True)
    username = models.CharField(max_length=128, blank=True)
    password_ciphertext = models.BinaryField(default=bytes, blank=True)
    password_may_use_http = models.BooleanField(default=False)
    pinned_key = models.CharField(max_length=64, blank=True)
    # How its certificate is judged (rule R6); legacy is TLS 1.0 and weak ciphers, chosen by hand.
    tls_trust = models.CharField(max_length=12, choices=TlsTrust.choices, default=TlsTrust.PIN)
    tls_is_legacy = models.BooleanField(default=False)
    # A refused login is not sent again before it is changed, by no process and after no restart.
    login_worked_at = models.DateTimeField(null=True, blank=True)
    login_refused_at = models.DateTimeField(null=True, blank=True)
    # What its SNMP agent calls itself, "" where none answered.
    sys_object_id = models.CharField(max_length=128, blank=True)

    # Whether a phone book is set on this very system; those of its folders count, too.
    has_own_phone_book = models.BooleanField(default=False)

    connectivity = models.CharField(
        max_length=32, choices=Connectivity.choices, default=Connectivity.UNDECIDED, blank=True
    )
    connectivity_is_locked = models.BooleanField(default=False)
    connectivity_since = models.DateTimeField(null=True, blank=True)
    is_proven_by_probe = models.BooleanField(default=False)
    is_unproven = models.BooleanField(default=False)

    is_secure_only = models.BooleanField(default=False)
    # Its NetworkServices leave plain HTTP out, so that its manager has to be called by HTTPS (protocol notes P.4).
    has_http_off = models.BooleanField(default=False)
    secure_only_completed_at = models.DateTimeField(null=True, blank=True)
    # A document that it posts by HTTPS proves that it trusts our certificate, before anything depends on it.
    https_proof = models.CharField(
        max_length=8, choices=HttpsProof.choices, default=HttpsProof.NONE, blank=True
    )
    # As its configuration says, where that is a zone we know; its maintenance window is in it.
    time_zone = models.CharField(max_length=64, blank=True)
    in_call = models.BooleanField(default=False)
    # Which calls, by number (`systems.documents.calls`); `in_call` says whether there is any.
    calls = models.JSONField(default=dict, blank=True)
    drift_count = models.PositiveIntegerField(default=0)
    management_is_due = models.BooleanField(default=False)
    management_rounds = models.PositiveSmallIntegerField(default=0)
    # When it was last sent what it is told to do (rule R13): an older report says nothing of that.
    told_at = models.DateTimeField(null=True, blank=True)

    # Its first SIP address, as its status tells it: rooms are looked for by it.
    sip_uri = models.CharField(max_length=255, blank=True)

    admission_network = models.CharField(max_length=64, blank=True)
    admission_hint_address = models.GenericIPAddressField(null=True, blank=True)
    # Whom its place in the inbox counts for: the address of its first post, of IPv6 the /64.
    first_source = models.CharField(max_length=64, blank=True)
    admitted_source = models.CharField(max_length=64, blank=True)
    admitted_at = models.DateTimeField(null=True, blank=True)
    admitted_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    notes = models.TextField(blank=True)

    class Meta:
        constraints = [
            # Serial numbers are compared without letter case (rule R3).
            models.UniqueConstraint(
                Upper("serial_number"),
                condition=~Q(serial_number="") & ~Q(state="pending"),
                name="one_admitted_system_a_serial_number",
            ),
            models.UniqueConstraint(
                fields=["mac_address"],
                condition=~Q(mac_address="") & ~Q(state="pending"),
                name="one_admitted_system_a_mac_address",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "name", "id"], name="systems_by_state_and_name"),
            models.Index(fields=["folder", "name"], name="systems_by_folder_and_name"),
            models.Index(Upper("serial_number"), name="systems_by_any_serial_number"),
            models.Index(fields=["first_source"], name="inbox_by_source", condition=Q(state="pending")),
            models.Index(fields=["id"], name="systems_to_be_written", condition=Q(management_is_due=True)),
        ]

    def __str__(self) -> str:
        return self.name or self.serial_number or self.mac_address or _("System {self}", self=self.pk)
