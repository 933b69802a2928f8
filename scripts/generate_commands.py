"""Writes commands.json and network_settings.json in src/roomkeeper/cli/remote: what the declarations and
the table of Network settings offer, for the command line, which talks HTTP and must not load the server.

Run it after changing one of them; `make check` holds the files against them.
"""

import json
import os
import sys
import tempfile
from dataclasses import replace
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

os.environ.setdefault("ROOMKEEPER_DATA", tempfile.mkdtemp(prefix="roomkeeper-commands-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roomkeeper.settings.django")

import django

django.setup()

from pydantic import BaseModel  # noqa: E402

from roomkeeper.operations.acts import ANYTHING, Act, Input  # noqa: E402
from roomkeeper.operations.lists import filter_names  # noqa: E402
from roomkeeper.operations.subjects import Subject, all_subjects, get_subject  # noqa: E402
from roomkeeper.operations.taking import is_many  # noqa: E402
from roomkeeper.systems.network_settings import TABLE  # noqa: E402

ROOT: Final = Path(__file__).resolve().parent.parent
REMOTE: Final = ROOT / "src" / "roomkeeper" / "cli" / "remote"


def told(subject: Subject) -> dict[str, Any]:
    """What the command line has to know of a subject."""
    return {
        "noun": subject.noun,
        "plural": subject.plural,
        "path": subject.path,
        "command": subject.typed,
        "help": subject.meaning or f"{subject.plural.capitalize()}.",
        "named_by": subject.command_line.named_by,
        "columns": _columns(subject),
        "filters": list(filter_names(subject)),
        "is_listed": subject.has_api,
        "acts": [_act(subject, act) for act in subject.acts if act.rest.under == ""]
        + [
            _under(outer, act)
            for outer in all_subjects()
            for act in outer.acts
            if _stands_under(act, subject)
        ]
        + _change(subject),
        "lists": [_inner(one) for one in all_subjects() if one.lies_within(subject)],
    }


def _stands_under(act: Act, subject: Subject) -> bool:
    """Whether the act of another subject is asked at the address of an object of this one."""
    return any(one.name == act.rest.under and one.refers == subject.plural for one in act.takes)


def _under(subject: Subject, act: Act) -> dict[str, Any]:
    return _act(subject, act) | {"on": "one", "tail": f"/{act.rest.at or act.slug}", "has_command": True}


def _inner(subject: Subject) -> dict[str, Any]:
    return {
        "name": subject.nested.at if subject.nested else "",
        "plural": subject.plural,
        "columns": _columns(subject),
        "filters": list(filter_names(subject)),
    }


def _columns(subject: Subject) -> list[str]:
    """What a table shows: the id, where there is one, and what has a heading."""
    return [one.name for one in subject.fields if one.is_told and (one.heading or one.name == "id")]


def _has_command(subject: Subject, act: Act) -> bool:
    """Whether it has a command that is worked out: not what is changed by the one for all that, nor what is asked at an
    address that this program does not know."""
    is_known = act.is_mounted and act.rest.is_derived
    is_changed = bool(subject.command_line.change) and act.rest.method == "PATCH" and not act.for_many
    return (is_known or act.rest.chooses) and not is_changed


def _change(subject: Subject) -> list[dict[str, Any]]:
    """The command that takes what all acts with PATCH take, each where it is wanted."""
    if not subject.command_line.change:
        return []
    acts = [act for act in subject.acts if act.rest.method == "PATCH" and act.is_mounted]
    takes = {one.name: replace(one, default=None, only=ANYTHING) for act in acts for one in act.takes}
    summary = f"Change a {subject.noun}."
    all_in_one = replace(
        acts[0],
        name=subject.command_line.change,
        summary=summary,
        takes=tuple(takes.values()),
        for_many=False,
        done="",
    )
    return [_act(subject, all_in_one) | {"is_change": True, "has_command": True}]


def _act(subject: Subject, act: Act) -> dict[str, Any]:
    return {
        "name": act.command or act.slug,
        "slug": act.slug,
        "summary": act.summary,
        "on": act.on,
        "tail": act.tail,
        "for_many": act.for_many,
        "method": act.rest.method,
        "answers": act.rest.answers,
        "begins": begun.path if (begun := subject.begun_by(act)) is not None else "",
        "done": "" if "{" in act.done else act.done,
        "asks": act.is_dangerous or bool(act.word),
        "always_asks": bool(act.word),
        "undo": "" if "{" in act.undo else act.undo,
        "is_change": False,
        "has_command": _has_command(subject, act),
        "chooses": act.rest.chooses,
        "under": act.rest.under,
        "one_of": act.one_of,
        "takes": [_input(one) for one in act.takes if _is_typed(act, one)],
    }


def _is_typed(act: Act, one: Input) -> bool:
    """Whether people type it: not what only the server makes, nor the systems where these are chosen by a filter."""
    return one.type is not Any and not (act.rest.chooses and one.name == "systems")


def _input(one: Input) -> dict[str, Any]:
    kinds = _kinds(one.type)
    word = next((name for name, kind in (("flag", bool), ("number", int)) if kind in kinds), "text")
    if dict in map(get_origin, kinds):
        word = "map"
    elif is_many(one.type):
        word = "list"
    return {
        "name": one.name,
        "kind": word,
        "words": _words(one.type),
        "least": one.least,
        "most": one.most,
        "is_required": one.is_required,
        "is_secret": one.is_secret,
        "is_own": one.is_own,
        "in_place": one.in_place,
        "is_file": one.is_file,
        "metavar": "FILE" if one.is_file else "PATH=VALUE" if word == "map" else "",
        "option": one.option,
        "only": None if one.only is ANYTHING else one.only,
        "help": one.meaning,
        "refers": _named(get_subject(one.refers)) if one.refers else None,
        "parts": [_input(part) for part in one.parts] or (_parts_of(kinds) if word == "list" else []),
    }


def _kinds(kind: Any) -> tuple[Any, ...]:
    """The types that it may be, without what is said of them besides."""
    if get_origin(kind) is Annotated:
        return _kinds(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return tuple(inner for part in get_args(kind) for inner in _kinds(part))
    return (kind,)


def _words(kind: Any) -> list[str]:
    """The words among which it is chosen."""
    found = [word for one in _kinds(kind) if get_origin(one) is Literal for word in get_args(one)]
    members = [one for one in _kinds(kind) if isinstance(one, type) and issubclass(one, Enum)]
    return [str(word) for word in found] + [str(member.value) for one in members for member in one]


def _parts_of(kinds: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Of a list of objects what each of them has to have."""
    inner = [get_args(kind)[0] for kind in kinds if get_origin(kind) is list]
    models = [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)]
    return [
        _input(Input(name=name, type=field.annotation))
        for model in models[:1]
        for name, field in model.model_fields.items()
        if field.is_required()
    ]


def _named(subject: Subject) -> dict[str, str]:
    """How an object of another subject is named on the command line."""
    return {"path": subject.path, "noun": subject.noun, "named_by": subject.command_line.named_by}


def files() -> dict[Path, str]:
    """What stands in each file."""
    rows = [
        {"name": one.at, "form": one.form, "help": f"{one.label}. {one.hint}".strip()}
        for one in TABLE.values()
    ]
    found = {
        "commands.json": [told(subject) for subject in all_subjects() if subject.has_api or subject.acts],
        "network_settings.json": rows,
    }
    return {
        REMOTE / name: json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        for name, content in found.items()
    }


def main() -> int:
    """Write the files, or with --check say whether they are as they should be."""
    old = [path for path, text in files().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv:
        for path in old:
            sys.stderr.write(f"{path.relative_to(ROOT)} is out of date: run scripts/generate_commands.py.\n")
        return 1 if old else 0
    for path in old:
        path.write_text(files()[path], "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
