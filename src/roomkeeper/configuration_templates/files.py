"""Templates as files: reading JSON, TOML, XML and text, and the form in which they are exported. Pure."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from roomkeeper.configuration_templates import variables
from roomkeeper.configuration_templates.content import Content, TemplateCommand, decode_command
from roomkeeper.configuration_templates.models import ConfigurationTemplate
from roomkeeper.configuration_templates.pasted_text import TEXT_LIMIT, PastedText, parse_command, read_text
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.configuration import decode_configuration
from roomkeeper.systems.documents import HIDDEN
from roomkeeper.words import gettext as _

FORMAT: Final = "roomkeeper template 1"
DEPTH_LIMIT: Final = 20


def about_template(template: ConfigurationTemplate) -> dict[str, Any]:
    """What is exported of a template beside what it holds."""
    return {
        "name": template.name,
        "description": template.description,
        "enforcement": template.enforcement,
        "first_contact": template.is_first_contact,
        "families": template.families,
    }


def encode_template(about: Mapping[str, Any], content: Content) -> dict[str, Any]:
    """A template as it is exported; a secret has no value and is marked, so that it is typed again."""
    return {
        "format": FORMAT,
        **about,
        "settings": [
            {"path": one.path, "value": None, "secret": True}
            if one.is_secret and one.value != ""
            else {"path": one.path, "value": one.value}
            for one in content.settings
        ],
        "commands": [
            {
                "command": one.command,
                "arguments": {
                    name: list(value) if isinstance(value, tuple) else value for name, value in one.arguments
                },
                **({"body": one.body} if one.body is not None else {}),
            }
            for one in content.commands
        ],
    }


def as_given(content: Content) -> dict[str, Any]:
    """A checked content as an act takes it; a secret that nobody has typed stays as it is."""
    commands = encode_template({}, content)["commands"]
    return {
        "settings": [{"path": one.path, "value": one.value} for one in content.settings],
        "commands": commands,
    }


def read_file(data: bytes) -> PastedText:
    """What a file holds: an exported template, settings by path in JSON or TOML (nested or not), a configuration
    document, or text. Never raises."""
    found = PastedText()
    if len(data) > 4 * TEXT_LIMIT:
        found.add_problem(0, _("The file has over {value:,} bytes.", value=4 * TEXT_LIMIT))
        return found
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        found.add_problem(0, _("The file is not UTF-8 text."))
        return found
    start = text.lstrip()[:1]
    if start == "<":
        return _read_document(data)
    if start in ("{", "["):
        try:
            return read_structure(json.loads(text))
        except (ValueError, RecursionError) as error:
            # A TOML file may begin with a table.
            if start == "{":
                found.add_problem(
                    getattr(error, "lineno", 0), _("The file is not JSON: {error}", error=error)[:300]
                )
                return found
    try:
        return read_structure(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError):
        return read_text(text)


def read_structure(found: Any) -> PastedText:
    """What JSON or TOML holds: `settings` and `commands`, or settings alone. Never raises."""
    reading = PastedText()
    if isinstance(found, Mapping) and ("settings" in found or "commands" in found):
        settings, commands = found.get("settings", {}), found.get("commands", [])
    else:
        settings, commands = found, []
    for path, value in _settings(settings, "", reading, 0):
        reading.settings.append((path, None if value == HIDDEN else value))
    if not isinstance(commands, list):
        reading.add_problem(0, _("commands: must be a list."))
        commands = []
    for one in commands:
        _read_command(one, reading)
    return reading


def _settings(found: Any, path: str, reading: PastedText, depth: int) -> Iterator[tuple[str, str | None]]:
    if depth > DEPTH_LIMIT:
        reading.add_problem(0, _("{path}: is nested too deeply.", path=path[:100]))
    elif isinstance(found, Mapping):
        for name, value in found.items():
            yield from _settings(value, f"{path}/{name}" if path else str(name), reading, depth + 1)
    elif isinstance(found, list) and not path:
        for one in found:
            if isinstance(one, Mapping) and isinstance(one.get("path"), str):
                yield from _settings(one.get("value"), one["path"], reading, depth + 1)
            else:
                reading.add_problem(0, _("A setting in a list needs a path and a value."))
    elif isinstance(found, bool | float | list):
        reading.add_problem(
            0, _("{path}: needs a text or a whole number; write On and Off as texts.", path=path[:255])
        )
    elif found is None or isinstance(found, str | int):
        yield path, None if found is None else str(found)
    else:
        reading.add_problem(0, _("{path}: needs a text.", path=path[:255]))


def _read_command(one: Any, reading: PastedText) -> None:
    try:
        if isinstance(one, str):
            reading.commands.append(parse_command(one))
            return
        if not isinstance(one, Mapping) or not isinstance(one.get("command"), str):
            raise ValueError(_("A command must be a text, or have `command` and `arguments`."))
        reading.commands.append(_with_own_arguments(decode_command(one)))
    except (ValueError, TypeError) as refusal:
        reading.add_problem(0, str(refusal))


def _with_own_arguments(found: TemplateCommand) -> TemplateCommand:
    """The arguments that stand in the command's own text, too."""
    parsed = parse_command(found.command, found.body)
    return TemplateCommand(parsed.command, (*parsed.arguments, *found.arguments), found.body)


def _read_document(data: bytes) -> PastedText:
    reading = PastedText()
    try:
        document = decode_configuration(data)
    except ProtocolError as refusal:
        reading.add_problem(0, str(refusal))
        return reading
    for note in document.mended:
        reading.add_problem(0, _("The file could not be read as it is: {note}.", note=note))
    for path, leaf in document.settings.items():
        # What a device says names no variables, whatever it looks like.
        reading.settings.append((path, None if leaf.value == HIDDEN else variables.escape(leaf.value)))
    return reading
