"""What people type on the command line."""

from typing import Any

import pytest
import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.connection import Api, Received

ONE = b'{"items": [{"id": 4, "name": "Oslo"}], "next": null}'


def api(body: bytes) -> Api:
    return Api("http://127.0.0.1:1", "token", lambda *_: Received(200, body))


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (
            ["xcommand", "SystemUnit", "Boot", "Action:", "Restart"],
            {"command": "SystemUnit/Boot", "arguments": {"Action": "Restart"}},
        ),
        (
            ["xCommand", "Dial", "Number:", "a@b.example"],
            {"command": "Dial", "arguments": {"Number": "a@b.example"}},
        ),
        (["Standby", "Activate"], {"command": "Standby/Activate", "arguments": {}}),
        (
            ["Message", "Display", "Text:", "Back", "at", "two", "Duration:", "5"],
            {"command": "Message/Display", "arguments": {"Text": "Back at two", "Duration": "5"}},
        ),
        (["X", "E:", "1", "E:", "2", "E:", "3"], {"command": "X", "arguments": {"E": ["1", "2", "3"]}}),
    ],
)
def test_a_command_is_read_as_devices_take_it(words: list[str], command: dict[str, Any]) -> None:
    assert naming.xcommand(words) == command


@pytest.mark.parametrize("words", [[], ["xcommand"], ["xcommand", "Action:", "Restart"], ["Dial", "Number:"]])
def test_half_a_command_is_a_usage_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        naming.xcommand(words)
    assert ended.value.exit_code == 2
    assert "Usage" in capsys.readouterr().err


def test_settings_tell_empty_from_taken_back() -> None:
    assert naming.settings(["A/B=c=d", "A/C=", "A/D"]) == {"A/B": "c=d", "A/C": "", "A/D": None}
    with pytest.raises(typer.Exit):
        naming.settings(["=x"])


def test_filters_gather_repeated_fields() -> None:
    assert naming.filters(["state=pending", "state=ignored", "name=a=b"]) == {
        "state": ["pending", "ignored"],
        "name": ["a=b"],
    }
    with pytest.raises(typer.Exit):
        naming.filters(["pending"])


def test_systems_are_chosen_by_all_id_or_filter() -> None:
    assert naming.choice(api(ONE), naming.SYSTEMS, ["all"]) == {"filter": {}}
    assert naming.choice(api(ONE), naming.SYSTEMS, ["12"]) == {"systems": [12]}
    assert naming.choice(api(ONE), naming.SYSTEMS, ["folder=Oslo,tags=a,tags=b"]) == {
        "filter": {"folder": 4, "tags": ["a", "b"]}
    }


@pytest.mark.parametrize("count", [0, 2])
def test_a_name_must_be_of_one_system(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    found = b'{"items": [%s], "next": null}' % b",".join([b'{"id": 5}'] * count)
    with pytest.raises(typer.Exit):
        naming.system_id(api(found), "Boardroom")
    assert "Boardroom" in capsys.readouterr().err


def test_a_command_may_be_one_word() -> None:
    assert naming.xcommand(['xCommand Message Display Text: "Back at: two" Duration: 5']) == {
        "command": "Message/Display",
        "arguments": {"Text": "Back at: two", "Duration": "5"},
    }


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ('xCommand X Text: "Note:"', {"Text": "Note:"}),
        ('X Text: "Back:" at "two:" Duration: 5', {"Text": "Back: at two:", "Duration": "5"}),
        ('X Text: ""', {"Text": ""}),
        (r'X Text: "a \"b:\" \\ c"', {"Text": r'a "b:" \ c'}),
    ],
)
def test_what_is_quoted_names_no_argument(text: str, arguments: dict[str, str]) -> None:
    assert naming.xcommand([text]) == {"command": "X", "arguments": arguments}


def test_a_quotation_mark_that_is_not_closed_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        naming.xcommand(['xCommand X Text: "Note'])
    assert ended.value.exit_code == 2
    assert "not closed" in capsys.readouterr().err
