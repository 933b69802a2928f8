"""A family is a folder that `devices` alone looks into: nothing else imports from there or names a family."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from roomkeeper.devices.registry import FAMILIES, load_families

SOURCE = Path(__file__).resolve().parents[2] / "src" / "roomkeeper"
PACKAGE = "roomkeeper.devices.families"
NAMES = set(load_families())
_QUOTED = re.compile(rf"[\"']({'|'.join(sorted(NAMES))})[\"']")


def modules() -> Iterator[Path]:
    """The server's, but for the families themselves. Virtual endpoints are devices and know nothing of the server."""
    for path in sorted(SOURCE.rglob("*.py")):
        inside = path.relative_to(SOURCE).parts
        if FAMILIES not in path.parents and inside[0] != "virtual" and "migrations" not in inside:
            yield path


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, one.name) for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{one.name}") for one in node.names)


def offences(text: str) -> list[int]:
    """The lines of a module that import from a family's folder, or name a family."""
    tree = ast.parse(text)
    found = {line for line, name in imported(tree) if name == PACKAGE or name.startswith(f"{PACKAGE}.")}
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in docstrings:
            continue
        if node.value in NAMES or node.value.startswith(PACKAGE):
            found.add(node.lineno)
    return sorted(found)


def test_nothing_but_the_registry_looks_into_a_familys_folder_or_names_one() -> None:
    found = {str(path.relative_to(SOURCE)): offences(path.read_text("utf-8")) for path in modules()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_no_page_and_no_script_names_a_family() -> None:
    pages = [
        path
        for suffix in ("html", "js", "txt")
        for path in sorted((SOURCE / "web").rglob(f"*.{suffix}"))
        if "vendor" not in path.parts
    ]
    assert len(pages) > 50
    assert [str(path) for path in pages if _QUOTED.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "line",
    [
        "from roomkeeper.devices.families.roomos import names",
        "from roomkeeper.devices.families.roomos.quirks import quirks_of",
        "from roomkeeper.devices import families",
        "import roomkeeper.devices.families.roomos.names",
        "importlib.import_module('roomkeeper.devices.families.roomos.names')",
        "family = 'mxp'",
        "if family in ('', 'unmanaged'): pass",
        "get_family(system.family or 'roomos')",
    ],
)
def test_the_looking_finds_what_it_is_for(line: str) -> None:
    assert offences(line) == [1]
    assert _QUOTED.search('{% if system.family == "roomos" %}')


@pytest.mark.parametrize(
    "line", ["'''roomos'''", "from roomkeeper.devices import names", "words = 'RoomOS 11'"]
)
def test_and_nothing_else(line: str) -> None:
    assert offences(line) == []
