"""Commands of calls, their history, and presentation (protocol notes I.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkeeper.virtual.calls import REMOTE_BUSY, TooManyCalls, VirtualCall
from roomkeeper.virtual.commands.registry import CommandFailed, command
from roomkeeper.virtual.xml_in import PostedCall
from roomkeeper.virtual.xml_out import Result

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint


@command("Dial")
def dial(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Place a call; Cause 21 where there is no room for one more."""
    find = endpoint.device.configuration.find
    rate = (
        call.first("CallRate")
        or find("Conference/DefaultCall/Rate")
        or find("Conference[1]/DefaultCall/Rate")
    )
    kind = call.first("CallType", "Video")
    number = call.first("Number")
    if not number:
        raise CommandFailed("No number to dial", 21)
    try:
        placed = endpoint.calls.dial(
            number.removeprefix("sip:"),
            protocol=call.first("Protocol", "Sip"),
            rate=int(rate or 3072),
            call_type="Audio" if kind == "Audio" else "Video",
            booking_id=call.first("BookingId"),
        )
    except TooManyCalls:
        raise CommandFailed("Maximum number of calls reached", 21) from None
    return {"CallId": str(placed.id), "ConferenceId": "1"}


def _picked(endpoint: VirtualEndpoint, call: PostedCall, *, ringing: bool = False) -> VirtualCall:
    found = endpoint.calls.pick(int(call.first("CallId", "0")), ringing=ringing)
    if found is None:
        raise CommandFailed("No active calls", 3)
    return found


@command("Call/Accept")
def accept(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Take the call that rings."""
    found = _picked(endpoint, call, ringing=True)
    if found.status != "Ringing":
        raise CommandFailed("The call is not incoming", 3)
    endpoint.calls.answer(found)
    return {}


@command("Call/Reject")
def reject(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Refuse the call that rings."""
    endpoint.calls.hang_up(_picked(endpoint, call, ringing=True), REMOTE_BUSY)
    return {}


@command("Call/Disconnect")
def disconnect(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Hang up."""
    endpoint.calls.hang_up(_picked(endpoint, call))
    return {}


@command("Call/DisconnectAll")
def disconnect_all(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Hang up every call (older releases)."""
    for one in list(endpoint.calls.calls.values()):
        endpoint.calls.hang_up(one)
    return {}


def _hold(endpoint: VirtualEndpoint, call: PostedCall, *, is_held: bool) -> Result:
    found = _picked(endpoint, call)
    node = f"Call[{found.id}]"
    found.status = "OnHold" if is_held else "Connected"
    endpoint.device.status.set({f"{node}/Status": found.status, f"{node}/PlacedOnHold": str(is_held)})
    return {}


@command("Call/Hold")
def hold(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Put a call on hold."""
    return _hold(endpoint, call, is_held=True)


@command("Call/Resume")
def resume(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Take a held call up again."""
    return _hold(endpoint, call, is_held=False)


@command("CallHistory/Get")
def history(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Past calls, the newest first."""
    wanted, words = call.first("Filter", "All"), call.first("SearchString").lower()
    offset, limit = int(call.first("Offset", "0")), int(call.first("Limit", "65534"))
    entries = [
        entry
        for entry in endpoint.device.shelf.call_history
        if wanted in ("All", entry["OccurrenceType"])
        and (not words or words in (entry["RemoteNumber"] + entry["DisplayName"]).lower())
    ]
    basic = (
        "CallHistoryId",
        "CallbackNumber",
        "DisplayName",
        "StartTime",
        "DaysAgo",
        "OccurrenceType",
        "IsAcknowledged",
    )
    full = call.first("DetailLevel", "Basic") == "Full"
    shown: list[Result] = [
        {name: value for name, value in entry.items() if full or name in basic}
        for entry in entries[offset : offset + limit]
    ]
    return {"Entry": shown, "ResultInfo": {"Limit": str(limit), "Offset": str(offset)}}


@command("CallHistory/DeleteAll")
def forget_history(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Forget past calls."""
    endpoint.device.shelf.call_history.clear()
    return {}


@command("Presentation/Start")
def start_presentation(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Share a source."""
    mode = call.first("SendingMode", "LocalRemote") if endpoint.calls.calls else "LocalOnly"
    node = "Conference/Presentation"
    endpoint.device.status.set(
        {
            f"{node}/Mode": "Sending" if mode == "LocalRemote" else "Off",
            f"{node}/LocalInstance[1]/SendingMode": mode,
            f"{node}/LocalInstance[1]/Source": call.first("PresentationSource", "2"),
        }
    )
    endpoint.device.raise_event("PresentationStarted", {"Mode": mode})
    return {"Instance": "1"}


@command("Presentation/Stop")
def stop_presentation(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Share no more."""
    endpoint.device.status.set({"Conference/Presentation/Mode": "Off"})
    endpoint.device.status.remove("Conference/Presentation/LocalInstance[1]")
    endpoint.device.raise_event("PresentationStopped", {"Cause": "userRequested"})
    return {}
