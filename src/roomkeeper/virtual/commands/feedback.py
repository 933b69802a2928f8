"""Commands of HTTP feedback (protocol notes C.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkeeper.virtual.commands.registry import CommandFailed, command
from roomkeeper.virtual.xml_in import PostedCall
from roomkeeper.virtual.xml_out import Result

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint


@command("HttpFeedback/Register")
def register(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Take a slot, overwriting what was there."""
    number = int(call.first("FeedbackSlot"))
    endpoint.feedback.stop_slot(number)
    endpoint.device.register_feedback(
        number, call.first("ServerUrl"), call.all("Expression"), call.first("Format", "XML")
    )
    return {"FeedbackSlot": str(number)}


@command("HttpFeedback/Deregister")
def deregister(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Give a slot up; a free one is no error."""
    number = int(call.first("FeedbackSlot"))
    endpoint.feedback.stop_slot(number)
    endpoint.device.forget_feedback(number)
    return {}


@command("HttpFeedback/Enable")
def enable(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Start a failed slot again."""
    slot = endpoint.device.slots.get(int(call.first("FeedbackSlot")))
    if slot is None:
        raise CommandFailed("Feedback slot is not registered")
    endpoint.device.set_slot_status(slot, "OK")
    if all(other.status == "OK" for other in endpoint.device.slots.values()):
        endpoint.device.clear_diagnosis("HTTPFeedbackFailed")
    return {}
