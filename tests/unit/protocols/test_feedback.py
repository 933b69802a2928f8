"""HTTP feedback (protocol notes C.4)."""

import json

import pytest

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.feedback import Feedback, FeedbackValue, decode_feedback, encode_feedback
from roomkeeper.protocols.identification import Identification
from roomkeeper.protocols.posted_document import PostedDocument

WHO = (
    "<Identification><MACAddress>AA:BB:CC:DD:EE:0F</MACAddress>"
    "<SerialNumber>FTT00000001</SerialNumber></Identification>"
)
IDENTIFICATION = Identification(mac_address="AA:BB:CC:DD:EE:0F", serial_number="FTT00000001")


def decode(text: str) -> Feedback:
    found = decode_feedback(text.encode(), "text/xml")
    assert isinstance(found, Feedback)
    return found


def test_an_event_is_read_with_its_name_and_without_first_indexes() -> None:
    found = decode(
        f'<Event>{WHO}<CallDisconnect item="1"><CauseValue item="1">1</CauseValue>'
        '<Duration item="1">26\n</Duration></CallDisconnect></Event>'
    )
    assert found == Feedback(
        IDENTIFICATION,
        "Event",
        (FeedbackValue("CallDisconnect/CauseValue", "1"), FeedbackValue("CallDisconnect/Duration", "26")),
        (),
        "CallDisconnect",
    )


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("<OutgoingCallIndication><CallId>3</CallId></OutgoingCallIndication>", "OutgoingCallIndication"),
        ("<BootEvent><Action>Restart</Action></BootEvent>", "BootEvent"),
        (
            "<UserInterface><Message><Prompt><Response><A>1</A><B/></Response></Prompt></Message></UserInterface>",
            "UserInterface/Message/Prompt/Response",
        ),
        ("<CallHistory><Updated item='1'/></CallHistory>", "CallHistory/Updated"),
        ("<Shutdown/>", "Shutdown"),
        ("<One/><Two/>", ""),
        ("", ""),
    ],
)
def test_an_event_is_named_by_its_branch(content: str, name: str) -> None:
    assert decode(f"<Event>{WHO}{content}</Event>").name == name


def test_a_status_change_keeps_every_index() -> None:
    found = decode(
        f'<Status>{WHO}<Call item="8" maxOccurrence="n"><Status>Connected</Status></Call>'
        '<Network item="1"><IPv4><Address>192.0.2.1</Address></IPv4></Network></Status>'
    )
    assert found.kind == "Status"
    assert found.name == ""
    assert found.values == (
        FeedbackValue("Call[8]/Status", "Connected"),
        FeedbackValue("Network[1]/IPv4/Address", "192.0.2.1"),
    )


def test_a_removed_node_is_a_ghost_and_no_value() -> None:
    found = decode(f'<Status>{WHO}<Call ghost="True" item="8" maxOccurrence="n"/></Status>')
    assert (found.values, found.ghosts) == ((), ("Call[8]",))


def test_a_configuration_change_is_read() -> None:
    found = decode(
        f'<Configuration>{WHO}<SIP><Proxy item="2"><Address>a</Address></Proxy></SIP></Configuration>'
    )
    assert (found.kind, found.values) == ("Configuration", (FeedbackValue("SIP/Proxy[2]/Address", "a"),))


@pytest.mark.parametrize("ghost", [True, "True", "true"])
def test_json_says_the_same_as_xml(ghost: object) -> None:
    who = {"MACAddress": {"Value": "AA:BB:CC:DD:EE:0F"}, "SerialNumber": {"Value": "FTT00000001"}}
    content = {
        "Status": {
            "Identification": who,
            "Call": [
                {"id": "8", "Status": {"Value": "Connected"}, "Duration": {"Value": 26}},
                {"id": "9", "ghost": ghost},
            ],
        }
    }
    found = decode_feedback(json.dumps(content).encode(), "application/json")
    assert found == Feedback(
        IDENTIFICATION,
        "Status",
        (FeedbackValue("Call[8]/Status", "Connected"), FeedbackValue("Call[8]/Duration", "26")),
        ("Call[9]",),
    )


def test_a_json_event_is_read() -> None:
    inside = b'"Duration":{"Value":26},"Rate":{"Value":1.50},"On":{"Value":true},"No":null'
    found = decode_feedback(b'\n{"Event":{"CallDisconnect":{' + inside + b"}}}", "application/json")
    assert isinstance(found, Feedback)
    assert found.name == "CallDisconnect"
    assert [value.value for value in found.values] == ["26", "1.50", "True", ""]


def test_json_values_are_taken_bare_too() -> None:
    found = decode_feedback(b'{"Status":{"Audio":{"Volume":50}}}', "")
    assert isinstance(found, Feedback)
    assert found.values == (FeedbackValue("Audio/Volume", "50"),)


def test_json_text_holds_nothing_that_a_database_would_refuse() -> None:
    found = decode_feedback(rb'{"Status":{"A":{"Value":"x\u0000\ud800y"}}}', "")
    assert isinstance(found, Feedback)
    assert found.values == (FeedbackValue("A", "x  y"),)


def test_a_posted_document_at_the_same_address_is_told_apart() -> None:
    data = f"<PostedDocument>{WHO}<Location>/Status</Location><Status><A>1</A></Status></PostedDocument>"
    for text in (data, f"<Envelope><Body>{data}</Body></Envelope>"):
        found = decode_feedback(text.encode(), "text/xml")
        assert isinstance(found, PostedDocument)
        assert found.location == "/Status"


def test_feedback_in_soap_is_read() -> None:
    assert (
        decode(f"<e:Envelope><e:Body><Status>{WHO}<A>1</A></Status></e:Body></e:Envelope>").kind == "Status"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"{",
        b"[]",
        b"{}",
        b'{"Other":1}',
        b'{"Status":{"a":[[1]]}}',
        b'{"Status":{"x' + b"x" * 2000 + b'":1}}',
        b"<Command/>x",
        b"<html/>",
        b'{"Status":' + b'{"a":' * 200 + b"1" + b"}" * 201,
        b'{"Status":' + b"[" * 100_000,
    ],
)
def test_what_is_no_feedback_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_feedback(data, "text/xml")


def test_the_refusal_quotes_what_the_sender_called_it() -> None:
    with pytest.raises(ProtocolError, match="image/png"):
        decode_feedback(b"\x89PNG", "image/png")


@pytest.mark.parametrize(
    "values",
    [
        (FeedbackValue("A", "\x00"),),
        (FeedbackValue("A//B", "x"),),
        (FeedbackValue("A", "x"), FeedbackValue("A/B", "x")),
    ],
)
def test_what_no_codec_could_post_is_not_encoded(values: tuple[FeedbackValue, ...]) -> None:
    with pytest.raises(ValueError, match="A"):
        encode_feedback(Feedback(Identification(), "Status", values))
