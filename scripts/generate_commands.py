"""Writes src/roomkeeper/cli/remote/commands.json: what the declarations offer, for the command line, which talks HTTP
and must not load the server.

Run it after changing a declaration; `make check` holds the file against them.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, get_args

os.environ.setdefault("ROOMKEEPER_DATA", tempfile.mkdtemp(prefix="roomkeeper-commands-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roomkeeper.settings.django")

import django

django.setup()

from roomkeeper.operations.subjects import Act, Input, Subject, all_subjects  # noqa: E402

ROOT: Final = Path(__file__).resolve().parent.parent
COMMANDS: Final = ROOT / "src" / "roomkeeper" / "cli" / "remote" / "commands.json"


def told(subject: Subject) -> dict[str, Any]:
    """What the command line has to know of a subject."""
    return {
        "noun": subject.noun,
        "plural": subject.plural,
        "path": subject.path,
        "help": subject.meaning or f"{subject.plural.capitalize()}.",
        "named_by": subject.named_by,
        "columns": ["id", *(one.name for one in subject.fields if one.heading and one.is_told)],
        "acts": [_act(act) for act in subject.acts],
    }


def _act(act: Act) -> dict[str, Any]:
    return {
        "name": act.command or act.slug,
        "slug": act.slug,
        "summary": act.summary,
        "on": act.on,
        "is_create": act.on == "all" and act.name == "create",
        "for_many": act.for_many,
        "method": act.method,
        "answers": act.answers,
        "done": "" if "{" in act.done else act.done,
        "asks": act.is_dangerous or bool(act.word),
        "undo": "" if "{" in act.undo else act.undo,
        "takes": [_input(one) for one in act.takes],
    }


def _input(one: Input) -> dict[str, Any]:
    kinds = get_args(one.type) or (one.type,)
    word = next((name for name, kind in (("flag", bool), ("number", int)) if kind in kinds), "text")
    if getattr(one.type, "__origin__", None) in (list, tuple):
        word = "list"
    return {
        "name": one.name,
        "kind": word,
        "is_required": one.is_required,
        "is_secret": one.is_secret,
        "help": one.meaning,
    }


def text() -> str:
    """The file."""
    return json.dumps([told(subject) for subject in all_subjects()], indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the file, or with --check say whether it is as it should be."""
    if "--check" in sys.argv:
        if COMMANDS.read_text("utf-8") == text():
            return 0
        sys.stderr.write(f"{COMMANDS.relative_to(ROOT)} is out of date: run scripts/generate_commands.py.\n")
        return 1
    COMMANDS.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
