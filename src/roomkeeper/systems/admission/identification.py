"""Rule R3 as a pure function: who is posting, given the secret in the path and the claims in the body."""

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from roomkeeper.protocols.identification import same_serial
from roomkeeper.systems.models.inventory import State


class PostOutcome(enum.StrEnum):
    """What a post is taken for."""

    SYSTEM = "system"
    IDENTITY_CHANGED = "identity changed"
    CONFLICT = "conflict"
    CLAIM = "claim"
    IGNORED = "ignored"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    OTHER_BOX = "another box"
    ANONYMOUS = "anonymous"


class Numbers(Protocol):
    """The numbers by which a system is known; blank where they are not."""

    serial_number: str
    mac_address: str


class Candidate(Numbers, Protocol):
    """What R3 needs of a stored system."""

    system_id: int
    state: str
    is_proven: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, the system it is about, and further systems that are told of it.

    `has_new_mac`: the system posts by a network card that was not known yet.
    """

    outcome: PostOutcome
    system_id: int | None = None
    others: tuple[int, ...] = ()
    has_new_mac: bool = False


def identify(
    by_secret: Candidate | None,
    by_claims: Sequence[Candidate],
    serial: str,
    mac: str,
    carriers: Collection[int] = (),
) -> Verdict:
    """Decide who posts. `by_claims` are the stored systems, without those of the inbox, that share the serial
    number or the MAC address; a secret that no system has counts as none. `carriers` are the systems of which the MAC
    address is known to be another network card's."""
    if by_secret is not None:
        return _with_secret(by_secret, by_claims, serial, mac, carriers)
    if not serial and not mac:
        return Verdict(PostOutcome.ANONYMOUS)
    if not by_claims:
        if carriers and not serial:
            return Verdict(PostOutcome.CLAIM, min(carriers))
        return Verdict(PostOutcome.OTHER_BOX if carriers else PostOutcome.UNKNOWN)
    # A blocked system stays out whatever else it claims; the strictest standing wins.
    for state, outcome in ((State.BLOCKED, PostOutcome.BLOCKED), (State.IGNORED, PostOutcome.IGNORED)):
        for candidate in by_claims:
            is_carrier = candidate.system_id in carriers
            if candidate.state == state and not contradicts(candidate, serial, mac, is_carrier=is_carrier):
                return Verdict(outcome, candidate.system_id)
    fitting = [
        one for one in by_claims if not contradicts(one, serial, mac, is_carrier=one.system_id in carriers)
    ]
    if not fitting:
        if len(by_claims) > 1:
            # Neither number is its own.
            first, *rest = by_claims
            return Verdict(PostOutcome.CLAIM, first.system_id, tuple(other.system_id for other in rest))
        return Verdict(PostOutcome.OTHER_BOX, by_claims[0].system_id)
    candidate, *rest = fitting
    is_carrier = candidate.system_id in carriers
    if rest or candidate.is_proven or not says_all(candidate, serial, mac, is_carrier=is_carrier):
        return Verdict(PostOutcome.CLAIM, candidate.system_id, tuple(other.system_id for other in rest))
    return Verdict(PostOutcome.SYSTEM, candidate.system_id)


def _with_secret(
    owner: Candidate, by_claims: Sequence[Candidate], serial: str, mac: str, carriers: Collection[int]
) -> Verdict:
    if owner.state == State.BLOCKED:
        return Verdict(PostOutcome.BLOCKED, owner.system_id)
    others = tuple(candidate.system_id for candidate in by_claims if candidate.system_id != owner.system_id)
    is_same = bool(serial) and same_serial(owner.serial_number, serial)
    # One that was admitted by its MAC address alone, beside the owner of the serial number that it says.
    is_itself = is_same or (not owner.serial_number and bool(mac) and owner.mac_address == mac)
    if others and not is_itself:
        return Verdict(PostOutcome.CONFLICT, owner.system_id, others)
    has_other_mac = bool(owner.mac_address and mac) and owner.mac_address != mac
    is_new = has_other_mac and owner.system_id not in carriers
    if (owner.serial_number and serial and not is_same) or (is_new and not is_same):
        return Verdict(PostOutcome.IDENTITY_CHANGED, owner.system_id)
    if owner.state == State.IGNORED:
        return Verdict(PostOutcome.IGNORED, owner.system_id)
    return Verdict(PostOutcome.SYSTEM, owner.system_id, has_new_mac=is_new and not others)


def contradicts(stored: Numbers, serial: str, mac: str, *, is_carrier: bool = False) -> bool:
    """Whether one of the numbers that are said is another than the stored one; blanks contradict nothing.

    `is_carrier`: the MAC address is known to be another network card of the system.
    """
    if stored.serial_number and serial and not same_serial(stored.serial_number, serial):
        return True
    return bool(stored.mac_address and mac) and stored.mac_address != mac and not is_carrier


def says_all(stored: Numbers, serial: str, mac: str, *, is_carrier: bool = False) -> bool:
    """Whether every stored number is said: nobody is taken for a system for naming one of two (rule R3)."""
    if stored.serial_number and not same_serial(stored.serial_number, serial):
        return False
    return not stored.mac_address or stored.mac_address == mac or is_carrier
