"""Calls: between endpoints of a fleet, and to an outside that answers as its number says (notes C.4, I.3, I.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint

RING_SECONDS = 30.0
_SETUP_SECONDS = 0.5
_FIRST_CALL_ID = 2

LOCAL_DISCONNECT = (1, "LocalDisconnect", "")
REMOTE_DISCONNECT = (2, "RemoteDisconnect", "")
REMOTE_BUSY = (13, "RemoteBusy", "Call rejected")
NO_ANSWER = (11, "NoAnswer", "No answer")
NOT_FOUND = (5, "UnknownRemoteSite", "Not found")
"""(CauseValue, CauseType, CauseString); only 1 and 13 were seen (protocol notes C.4), the rest are ours."""


@dataclass(slots=True)
class VirtualCall:
    """One leg of a call, as one endpoint sees it."""

    id: int
    number: str
    display_name: str
    is_outgoing: bool
    protocol: str
    rate: int
    call_type: str
    started_at: datetime
    status: str = "Dialling"
    connected_at: datetime | None = None
    other: tuple[CallDesk, int] | None = None
    booking_id: str = ""


class TooManyCalls(Exception):
    """The endpoint's capacity is used up."""


class CallDesk:
    """The calls of one endpoint."""

    def __init__(self, endpoint: VirtualEndpoint) -> None:
        self._endpoint = endpoint
        self._device = endpoint.device
        self._next_id = _FIRST_CALL_ID
        self._is_teams = endpoint.profile.dialect.is_teams_room
        self.calls: dict[int, VirtualCall] = {}
        self.find_endpoint: Callable[[str], VirtualEndpoint | None] = lambda number: None
        """How a number is found among the fleet's endpoints; set by the fleet."""

    # What people do

    def dial(
        self, number: str, *, protocol: str, rate: int, call_type: str, booking_id: str = ""
    ) -> VirtualCall:
        """Place a call; it goes its way by itself.  Raises TooManyCalls."""
        call = self._new(number, number, is_outgoing=True, protocol=protocol, rate=rate, call_type=call_type)
        call.booking_id = booking_id
        self._show(call)
        self._endpoint.later(self._set_up(call))
        return call

    def receive(self, number: str) -> VirtualCall:
        """Somebody outside the fleet calls; it rings even where there is no room for one more, and until taken."""
        call = self._add(number, number, is_outgoing=False, protocol="Sip", rate=3072, call_type="Video")
        self._show(call)
        self._raise(
            "IncomingCallIndication",
            {"CallId": str(call.id), "DisplayNameValue": number, "RemoteURI": number},
        )
        return call

    def answer(self, call: VirtualCall) -> None:
        """Take an incoming call."""
        self._connected(call)
        if call.other is not None:
            desk, other_id = call.other
            other = desk.calls.get(other_id)
            if other is not None:
                desk._connected(other)

    def hang_up(self, call: VirtualCall, cause: tuple[int, str, str] = LOCAL_DISCONNECT) -> None:
        """End a call on both sides."""
        self._ended(call, cause)
        if call.other is not None:
            desk, other_id = call.other
            other = desk.calls.get(other_id)
            if other is not None:
                other.other = None
                desk._ended(other, REMOTE_BUSY if cause == REMOTE_BUSY else REMOTE_DISCONNECT)

    def pick(self, call_id: int, *, ringing: bool = False) -> VirtualCall | None:
        """The call with that id; 0 is the only one (or the one that rings)."""
        if call_id > 0:
            return self.calls.get(call_id)
        wanted = [one for one in self.calls.values() if not ringing or one.status == "Ringing"]
        return wanted[0] if wanted else None

    # The way of a call

    def _new(
        self, number: str, display_name: str, *, is_outgoing: bool, protocol: str, rate: int, call_type: str
    ) -> VirtualCall:
        most = int(self._device.status.find("Capabilities/Conference/MaxActiveCalls", "3"))
        if len(self.calls) >= most:
            raise TooManyCalls
        return self._add(
            number,
            display_name,
            is_outgoing=is_outgoing,
            protocol=protocol,
            rate=rate,
            call_type=call_type,
        )

    def _add(
        self, number: str, display_name: str, *, is_outgoing: bool, protocol: str, rate: int, call_type: str
    ) -> VirtualCall:
        call = VirtualCall(
            self._next_id,
            number,
            display_name,
            is_outgoing,
            protocol,
            rate,
            call_type,
            self._endpoint.clock.now(),
            status="Dialling" if is_outgoing else "Ringing",
        )
        self._next_id += 1
        self.calls[call.id] = call
        return call

    async def _set_up(self, call: VirtualCall) -> None:
        """Dialling, OutgoingCallIndication, Connecting, then what the far end does (notes C.4 sequences)."""
        self._raise("OutgoingCallIndication", {"CallId": str(call.id)})
        await self._endpoint.clock.sleep(_SETUP_SECONDS)
        if not self._is_on(call):
            return
        self._change(call, "Connecting")
        far = self.find_endpoint(call.number)
        if far is not None:
            if not far.is_up or not far.calls.ring(self, call):
                self._ended(call, REMOTE_BUSY)
                return
        else:
            cause = _outside(call.number)
            await self._endpoint.clock.sleep(_SETUP_SECONDS)
            if not self._is_on(call):
                return
            if cause is None:
                self._connected(call)
                return
            if cause != NO_ANSWER:
                self._ended(call, cause)
                return
        await self._endpoint.clock.sleep(RING_SECONDS)
        if self._is_on(call) and call.status == "Connecting":
            self.hang_up(call, NO_ANSWER)

    def _is_on(self, call: VirtualCall) -> bool:
        return self.calls.get(call.id) is call

    def ring(self, caller: CallDesk, theirs: VirtualCall) -> bool:
        """Somebody calls; False when this endpoint is busy."""
        name = caller._device.name
        number = caller._endpoint.number
        try:
            call = self._new(
                number,
                name,
                is_outgoing=False,
                protocol=theirs.protocol,
                rate=theirs.rate,
                call_type=theirs.call_type,
            )
        except TooManyCalls:
            return False
        call.other = (caller, theirs.id)
        theirs.other = (self, call.id)
        theirs.display_name = self._device.name
        self._show(call)
        self._raise(
            "IncomingCallIndication", {"CallId": str(call.id), "DisplayNameValue": name, "RemoteURI": number}
        )
        find = self._device.configuration.find
        if (find("Conference/AutoAnswer/Mode") or find("Conference[1]/AutoAnswer/Mode")) == "On":
            self._endpoint.later(
                self._answer_by_itself(call, int(find("Conference/AutoAnswer/Delay", "0") or 0))
            )
        return True

    async def _answer_by_itself(self, call: VirtualCall, delay: int) -> None:
        await self._endpoint.clock.sleep(delay)
        if self._is_on(call) and call.status == "Ringing":
            self.answer(call)

    def _connected(self, call: VirtualCall) -> None:
        call.connected_at = self._endpoint.clock.now()
        self._change(call, "Connected")
        self._raise(
            "CallSuccessful",
            {
                "Protocol": call.protocol.capitalize(),
                "Direction": "outgoing" if call.is_outgoing else "incoming",
                "RemoteURI": call.number,
                "EncryptionIn": "On",
                "EncryptionOut": "On",
                "CallRate": str(call.rate),
                "CallId": str(call.id),
            },
        )

    def _ended(self, call: VirtualCall, cause: tuple[int, str, str]) -> None:
        """Disconnecting, Idle, CallDisconnect, ghost; a call never connected goes without the first two."""
        if not self._is_on(call):
            return
        if call.connected_at is not None:
            self._change(call, "Disconnecting")
            self._change(call, "Idle")
        del self.calls[call.id]
        number, kind, words = cause
        duration = self._duration(call)
        event = {
            "CauseValue": str(number),
            "CauseType": kind,
            "CauseString": words,
            "OrigCallDirection": "outgoing" if call.is_outgoing else "incoming",
            "RemoteURI": call.number,
            "DisplayName": call.display_name,
            "CallId": str(call.id),
            "CauseCode": "0" if call.connected_at else "603",
            "CauseOrigin": "Internal" if cause == LOCAL_DISCONNECT else "SIP",
            "Protocol": call.protocol.capitalize(),
            "Duration": str(duration),
            "CallType": call.call_type,
            "CallRate": str(call.rate),
            "Encryption": "AES-128",
            "RequestedURI": call.number,
            "PeopleCountAverage": "-1",
        }
        if call.connected_at is None:
            self._vanish(call)
            self._raise("CallDisconnect", event)
        else:
            self._raise("CallDisconnect", event)
            self._vanish(call)
        self._remember(call, cause, duration)

    def _vanish(self, call: VirtualCall) -> None:
        if self._is_teams:
            self._show_teams()
            return
        self._device.status.remove(f"Call[{call.id}]")
        self._count()

    def _duration(self, call: VirtualCall) -> int:
        if call.connected_at is None:
            return 0
        return int((self._endpoint.clock.now() - call.connected_at) / timedelta(seconds=1))

    # What is shown

    def _change(self, call: VirtualCall, status: str) -> None:
        call.status = status
        self._show(call)

    def _show(self, call: VirtualCall) -> None:
        if self._is_teams:
            self._show_teams()
            return
        node = f"Call[{call.id}]"
        protocol = "sip" if self._device.profile.dialect.family == "TC" else call.protocol.upper()
        is_answered = call.connected_at is not None
        # TC 7.3's guide shows two members more (protocol notes I.3).
        more = {f"{node}/CallPriority": "None", f"{node}/ModifyState": "Idle"} if protocol == "sip" else {}
        self._device.status.set(
            more
            | {
                f"{node}/AnswerState": "Answered" if is_answered else "Unanswered",
                f"{node}/CallType": call.call_type,
                f"{node}/CallbackNumber": f"{call.protocol.lower()}:{call.number}",
                f"{node}/DeviceType": "Endpoint",
                f"{node}/Direction": "Outgoing" if call.is_outgoing else "Incoming",
                f"{node}/DisplayName": call.display_name,
                f"{node}/Duration": str(self._duration(call)),
                f"{node}/Encryption/Type": "AES-128" if is_answered else "None",
                f"{node}/FacilityServiceId": "0",
                f"{node}/HoldReason": "None",
                f"{node}/Ice": "Disabled",
                f"{node}/PlacedOnHold": "False",
                f"{node}/Protocol": protocol,
                f"{node}/ReceiveCallRate": str(call.rate),
                f"{node}/RemoteNumber": call.number,
                f"{node}/Status": call.status,
                f"{node}/TransmitCallRate": str(call.rate),
            }
        )
        self._device.status.compute(f"{node}/Duration", lambda: str(self._duration(call)))
        self._count()

    def _show_teams(self) -> None:
        """A Teams call is told by two facts and nothing else: no call node, no counter, no event (notes P.6)."""
        node = "MicrosoftTeams/Calling"
        statuses = {one.status for one in self.calls.values()}
        self._device.status.set(
            {
                f"{node}/InCall": str(bool(statuses - {"Ringing", "Idle", "Disconnecting"})),
                f"{node}/IncomingCall": str("Ringing" in statuses),
            }
        )

    def _raise(self, name: str, values: dict[str, str]) -> None:
        if not self._is_teams:
            self._device.raise_event(name, values)

    def _count(self) -> None:
        active = sum(1 for one in self.calls.values() if one.connected_at is not None)
        node = "SystemUnit/State"
        facts = {
            f"{node}/NumberOfActiveCalls": str(active),
            f"{node}/NumberOfInProgressCalls": str(len(self.calls) - active),
        }
        if f"{node}/System" in self._device.profile.status:
            facts[f"{node}/System"] = "InCall" if active else "Initialized"
        self._device.status.set(facts)

    def _remember(self, call: VirtualCall, cause: tuple[int, str, str], duration: int) -> None:
        ended = self._endpoint.clock.now()
        occurrence = "Placed" if call.is_outgoing else ("Received" if call.connected_at else "Missed")
        history = self._device.shelf.call_history
        history.insert(
            0,
            {
                "CallHistoryId": str(len(history) + 1),
                "CallId": str(call.id),
                "RemoteNumber": call.number,
                "CallbackNumber": f"{call.protocol.lower()}:{call.number}",
                "DisplayName": call.display_name,
                "Direction": "Outgoing" if call.is_outgoing else "Incoming",
                "Protocol": call.protocol.capitalize(),
                "CallRate": str(call.rate),
                "CallType": call.call_type,
                "EncryptionType": "AES-128",
                "BookingId": call.booking_id,
                "Duration": str(duration),
                "StartTime": call.started_at.strftime("%Y-%m-%dT%H:%M:%S"),
                "StartTimeUTC": call.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "EndTime": ended.strftime("%Y-%m-%dT%H:%M:%S"),
                "EndTimeUTC": ended.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "DaysAgo": "0",
                "DisconnectCause": cause[2],
                "DisconnectCauseCode": str(cause[0]),
                "DisconnectCauseOrigin": "Internal" if cause == LOCAL_DISCONNECT else "SIP",
                "DisconnectCauseType": cause[1],
                "OccurrenceType": occurrence,
                "IsAcknowledged": "Acknowledged" if occurrence != "Missed" else "Unacknowledged",
            },
        )
        del history[100:]

    async def drop_all(self) -> None:
        """A restart: every call ends."""
        for call in list(self.calls.values()):
            self.hang_up(call, LOCAL_DISCONNECT)
        await asyncio.sleep(0)


def _outside(number: str) -> tuple[int, str, str] | None:
    """How the world outside the fleet answers: `busy…`, `noanswer…` and `unknown…` do as they say."""
    user = number.partition(":")[2] or number
    for word, cause in (("busy", REMOTE_BUSY), ("noanswer", NO_ANSWER), ("unknown", NOT_FOUND)):
        if user.lower().startswith(word):
            return cause
    return None
