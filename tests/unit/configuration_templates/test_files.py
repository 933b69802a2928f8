"""Templates as files: what each form holds, what is told, and that an export reads back without its secrets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.configuration_templates.comparing import compare
from roomkeeper.configuration_templates.content import Content, TemplateCommand, TemplateRefused, checked
from roomkeeper.configuration_templates.files import encode_template, read_file
from roomkeeper.configuration_templates.making import content_from_reading

CONTENT = checked(
    [
        ("Audio/DefaultVolume", "40"),
        ("SystemUnit/Name", "Room {room}"),
        ("SIP/Authentication/Password", "swordfish"),
    ],
    [TemplateCommand("Audio/Volume/Set", (("Level", "40"),))],
)


@pytest.mark.parametrize(
    "text",
    [
        '{"Audio/DefaultVolume": "40", "SIP/Proxy[1]/Address": "x"}',
        '{"settings": {"Audio": {"DefaultVolume": 40}, "SIP": {"Proxy[1]": {"Address": "x"}}}}',
        '[{"path": "Audio DefaultVolume", "value": "40"}, {"path": "SIP Proxy 1 Address", "value": "x"}]',
        '[settings]\n"Audio/DefaultVolume" = 40\n"SIP/Proxy[1]/Address" = "x"\n',
        '[Audio]\nDefaultVolume = 40\n[SIP."Proxy[1]"]\nAddress = "x"\n',
        'xConfiguration Audio DefaultVolume: 40\nxConfiguration SIP Proxy 1 Address: "x"\n',
        (
            '<Configuration><Audio><DefaultVolume>40</DefaultVolume></Audio><SIP><Proxy item="1"><Address>x</Address>'
            "</Proxy></SIP></Configuration>"
        ),
    ],
)
def test_every_form_says_the_same(text: str) -> None:
    reading = read_file(text.encode())
    assert reading.problems == []
    settings = content_from_reading(reading).settings
    assert [(one.path, one.value) for one in settings] == [
        ("Audio/DefaultVolume", "40"),
        ("SIP/Proxy[1]/Address", "x"),
    ]


def test_commands_of_files_are_objects_or_texts() -> None:
    reading = read_file(
        b'{"commands": ["xCommand Audio Volume Set Level: 40", {"command": "Audio/Volume/Set", '
        b'"arguments": {"Level": 40}}, 7, {"command": ";"}]}'
    )
    assert reading.commands == [TemplateCommand("Audio/Volume/Set", (("Level", "40"),))] * 2
    assert len(reading.problems) == 2


def test_an_export_reads_back_and_holds_no_secret() -> None:
    exported = json.dumps(encode_template({"name": "x"}, CONTENT))
    assert "swordfish" not in exported
    again = content_from_reading(read_file(exported.encode()))
    assert again.settings[-1].value is None
    assert content_from_reading(read_file(exported.encode()), before=CONTENT) == CONTENT


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\x00",
        b"{",
        b'{"a": [1, 2]}',
        b'{"a": true}',
        b'{"a": 1.5}',
        b'[["a"]]',
        b"<a",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><Configuration>&b;</Configuration>",
        b'{"settings": 4, "commands": {}}',
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    ],
)
def test_what_cannot_be_read_is_told(data: bytes) -> None:
    reading = read_file(data)
    assert reading.problems
    assert reading.settings == [] or reading.settings[0][0] == ""


@given(st.binary(max_size=200))
def test_no_file_raises(data: bytes) -> None:
    read_file(data)


def test_a_braced_value_of_a_document_is_no_variable() -> None:
    reading = read_file(b"<Configuration><A><B>{room}</B></A></Configuration>")
    assert content_from_reading(reading).settings[0].value == "{{room}}"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([("SIP//URI", "x")], "two slashes"),
        ([("SIP/URI", "x"), ("sip uri", "y")], "twice"),
        ([("SIP/URI", None)], "needs a text"),
        ([("SIP/URI", "a\x00b")], "characters that no device accepts"),
        ([("SIP/URI", "{nothing}")], "no variable {nothing}"),
        ([("SystemUnit/Name", "x" * 51)], "50 characters"),
        ([(f"A/B[{number}]/C", "x") for number in range(1, 502)], "at most 500"),
    ],
)
def test_settings_that_no_template_can_hold_are_refused(
    settings: list[tuple[str, str | None]], words: str
) -> None:
    with pytest.raises(TemplateRefused, match=words):
        checked(settings)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (TemplateCommand("Audio Volume"), "not a command"),
        (TemplateCommand("A", (("Level", "{x}"),)), "no variable"),
        (TemplateCommand("A", (("Password", "x"),)), "readable"),
        (TemplateCommand("A", (("a b", "x"),)), "not an argument"),
        (TemplateCommand("A", (("Level", "\x00"),)), "characters"),
        (TemplateCommand("A", (), "\x00"), "characters"),
    ],
)
def test_commands_that_no_template_can_hold_are_refused(command: TemplateCommand, words: str) -> None:
    with pytest.raises(TemplateRefused, match=words):
        checked([], [command])


def test_differences_are_told_without_secrets() -> None:
    new = checked(
        [
            ("Audio/DefaultVolume", "50"),
            ("SIP/Authentication/Password", "herring"),
            ("Time/Zone", "Europe/Oslo"),
        ],
        [TemplateCommand("Standby/Deactivate")],
    )
    found = [(one.word, one.name, one.old, one.new) for one in compare(CONTENT, new)]
    assert found == [
        ("changed", "Audio/DefaultVolume", "40", "50"),
        ("changed", "SIP/Authentication/Password", "***", "*** (another secret)"),
        ("added", "Time/Zone", None, "Europe/Oslo"),
        ("removed", "SystemUnit/Name", "Room {room}", None),
        ("added", "Standby/Deactivate", None, "Standby Deactivate"),
        ("removed", "Audio/Volume/Set", "Audio Volume Set Level: 40", None),
    ]
    assert compare(new, new) == []
    assert compare(Content(), Content()) == []
