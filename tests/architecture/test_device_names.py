"""What devices call their commands, status and settings stands in their family, and in the list of names (notes O)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.generate_names import load_names

SOURCE = Path(__file__).resolve().parents[2] / "src" / "roomkeeper"
FAMILIES = SOURCE / "devices" / "families"
LIST = load_names()
RENAMED = {name.path.lower() for name in LIST if name.is_renamed and "/" in name.path}
# The decoder of both spellings has to know which nodes are lists on any release.
KNOWS_EVERY_RELEASE = {SOURCE / "protocols" / "xapi" / "document.py"}

_NODE = r"[A-Z][A-Za-z0-9]*(?:\[[0-9]+\])?"
# In texts for people devices' names stand with blanks.
_PATH = re.compile(rf"(?<![\w/]){_NODE}(?:[/ ]{_NODE})+")
_INDEX = re.compile(r"\[\d+\]")
_TOPS = {name.path.split("/")[0] for name in LIST}


def constants(path: Path) -> Iterator[str]:
    """The texts in a module that are no docstrings; the whole of any other file."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield text
        return
    tree = ast.parse(text)
    # Of attributes too: any text that stands alone as a statement.
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def files() -> Iterator[Path]:
    for suffix in ("py", "toml", "html"):
        for path in sorted(SOURCE.rglob(f"*.{suffix}")):
            # Virtual endpoints are devices, each of one release.
            if "virtual" not in path.parts and "migrations" not in path.parts:
                yield path


def paths_in(text: str) -> set[str]:
    """What could be a device's path in a text, without indexes, and each beginning and end of it."""
    found = set()
    for match in _PATH.finditer(text):
        nodes = _INDEX.sub("", match[0]).replace(" ", "/").split("/")
        for start in range(len(nodes)):
            if nodes[start] in _TOPS:
                found |= {"/".join(nodes[start:end]) for end in range(start + 2, len(nodes) + 1)}
    return found


def test_names_that_some_release_spells_otherwise_stand_in_the_family_alone() -> None:
    found = {
        (str(path.relative_to(SOURCE)), name)
        for path in files()
        if FAMILIES not in path.parents and path not in KNOWS_EVERY_RELEASE
        for text in constants(path)
        for name in paths_in(text)
        if name.lower() in RENAMED
    }
    assert found == set()


def test_every_name_of_a_device_is_listed_with_its_releases_and_source() -> None:
    listed = {name.path for name in LIST}
    begun = {"/".join(path.split("/")[:end]) for path in listed for end in range(1, path.count("/") + 2)}
    paths = re.compile(rf"/?(?:(?:Status|Event)/)?({_NODE}(?:/{_NODE})+)")
    found = set()
    for path in files():
        if path.suffix != ".py":
            continue
        for text in constants(path):
            # Constants that are a path and nothing else; texts for people name examples.
            match = paths.fullmatch(text)
            name = _INDEX.sub("", match[1]) if match else ""
            if name.split("/")[0] in _TOPS and name not in begun:
                found.add((str(path.relative_to(SOURCE)), name))
    assert found == set()


def test_the_looking_finds_what_it_is_for() -> None:
    assert {"Standby/State", "SIP/Registration/Status"} <= {
        name for text in ("is Standby/State there", "SIP Registration[1] Status") for name in paths_in(text)
    }
    assert "standby/state" in RENAMED
    assert "systemunit/boot" in RENAMED
    assert "provisioning/mode" not in RENAMED
