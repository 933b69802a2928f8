"""The rows of a diagnosis: the family's table of network requirements as it applies to one system's mode. Pure."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from roomkeeper.devices.manifest import Direction, Manifest, Requirement
from roomkeeper.devices.reach import TRANSPORTS, Reach

# What we connect to, by the manifest's name of the service.
TRIED: Final[Mapping[str, str]] = {"HTTPS": "https", "HTTP": "http", "SNMP": "snmp"}
ITSELF: Final = "itself"
_UNREACHABLE: Final = {
    "behind_firewall": "mode-behind-firewall",
    "inaccessible": "mode-inaccessible",
}


class Apply(enum.Enum):
    """Whether a row is looked at, not looked at because nothing of ours uses it, or ruled out by the mode."""

    YES = "yes"
    NOT_USED = "not used"
    STRUCK = "struck"


@dataclass(frozen=True, slots=True)
class DiagnosisRow:
    """A row. `direction` is inbound, outbound or itself; `why` is the key of the finding of a row that is not
    looked at, "" of the others."""

    service: str
    protocol: str
    port: int
    direction: str
    purpose: str
    is_optional: bool = False
    apply: Apply = Apply.YES
    why: str = ""

    @property
    def transport(self) -> str:
        """`https`, `http` or `snmp`; "" for what we do not speak."""
        return TRIED.get(self.service, "")


THE_SYSTEM: Final = DiagnosisRow("", "", 0, ITSELF, "what it says of itself")


def plan_rows(
    family: Manifest,
    *,
    connectivity: str,
    is_secure_only: bool,
    ports: Mapping[str, int],
    called: Mapping[str, int] | None = None,
) -> tuple[DiagnosisRow, ...]:
    """The rows for a system: those of its family, in order, and one for the system itself.

    By transport, `ports` are those at which it is reached, `called` those of ours that it calls; the manifest's
    hold for others.
    """
    reach = Reach(connectivity, is_secure_only)
    rows = [_row(requirement, reach, ports, called or {}) for requirement in family.requirements]
    return (*rows, THE_SYSTEM)


def _row(
    requirement: Requirement, reach: Reach, ports: Mapping[str, int], called: Mapping[str, int]
) -> DiagnosisRow:
    apply, why = _applies(requirement, reach)
    own = ports if requirement.direction is Direction.INBOUND else called
    port = own.get(TRIED.get(requirement.service, ""), requirement.port)
    return DiagnosisRow(
        service=requirement.service,
        protocol=requirement.protocol,
        port=port,
        direction=requirement.direction.value,
        purpose=requirement.purpose,
        is_optional=requirement.is_optional,
        apply=apply,
        why=why,
    )


def _applies(requirement: Requirement, reach: Reach) -> tuple[Apply, str]:
    if not requirement.holds(is_reachable=True, is_secure_only=reach.is_secure_only):
        return Apply.STRUCK, "mode-secure-only" if reach.is_secure_only else "mode-without-secure-only"
    if requirement.direction is Direction.OUTBOUND:
        is_tried = requirement.service in ("HTTPS", "HTTP")
        return (Apply.YES, "") if is_tried else (Apply.NOT_USED, "road-not-tried")
    if not any(reach.allows(transport) for transport in TRANSPORTS):
        return Apply.STRUCK, _UNREACHABLE.get(reach.connectivity, "mode-undecided")
    transport = TRIED.get(requirement.service, "")
    if not transport:
        return Apply.NOT_USED, "road-not-tried"
    # The family needs it in every mode; the lowest layer refuses it all the same.
    return (Apply.YES, "") if reach.allows(transport) else (Apply.STRUCK, "mode-forbids-need")
