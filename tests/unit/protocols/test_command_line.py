"""Commands written as one text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.protocols.xapi.command_line import CommandLine, read_call, split_command


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", CommandLine((), False, ())),
        ("xCommand Standby Activate", CommandLine(("xCommand", "Standby", "Activate"), False, ())),
        ("Audio/Volume Set Level: 40", CommandLine(("Audio/Volume", "Set"), False, (("Level", "40"),))),
        ('X "Y" A: 1', CommandLine(("X", "Y"), True, (("A", "1"),))),
        ('X Text: "Note:" B: 2', CommandLine(("X",), False, (("Text", "Note:"), ("B", "2")))),
        (r'X Text:"a \"b\" \\ c:\d"', CommandLine(("X",), False, (("Text", r'a "b" \ c:\d'),))),
        ('X A: B: "" A[2]: c  d', CommandLine(("X",), False, (("A", None), ("B", ""), ("A", "c d")))),
        ("X Url: http://a:80/b", CommandLine(("X",), False, (("Url", "http://a:80/b"),))),
    ],
)
def test_a_command_is_split(text: str, found: CommandLine) -> None:
    assert split_command(text) == found


@pytest.mark.parametrize("text", ['X Text: "a', '"', r'X Text: "a\"', 'X Text: a" B: 1'])
def test_a_quotation_mark_that_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match="not closed"):
        split_command(text)


@given(value=st.text())
def test_any_value_can_be_quoted(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    assert split_command(f'X Text: "{escaped}"').arguments == (("Text", value),)


def test_a_line_that_goes_on_is_one_command() -> None:
    call = read_call("xCommand Audio Volume Set \\\n  Level: 40 \\\r\n  Device: Internal \\")
    assert call == CommandCall("Audio/Volume/Set", (("Level", "40"), ("Device", "Internal")))


@pytest.mark.parametrize("mark", [";", "\n", " && "])
def test_two_commands_are_no_value_of_the_first(mark: str) -> None:
    with pytest.raises(ProtocolError, match="more than one command"):
        read_call(f"xCommand Audio Volume Set Level: 40{mark} xCommand Standby Activate")
    quoted = read_call('xCommand UserInterface Message Alert Display Text: "type xCommand Dial"')
    assert quoted.arguments == (("Text", "type xCommand Dial"),)
