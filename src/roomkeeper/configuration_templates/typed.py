"""What somebody typed into a template's table, pasted and uploaded, read as settings and commands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.files import File

from roomkeeper.configuration_templates.content import Content, TemplateCommand
from roomkeeper.configuration_templates.files import read_file
from roomkeeper.configuration_templates.making import key_of, latest_by_key
from roomkeeper.configuration_templates.pasted_text import PastedText, encode_text, read_text
from roomkeeper.provisioning.secret_values import is_secret_path
from roomkeeper.systems.documents import HIDDEN
from roomkeeper.words import gettext as _

# More rows than a form may have fields for are written as text.
ROWS_LIMIT: Final = 200
FILE_LIMIT: Final = 4_000_000


@dataclass(slots=True)
class Given:
    """What the form is filled with. `all_text` and `pasted` are texts that stay as they were typed."""

    settings: list[tuple[str, str | None]]
    commands: list[TemplateCommand]
    commands_text: str
    all_text: str = ""
    pasted: str = ""
    problems: Sequence[str] = ()

    @property
    def is_text(self) -> bool:
        """Whether the settings are shown as text: more than a table takes, or what cannot be read."""
        return bool(self.all_text) or len(self.settings) > ROWS_LIMIT

    @property
    def hidden_paths(self) -> list[str]:
        """Where a secret was typed that does not come back with the form."""
        if self.all_text:
            return []
        return [
            path for path, value in self.settings if is_secret_path(path) and value not in (None, "", HIDDEN)
        ]


def read_typed(values: Callable[[str], Sequence[str]], upload: "File[Any] | None") -> Given:
    """What was typed into the table, or into the text that stands for it, with what was pasted or uploaded added."""
    problems: list[str] = []
    settings: list[tuple[str, str | None]] = []
    for path, value in zip(values("path"), values("value"), strict=False):
        if path.strip():
            settings.append((path.strip(), None if is_secret_path(path.strip()) and value == "" else value))
    text = "".join(values("commands")[-1:])
    reading = read_text(text)
    commands = reading.commands
    unread, readings = _read_texts(values, upload, problems)
    problems += [_("Commands, line {one.line}: {one.sentence}", one=one) for one in reading.problems[:10]]
    if reading.settings:
        problems.append(_("Settings go in the table; under Commands only xCommand lines are allowed."))
    for more in readings:
        newer = latest_by_key(more.settings)
        settings = [*(one for one in settings if key_of(one[0]) not in newer), *newer.values()]
        if more.commands:
            commands = [*commands, *more.commands]
            above = f"{text.rstrip()}\n" if text.strip() else ""
            text = above + encode_text(Content((), tuple(more.commands)))
    return Given(settings, commands, text, unread.get("all_text", ""), unread.get("pasted", ""), problems)


def _read_texts(
    values: Callable[[str], Sequence[str]], upload: "File[Any] | None", problems: list[str]
) -> tuple[dict[str, str], list[PastedText]]:
    """The texts that come back as they were typed, by field, and what was read of the others and of a file."""
    unread: dict[str, str] = {}
    readings: list[PastedText] = []
    for name in ("all_text", "pasted"):
        text = "".join(values(name)[-1:])
        if not text.strip():
            continue
        more = read_file(text.encode())
        problems += _sentences(more)
        # Nothing is taken of a text that holds what cannot be read, so nothing of it is lost or taken twice.
        if more.problems or unread:
            unread[name] = text
        else:
            readings.append(more)
    if upload is None:
        pass
    elif (upload.size or 0) > FILE_LIMIT:
        problems.append(_("The file is larger than 4 MB."))
    elif "all_text" in unread:
        problems.append(_("The file was not read. Choose it again once the settings are correct."))
    else:
        more = read_file(upload.read())
        problems += _sentences(more)
        readings.append(more)
    return unread, readings


def _sentences(reading: PastedText) -> list[str]:
    return [f"{f'Line {one.line}: ' if one.line else ''}{one.sentence}" for one in reading.problems[:10]]
