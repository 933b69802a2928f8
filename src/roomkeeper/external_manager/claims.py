"""Posts that are taken for nobody, or for a system of the inbox (rules R3 and R5)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, Q

from roomkeeper.external_manager.posts import Post, Service
from roomkeeper.systems import findings, inventory, live
from roomkeeper.systems.addresses import payer_of
from roomkeeper.systems.admission import claimants, inbox
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.check_ins.roster import Known, Roster
from roomkeeper.systems.documents.redaction import redact
from roomkeeper.systems.models import Claim, Contact, State, System
from roomkeeper.words import gettext as _

SAMPLE_LIMIT = 4_096
# Rows of one service, reason and source; further serial numbers and MAC addresses are counted in one without them.
CLAIMS_A_SOURCE = 200

_Key = tuple[str, str, str, str, str]


@dataclass(slots=True)
class Claims:
    """The claims of one batch, counted by kind and written at its end."""

    now: datetime
    counts: Counter[_Key] = field(default_factory=Counter)
    systems: dict[_Key, int | None] = field(default_factory=dict)
    samples: dict[_Key, bytes] = field(default_factory=dict)

    def add(self, post: Post, reason: str, system_id: int | None = None) -> None:
        """Count a post that changes nothing."""
        key = (post.service.value, reason[:64], post.arrival.source[:64], post.serial, post.mac)
        self.counts[key] += 1
        self.systems[key] = system_id
        self.samples[key] = redact(post.raw[:SAMPLE_LIMIT], (post.secret,))

    def flush(self) -> None:
        """Write the counts: a row each kind of claim, however often it came."""
        for key, count in self.counts.items():
            service, reason, source, serial, mac = key
            rows = Claim.objects.filter(
                service=service, reason=reason, source_address=source, serial_number=serial, mac_address=mac
            )
            system_id = self.systems[key]
            if not rows.update(count=F("count") + count, last_at=self.now, system_id=system_id):
                like = Claim.objects.filter(service=service, reason=reason, source_address=source)
                if like.count() >= CLAIMS_A_SOURCE:
                    # Whoever makes numbers up gets no further rows for them.
                    if like.filter(serial_number="", mac_address="").update(
                        count=F("count") + count, last_at=self.now
                    ):
                        continue
                    serial = mac = ""
                    system_id = None
                Claim.objects.create(
                    system_id=system_id,
                    service=service,
                    reason=reason,
                    source_address=source,
                    serial_number=serial,
                    mac_address=mac,
                    first_at=self.now,
                    last_at=self.now,
                    count=count,
                    sample=self.samples[key],
                )
        if self.counts:
            self._tell_claimed()
            live.publish_many([("inbox", None, "")])

    def _tell_claimed(self) -> None:
        """A person hears of whoever says to be a system that no person has looked at, or one that fell silent."""
        by_system: dict[int, _Key] = {
            system_id: key
            for key, system_id in self.systems.items()
            if system_id is not None and key[0] == Service.EVENTS
        }
        if not by_system:
            return
        rows = System.objects.filter(pk__in=by_system, state=State.MANAGED).select_related("contact")
        for system in rows:
            _rest, _rest_2, source, serial, mac = by_system[system.pk]
            if system.admitted_by_id is None and system.admitted_at is not None:
                tell_second_claimant(system, source, serial, mac)
            if system.contact.is_alive is False and (claimed := claimants.newest_claim(system)):
                findings.report(liveness.no_contact(system, system.contact.alive_reason, claimed))


def tell_second_claimant(system: System, source: str, serial: str, mac: str) -> None:
    """Nobody looked at a system that a rule admitted: a person hears of whoever else says to be it (rule R4)."""
    findings.report(
        findings.Finding(
            "second claimant",
            system.pk,
            _(
                "A post from {source} claims to be {system} without its secret (serial number "
                "{serial}, MAC address {mac}). It was admitted by rule at {admitted_source}.",
                source=source,
                system=system,
                serial=serial or "–",
                mac=mac or "–",
                admitted_source=system.admitted_source or "an unknown address",
            ),
            _(
                "Find out which of the two is your device. If it is the one that posts now, as after "
                "a factory reset, admit the system again for that address. If not, find out what "
                "posts from there."
            ),
        )
    )


def tell_conflict(system_ids: Sequence[int], post: Post) -> None:
    """Both systems are told that one posts as the other (rule R3, third row)."""
    for system in System.objects.filter(pk__in=system_ids):
        findings.report(
            findings.Finding(
                "identity conflict",
                system.pk,
                _(
                    "A post from {source} carried the secret of one system and the identity of another "
                    "(serial number {serial}, MAC address {mac}).",
                    source=post.arrival.source,
                    serial=post.serial or "–",
                    mac=post.mac or "–",
                ),
                _(
                    "One device may have the settings of the other, for example from a restored backup. "
                    "Admit both."
                ),
            )
        )


def tell_identity_changed(system_id: int, post: Post) -> None:
    """The secret is right and the hardware is not what is stored: a person accepts it, or does not (R3, row two)."""
    for system in System.objects.filter(pk=system_id):
        findings.report(
            findings.Finding(
                "identity changed",
                system.pk,
                _(
                    "It now says serial number {serial} and MAC address {mac}; stored are "
                    "{serial_number} and {mac_address}. It gets no answers.",
                    serial=post.serial or "–",
                    mac=post.mac or "–",
                    serial_number=system.serial_number or "–",
                    mac_address=system.mac_address or "–",
                ),
                _(
                    "If the hardware or its network card was swapped, accept the new identity on its "
                    "Connection tab."
                ),
            )
        )


def find_pending(posts: Sequence[Post], roster: Roster) -> dict[tuple[str, str], Known]:
    """The inbox systems of these posts, by exactly what they claim to be."""
    serials = {post.serial for post in posts if post.serial}
    macs = {post.mac for post in posts if post.mac}
    if not serials and not macs:
        return {}
    rows = System.objects.filter(Q(serial_number__in=serials) | Q(mac_address__in=macs), state=State.PENDING)
    by_claim = {
        (serial, mac): pk for pk, serial, mac in rows.values_list("pk", "serial_number", "mac_address")
    }
    wanted = {by_claim[claim] for claim in {(post.serial, post.mac) for post in posts} if claim in by_claim}
    roster.load_ids(wanted)
    return {claim: roster.by_id[pk] for claim, pk in by_claim.items() if pk in wanted}


def add_to_inbox(post: Post, roster: Roster, *, now: datetime) -> Known | str:
    """A new inbox system for an unknown caller; why not where it has no room there, and then it is only counted."""
    if reason := inbox.make_room(post.arrival.source, set(roster.by_id)):
        return reason
    claimed = post.identification
    system = System.objects.create(
        name=claimed.system_name,
        reported_name=claimed.system_name,
        folder=inventory.root_folder(),
        state=State.PENDING,
        serial_number=post.serial,
        mac_address=post.mac,
        product=claimed.product_id or claimed.product_type,
        software_version=claimed.software_version,
        first_source=payer_of(post.arrival.source),
        created_at=now,
    )
    Contact.objects.create(system=system)
    live.publish("inbox", system)
    roster.load_ids([system.pk])
    return roster.by_id[system.pk]
