"""Writes docs/reference/findings.md from the table of findings.

Run it after changing the table; tests/unit/diagnosis holds the committed page against it.
"""

import os
import re
import sys
import tempfile
from itertools import groupby
from pathlib import Path
from typing import Final

# The fixes name services, which need Django; nothing is read from a database or written to the data folder.
os.environ.setdefault("ROOMKEEPER_DATA", tempfile.mkdtemp(prefix="roomkeeper-findings-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roomkeeper.settings.django")

import django

django.setup()

from roomkeeper.diagnosis.findings import TABLE, FindingRow  # noqa: E402
from roomkeeper.diagnosis.fixes import FIXES  # noqa: E402

ROOT: Final = Path(__file__).resolve().parent.parent
FINDINGS_PAGE: Final = ROOT / "docs" / "reference" / "findings.md"

_FIGURE: Final = re.compile(r"\{[a-z_]+\}")
_HEAD: Final = """\
# Findings of a diagnosis

<!-- Written by scripts/generate_findings.py from src/roomkeeper/diagnosis/findings.toml; do not edit by hand. -->

Everything that [a diagnosis](../how-to/diagnose.md) can find. The *key* is what scripts go by, in
`rows[].checks[].key` of `GET /api/v1/systems/{id}/diagnosis`. Words in braces are filled in; `{name}` is the system's.

| level | means |
|---|---|
| ok | as it should be |
| info | told so that the picture is whole; nothing has to be done |
| warning | it can be managed, and something will hurt sooner or later |
| fault | this keeps it from being managed, or from telling what happens to it |

A *fix* is what Roomkeeper can do about it: a button on the page, `POST /api/v1/systems/{id}/diagnosis/fix`, or
`roomkeeper systems fix`.

"""


def findings_page() -> str:
    """The whole text of the page."""
    parts = [_HEAD]
    # Checks stand in the order in which a diagnosis makes them, entries of one check together.
    order = list(dict.fromkeys(entry.check for entry in TABLE.values()))
    by_check = sorted(TABLE.values(), key=lambda entry: order.index(entry.check))
    for check, entries in groupby(by_check, key=lambda entry: entry.check):
        parts.append(f"## {check}\n\n")
        parts.append("| key | level | finding | next step | fix |\n|---|---|---|---|---|\n")
        parts += [_row(entry) for entry in entries]
        parts.append("\n")
    parts.append(_fixes())
    return "".join(parts)


def _row(entry: FindingRow) -> str:
    fix = f"`{entry.fix}`" if entry.fix else "–"
    cells = (f"`{entry.key}`", entry.level.value, entry.sentence, entry.next_step or "–", fix)
    return f"| {' | '.join(map(_cell, cells))} |\n"


def _fixes() -> str:
    lines = ["## Fixes\n\n", "| fix | does | undo | needs |\n|---|---|---|---|\n"]
    for key, fix in FIXES.items():
        does = f"**{fix.button}**: {fix.what}"
        if fix.act:
            does += " Asks for more, so it is done on the system's page or by its own call."
        lines.append(f"| `{key}` | {_cell(does)} | {_cell(fix.undo)} | {fix.permission.value} |\n")
    return "".join(lines)


def _cell(text: str) -> str:
    # A bare brace at the end of a cell would be read as a list of attributes.
    return _FIGURE.sub(r"`\g<0>`", text.replace("|", "&#124;"))


def main() -> None:
    """Write the page; with --check only say whether the committed one is the table's."""
    text = findings_page()
    if "--check" not in sys.argv[1:]:
        FINDINGS_PAGE.write_text(text, "utf-8")
    elif FINDINGS_PAGE.read_text("utf-8") != text:
        sys.exit("docs/reference/findings.md is not what the table gives: run scripts/generate_findings.py")


if __name__ == "__main__":
    main()
