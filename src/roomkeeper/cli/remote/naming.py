"""What people type for things: a system or a folder by id or name, filters, settings, commands."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from roomkeeper.cli.remote.connection import Api
from roomkeeper.cli.remote.output import USAGE, fail
from roomkeeper.words import gettext as _

_QUOTED_OR_WORD = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<open>")|[^\s"]+', re.DOTALL)
_ESCAPED = re.compile(r'\\([\\"])')


def system_id(api: Api, text: str) -> int:
    """The id of the system with this id or exact name; ends the command where there is none, or more than one."""
    if text.isascii() and text.isdigit():
        return int(text)
    found = api.get("systems", name=text, state="all", limit=10)["items"]
    if not found:
        fail("Not found", _("There is no system named {text!r} that you can see.", text=text))
    if len(found) > 1:
        ids = ", ".join(str(one["id"]) for one in found)
        fail(
            "Not clear",
            _("{count} systems are named {text!r}: {ids}.", count=len(found), text=text, ids=ids),
            hint=_("Give the id."),
        )
    return int(found[0]["id"])


def folder_id(api: Api, text: str) -> int:
    """The id of the folder with this id, name or path (`Oslo / HQ` or `Oslo/HQ`)."""
    if text.isascii() and text.isdigit():
        return int(text)
    wanted = _path(text)
    folders = api.items("folders", limit=None)["items"]
    found = [one for one in folders if _path(one["path"]) == wanted] or [
        one for one in folders if one["name"].casefold() == text.casefold()
    ]
    if not found:
        fail("Not found", _("There is no folder {text!r} that you can see.", text=text))
    if len(found) > 1:
        paths = ", ".join(one["path"] for one in found)
        fail(
            "Not clear",
            _("Several folders are named {text!r}: {paths}.", text=text, paths=paths),
            hint=_("Enter the whole path or the id."),
        )
    return int(found[0]["id"])


def credential_id(api: Api, text: str) -> int:
    """The id of the saved credential with this id or name."""
    return _by_name(api, "credentials", "credential", text)


def template_id(api: Api, text: str) -> int:
    """The id of the template with this id or name."""
    return _by_name(api, "templates", "template", text)


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


def choice(api: Api, text: str) -> dict[str, Any]:
    """The systems meant by `all`, an id, a name or `field=value,…`: as `filter` or `systems` of a bulk act."""
    if text == "all":
        return {"filter": {}}
    if "=" in text:
        found: dict[str, Any] = {}
        for name, values in filters(part for part in text.split(",") if part).items():
            typed: list[Any] = [folder_id(api, value) if name == "folder" else value for value in values]
            found[name] = typed if len(typed) > 1 else typed[0]
        return {"filter": found}
    return {"systems": [system_id(api, text)]}


def choice_of(api: Api, words: Sequence[str]) -> dict[str, Any]:
    """The systems meant by ids, names, `all` or `field=value,…`, as a bulk act takes them."""
    if len(words) == 1:
        return choice(api, words[0])
    return {"systems": [system_id(api, word) for word in words]}


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


def setting_key(path: str) -> str:
    """By which two spellings of a setting are one: `SIP Proxy 1 Address` and `sip/proxy[1]/address`."""
    nodes: list[str] = []
    for part in re.split(r"[\s/]+", path.strip().lower()):
        if part.isdigit() and nodes:
            nodes[-1] = f"{nodes[-1].removesuffix('[1]')}[{int(part)}]"
        elif part:
            nodes.append(part if part.endswith("]") else f"{part}[1]")
    return "/".join(nodes)


def xcommand(words: Sequence[str]) -> dict[str, Any]:
    """A command as devices take it: `xCommand Dial Number: a@b.example Protocol: Sip`; repeated names become lists.

    It may also be given as one word, with values in double quotes where they hold `:`; inside of these `\\"`.
    """
    rest = _split(words[0]) if len(words) == 1 else [(word, word.endswith(":")) for word in words]
    if rest and rest[0][0].lower() == "xcommand":
        rest = rest[1:]
    path: list[str] = []
    while rest and not rest[0][1]:
        path.append(rest.pop(0)[0])
    if not path:
        fail("Usage", _("Which command? For example: xCommand Audio Volume Set Level: 40"), code=USAGE)
    arguments: dict[str, Any] = {}
    while rest:
        name = rest.pop(0)[0].removesuffix(":")
        value: list[str] = []
        while rest and not rest[0][1]:
            value.append(rest.pop(0)[0])
        if not value:
            fail("Usage", _("{name}: has no value.", name=name), code=USAGE)
        text = " ".join(value)
        if name in arguments:
            before = arguments[name]
            arguments[name] = [*before, text] if isinstance(before, list) else [before, text]
        else:
            arguments[name] = text
    return {"command": "/".join(path), "arguments": arguments}


def _split(text: str) -> list[tuple[str, bool]]:
    """The words of a command, and of each whether it names an argument: what is quoted never does."""
    found: list[tuple[str, bool]] = []
    for piece in _QUOTED_OR_WORD.finditer(text):
        if piece["open"]:
            fail("Usage", _('A quotation mark is not closed; inside of one write \\".'), code=USAGE)
        if piece["quoted"] is not None:
            found.append((_ESCAPED.sub(r"\1", piece["quoted"]), False))
        else:
            found.append((piece[0], piece[0].endswith(":")))
    return found


def _by_name(api: Api, path: str, word: str, text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    return named_id(api, path, word, "name", text)


def named_id(api: Api, path: str, word: str, field: str, text: str) -> int:
    """The id of the one object whose field is that text; ends the command where there is none, or more than one."""
    found = api.get(path, **{field: text})["items"]
    if not found:
        fail("Not found", _("There is no {word} named {text!r} that you can see.", word=word, text=text))
    if len(found) > 1:
        named = ", ".join(str(one.get("path") or one["id"]) for one in found)
        fail(
            "Not clear",
            _("Several of the {path} are named {text!r}: {named}.", path=path, text=text, named=named),
            hint=_("Give the id."),
        )
    return int(found[0]["id"])


def _path(text: str) -> tuple[str, ...]:
    return tuple(part.strip().casefold() for part in text.split("/") if part.strip())
