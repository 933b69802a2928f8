"""The package as it is installed: built whole, or not at all."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from roomkeeper.serving.place_checks import FRONT_END

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).resolve().parents[3]
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
# What is read from the package, and no module: each kind by one of it.
READ = (
    "systems/ticket_kinds.toml",
    "devices/families/roomos/manifest.toml",
    "protocols/system_management_service.wsdl",
    "cli/remote/commands.json",
    "web/templates/frame/page.html",
    "py.typed",
)


def build(folder: Path, *, with_front_end: bool) -> subprocess.CompletedProcess[str]:
    """Build a wheel of a copy of the source into `folder`."""
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    left_out = ["__pycache__", "*.egg-info", *([] if with_front_end else ["vendor"])]
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns(*left_out))
    return subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def test_package_without_the_front_end_is_not_built(tmp_path: Path) -> None:
    done = build(tmp_path, with_front_end=False)
    assert done.returncode != 0
    assert "Run: make setup" in done.stderr
    for name in FRONT_END:
        assert name.removeprefix("vendor/") in done.stderr
    assert list(tmp_path.glob("*.whl")) == []


def test_package_holds_all_that_is_read_from_it(tmp_path: Path) -> None:
    done = build(tmp_path, with_front_end=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    wanted = {*READ, *(f"web/static/{name}" for name in FRONT_END)}
    assert {f"roomkeeper/{name}" for name in wanted} <= names
    # Nothing else of the package may be missing either: what stands beside the modules is data that they read.
    beside = {
        f"roomkeeper/{path.relative_to(ROOT / 'src' / 'roomkeeper')}"
        for path in (ROOT / "src" / "roomkeeper").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert beside - names == set()
