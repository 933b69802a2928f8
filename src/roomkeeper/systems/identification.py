"""Rule R3 as a pure function: who is posting, given the secret in the path and the claims in the body."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from roomkeeper.systems.models.inventory import State


class Outcome(enum.StrEnum):
    """What a post is taken for."""

    SYSTEM = "system"
    IDENTITY_CHANGED = "identity changed"
    CONFLICT = "conflict"
    CLAIM = "claim"
    IGNORED = "ignored"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    ANONYMOUS = "anonymous"


class Candidate(Protocol):
    """What R3 needs of a stored system."""

    system_id: int
    state: str
    serial_number: str
    mac_address: str
    is_proven: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, the system it is about, and further systems that are told of it."""

    outcome: Outcome
    system_id: int | None = None
    others: tuple[int, ...] = ()


def identify(by_secret: Candidate | None, by_claims: Sequence[Candidate], serial: str, mac: str) -> Verdict:
    """Decide who posts. `by_claims` are the stored systems, without those of the inbox, that share the serial
    number or the MAC address; a secret that no system has counts as none."""
    if by_secret is not None:
        return _with_secret(by_secret, by_claims, serial, mac)
    if not serial and not mac:
        return Verdict(Outcome.ANONYMOUS)
    if not by_claims:
        return Verdict(Outcome.UNKNOWN)
    # A blocked system stays out whatever else it claims; the strictest standing wins.
    for state, outcome in ((State.BLOCKED, Outcome.BLOCKED), (State.IGNORED, Outcome.IGNORED)):
        for candidate in by_claims:
            if candidate.state == state and agrees(candidate, serial, mac):
                return Verdict(outcome, candidate.system_id)
    if len(by_claims) > 1:
        first, *rest = by_claims
        return Verdict(Outcome.CLAIM, first.system_id, tuple(other.system_id for other in rest))
    candidate = by_claims[0]
    if candidate.is_proven or not agrees(candidate, serial, mac):
        return Verdict(Outcome.CLAIM, candidate.system_id)
    return Verdict(Outcome.SYSTEM, candidate.system_id)


def _with_secret(owner: Candidate, by_claims: Sequence[Candidate], serial: str, mac: str) -> Verdict:
    if owner.state == State.BLOCKED:
        return Verdict(Outcome.BLOCKED, owner.system_id)
    others = tuple(candidate.system_id for candidate in by_claims if candidate.system_id != owner.system_id)
    if others:
        return Verdict(Outcome.CONFLICT, owner.system_id, others)
    if _differs(owner.serial_number, serial) or _differs(owner.mac_address, mac):
        return Verdict(Outcome.IDENTITY_CHANGED, owner.system_id)
    if owner.state == State.IGNORED:
        return Verdict(Outcome.IGNORED, owner.system_id)
    return Verdict(Outcome.SYSTEM, owner.system_id)


def agrees(candidate: Candidate, serial: str, mac: str) -> bool:
    """Both agree with what is stored; a blank counts as agreeing, but at least one must really be equal."""
    if _differs(candidate.serial_number, serial) or _differs(candidate.mac_address, mac):
        return False
    return bool(serial and candidate.serial_number == serial) or bool(mac and candidate.mac_address == mac)


def _differs(stored: str, claimed: str) -> bool:
    return bool(stored and claimed and stored != claimed)
