"""What `.ci/run` and the Makefile run is all there is to run."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# `make bench` alone: figures are never part of the suite.
FOLDERS = {
    path.relative_to(ROOT / "tests").parts[0]
    for path in (ROOT / "tests").rglob("test_*.py")
    if "node_modules" not in path.parts
}


@pytest.mark.parametrize("file", [".ci/run", "Makefile"])
def test_every_folder_of_tests_is_run(file: str) -> None:
    named = set(re.findall(r"\btests/(\w+)\b(?![/.])", (ROOT / file).read_text("utf-8")))
    assert named & FOLDERS == FOLDERS


def test_what_starts_servers_or_a_browser_is_marked_so() -> None:
    unmarked = [
        str(path.relative_to(ROOT))
        for name in ("acceptance", "browser")
        for path in sorted((ROOT / "tests" / name).glob("test_*.py"))
        if f"pytest.mark.{name}" not in path.read_text("utf-8")
    ]
    assert unmarked == []
