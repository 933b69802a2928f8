"""Something was found that needs a person, or no longer does.

`systems` and what stands above it report findings here; `tickets` listens. Receivers run inside the caller's
transaction.
"""

from dataclasses import dataclass, replace

from django.dispatch import Signal

from roomkeeper.systems.ticket_kinds import get_kind


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, about a system or (None) about the server; `reason` and `advice` are sentences.

    `kind` is one that ticket_kinds.toml declares, whose level holds unless another is given.
    """

    kind: str
    system_id: int | None
    reason: str
    advice: str = ""
    level: str = ""


found = Signal()
cleared = Signal()


def report(finding: Finding) -> None:
    """Report a finding. Raises `UnknownKind` for a kind that is not declared."""
    kind = get_kind(finding.kind)
    found.send(sender=Finding, finding=finding if finding.level else replace(finding, level=kind.level))


def clear(kind: str, system_id: int | None, reason: str) -> None:
    """Report that an earlier finding of that kind no longer holds. Raises `UnknownKind`."""
    get_kind(kind)
    cleared.send(sender=Finding, kind=kind, system_id=system_id, reason=reason)
