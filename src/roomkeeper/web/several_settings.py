"""Several settings typed or pasted into one field. Pure."""

import re
from typing import Final

from roomkeeper.configuration_templates.pasted_text import read_text
from roomkeeper.systems.documents import HIDDEN

_SHOWN: Final = 5
# `Standby/Control On`: the path needs no colon where it is written with slashes.
_BARE: Final = re.compile(
    r"\s*(?!x?(?:configuration|command)\b)(?P<path>[^\s:=\"/]+/[^\s:=\"]+)\s+(?P<value>[^\s:=].*)", re.I
)


def read_settings(text: str, *, is_taken_back: bool = False) -> dict[str, str | None]:
    """The settings of the text, a line each; with `is_taken_back` only their paths count. Raises ValueError."""
    lines = []
    for line in text.splitlines():
        match = _BARE.fullmatch(line)
        bare_path = is_taken_back and "/" in line and ":" not in line and "=" not in line
        lines.append(f"{match['path']}: {match['value']}" if match else f"{line}:" if bare_path else line)
    found = read_text("\n".join(lines))
    problems = [f"Line {one.line}: {one.sentence}" for one in found.problems]
    if found.commands:
        problems.append("Commands are not run here: put them into a template, or run them as actions.")
    settings: dict[str, str | None] = {}
    for path, value in found.settings:
        if path in settings:
            problems.append(f"{path} is there twice.")
        if value is None and not is_taken_back:
            problems.append(f"{path}: {HIDDEN} is not a value.")
        settings[path] = None if is_taken_back else value
    if problems:
        more = f" And {len(problems) - _SHOWN} more." if len(problems) > _SHOWN else ""
        raise ValueError(" ".join(problems[:_SHOWN]) + more)
    return settings
