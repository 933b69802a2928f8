"""Commands: the document, calling, results (protocol notes D.4, D.6)."""

import pytest

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.command import (
    CommandCall,
    CommandParameter,
    CommandResult,
    decode_command_document,
    decode_command_result,
    encode_commands,
)
from roomkeeper.protocols.xapi.valuespace import ValueSpace

DOCUMENT = b"""<?xml version="1.0"?>
<Command product="Cisco Codec" version="ce9.6.1.4516ae5aaa1" apiVersion="4">
  <HttpFeedback>
    <Register command="True" role="Admin;User" backend="onprem">
      <Expression item="1" multiple="15" required="False" valueSpaceRef="/Valuespace/Vs_stringArray_1_255_15">
        <ValueSpace type="StringArray"><MaxLength>255</MaxLength><MinLength>1</MinLength></ValueSpace>
      </Expression>
      <FeedbackSlot item="1" required="True"><ValueSpace type="Integer"><Max>4</Max><Min>1</Min></ValueSpace>
      </FeedbackSlot>
      <Format default="XML" item="1" required="False"/>
    </Register>
  </HttpFeedback>
  <Macros><Macro><Save command="True" multiline="True" role="Admin"/></Macro></Macros>
</Command>
"""


def test_commands_are_read_with_their_parameters() -> None:
    document = decode_command_document(DOCUMENT)
    assert list(document.commands) == ["HttpFeedback/Register", "Macros/Macro/Save"]
    register = document.commands["HttpFeedback/Register"]
    assert (register.roles, register.is_multiline, register.backend) == (("Admin", "User"), False, "onprem")
    assert register.parameters["Expression"] == CommandParameter(
        name="Expression",
        is_required=False,
        multiple=15,
        default=None,
        value_space=ValueSpace("StringArray", min_length=1, max_length=255),
        value_space_ref="Vs_stringArray_1_255_15",
    )
    assert register.parameters["FeedbackSlot"].is_required
    assert register.parameters["Format"].default == "XML"
    assert register.parameters["Format"].value_space is None
    assert document.commands["Macros/Macro/Save"].is_multiline


def test_calls_are_written_in_order_each_in_its_own_branch() -> None:
    calls = [
        CommandCall("Audio/Volume/Set", (("Level", "50"),)),
        CommandCall("Audio Volume Set", (("Level", ("1", "2")),), "line 1\nline <2>"),
        CommandCall("Dial", (("Number", ""),)),
    ]
    assert encode_commands(calls) == (
        b'<?xml version="1.0"?>\n<Command>'
        b'<Audio><Volume><Set command="True"><Level>50</Level></Set></Volume></Audio>'
        b'<Audio><Volume><Set command="True"><Level item="1">1</Level><Level item="2">2</Level>'
        b"<body>line 1\nline &lt;2&gt;</body></Set></Volume></Audio>"
        b'<Dial command="True"><Number/></Dial></Command>'
    )


def test_a_call_of_what_is_no_command_is_refused() -> None:
    with pytest.raises(ValueError, match="<Dial>"):
        encode_commands([CommandCall("<Dial>")])


def test_results_come_in_order_with_their_data() -> None:
    results = decode_command_result(
        b'<Command><DialResult status="OK"><CallId>2</CallId><ConferenceId>1</ConferenceId></DialResult>'
        b'<UserListResult status="OK"><User item="1"><Username>admin</Username></User></UserListResult>'
        b'<OptionKeyResult item="1" status="OK"/></Command>'
    )
    assert results == [
        CommandResult("DialResult", True, {"CallId": "2", "ConferenceId": "1"}),
        CommandResult("UserListResult", True, {"User[1]/Username": "admin"}),
        CommandResult("OptionKeyResult", True, {}),
    ]


def test_a_refusal_gives_the_devices_own_words() -> None:
    (result,) = decode_command_result(
        b'<Command><CAAddResult status="Error"><Cause>21</Cause><Reason>Certificate already exists</Reason>'
        b"</CAAddResult></Command>"
    )
    assert (result.ok, result.reason, result.cause) == (False, "Certificate already exists", "21")


def test_a_refusal_without_words_says_so() -> None:
    (result,) = decode_command_result(b'<Command><DialResult status="Error"/></Command>')
    assert (result.ok, result.reason) == (False, "The device gave no reason.")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('<DialResult status="OK"/>', None),
        ("<Success/>", None),
        # Neither OK nor refused: whether it ran is not known, and no success.
        ("<DialResult/>", ""),
        ("<DialResult><CallId>2</CallId></DialResult>", ""),
        ('<DialResult status="Error"><Reason>No <b>line</b></Reason></DialResult>', "No line"),
        ('<DialResult status="ParameterError"/>', "The device gave no reason."),
        ('<Audio><Volume><Set error="True">Illegal value</Set></Volume></Audio>', "Illegal value"),
        ('<DialResult status="OK"><Number error="True">Illegal value</Number></DialResult>', "Illegal value"),
    ],
)
def test_only_what_says_so_is_done(answer: str, reason: str | None) -> None:
    (result,) = decode_command_result(f"<Command>{answer}</Command>".encode())
    assert (result.ok, result.reason) == (reason is None, reason or "")


def test_parameters_of_another_release_and_no_command_at_all_are_told_apart() -> None:
    assert decode_command_result(b'<?xml version="1.0"?>\n<Command/>') == []
    (result,) = decode_command_result(
        b"<ActionError><Reason>No action detected in document</Reason></ActionError>"
    )
    assert (result.name, result.ok, result.reason) == ("ActionError", False, "No action detected in document")


def test_a_document_that_was_refused_as_a_whole_is_one_refusal() -> None:
    answer = b'<Command status="Error"><Reason>Unknown command</Reason><XPath>/Command/Foo</XPath></Command>'
    (result,) = decode_command_result(answer)
    assert (result.name, result.ok, result.reason) == ("Command", False, "Unknown command")


@pytest.mark.parametrize("data", [b"<html/>", b"<!DOCTYPE html>", b"", b"<Status/>"])
def test_a_sign_in_page_is_no_result(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_command_result(data)


@pytest.mark.parametrize("data", [b"<Status/>", b"<Command>" + b"<aaaaaaaaaa>" * 60])
def test_what_is_no_command_document_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_command_document(data)
