"""Rule R1 as pure functions: what a post asks for, and what a probe's result decides."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from roomkeeper.systems.addresses import parse_address, same_host
from roomkeeper.systems.models.inventory import REACHABLE, Connectivity
from roomkeeper.systems.models.network_settings import NetworkSettings
from roomkeeper.systems.network_settings import outside
from roomkeeper.words import gettext as _


class Comparison(enum.StrEnum):
    """The address in the post's body against the one it came from."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNDECIDED = "undecided"


class ConnectivityStep(enum.StrEnum):
    """What is to be done after a post."""

    NOTHING = "nothing"
    KEEP = "keep"
    PROBE = "probe"


class ProbeResult(enum.StrEnum):
    """What answered at the source address."""

    ITSELF = "itself"
    UNPROVEN = "unproven"
    OTHER = "other"
    SILENT = "silent"


class HostMatch(enum.StrEnum):
    """Which of our addresses the system called."""

    INTERNAL = "internal"
    PUBLIC = "public"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Decision:
    """`new` is None where the state stays; `reason` is shown as it is."""

    new: Connectivity | None
    reason: str
    is_unproven: bool = False
    asks_attention: bool = False


def compare(reported: str, source: str) -> Comparison:
    """Compare after unmapping; addresses of two families are different. Undecided is only where there is none."""
    left, right = parse_address(reported), parse_address(source)
    if left is None or right is None:
        return Comparison.UNDECIDED
    return Comparison.EQUAL if left == right else Comparison.DIFFERENT


def reported_of(address: str, address_v6: str, source: str) -> str:
    """Of the two addresses that a body may report, the one to hold against the source: the same, else one of its
    family, else the first."""
    if not address_v6:
        return address
    told = [(one, parsed) for one in (address, address_v6) if (parsed := parse_address(one)) is not None]
    origin = parse_address(source)
    for one, parsed in told:
        if parsed == origin:
            return one
    of_family = (one for one, parsed in told if origin is not None and parsed.version == origin.version)
    return next(of_family, told[0][0] if told else address)


def next_step(state: str, comparison: Comparison, *, policy_is_on: bool) -> ConnectivityStep:
    """The first table of R1. Without the policy (load balancer) nothing is probed and nothing changes."""
    if not policy_is_on or comparison is Comparison.UNDECIDED:
        return ConnectivityStep.NOTHING
    if comparison is Comparison.EQUAL and state in REACHABLE:
        return ConnectivityStep.KEEP
    return ConnectivityStep.PROBE


def match_host(
    used_host: str, settings: NetworkSettings, former: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> HostMatch:
    """Which side the Host belongs to; where both sides have it, it is the internal one. `former` are addresses by
    side that systems may still call."""
    for side, match in ((outside.INTERNAL, HostMatch.INTERNAL), (outside.PUBLIC, HostMatch.PUBLIC)):
        ours = (*outside.hosts(settings, side), *former.get(side, ()))
        if any(same_host(used_host, host) for host in ours):
            return match
    return HostMatch.NEITHER


def decide(comparison: Comparison, result: ProbeResult, host: HostMatch, *, was_proven: bool) -> Decision:
    """The second table of R1: the state that a probe's result leads to, with the reason in words."""
    if result is ProbeResult.OTHER:
        return Decision(
            Connectivity.BEHIND_FIREWALL, _("something else answers at the address the post came from")
        )
    if result is ProbeResult.SILENT:
        return Decision(Connectivity.BEHIND_FIREWALL, _("nothing answers at the address the post came from"))
    if result is ProbeResult.UNPROVEN and was_proven:
        return Decision(
            None,
            _("a device like it answers, but could not be proven to be this one; left unchanged"),
            asks_attention=True,
        )
    answered = (
        _("it answered there as itself")
        if result is ProbeResult.ITSELF
        else _("a device like it answered there, unproven without credentials")
    )
    unproven = result is ProbeResult.UNPROVEN
    if comparison is Comparison.EQUAL:
        return Decision(
            Connectivity.REACHABLE_ON_LAN,
            _("reported and source address are equal, and {answered}", answered=answered),
            unproven,
        )
    if host is HostMatch.INTERNAL:
        return Decision(
            Connectivity.REACHABLE_ON_LAN,
            _("the addresses differ, but it called the internal address, and {answered}", answered=answered),
            unproven,
        )
    if host is HostMatch.PUBLIC:
        return Decision(
            Connectivity.REACHABLE_ON_PUBLIC_INTERNET,
            _("the addresses differ, it called the public address, and {answered}", answered=answered),
            unproven,
        )
    return Decision(
        None,
        _(
            "the addresses differ and {answered}, but it called this server by a name that is "
            "neither the internal nor the public address; add that name to Network settings",
            answered=answered,
        ),
        unproven,
        asks_attention=True,
    )
