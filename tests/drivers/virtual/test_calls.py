"""Calls and feedback over real sockets: events and ghosts in the order of the protocol notes (C.4, C.5, I.3)."""

from __future__ import annotations

import asyncio
import json
from xml.etree import ElementTree

from tests.drivers.virtual.client import command, curl, http, putxml, until
from tests.drivers.virtual.conftest import Make, Received, StandInManager, plan

from roomkeeper.virtual.clock import ManualClock
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.fleet import running


def register(endpoint: VirtualEndpoint, url: str, *expressions: str, form: str = "XML") -> None:
    endpoint.device.register_feedback(3, f"{url}/feedback", list(expressions), form)


def told(manager: StandInManager) -> list[str]:
    """The feedback so far in one word each: a call's status, `ghost`, or an event's name."""
    words = []
    for one in manager.received:
        if one.path != "/feedback":
            continue
        what = one.root[1]
        if one.root.tag == "Event":
            words.append(what.tag)
        else:
            words.append("ghost" if what.get("ghost") == "True" else what.findtext("Status") or "")
    return [word for number, word in enumerate(words) if number == 0 or word != words[number - 1]]


CALL_EVENTS = (
    "/Status/Call/Status",
    "/Event/OutgoingCallIndication",
    "/Event/CallSuccessful",
    "/Event/CallDisconnect",
)
DIAL = command("Dial", Number="{}")
HANG_UP = command("Call/Disconnect")


async def test_outgoing_call_tells_its_life_in_order(manager: StandInManager, make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    register(endpoint, manager.url, *CALL_EVENTS)
    dialled = ElementTree.fromstring(await putxml(endpoint, DIAL.format("meet@example.org")))
    assert dialled.find("DialResult[@status='OK']") is not None
    await until(lambda: "CallSuccessful" in told(manager))
    assert "<Status>Connected</Status>" in await curl(http(endpoint, "/getxml?location=/Status/Call"))
    await putxml(endpoint, HANG_UP)
    await until(lambda: "ghost" in told(manager))
    assert told(manager) == [
        "Dialling",
        "OutgoingCallIndication",
        "Connecting",
        "Connected",
        "CallSuccessful",
        "Disconnecting",
        "Idle",
        "CallDisconnect",
        "ghost",
    ]
    assert "<EmptyResult/>" in await curl(http(endpoint, "/getxml?location=/Status/Call"))


async def test_rejected_call(manager: StandInManager, make_endpoint: Make) -> None:
    endpoint = await make_endpoint()
    register(endpoint, manager.url, *CALL_EVENTS)
    await putxml(endpoint, DIAL.format("busy@example.org"))
    event: Received = await manager.wait_for(lambda one: b"<CallDisconnect" in one.body)
    assert event.root.findtext("CallDisconnect/CauseType") == "RemoteBusy"
    assert event.root.findtext("CallDisconnect/Duration") == "0"
    assert {one.get("item") for one in event.root[1].iter()} == {"1"}
    assert told(manager) == ["Dialling", "OutgoingCallIndication", "Connecting", "ghost", "CallDisconnect"]


async def test_call_between_two_endpoints_is_accepted_and_remembered() -> None:
    first = plan(
        "First",
        serial="FTT25010011",
        mac="02:00:00:00:00:11",
        address="127.1.78.1",
        reported_address="127.1.78.1",
    )
    second = plan(
        "Second",
        serial="FTT25010012",
        mac="02:00:00:00:00:12",
        address="127.1.78.2",
        reported_address="127.1.78.2",
    )
    async with running(first, second) as fleet:
        caller, called = fleet.endpoints["FTT25010011"], fleet.endpoints["FTT25010012"]
        await putxml(caller, DIAL.format("127.1.78.2"))
        await until(lambda: called.calls.calls)
        ringing = await curl(http(called, "/getxml?location=/Status/Call"))
        assert "<Status>Ringing</Status>" in ringing
        assert "<Direction>Incoming</Direction>" in ringing
        assert '<CallAcceptResult status="OK"/>' in await putxml(
            called, '<Command><Call><Accept command="True"/></Call></Command>'
        )
        assert caller.status.find("SystemUnit/State/NumberOfActiveCalls") == "1"
        await putxml(called, HANG_UP)
        assert not caller.calls.calls
        history = ElementTree.fromstring(
            await putxml(
                caller,
                command("CallHistory/Get", DetailLevel="Full"),
            )
        )
        assert history.findtext("CallHistoryGetResult/Entry/DisconnectCauseType") == "RemoteDisconnect"
        assert history.findtext("CallHistoryGetResult/Entry/OccurrenceType") == "Placed"


async def test_json_feedback_wraps_leaves(manager: StandInManager, make_endpoint: Make) -> None:
    endpoint = await make_endpoint(profile="room-kit-roomos10")
    register(endpoint, manager.url, "/Status/Audio/Volume", form="JSON")
    endpoint.status.set({"Audio/Volume": "11"})
    one = await manager.wait_for(lambda got: got.path == "/feedback")
    tree = json.loads(one.body)
    assert one.headers["Content-Type"] == "application/json"
    assert tree["Status"]["Audio"]["Volume"] == {"Value": 11}
    assert tree["Status"]["Identification"]["MACAddress"] == {"Value": "02:00:00:00:00:01"}


async def test_predicates_and_expressions_that_match_nothing(
    manager: StandInManager, make_endpoint: Make
) -> None:
    endpoint = await make_endpoint()
    register(
        endpoint,
        manager.url,
        "/Status/Call[Status='Connected']",
        "/History/CallLogs/Call",
        "][nonsense",
        "/Status/Call/*/Nope",
    )
    await putxml(endpoint, DIAL.format("meet@example.org"))
    await until(lambda: told(manager))
    assert told(manager)[0] == "Connected"


async def test_silence_is_tried_ten_times_then_the_slot_stops(make_endpoint: Make) -> None:
    clock = ManualClock()
    endpoint = await make_endpoint(clock=clock)
    register(endpoint, "http://127.0.0.1:9", "/Configuration")
    endpoint.configuration.set("SystemUnit/Name", "x")
    tries = 0
    async with asyncio.timeout(10):
        while endpoint.device.slots[3].status == "OK":
            if 1.0 in clock.pending():
                tries += 1
                clock.advance(1.0)
            await asyncio.sleep(0.005)
    assert tries == 10
    answer = await curl(http(endpoint, "/status.xml"))
    assert "<Type>HTTPFeedbackFailed</Type>" in answer
    assert (
        "FeedbackSlot=3&amp;Error=Couldn%27t%20connect%20to%20server&amp;Url=http://127.0.0.1:9/feedback"
        in answer
    )
    enable = command("HttpFeedback/Enable", FeedbackSlot="3")
    assert 'status="OK"' in await putxml(endpoint, enable)
    assert endpoint.device.slots[3].status == "OK"


async def test_refusal_stops_the_slot_at_once_and_tc_forgets_it(
    manager: StandInManager, make_endpoint: Make
) -> None:
    manager.status = lambda request: 404
    endpoint = await make_endpoint(profile="sx20-tc7")
    register(endpoint, manager.url, "/Configuration")
    endpoint.configuration.set("SystemUnit/Name", "x")
    await until(lambda: not endpoint.device.slots)
    assert len(manager.received) == 1
    assert "<EmptyResult/>" in await curl(http(endpoint, "/getxml?location=/Status/HttpFeedback"))
