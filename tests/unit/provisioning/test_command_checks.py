"""What a device's document says to a command, and what is dangerous about one."""

import pytest
from tests.command_document import COMMANDS

from roomkeeper.protocols.xapi.command import CommandCall, decode_command_document
from roomkeeper.protocols.xapi.command_line import canonical_command, read_call, write_call
from roomkeeper.provisioning.command_checks import as_listed, faults_of, refusal_of_command

UNKNOWN = "this device's command has no such parameter"
DOCUMENT = decode_command_document(COMMANDS.encode()).commands


@pytest.mark.parametrize(
    ("text", "body", "expected"),
    [
        ("Audio Volume Set Level: 40", None, []),
        ("Audio Volume Set level: 40", None, []),
        ("Audio Volume Set", None, [("Level", "is required")]),
        ("Audio Volume Set Level: 101", None, [("Level", "It must be a number from 0 to 100.")]),
        ("Audio Volume Set Level: x", None, [("Level", "It must be a whole number.")]),
        ("Audio Volume Set Level: 4", "t", [("body", "this device's command takes no body")]),
        ("Audio Volume Set Level: 4 Level: 5", None, [("Level", "takes one value")]),
        ("Audio Volume Set Level: 4 Colour: x", None, [("Colour", UNKNOWN)]),
        ("Macros Macro Save Name: a Overwrite: true", "x", []),
        ("Macros Macro Save Name: a", "x", []),
        ("Macros Macro Activate Name: a Name: b", None, []),
        ("SystemUnit FactoryReset Confirm: Yes Keep: A", None, [("Keep", "It must be HTTP or Network.")]),
    ],
)
def test_every_fault_is_told_by_its_part(
    text: str, body: str | None, expected: list[tuple[str, str]]
) -> None:
    call = read_call(text, body)
    faults = faults_of(DOCUMENT[call.path], call.arguments, body)
    assert [(one.part, one.sentence) for one in faults] == expected
    first = refusal_of_command(DOCUMENT[call.path], call.arguments, body)
    assert first == (": ".join(expected[0]) if expected else None)


def test_what_the_list_lacks_is_marked() -> None:
    assert [one.is_unlisted for one in faults_of(None, (), None)] == [True]
    call = read_call("Audio Volume Set Level: 400 Colour: x")
    assert [one.is_unlisted for one in faults_of(DOCUMENT[call.path], call.arguments, None)] == [False, True]


def test_names_are_sent_as_the_device_spells_them() -> None:
    call = read_call("audio volume set LEVEL: 4 Colour: x")
    listed = as_listed(DOCUMENT["Audio/Volume/Set"], call)
    assert listed == CommandCall("Audio/Volume/Set", (("Level", "4"), ("Colour", "x")))
    assert as_listed(None, call) == call


@pytest.mark.parametrize(
    "call",
    [
        CommandCall("SystemUnit/Boot"),
        CommandCall("Dial", (("Number", 'a: "b" \\ c'), ("Tag", ("x", "y z")), ("Empty", ""))),
        CommandCall("UserInterface/Message/Prompt/Display", (("Option.1", "Yes"), ("Option.2", "-5"))),
    ],
)
def test_a_written_command_reads_back_as_the_same(call: CommandCall) -> None:
    assert read_call(write_call(call.path, call.arguments)) == call
    assert read_call(f"xCommand {write_call(call.path, call.arguments)}") == call


@pytest.mark.parametrize(
    "text", ["", "xCommand", "a;b", "A " * 9, 'Dial "Number"', "Dial Number:", 'Dial Number: "x']
)
def test_what_is_no_command_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_call(text)


@pytest.mark.parametrize(
    "text", ["SystemUnit Boot", "/SystemUnit/Boot", "xCommand SystemUnit/Boot", "xcommand/SystemUnit Boot"]
)
def test_a_path_has_one_spelling(text: str) -> None:
    assert canonical_command(text) == "SystemUnit/Boot"
