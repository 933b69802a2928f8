"""What the code cites is told in the documentation: sections of the protocol notes, and rules."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NOTES = ROOT / "docs" / "reference" / "protocol-notes.md"
RULES = ROOT / "docs" / "explanation" / "rules.md"
SOURCES = sorted(path for ending in ("*.py", "*.toml") for path in (ROOT / "src").rglob(ending))

_SECTION = r"[0A-P](?:\.\d+)?\b"
_CITED = re.compile(rf"[Pp]rotocol notes[,:]?[\s#]+\(?({_SECTION}(?:(?:, | and ){_SECTION})*)")
_RULE = re.compile(r"\bR(\d{1,2})\b(?=[\s,.;:)])")
_HEADING = re.compile(rf"^#+ ({_SECTION})", re.MULTILINE)


@pytest.fixture(scope="module")
def sections() -> set[str]:
    return set(_HEADING.findall(NOTES.read_text("utf-8")))


def test_notes_have_the_sections_that_the_code_cites(sections: set[str]) -> None:
    missing = {
        f"{path.relative_to(ROOT)}: {section}"
        for path in SOURCES
        for cited in _CITED.findall(path.read_text("utf-8"))
        for section in re.findall(_SECTION, cited)
        if section not in sections
    }
    assert not missing


def test_rules_page_tells_every_rule_that_the_code_names() -> None:
    told = set(re.findall(r"^## R(\d+) ", RULES.read_text("utf-8"), re.MULTILINE))
    assert told == {str(number) for number in range(1, 20)}
    named = {
        number
        for path in SOURCES
        if path.suffix == ".py"
        for number in _RULE.findall(path.read_text("utf-8"))
    }
    assert named <= told
