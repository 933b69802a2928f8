"""Something was found that needs a person, or no longer does.

`systems` and what stands above it report findings here; `tickets` listens. Receivers run inside the caller's
transaction.
"""

from dataclasses import dataclass

from django.dispatch import Signal

from roomkeeper.systems.models import System


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found (`kind` is fixed, `reason` and `advice` are sentences), about a system or about the server."""

    kind: str
    system: System | None
    reason: str
    advice: str = ""
    level: str = "warning"


found = Signal()
cleared = Signal()


def report(finding: Finding) -> None:
    """Report a finding."""
    found.send(sender=Finding, finding=finding)


def clear(kind: str, system: System | None, reason: str) -> None:
    """Report that an earlier finding of that kind no longer holds."""
    cleared.send(sender=Finding, kind=kind, system=system, reason=reason)
