"""Reading pasted settings and commands, as people and devices write them, and what is no such thing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases import read_case

from roomkeeper.configuration_templates.content import Content, TemplateCommand, TemplateSetting
from roomkeeper.configuration_templates.pasted_text import (
    LINE_LIMIT,
    TEXT_LIMIT,
    encode_text,
    parse_command,
    read_text,
)


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        ('xConfiguration SIP Proxy 1 Address: "x"', ("SIP/Proxy[1]/Address", "x")),
        ('*c xConfiguration SIP Proxy 1 Address: "x y"', ("SIP/Proxy[1]/Address", "x y")),
        ("xconfiguration audio defaultvolume: 40", ("audio/defaultvolume", "40")),
        ("xConfiguration/SIP/Proxy[2]/Address: x", ("SIP/Proxy[2]/Address", "x")),
        ("/Configuration/SIP/Proxy[2]/Address: x", ("SIP/Proxy[2]/Address", "x")),
        ("SIP/Proxy[2]/Address = x", ("SIP/Proxy[2]/Address", "x")),
        ("SIP Proxy 2 Address: x", ("SIP/Proxy[2]/Address", "x")),
        ('xConfiguration SystemUnit Name: ""', ("SystemUnit/Name", "")),
        ("xConfiguration SystemUnit Name:", ("SystemUnit/Name", "")),
        (r'xConfiguration SystemUnit Name: "a \"b\" \\ c"', ("SystemUnit/Name", r'a "b" \ c')),
        ("xConfiguration SIP URI: sip:a@b.example", ("SIP/URI", "sip:a@b.example")),
        ("Phonebook Server 1 URL: http://x/y?a=b", ("Phonebook/Server[1]/URL", "http://x/y?a=b")),
        ("xConfiguration SIP Authentication Password: ***", ("SIP/Authentication/Password", None)),
        ('xConfiguration SystemUnit Name: "Rom ÅØ" | resultId="7"', ("SystemUnit/Name", "Rom ÅØ")),
        ("\t xConfiguration Time Zone: Europe/Oslo \r", ("Time/Zone", "Europe/Oslo")),
        ("xConfiguration SystemUnit Name: Room {room}", ("SystemUnit/Name", "Room {room}")),
    ],
)
def test_settings_are_read(line: str, setting: tuple[str, str | None]) -> None:
    found = read_text(line)
    assert (found.settings, found.commands, found.problems) == ([setting], [], [])


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("xCommand Audio Volume Set Level: 40", TemplateCommand("Audio/Volume/Set", (("Level", "40"),))),
        ("xCommand Standby Deactivate", TemplateCommand("Standby/Deactivate")),
        (
            'xCommand UserInterface Message Alert Display Text: "Hello you" Duration: 5',
            TemplateCommand(
                "UserInterface/Message/Alert/Display", (("Text", "Hello you"), ("Duration", "5"))
            ),
        ),
        (
            "xCommand Dial Number: sip:a@b.example Protocol: Sip",
            TemplateCommand("Dial", (("Number", "sip:a@b.example"), ("Protocol", "Sip"))),
        ),
        (
            "xCommand HttpFeedback Register Expression: /a Expression: /b",
            TemplateCommand("HttpFeedback/Register", (("Expression", ("/a", "/b")),)),
        ),
        (
            "xCommand X Y Expression[1]: /a Expression[2]: /b",
            TemplateCommand("X/Y", (("Expression", ("/a", "/b")),)),
        ),
        ("xCommand/Audio/Volume/Mute", TemplateCommand("Audio/Volume/Mute")),
        ('xCommand X Text: ""', TemplateCommand("X", (("Text", ""),))),
    ],
)
def test_commands_are_read(line: str, command: TemplateCommand) -> None:
    found = read_text(line)
    assert (found.settings, found.commands, found.problems) == ([], [command], [])


def test_a_body_ends_with_a_full_stop() -> None:
    found = read_text(
        "xCommand UserInterface Extensions Panel Save PanelId: p\n<Extensions>\n  <a: b/>\n</Extensions>\n.\n"
        "xConfiguration Audio DefaultVolume: 1\n"
    )
    assert found.commands == [
        TemplateCommand(
            "UserInterface/Extensions/Panel/Save",
            (("PanelId", "p"),),
            "<Extensions>\n  <a: b/>\n</Extensions>",
        )
    ]
    assert found.settings == [("Audio/DefaultVolume", "1")]
    assert found.problems == []


def test_remarks_and_what_devices_print_around_it_are_passed_over() -> None:
    text = "\ufeff# a\n// b\n! c\n\n*c xConfiguration Audio DefaultVolume: 1\n** end\n\nOK\n*r Login successful\n"
    found = read_text(text)
    assert found.settings == [("Audio/DefaultVolume", "1")]
    assert found.problems == []


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "xConfiguration",
        "xConfiguration SIP",
        ": x",
        'xConfiguration SIP URI: "not closed',
        'xConfiguration SIP URI: "closed" and more',
        "xConfiguration 1 SIP: x",
        "xConfiguration SIP/../../etc: x",
        "xConfiguration SIP <b>: x",
        "xCommand",
        "xCommand Level: 40",
        "xCommand Audio Volume Set Level:",
        'xCommand Audio Volume Set Level: "4',
        "xCommand a b c d e f g h i j",
        "xCommand Audio;reboot",
        "*s Audio Volume: 50",
    ],
)
def test_what_is_neither_is_told_with_its_line(line: str) -> None:
    found = read_text(f"# one\n{line}\nxConfiguration Audio DefaultVolume: 1")
    assert [problem.line for problem in found.problems] == [2]
    assert found.settings == [("Audio/DefaultVolume", "1")]
    assert found.commands == []


def test_too_much_is_refused_and_not_read() -> None:
    assert read_text("a" * (TEXT_LIMIT + 1)).problems[0].line == 0
    assert "characters" in read_text("xConfiguration A B: " + "a" * LINE_LIMIT).problems[0].sentence
    assert len(read_text("nonsense\n" * 5_000).problems) == 200


@pytest.mark.parametrize(
    "text",
    [
        "xCommand A\nbody\n" * 20_000,
        ("xConfiguration " + "A " * 9_000 + "\n") * 50,
        "xCommand A " + 'B: "' * 4_000,
        "xConfiguration A: " + '"' + "\\" * 19_000,
        "=:" * 9_000,
    ],
)
def test_hostile_text_costs_little(text: str) -> None:
    started = time.process_time()
    read_text(text)
    assert time.process_time() - started < 5


@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    read_text(text)
    read_text(f"xConfiguration {text}")
    read_text(f"xCommand {text}")


@given(
    st.text(
        st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029"), max_size=60
    )
)
def test_a_command_reads_back_as_it_is_shown(text: str) -> None:
    value = text.strip()
    command = TemplateCommand("Audio/Volume/Set", (("Level", value),))
    assert parse_command(command.shown) == command
    content = Content(
        (TemplateSetting("SIP/Proxy[2]/Address", text), TemplateSetting("SIP/URI", value)), (command,)
    )
    found = read_text(encode_text(content))
    assert found.problems == []
    assert found.settings == [("SIP/Proxy[2]/Address", text), ("SIP/URI", value)]
    assert found.commands == [command]


# Arguments in lines of their own


def test_pasted_case_of_several_lines_is_one_command_with_its_arguments() -> None:
    text = read_case("10-pasted-command-lines.txt").decode()

    found = read_text(text)

    assert found.settings == []
    assert found.problems == []
    assert [(one.command, dict(one.arguments)) for one in found.commands] == [
        (
            "HttpFeedback/Register",
            {
                "FeedbackSlot": "2",
                "Expression": (
                    "/Event/UserInterface/Extensions/Panel/Clicked",
                    "/Event/UserInterface/Message/Prompt/Response",
                ),
                "Format": "JSON",
                "ServerUrl": "http://collector.uni.invalid/in",
            },
        )
    ]


@pytest.mark.parametrize(
    "expression", ["Expression[1]: /a", "Expression 1: /a", "Expression.1: /a", 'Expression: "/a"']
)
def test_argument_lines_may_carry_an_index_and_indents(expression: str) -> None:
    found = read_text(
        f"xCommand HttpFeedback Register\n    FeedbackSlot: 2\n\t{expression}\nSIP Proxy 1 Address: x\n"
    )

    assert [one.command for one in found.commands] == ["HttpFeedback/Register"]
    (name, value) = found.commands[0].arguments[1]
    assert (name.partition(".")[0], value) == ("Expression", "/a")
    assert found.settings == [("SIP/Proxy[1]/Address", "x")]
    assert found.problems == []


@pytest.mark.parametrize("line", ["Expression: /Event/Bookings", "Format = JSON", "ServerUrl:", "Slot[2]: x"])
def test_argument_without_its_command_is_a_told_problem_and_no_setting(line: str) -> None:
    found = read_text(f"xCommand HttpFeedback Register FeedbackSlot: 2\n\n{line}\n")

    assert found.settings == []
    assert [problem.line for problem in found.problems] == [3]
    assert "command" in found.problems[0].sentence


def test_argument_lines_of_a_command_with_a_body_stay_in_the_body() -> None:
    found = read_text("xCommand Macros Macro Save Name: greet\nconst words: 1;\nLevel: 2\n.\n")

    assert [(one.command, one.body) for one in found.commands] == [
        ("Macros/Macro/Save", "const words: 1;\nLevel: 2")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "xCommand Audio Volume Set \\\n  Level: 40 \\\n  Device: Internal",
        "xCommand Audio Volume Set\n# as in every room\nLevel: 40\n! and there\nDevice: Internal",
        "xCommand Audio Volume Set\nLevel: 40 \\\nDevice: Internal \\\n",
    ],
)
def test_lines_that_go_on_and_remarks_do_not_part_a_command(text: str) -> None:
    found = read_text(text)
    assert found.problems == []
    assert [(one.command, dict(one.arguments)) for one in found.commands] == [
        ("Audio/Volume/Set", {"Level": "40", "Device": "Internal"})
    ]


@pytest.mark.parametrize("mark", [";", " &&", " |"])
def test_two_commands_in_one_line_are_told_and_not_run_as_one(mark: str) -> None:
    found = read_text(f"xCommand Audio Volume Set Level: 40{mark} xCommand Standby Activate")
    assert found.commands == []
    assert "each in a line of its own" in found.problems[0].sentence
    quoted = read_text('xCommand UserInterface Message Alert Display Text: "type xCommand Dial"')
    assert (len(quoted.commands), quoted.problems) == (1, [])
