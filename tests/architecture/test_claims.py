"""Rows are claimed by one primitive (`jobs.claims`): no other module writes until when one is, or skips locked rows."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "roomkeeper"
CLAIMS = SOURCE / "jobs" / "claims.py"
COLUMN = "claimed_until"


def offences(text: str) -> list[int]:
    """The lines that name the column, or skip what is locked."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        named = ""
        if isinstance(node, ast.keyword):
            named, line = node.arg or "", node.value.lineno
        elif isinstance(node, ast.Attribute):
            named, line = node.attr, node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named, line = node.value, node.lineno
        if named == "skip_locked" or named.startswith(COLUMN):
            found.add(line)
    return sorted(found)


def test_nothing_but_the_primitive_claims_rows() -> None:
    found = {
        str(path.relative_to(SOURCE)): lines
        for path in sorted(SOURCE.rglob("*.py"))
        if path != CLAIMS and not {"migrations", "models", "models.py"} & set(path.parts)
        if (lines := offences(path.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "Poll.objects.filter(pk=1).update(claimed_until=now)",
        "Poll.objects.filter(claimed_until__lt=now)",
        "row.claimed_until = None",
        "values = {'claimed_until': None}",
        "rows.select_for_update(skip_locked=True)",
    ],
)
def test_the_looking_finds_what_it_is_for(line: str) -> None:
    assert offences(line) == [1]
