"""What people type for things: a system or a folder by id or name, filters, settings, commands."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from roomkeeper.cli.remote.connection import Api
from roomkeeper.cli.remote.output import USAGE, fail
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.command_line import canonical_command, split_command
from roomkeeper.words import gettext as _

_BARE: Final = re.compile(r"[^\s\"]+")
# Filters whose objects are named by people, and that by which they are named.
_NAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "system": {"path": "systems", "noun": "system", "named_by": "name"},
    "folder": {"path": "folders", "noun": "folder", "named_by": "named"},
}
SYSTEMS: Final = {**_NAMED["system"], "plural": "systems"}


def key_of(api: Api, subject: Mapping[str, Any], text: str) -> int:
    """The id meant: a number, or where the subject has names an exact one. Ends the command where there is none, or
    more than one."""
    path, noun, field = subject["path"], subject["noun"], subject["named_by"]
    if text.isascii() and text.isdigit():
        return int(text)
    if not field:
        fail("Usage", _("{text!r} is not the id of a {noun}.", text=text, noun=noun), code=USAGE)
    found = api.get(path, **{field: text})["items"]
    if not found:
        fail("Not found", _("There is no {noun} named {text!r} that you can see.", noun=noun, text=text))
    if len(found) > 1:
        named = ", ".join(str(one.get("path") or one["id"]) for one in found)
        fail(
            "Not clear",
            _("Several of the {path} are named {text!r}: {named}.", path=path, text=text, named=named),
            hint=_("Give the id."),
        )
    return int(found[0]["id"])


def system_id(api: Api, text: str) -> int:
    """The id of the system with this id or exact name."""
    return key_of(api, SYSTEMS, text)


def filters(texts: Iterable[str]) -> dict[str, list[str]]:
    """`field=value` words as query parameters; a repeated field means "one of"."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark or not name.strip():
            fail(
                "Usage",
                _("{text!r} is not a filter such as connectivity=behind_firewall.", text=text),
                code=USAGE,
            )
        found.setdefault(name.strip(), []).append(value)
    return found


def asked(api: Api, texts: Iterable[str]) -> dict[str, list[Any]]:
    """The same, with the ids of the systems and folders that are named."""
    return {
        name: [key_of(api, _NAMED[name], value) for value in values] if name in _NAMED else list(values)
        for name, values in filters(texts).items()
    }


def choice(api: Api, subject: Mapping[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """The objects meant by ids, names, `all` or `field=value,…`, as an act on many takes them."""
    if len(words) != 1 or (words[0] != "all" and "=" not in words[0]):
        plural = subject["plural"].replace(" ", "_").replace("-", "_")
        return {plural: [key_of(api, subject, word) for word in words]}
    if words[0] == "all":
        return {"filter": {}}
    found = asked(api, (part for part in words[0].split(",") if part))
    return {"filter": {name: values if len(values) > 1 else values[0] for name, values in found.items()}}


def settings(texts: Iterable[str]) -> dict[str, str | None]:
    """`Path=value` words; `Path=` sets empty, `Path` alone removes an earlier request."""
    found: dict[str, str | None] = {}
    for text in texts:
        path, mark, value = text.partition("=")
        if not path.strip():
            fail(
                "Usage",
                _("{text!r} is not a setting such as SystemUnit/Name=Boardroom.", text=text),
                code=USAGE,
            )
        found[path.strip()] = value if mark else None
    return found


def xcommand(words: Sequence[str]) -> dict[str, Any]:
    """A command as devices take it: `xCommand Dial Number: a@b.example Protocol: Sip`; repeated names become lists.

    It may also be given as one word, with values in double quotes where they hold `:`; inside of these `\\"`.
    """
    text = words[0] if len(words) == 1 else " ".join(map(_as_word, words))
    try:
        found = split_command(text)
    except ProtocolError as error:
        fail("Usage", str(error), code=USAGE)
    path = canonical_command(" ".join(found.words))
    if not path:
        fail("Usage", _("Which command? For example: xCommand Audio Volume Set Level: 40"), code=USAGE)
    values: dict[str, list[str]] = {}
    for name, value in found.arguments:
        if value is None:
            fail("Usage", _("{name}: has no value.", name=name), code=USAGE)
        values.setdefault(name, []).append(value)
    return {
        "command": path,
        "arguments": {name: given if len(given) > 1 else given[0] for name, given in values.items()},
    }


def _as_word(word: str) -> str:
    """What the shell has already taken for one word, so that it is read as one again."""
    return word if _BARE.fullmatch(word) else '"' + word.replace("\\", r"\\").replace('"', r"\"") + '"'
