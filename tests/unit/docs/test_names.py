"""What stands in backticks in the documentation exists: files, modules and what is in them, commands, settings."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
import typer

from roomkeeper.cli.main import app
from roomkeeper.settings.options import Options

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "src" / "roomkeeper"
PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
PACKAGES = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
TOPS = {"src", "tests", "docs", "scripts", "requirements", "frontend", ".ci"}
ENDINGS = ("py", "md", "toml", "html", "json", "txt", "mjs", "in", "wsdl")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
# Read by the programs themselves, before there are settings.
VARIABLES = {
    "ROOMKEEPER_CONFIG",
    "ROOMKEEPER_URL",
    "ROOMKEEPER_TOKEN",
    "ROOMKEEPER_CA_FILE",
    "ROOMKEEPER_VIRTUAL_CONTROL",
}


def names(page: Path) -> Iterator[str]:
    """What stands in backticks on a page, outside of code blocks."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", text)


def file_is_there(name: str) -> bool | None:
    """None where the name is that of no file of ours."""
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", name) or "/" not in name:
        return None
    top = name.partition("/")[0]
    if top in TOPS:
        return (ROOT / name).exists()
    if top in PACKAGES and name.rpartition(".")[2] in ENDINGS:
        # Profiles and manifests are named as their package names them.
        return any((folder / name).exists() for folder in (SOURCE, ROOT / "tests"))
    return None


@cache
def places_in_the_api() -> frozenset[str]:
    """Where the API has Network settings, `polling.enabled`: some sections are named like packages."""
    page = (ROOT / "docs" / "reference" / "network-settings.md").read_text("utf-8")
    return frozenset(re.findall(r"`([a-z_]+\.[a-z_]+)`", page))


@cache
def written_in(path: Path) -> frozenset[str]:
    """The names that a module gives to something, in classes too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name | ast.alias):
            found.add(node.id if isinstance(node, ast.Name) else node.asname or node.name.rpartition(".")[2])
    return frozenset(found)


def module_is_there(name: str) -> bool | None:
    """None where the name is no module of ours, nor something in one."""
    parts = name.removeprefix("roomkeeper.").removesuffix("()").split(".")
    if len(parts) < 2 or parts[0] not in PACKAGES or not re.fullmatch(r"[A-Za-z_.]+(\(\))?", name):
        return None
    if name.rpartition(".")[2] in ENDINGS or name in places_in_the_api():
        return None
    here = SOURCE
    for number, part in enumerate(parts):
        if (here / part).is_dir():
            here /= part
        elif (here / f"{part}.py").exists():
            rest = parts[number + 1 :]
            return not rest or rest[0] in written_in(here / f"{part}.py")
        else:
            # Names of a package itself, and models, which are told by their app.
            inside = [*here.glob("*.py"), *here.glob("models/*.py")]
            return any(part in written_in(path) for path in inside)
    return True


def command_is_there(name: str) -> bool | None:
    """None where it is no command of ours. Words after the command's own are not looked at."""
    words = name.split()
    if words[0] == "make" and len(words) > 1:
        return all(word in TARGETS for word in words[1:] if re.fullmatch(r"[a-z-]+", word))
    if words[0] != "roomkeeper" or len(words) == 1:
        return None
    here = typer.main.get_command(app)
    for word in words[1:]:
        inside = getattr(here, "commands", None)
        if inside is None or not re.fullmatch(r"[a-z][a-z-]*", word):
            return True
        if word not in inside:
            return False
        here = inside[word]
    return True


def setting_is_there(name: str) -> bool | None:
    """None where it is no environment variable of ours."""
    found = re.fullmatch(r"(ROOMKEEPER_[A-Z_]+[A-Z])(=.*)?", name)
    known = {f"ROOMKEEPER_{one.name.upper()}" for one in fields(Options)} | VARIABLES
    return found[1] in known if found else None


CHECKS = (file_is_there, module_is_there, command_is_there, setting_is_there)


@pytest.mark.parametrize("check", CHECKS)
def test_what_is_named_exists(check: object) -> None:
    found = [
        (f"{page.relative_to(ROOT)}: {name}", check(name))  # type: ignore[operator]
        for page in PAGES
        for name in names(page)
    ]
    assert [name for name, is_there in found if is_there is False] == []
    assert any(is_there for _, is_there in found)


@pytest.mark.parametrize(
    "name",
    [
        "systems/nowhere.py",
        "systems.nowhere",
        "systems.inventory.nothing",
        "roomkeeper fly",
        "roomkeeper user fly",
        "make coffee",
        "ROOMKEEPER_NOTHING",
        "docs/nowhere.md",
    ],
)
def test_what_does_not_exist_is_found(name: str) -> None:
    assert False in [check(name) for check in CHECKS]
