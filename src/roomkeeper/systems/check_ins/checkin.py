"""A check-in: what a known system's event changes in what we know of it. Deciding who posts is `identification`."""

from collections.abc import Callable
from dataclasses import dataclass

from roomkeeper.devices.recognition import recognise_family
from roomkeeper.protocols.external_manager import Beat, PostEvent
from roomkeeper.protocols.identification import Identification
from roomkeeper.systems.admission import identities
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import NewEntry, Writes
from roomkeeper.systems.contact import connectivity, connectivity_changes
from roomkeeper.systems.inventory import NAME_LIMIT
from roomkeeper.systems.models import Contact, Flip, NetworkSettings, State
from roomkeeper.words import gettext as _

KINDS = {Beat.BOOT: "boot", Beat.REGISTER: "register", Beat.HEARTBEAT: "heartbeat"}
_SUMMARIES = {Beat.BOOT: "Started", Beat.REGISTER: "Registered", Beat.HEARTBEAT: "Heartbeat"}


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a post reached us: source address after trusted proxies, Host as used, scheme, path without its secret."""

    source: str
    host: str
    scheme: str
    path: str


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """What the rest of the batch needs to know: was it a boot or register, did anything but time change?"""

    is_initial: bool
    is_unchanged: bool
    entry: NewEntry | None


def _reported(claimed: Identification, arrival: Arrival) -> str:
    """The address that it reports, of its two the one that fits where it posts from (rule R1)."""
    if not claimed.ip_address_v6:
        return claimed.ip_address[:64]
    return connectivity.reported_of(claimed.ip_address[:64], claimed.ip_address_v6[:64], arrival.source)


def is_plain_beat(known: Known, event: PostEvent, arrival: Arrival) -> bool:
    """Whether this is a heartbeat like the last one, so that only times move (the hot path)."""
    claimed = event.identification
    return (
        event.event is Beat.HEARTBEAT
        and known.last_event == "heartbeat"
        and known.beat_entry_id is not None
        and bool(known.is_alive)
        and known.reported_address == _reported(claimed, arrival)
        and known.source_address == arrival.source
        and known.used_host == arrival.host
        and known.scheme == arrival.scheme
        and known.software_version == claimed.software_version[:255]
        and known.reported_name == claimed.system_name[:255]
    )


def check_in(
    known: Known,
    event: PostEvent,
    arrival: Arrival,
    redacted: Callable[[], bytes],
    *,
    settings: NetworkSettings,
    writes: Writes,
    was_just_proven: bool = False,
    may_learn: bool = True,
) -> CheckedIn:
    """Take in an event of the system itself: contact, name and version, liveness, connectivity, timeline.

    `redacted` gives the post as it may be kept; it is asked only where the post is kept.
    """
    if not was_just_proven and is_plain_beat(known, event, arrival):
        writes.touch(known)
        return CheckedIn(is_initial=False, is_unchanged=True, entry=None)
    claimed = event.identification
    is_initial = event.event in (Beat.BOOT, Beat.REGISTER)
    pair_changed = (known.reported_address, known.source_address) != (
        _reported(claimed, arrival),
        arrival.source,
    )
    # A system of the inbox is not probed: anybody could have us call any address.
    if known.state == State.MANAGED and (is_initial or known.is_new or pair_changed or was_just_proven):
        _judge_connectivity(known, _reported(claimed, arrival), arrival, settings, writes)
    entry = _note(known, event, arrival, redacted(), writes)
    if may_learn:
        _take_over_claims(known, event, writes)
    if not known.is_alive:
        returned = known.is_alive is not None
        reason = liveness.POSTS_AGAIN if returned else liveness.FIRST_POST
        writes.flips.append(Flip(system_id=known.system_id, at=writes.now, is_alive=True, reason=reason))
    known.is_alive, known.is_new = True, False
    known.last_event = KINDS.get(event.event, event.event_word[:32])
    known.reported_address, known.source_address = _reported(claimed, arrival), arrival.source
    known.used_host, known.scheme = arrival.host, arrival.scheme
    writes.contacts[known.system_id] = known
    writes.changed(known)
    return CheckedIn(is_initial=is_initial, is_unchanged=False, entry=entry)


def notice_addresses(
    known: Known, claimed: Identification, arrival: Arrival, *, settings: NetworkSettings, writes: Writes
) -> None:
    """Rule R1 also looks at feedback and documents whose pair of addresses differs from the last one."""
    reported = _reported(claimed, arrival)
    if not reported or (known.reported_address, known.source_address) == (reported, arrival.source):
        return
    if known.state == State.MANAGED:
        _judge_connectivity(known, reported, arrival, settings, writes)
    known.reported_address, known.source_address = reported, arrival.source
    Contact.objects.filter(pk=known.system_id).update(
        reported_address=reported, source_address=arrival.source, is_probing=bool(known.is_probing)
    )


def _judge_connectivity(
    known: Known, reported: str, arrival: Arrival, settings: NetworkSettings, writes: Writes
) -> None:
    comparison = connectivity.compare(reported, arrival.source)
    step = connectivity.next_step(known.connectivity, comparison, policy_is_on=settings.update_connectivity)
    if step is not connectivity.ConnectivityStep.PROBE:
        return
    # The probe is a job of its own; it never runs inside the post's transaction (rule R1).
    connectivity_changes.ask_probe(
        known.system_id,
        reported_address=reported,
        source_address=arrival.source,
        used_host=arrival.host[:255],
        now=writes.now,
    )
    known.is_probing = True


def _note(known: Known, event: PostEvent, arrival: Arrival, raw: bytes, writes: Writes) -> NewEntry:
    kind = KINDS.get(event.event, "event")
    summary = _SUMMARIES.get(event.event, f"Event {event.event_word}")
    if event.mended:
        summary += _(
            " (not all of the post could be read as it was sent: {mended})", mended="; ".join(event.mended)
        )
    entry = writes.note(
        known,
        kind,
        summary,
        source=arrival.source,
        path=arrival.path,
        scheme=arrival.scheme,
        request=raw,
        details={"reported_address": _reported(event.identification, arrival), "host": arrival.host[:255]},
    )
    if event.event is Beat.HEARTBEAT:
        entry.run_of = known
    else:
        known.beat_entry_id = known.status_entry_id = None
    return entry


def _take_over_claims(known: Known, event: PostEvent, writes: Writes) -> None:
    claimed = event.identification
    columns = writes.columns
    if known.software_version != claimed.software_version[:255]:
        if known.software_version and claimed.software_version:
            writes.note(
                known,
                "software",
                _(
                    "Software {software_version}, was {known_software_version}",
                    software_version=claimed.software_version,
                    known_software_version=known.software_version,
                ),
            )
        known.software_version = claimed.software_version[:255]
        if known.software_version:
            columns[known.system_id]["software_version"] = known.software_version
    if known.reported_name != claimed.system_name[:255]:
        known.reported_name = claimed.system_name[:255]
        columns[known.system_id]["reported_name"] = known.reported_name
        if not known.name:
            known.name = known.reported_name[:NAME_LIMIT]
            columns[known.system_id]["name"] = known.name
    if not known.family and (claimed.software_version or claimed.product_type):
        known.family = recognise_family(claimed.product_type, claimed.product_id, claimed.software_version)
        columns[known.system_id]["family"] = known.family
    # A blank that the system itself fills in: pre-registered by one of the two only.
    identities.fill_blanks(known, claimed.serial_number, claimed.mac_address, writes)
