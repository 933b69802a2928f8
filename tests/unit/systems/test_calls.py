"""Which calls a system is in, by what it tells (rule R11), row by row."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.cases import read_case

from roomkeeper.protocols.feedback import Feedback, decode_feedback
from roomkeeper.protocols.xapi.status import decode_status
from roomkeeper.systems.documents import calls, facts
from roomkeeper.systems.documents.calls import NO_CALLS, Calls

AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
ACTIVE = "SystemUnit/State/NumberOfActiveCalls"
IN_PROGRESS = "SystemUnit/State/NumberOfInProgressCalls"
SUSPENDED = "SystemUnit/State/NumberOfSuspendedCalls"
TEAMS = "MicrosoftTeams/Calling/InCall"
TWO = {"Call[21]/Status": "Connected", "Call[22]/Status": "OnHold"}


def whole(values: dict[str, str]) -> Calls:
    return calls.of_status(values, at=AT)


def told(before: Calls, *tellings: tuple[str, str | None]) -> Calls:
    return calls.after(before, tellings, at=AT)


@pytest.mark.parametrize(
    "status",
    [
        "Connected",
        "Connecting",
        "Dialling",
        "EarlyMedia",
        "OnHold",
        "Preserved",
        "RemotePreserved",
        "Ringing",
        "?",
    ],
)
def test_every_other_status_counts_in_status_and_in_feedback(status: str) -> None:
    assert set(whole({"Call[8]/Status": status}).numbered) == {8}
    assert set(told(NO_CALLS, ("Call[8]/Status", status)).numbered) == {8}


@pytest.mark.parametrize("status", ["Idle", "Disconnecting", "idle"])
def test_idle_and_disconnecting_do_not(status: str) -> None:
    assert not whole({"Call[8]/Status": status}).is_in_call
    assert not told(whole({"Call[8]/Status": "Connected"}), ("Call[8]/Status", status)).is_in_call


@pytest.mark.parametrize(
    ("values", "is_in_call"),
    [
        ({ACTIVE: "1"}, True),
        ({IN_PROGRESS: "1", ACTIVE: "0"}, True),
        ({ACTIVE: "0", IN_PROGRESS: "0", SUSPENDED: "1"}, True),
        ({"Call[31]/Status": "Connected", ACTIVE: "0", IN_PROGRESS: "0"}, False),
        ({"Call[31]/Status": "OnHold", ACTIVE: "0", IN_PROGRESS: "0"}, False),
        ({"Call[31]/Status": "OnHold", ACTIVE: "0", IN_PROGRESS: "0", SUSPENDED: "1"}, True),
        ({"Call[31]/Status": "Ringing", ACTIVE: "0", IN_PROGRESS: "1"}, True),
        ({"Call[31]/Status": "Connected"}, True),
        ({"Call[31]/Status[1]": "Connected", "SystemUnit[1]/State[1]/NumberOfActiveCalls[1]": "1"}, True),
        ({"Call/Status": "Connected"}, True),
        ({ACTIVE: "none", IN_PROGRESS: "", "Call[3]/Status": "Connected"}, True),
        ({TEAMS: "True", ACTIVE: "0", IN_PROGRESS: "0"}, True),
        ({TEAMS: "False"}, False),
        ({"Zoom/AppExperience/State": "InMeeting"}, True),
        ({"Zoom/AppExperience/State": "NotInMeeting"}, False),
        ({"Zoom/AppExperience/State": "HomeScreen"}, False),
        ({}, False),
    ],
)
def test_whole_status(values: dict[str, str], is_in_call: bool) -> None:
    assert whole(values).is_in_call is is_in_call
    assert facts.is_in_call(values) is is_in_call


def test_second_call_that_ends_does_not_end_the_first() -> None:
    for end in (
        [("Call[22]", None)],
        [("Call[22]/Status", "Idle")],
        calls.told_by_event("CallDisconnect", {"CallDisconnect/CallId": "22"}),
    ):
        assert set(told(whole(TWO), *end).numbered) == {21}


def test_ghost_of_a_child_is_not_the_call() -> None:
    before = whole(TWO)
    assert told(before, ("Call[21]/Encryption", None), ("Call[22]/Status", None)) == before


def test_disconnect_names_its_own_call_or_proves_nothing() -> None:
    before = whole({"Call[21]/Status": "Connected"})
    for values in (
        {},
        {"CallDisconnect/CallId": ""},
        {"CallDisconnect/CallId": "x"},
        {"CallDisconnect/CallId": "7"},
    ):
        assert told(before, *calls.told_by_event("CallDisconnect", values)).numbered == before.numbered
    tc = {"CallDisconnect[1]/CallId[1]": "21"}
    assert not told(before, *calls.told_by_event("CallDisconnect", tc)).is_in_call


def test_counters_settle_what_they_count() -> None:
    before = whole({"Call[21]/Status": "Connected", "Call[22]/Status": "Ringing"})
    assert set(told(before, (ACTIVE, "0")).numbered) == {22}
    assert set(told(before, (IN_PROGRESS, "0")).numbered) == {21}
    assert not told(before, (ACTIVE, "0"), (IN_PROGRESS, "0")).is_in_call
    assert told(before, (ACTIVE, "1"), (IN_PROGRESS, "1")) == before


def test_a_call_that_was_only_counted_is_the_one_that_is_numbered_next() -> None:
    counted = told(NO_CALLS, (ACTIVE, "1"))
    assert counted.is_in_call
    numbered = told(counted, ("Call[5]/Status", "Connected"))
    assert not told(numbered, ("Call[5]", None)).is_in_call


def test_what_feedback_tells_beside_the_status_makes_no_call() -> None:
    assert not told(NO_CALLS, ("Call[5]/Duration", "12")).is_in_call


def test_teams_ends_by_its_own_word() -> None:
    before = whole({TEAMS: "True"})
    assert before.disconnects_prove_nothing
    assert whole({TEAMS: "False"}).disconnects_prove_nothing
    assert told(before, ("Call[3]", None)).is_in_call
    assert not told(before, (TEAMS, "False")).is_in_call


def test_details_and_since_are_kept_over_documents() -> None:
    first = calls.of_status(
        {
            "Call[31]/Status": "Connected",
            "Call[31]/RemoteNumber": "aula@uni.invalid",
            "Call[31]/Direction": "Outgoing",
            "Call[31]/Duration": "812",
        },
        at=AT,
    )
    assert first.numbered[31].since == AT - timedelta(seconds=812)
    assert (first.numbered[31].remote_uri, first.numbered[31].direction) == ("aula@uni.invalid", "Outgoing")
    later = calls.of_status({"Call[31]/Status": "OnHold"}, at=AT + timedelta(minutes=1), before=first)
    assert later.numbered[31].since == first.numbered[31].since


def test_stored_form_tells_the_same() -> None:
    for values in (TWO, {ACTIVE: "2"}, {TEAMS: "True"}, {SUSPENDED: "0"}, {}):
        assert calls.decode(calls.encode(whole(values))) == whole(values)
    assert calls.encode(NO_CALLS) == {}


def test_hostile_status_makes_no_endless_calls() -> None:
    found = whole({f"Call[{number}]/Status": "Connected" for number in range(1, 5_000)})
    assert len(found.numbered) == 50


def test_tc_status_of_the_cases() -> None:
    values = decode_status(read_case("01-tc-status-in-call.xml")).values
    assert set(whole(values).numbered) == {31}
    assert facts.is_in_call(values)


def test_rejected_second_call_of_the_cases() -> None:
    text = read_case("05-second-call-rejected.xml").decode()
    found, seen = NO_CALLS, []
    for line in text.splitlines():
        if not line.startswith("<Status>"):
            continue
        message = decode_feedback(line.encode())
        assert isinstance(message, Feedback)
        tellings = [*((path, None) for path in message.ghosts), *((v.path, v.value) for v in message.values)]
        found = told(found, *tellings)
        seen.append(set(found.numbered))
    assert seen == [{21}, {21, 22}, {21}]
