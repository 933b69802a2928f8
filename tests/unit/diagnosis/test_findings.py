"""The table of findings: whole, no two alike, and told in the documentation."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from scripts.generate_findings import FINDINGS_PAGE, findings_page

from roomkeeper.devices.table import ManifestError
from roomkeeper.diagnosis.findings import TABLE, Level, found, load
from roomkeeper.diagnosis.fixes import FIXES

SOURCES = Path(__file__).resolve().parents[3] / "src" / "roomkeeper" / "diagnosis"


def test_no_two_findings_are_alike() -> None:
    for texts in (
        [entry.sentence for entry in TABLE.values()],
        [entry.next_step for entry in TABLE.values() if entry.next_step],
    ):
        assert [text for text, number in Counter(texts).items() if number > 1] == []


def test_every_sentence_names_the_system_and_ends() -> None:
    for entry in TABLE.values():
        assert "{name}" in entry.sentence, entry.key
        assert entry.sentence.endswith((".", "{words}")), entry.key
        assert not entry.next_step or entry.next_step.endswith((".", "{limit}")), entry.key


def test_what_hurts_has_a_next_step() -> None:
    grave = [entry for entry in TABLE.values() if entry.level in (Level.WARNING, Level.FAULT)]
    assert len(grave) > 60
    assert all(entry.next_step for entry in grave)


def test_every_fix_of_the_table_is_there_and_used() -> None:
    assert {entry.fix for entry in TABLE.values() if entry.fix} == set(FIXES)


def test_every_finding_is_found_somewhere() -> None:
    text = "".join(path.read_text("utf-8") for path in SOURCES.glob("*.py"))
    named = set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', text))
    assert set(TABLE) - named == set()


def test_committed_page_is_what_the_table_gives() -> None:
    assert FINDINGS_PAGE.read_text("utf-8") == findings_page(), (
        "run: .venv/bin/python scripts/generate_findings.py"
    )


def test_text_of_devices_is_one_clean_line() -> None:
    words = "a\x00b\r\n  c\x1b[31m" + "x" * 1000
    begins = (
        TABLE["upgrade-failed"]
        .sentence.format(name="Board room", words="a b c [31mxxx", why="")
        .removesuffix(".")
    )
    finding = found("upgrade-failed", "Board\nroom", words=words, evidence="e" * 2000)
    assert finding.sentence.startswith(begins)
    assert len(finding.sentence) < 300
    assert finding.sentence.endswith("…")
    assert len(finding.evidence) == 500
    # Braces in what a device says are text.
    assert found("upgrade-failed", "{name}", words="{x}").sentence.endswith("{name} failed: {x}")


def test_unknown_key_and_missing_figure_are_errors() -> None:
    with pytest.raises(KeyError):
        found("no-such-finding", "Boardroom")
    with pytest.raises(KeyError):
        found("upgrade-failed", "Boardroom")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[x]\ncheck = "A"\nlevel = "bad"\nsentence = "s"', "level"),
        ('[x]\ncheck = "A"\nlevel = "ok"', "sentence"),
        ('[x]\ncheck = "A"\nlevel = "ok"\nsentence = "s"\nmore = 1', "unknown more"),
        ('[x]\ncheck = "A"\nlevel = "fault"\nsentence = "s"', "needs a next step"),
    ],
)
def test_table_is_read_strictly(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "findings.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ManifestError, match=words):
        load(path)
