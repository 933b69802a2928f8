"""Commands of the unit itself: restart, reset, notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkeeper.virtual.commands.registry import command
from roomkeeper.virtual.xml_in import Call
from roomkeeper.virtual.xml_out import Result

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint


@command("SystemUnit/Boot")
def boot(endpoint: VirtualEndpoint, call: Call) -> Result:
    """Restart, or shut down, a moment after the answer."""
    endpoint.restart_soon(call.first("Action", "Restart"))
    return {}
