"""What the commands of `roomkeeper templates` are given and print."""

from typing import Any

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import read_given
from roomkeeper.cli.remote.output import USAGE, counted, fail, print_json, print_object, print_table, say
from roomkeeper.words import gettext as _


def content_of(settings: list[str] | None, run: list[str] | None, file: str) -> dict[str, Any]:
    """The settings and commands given on the command line, and the text of a file."""
    given = naming.settings(settings or [])
    for path, value in given.items():
        if value is None:
            fail("Usage", _("{path} has no value: write {path}=VALUE.", path=path), code=USAGE)
    body: dict[str, Any] = {"settings": given, "commands": [{"command": one} for one in run or []]}
    if file:
        body["text"] = read_given(file)
    return body


def merged(found: dict[str, Any], body: dict[str, Any], unset: list[str]) -> dict[str, Any]:
    """What the template holds with the changes of the body; a secret that is not given stays what it is."""
    gone = {naming.setting_key(path) for path in unset}
    settings = {
        naming.setting_key(one["path"]): {
            "path": one["path"],
            "value": None if one["is_secret"] else one["value"],
        }
        for one in found["settings"]
    }
    if unknown := sorted(gone - set(settings)):
        fail("Not found", _("The template has no setting {unknown}.", unknown=unknown[0]))
    for path, value in body["settings"].items():
        settings[naming.setting_key(path)] = {"path": path, "value": value}
    kept = [one for key, one in settings.items() if key not in gone]
    commands = [{key: one[key] for key in ("command", "arguments", "body")} for one in found["commands"]]
    return {**body, "settings": kept, "commands": [*commands, *body["commands"]]}


def print_template(found: dict[str, Any], *, as_json: bool) -> None:
    """A template or a version with what it holds."""
    held = ("settings", "commands")
    print_object(
        found if as_json else {key: value for key, value in found.items() if key not in held}, as_json=as_json
    )
    if not as_json:
        print_content(found)


def print_content(found: dict[str, Any]) -> None:
    """Settings as a table, commands as devices take them."""
    rows = [
        {
            **one,
            "value": _("*** (not entered yet)") if one["is_secret"] and not one["is_typed"] else one["value"],
        }
        for one in found["settings"]
    ]
    print_table(rows, ("path", "value"))
    for command in found["commands"]:
        say(f"xCommand {command['text']}")


def print_report(found: dict[str, Any], *, as_json: bool) -> None:
    """What the models cannot have, and the counts."""
    if as_json:
        print_json(found)
        return
    rows = [
        {"model": f"{model['product']} {model['software_version']}", **line}
        for model in found["models"]
        for line in model["cannot"]
    ]
    print_table(rows, ("model", "systems", "path", "value", "reason"))
    say(counted(found["counts"]))
