"""The house rules of the code: sizes, names, docstrings, directions of imports, complete migrations."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from roomkeeper.cli.virtual_extra import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "roomkeeper"
LONGEST = 400
CATCH_ALL = {"utils", "util", "helpers", "helper", "common", "base", "misc"}


def python_files(*folders: Path) -> list[Path]:
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        if not {"migrations", "__pycache__", "node_modules"} & set(path.parts)
    ]


SOURCES = python_files(SOURCE)
EVERYTHING = python_files(SOURCE, ROOT / "tests", ROOT / "scripts")
TREES = {path: ast.parse(path.read_text("utf-8")) for path in SOURCES}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 100


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in EVERYTHING}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_module_or_package_is_a_catch_all() -> None:
    names = {path: {path.stem, *path.relative_to(ROOT).parent.parts} for path in EVERYTHING}
    assert [name_of(path) for path, parts in names.items() if parts & CATCH_ALL] == []


def test_every_package_of_the_product_has_an_init_file() -> None:
    folders = {path.parent for path in SOURCES}
    assert [name_of(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_every_module_says_in_a_docstring_what_lives_there() -> None:
    assert [name_of(path) for path, tree in TREES.items() if not ast.get_docstring(tree)] == []


def public(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Functions and classes that others may use, with the methods of these classes."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ) or node.name.startswith("_"):
            continue
        yield f"{prefix}{node.name}", node  # type: ignore[misc]
        if isinstance(node, ast.ClassDef) and not any(_name(base) in _CHOICES for base in node.bases):
            yield from public(node, f"{node.name}.")


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


# A list of words that stands inside its model is explained by the model; Django's Meta by Django.
_CHOICES = {"TextChoices", "IntegerChoices"}


def needs_docstring(name: str, node: ast.AST, path: Path) -> bool:
    if name.endswith(".Meta") or ("." in name and isinstance(node, ast.ClassDef)):
        return False
    # Views are named by their address in urls.py, and their operations are described there for people.
    return not (
        {"web", "api"} & set(path.relative_to(SOURCE).parts[:1]) and getattr(node, "decorator_list", [])
    )


def test_everything_public_has_a_docstring() -> None:
    missing = [
        f"{name_of(path)}: {name}"
        for path, tree in TREES.items()
        for name, node in public(tree)
        if needs_docstring(name, node, path) and not ast.get_docstring(node) and not _overrides(node)
    ]
    assert missing == []


def _overrides(node: ast.AST) -> bool:
    """Marked as the implementation of something that is described where it was first stated."""
    return any(_name(one) in ("override", "overload") for one in getattr(node, "decorator_list", []))


def is_error(node: ast.ClassDef) -> bool:
    bases = [_name(base) for base in node.bases]
    return any(re.search(r"(Error|Exception|Refused|Failed|Warning)$", base) for base in bases)


def test_every_error_says_in_a_sentence_what_went_wrong() -> None:
    silent = [
        f"{name_of(path)}: {node.name}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and is_error(node)
        and not (ast.get_docstring(node) or "").endswith(".")
    ]
    assert silent == []


def test_nothing_is_left_for_later() -> None:
    mark = re.compile(r"\b(TO" + "DO|FIX" + r"ME|XX" + r"X)\b")
    found = [name_of(path) for path in EVERYTHING if mark.search(path.read_text("utf-8"))]
    assert found == []


def test_imports_point_one_way() -> None:
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_only_virtual_endpoints_stand_on_the_packages_of_their_extra() -> None:
    found = {
        f"{name_of(path)}: {name}"
        for path, tree in TREES.items()
        if SOURCE / "virtual" not in path.parents
        for node in ast.walk(tree)
        for name in imported(node)
        if name.partition(".")[0] in PACKAGES
    }
    assert found == set()


def imported(node: ast.AST) -> list[str]:
    """The modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


@pytest.mark.django_db
def test_migrations_say_all_that_the_models_say() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
