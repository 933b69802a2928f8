"""ARCHITECTURE.md is a true map: every package stands in it, and all that stands in it exists."""

import re
import tomllib
from pathlib import Path

from scripts import list_modules

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "roomkeeper"
TEXT = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
TABLE = TEXT.partition("\n## Packages\n")[2].partition("\n## ")[0]
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", TABLE, re.MULTILINE))
LAYERS = TEXT.partition("\n## Layers\n")[2].partition("```\n")[2].partition("```")[0]
PACKAGES = {path.parent.name for path in SOURCE.glob("*/__init__.py")}


def parts(package: str) -> set[str]:
    """The modules and folders that lie directly in a package."""
    found = {path.stem for path in (SOURCE / package).glob("*.py")}
    return found | {path.parent.name for path in (SOURCE / package).glob("*/__init__.py")}


def test_every_package_has_its_row_and_every_row_its_package() -> None:
    assert set(ROWS) == PACKAGES


def exists(package: str, name: str) -> bool:
    """Whether it is a module, a file, or a name that is written in the package's sources."""
    if re.fullmatch(r"[a-z_]+", name) and name in parts(package):
        return True
    folder = SOURCE / package
    if "/" in name and ((SOURCE / name).exists() or (SOURCE / f"{name}.py").exists()):
        return True
    if any(folder.rglob(name.rstrip("/"))) or any(folder.rglob(f"{name}.py")):
        return True
    last = re.escape(name.rpartition(".")[2])
    return any(
        re.search(rf"\b(?:class|def) {last}\b", path.read_text("utf-8")) for path in folder.rglob("*.py")
    )


def test_all_that_a_row_names_exists() -> None:
    invented = {
        f"{package}: {name}"
        for package, row in ROWS.items()
        for name in re.findall(r"`([^`]+)`", row)
        if "<" not in name and not exists(package, name)
    }
    assert invented == set()


def test_layers_are_those_that_imports_are_held_to() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    held = {word.strip().removeprefix("roomkeeper.") for layer in layers for word in re.split(r"[|:]", layer)}
    drawn = set(
        re.findall(r"[a-z_]+", " ".join(re.split(r"\s{2,}", line)[0] for line in LAYERS.splitlines()))
    )
    assert held - drawn == set()
    assert drawn - held - {"roomkeeper", "virtual"} == set()


def test_the_listing_tells_of_every_module() -> None:
    listing = list_modules.listing()
    assert re.findall(r"^## (.+)$", listing, re.MULTILINE) == sorted(PACKAGES)
    told = re.findall(r"^\| `([\w.]+)` \| \S.* \|$", listing, re.MULTILINE)
    modules = [
        path
        for path in SOURCE.glob("*/**/*.py")
        if "migrations" not in path.parts and path.parts[-1] != "__init__.py"
    ]
    assert len(told) >= len(modules)
    assert {path.stem for path in modules} <= {name.rpartition(".")[2] for name in told}
