"""The threat model names for each bound the tests that hold it: they are there, and no bound is a mere promise."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "explanation" / "security.md"


def rows() -> list[tuple[str, str, str]]:
    """(who might do what, the bound, held by) of all tables of the threat model."""
    model = PAGE.read_text("utf-8").partition("## Threat model")[2].partition("\n## ")[0]
    found = []
    for line in model.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and cells[2] not in ("proven by", "---"):
            found.append((cells[0], cells[1], cells[2]))
    return found


def named(held_by: str) -> list[Path]:
    """The files that a cell names; a mere name stands in the folder of the one before it."""
    found: list[Path] = []
    for words in re.findall(r"`([^`]+)`", held_by):
        found.append(TESTS / words if "/" in words else found[-1].parent / words)
    return found


def test_the_model_has_its_tables() -> None:
    assert len(rows()) > 30


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:50])
def test_each_bound_has_tests_that_are_there(row: tuple[str, str, str]) -> None:
    what, bound, held_by = row
    if bound.startswith("none"):
        return
    files = named(held_by)
    assert files, f"nothing holds: {what}"
    assert [str(path) for path in files if not path.is_file()] == []
