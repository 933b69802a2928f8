"""What is declared is not said once more in a test: tests refer to the declaration, so that a text is changed in one
place (`tests/declared.py`)."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from scripts.declared_messages import collect

TESTS: Final = Path(__file__).resolve().parents[1]
# So many words of a declared text, one after the other, are a repeat of it.
RUN: Final = 5
# Help of commands shows what is typed on devices, which tests type, too.
ELSEWHERE: Final = frozenset({"command line"})

Run = tuple[str, ...]


def runs_of(text: str) -> Iterator[Run]:
    """Every run of words; what is filled in, in braces, parts them."""
    for part in re.split(r"\{[^{}]*\}", text):
        words = [word for one in part.lower().split() if (word := one.strip(".,:;?!()'\"…"))]
        yield from (tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1))


def declared_runs(texts: Mapping[str, list[str]]) -> dict[Run, str]:
    """The runs of all declared texts, with the text."""
    return {
        run: text
        for place, found in texts.items()
        if place not in ELSEWHERE
        for text in found
        for run in runs_of(text)
    }


def literals_of(source: str) -> Iterator[tuple[int, str]]:
    """The texts of a test with their lines, without docstrings."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def repeats(source: str, known: Mapping[Run, str]) -> Iterator[tuple[int, str]]:
    """The lines of a test on which a declared text is repeated, with that text."""
    for line, text in literals_of(source):
        if (run := next((one for one in runs_of(text) if one in known), None)) is not None:
            yield line, known[run]


def test_no_test_repeats_what_is_declared() -> None:
    known = declared_runs(collect())
    assert len(known) > 5_000
    faults = [
        f"{path.relative_to(TESTS)}:{line}: refer to the declaration of {text!r}"
        for folder in ("acceptance", "browser", "drivers", "integration", "unit")
        for path in sorted((TESTS / folder).rglob("*.py"))
        for line, text in repeats(path.read_text("utf-8"), known)
    ]
    assert faults == []


@pytest.mark.parametrize(
    ("said", "is_repeated"),
    [
        ("Nothing was sent to any system.", True),
        ("Rooms is stored. nothing was sent to any room", True),
        ("Nothing was sent", False),
        ("is stored: nothing else was sent", False),
    ],
)
def test_a_repeat_is_found(said: str, is_repeated: bool) -> None:
    known = declared_runs({"scratch": ["{row} is stored. Nothing was sent to any system."]})
    assert bool(list(repeats(f"assert {said!r} in page", known))) == is_repeated
