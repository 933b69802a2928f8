"""The benchmarks run, and what they print has the promised shape; the figures themselves are no matter of a test."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.acceptance
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_check_in_bench_answers_and_finds_every_row() -> None:
    """A hundred systems for a second; the bench itself holds the answers against the rows."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "check-ins", "--quick", "--database", "sqlite"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    figures = {figure["name"]: figure for figure in map(json.loads, done.stdout.splitlines())}
    for figure in figures.values():
        assert figure.keys() == {"name", "value", "unit", "ratio_to", "ratio"}
        assert figure["value"] > 0
    posted = figures["check-ins sqlite 100"]
    assert posted["unit"] == "1/s"
    assert posted["ratio_to"] == "ceiling"
    assert posted["ratio"] == pytest.approx(
        posted["value"] / figures["ceiling sqlite 100"]["value"], abs=0.001
    )
    assert figures["check-ins after an outage sqlite 100"]["ratio_to"] == "without"


@pytest.mark.acceptance
def test_poll_bench_answers_and_finds_every_document() -> None:
    """Three rounds over each road; the bench itself holds what answered against what is kept."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "polls", "--quick", "--database", "sqlite"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    figures = {figure["name"]: figure for figure in map(json.loads, done.stdout.splitlines())}
    for road in ("http", "https"):
        assert figures[f"poll sqlite {road} 60 round, living only"]["value"] > 0
        of_all = figures[f"poll sqlite {road} 60 p95 of the living, 3 dead"]
        assert of_all["ratio_to"] == f"poll sqlite {road} 60 p95 of the living, living only"
