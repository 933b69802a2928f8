"""By which road something that is asked of a system will reach it, and when. For people who are about to ask."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from roomkeeper.devices.names import is_restart
from roomkeeper.provisioning import holding
from roomkeeper.provisioning.actions import evidence_for
from roomkeeper.provisioning.models import Action
from roomkeeper.provisioning.planning import Care
from roomkeeper.provisioning.push_pump import pushable
from roomkeeper.systems.check_ins.liveness import next_contact_due
from roomkeeper.systems.models import Contact, System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_DEVICE_TELLS: Final = noop("The device's answer is shown.")
_BOOT_TELLS_TOO: Final = noop("The device's answer is shown; its boot post proves the restart.")
_NOBODY_TELLS: Final = noop(
    "No answer comes back that way, and no status shows this command, so whether it ran stays unknown."
)
_STATUS_TELLS: Final = noop(
    "No answer comes back that way; the status that the system posts then tells whether it ran."
)
_BOOT_TELLS: Final = noop("No answer comes back that way; its boot post proves it.")


@dataclass(frozen=True, slots=True)
class DeliveryRoad:
    """`is_pushed` at once, or with the answer to the next post, which is due at `due_at` (None: not known).

    `held` is why it waits all the same, "" where it does not; `proof` is how it will be known what became of it.
    """

    is_pushed: bool
    due_at: datetime | None
    held: str
    proof: str


def road_of(system: System, command: str, care: Care, *, now: datetime) -> DeliveryRoad:
    """The road of a command to a system, as things are now."""
    asked = Action(system=system, during_calls=care.during_calls, only_in_window=care.only_in_window)
    _rest, held = holding.split([asked], now=now)
    why = next(iter(held.values()), "")
    if pushable([system.pk]):
        proof = _(_BOOT_TELLS_TOO) if is_restart(command) else _(_DEVICE_TELLS)
        return DeliveryRoad(True, None, why, proof)
    if is_restart(command):
        proof = _(_BOOT_TELLS)
    else:
        proof = (
            _(_STATUS_TELLS)
            if evidence_for(command, system.software_version, system.family)
            else _(_NOBODY_TELLS)
        )
    due = next_contact_due(Contact.objects.filter(system=system).first(), now)
    return DeliveryRoad(False, due, why, proof)
