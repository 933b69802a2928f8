"""Reading settings and commands out of pasted text, as people and devices write them. Pure; decides nothing.

`xConfiguration SIP Proxy 1 Address: "x"`, the same with `*c` in front as devices print it, without the first word, or
`SIP/Proxy[1]/Address = x`; `xCommand Audio Volume Set Level: 40`. A command's body follows in the next lines and ends
with a line that is a full stop; its arguments may stand in lines of their own. Lines that begin with `#`, `//` or `!`
are remarks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from roomkeeper.configuration_templates.content import Content, TemplateCommand
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.command_line import QUOTED, read_call, unescape
from roomkeeper.protocols.xapi.paths import setting_path
from roomkeeper.words import gettext as _

TEXT_LIMIT: Final = 1_000_000
LINE_LIMIT: Final = 20_000
PROBLEMS_LIMIT: Final = 200
_REMARK: Final = ("#", "//", "!")
# What devices print around what was asked for.
_CHATTER: Final = re.compile(r"(\*\* ?end|OK|\*r .*|)", re.IGNORECASE)
_RESULT_ID: Final = re.compile(r"\s*\|\s*resultId\s*=\s*(\"[^\"]*\"|\S+)\s*\Z", re.IGNORECASE)
_CONFIGURATION: Final = re.compile(r"(?:\*c\s+)?/?x?Configuration[\s/]+(?=\S)", re.IGNORECASE)
_COMMAND: Final = re.compile(r"/?xCommand[\s/]+(?=\S)", re.IGNORECASE)
_SETTING: Final = re.compile(r"(?P<path>[^:=\"]{1,600}?)\s*(?::|=(?!=))\s*(?P<value>.*)", re.DOTALL)
# `Expression: …`, `Expression[2]: …`, `Expression 2: …`: an argument of the command above it, in a line of its own. No
# setting has a path of one node.
_ARGUMENT: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}(?P<index>\s?\[\d{1,3}\]|[ .]\d{1,3})?:(?=\s|\"|\Z)")
_GOES_ON: Final = re.compile(r"(?:\s+|^)\\\s*\Z")
_PATH_MARKS: Final = re.compile(r"[/\[\]]+")


@dataclass(frozen=True, slots=True)
class PastedProblem:
    """A line that could not be read, counted from 1 (0: the whole), and why."""

    line: int
    sentence: str


@dataclass(slots=True)
class PastedText:
    """What was read: settings in order (None where a device hid the value), commands, and what could not be read."""

    settings: list[tuple[str, str | None]] = field(default_factory=list)
    commands: list[TemplateCommand] = field(default_factory=list)
    problems: list[PastedProblem] = field(default_factory=list)

    def add_problem(self, line: int, sentence: str) -> None:
        """Note it, as long as there are not too many to read."""
        if len(self.problems) < PROBLEMS_LIMIT:
            self.problems.append(PastedProblem(line, sentence))


def read_text(text: str) -> PastedText:
    """All settings and commands of the text, and a problem for every line that is neither. Never raises."""
    found = PastedText()
    if len(text) > TEXT_LIMIT:
        found.add_problem(0, _("The text has over {limit:,} characters.", limit=TEXT_LIMIT))
        return found
    lines = text.removeprefix("\ufeff").splitlines()
    place = 0
    while place < len(lines):
        line = lines[place].strip()
        place += 1
        if len(line) > LINE_LIMIT:
            found.add_problem(place, _("The line has over {limit:,} characters.", limit=LINE_LIMIT))
        elif _CHATTER.fullmatch(line) or line.startswith(_REMARK):
            continue
        elif match := _COMMAND.match(line):
            begin = place
            first, place = _join(line[match.end() :], lines, place)
            command = [_RESULT_ID.sub("", first)]
            body, place = _find_body(lines, place)
            if body is None:
                arguments, place = _find_arguments(lines, place)
                command += arguments
            _read_command(" ".join(command), body, begin, found)
        else:
            match = _CONFIGURATION.match(line)
            _read_setting(line[match.end() :] if match else line, place, found)
    return found


def _find_body(lines: Sequence[str], place: int) -> tuple[str | None, int]:
    """The lines up to one with a full stop alone, where the next line begins nothing else."""
    if place >= len(lines) or not lines[place].strip() or _begins_something(lines[place].strip()):
        return None, place
    for end in range(place, len(lines)):
        if lines[end].strip() == ".":
            return "\n".join(lines[place:end]), end + 1
        if _COMMAND.match(lines[end].strip()):
            break
    return None, place


def _join(line: str, lines: Sequence[str], place: int) -> tuple[str, int]:
    """The line with those that go on after a backslash at its end, as in a shell; the first line after them."""
    while place < len(lines) and _GOES_ON.search(line):
        line = f"{_GOES_ON.sub('', line)} {lines[place].strip()}"
        place += 1
    return _GOES_ON.sub("", line), place


def _find_arguments(lines: Sequence[str], place: int) -> tuple[list[str], int]:
    """Arguments in lines of their own right below their command, remarks between them, and the first line after."""
    arguments: list[str] = []
    here = place
    while here < len(lines):
        line = lines[here].strip()
        match = _ARGUMENT.match(line)
        if match is not None:
            line, place = _join(line, lines, here + 1)
            line = _RESULT_ID.sub("", line)
            # A name with its number in another spelling than `Name[2]:` would be read as a word of the value before.
            index = match["index"] or ""
            arguments.append(line.replace(index, "", 1) if index else line)
            here = place
        elif line.startswith(_REMARK):
            here += 1
        else:
            break
    return arguments, place


def _begins_something(line: str) -> bool:
    is_noise = bool(_CHATTER.fullmatch(line)) or line.startswith(_REMARK)
    return is_noise or bool(_COMMAND.match(line) or _CONFIGURATION.match(line))


def _read_setting(text: str, line: int, found: PastedText) -> None:
    match = _SETTING.fullmatch(_RESULT_ID.sub("", text))
    if match is None:
        found.add_problem(
            line, _("It is neither a setting, such as xConfiguration Audio DefaultVolume: 60, nor a command.")
        )
        return
    try:
        path = setting_path(match["path"].strip())
        value = _unquoted(match["value"].strip())
    except (ProtocolError, ValueError) as refusal:
        found.add_problem(line, str(refusal))
        return
    found.settings.append((path, None if value == "***" else value))


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    match = re.fullmatch(QUOTED, text, re.DOTALL)
    if match is None:
        raise ValueError(
            _('The value begins with a quotation mark but does not end with one; inside write \\".')
        )
    return unescape(match["quoted"])


def _read_command(text: str, body: str | None, line: int, found: PastedText) -> None:
    try:
        found.commands.append(parse_command(text, body))
    except ValueError as refusal:
        found.add_problem(line, str(refusal))


def parse_command(text: str, body: str | None = None) -> TemplateCommand:
    """`Audio Volume Set Level: 40` as a command; repeated names become lists. Raises ValueError with a sentence."""
    call = read_call(text, body)
    return TemplateCommand(call.path, call.arguments, call.body)


def encode_text(content: Content) -> str:
    """A content as text that reads back as the same; a secret as `***`. Values of several lines lose their breaks."""
    lines = [
        f"xConfiguration {_PATH_MARKS.sub(' ', one.path)}: {_in_quotes(' '.join(one.shown.splitlines()))}"
        for one in content.settings
    ]
    for command in content.commands:
        lines.append(f"xCommand {command.shown}")
        if command.body is not None:
            lines += [command.body, "."]
    return "".join(f"{line}\n" for line in lines)


def _in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
