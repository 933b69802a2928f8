"""Several settings typed or pasted into one field. Pure."""

import re
from typing import Final

from roomkeeper.configuration_templates.pasted_text import read_text
from roomkeeper.systems.documents import HIDDEN
from roomkeeper.words import gettext as _

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
    problems = [_("Line {one.line}: {one.sentence}", one=one) for one in found.problems]
    if found.commands:
        problems.append(_("Commands are not run here: put them into a template, or run them as actions."))
    settings: dict[str, str | None] = {}
    for path, value in found.settings:
        if path in settings:
            problems.append(_("{path} is there twice.", path=path))
        if value is None and not is_taken_back:
            problems.append(_("{path}: {hidden} is not a value.", path=path, hidden=HIDDEN))
        settings[path] = None if is_taken_back else value
    if problems:
        more = _(" And {count} more.", count=len(problems) - _SHOWN) if len(problems) > _SHOWN else ""
        raise ValueError(" ".join(problems[:_SHOWN]) + more)
    return settings
