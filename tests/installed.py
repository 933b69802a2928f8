"""Clients that others wrote: where npm put them, and what becomes of a test without them."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NODE_MODULES = [
    Path(os.environ.get("ROOMKEEPER_NODE_MODULES", "/nonexistent")),
    ROOT / "node_modules",
    ROOT / "tests" / "node_modules",
    *(ROOT / "tests").glob("*/node_modules"),
]


def missing(what: str) -> None:
    """Skip where a client is not installed; in CI it has to be."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")


def node_with(package: str) -> list[str]:
    """The words that start node with that npm package at hand."""
    modules = next((one for one in NODE_MODULES if (one / package).is_dir()), None)
    node = shutil.which("node") or shutil.which("node", path=str(ROOT / ".venv" / "bin"))
    if modules is None or node is None:
        missing(f"{package} (npm), or node,")
    return ["env", f"NODE_PATH={modules}", str(node)]
