"""Installations as data folders, and commands on them as processes of their own."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from roomkeeper.keys import KEY_FILE

PROGRAM = [sys.executable, "-m", "roomkeeper.cli.main"]
QUIET = {"ROOMKEEPER_HTTP": "127.0.0.1:0", "ROOMKEEPER_HTTPS": "127.0.0.1:0"}
SECONDS = 90
STORE = """
from datetime import UTC, datetime
from roomkeeper.serving import first_start
from roomkeeper.systems import admission
first_start.prepare()
now = datetime.now(UTC)
system = admission.pre_register(
    user=None, now=now, serial_number="FTT1", name="Boardroom", username="admin", password="battery"
)
admission.approve(system, user=None, now=now, source="10.1.2.3")
"""


@dataclass
class Folder:
    """A data folder, and processes on it."""

    data: Path

    def environment(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROOMKEEPER_", "DJANGO_"))}
        source = str(Path(__file__).resolve().parents[3] / "src")
        return {**kept, **QUIET, "ROOMKEEPER_DATA": str(self.data), "PYTHONPATH": source, **(extra or {})}

    def run(self, *words: str, given: str = "", prefix: tuple[str, ...] = (), **extra: str):
        """A command to its end; never a traceback."""
        done = subprocess.run(
            [*prefix, *PROGRAM, *words],
            capture_output=True,
            text=True,
            input=given,
            env=self.environment(extra),
            cwd=self.data.parent,
            timeout=SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return done

    def refused(self, *words: str, code: int = 1, **extra: str) -> str:
        """The sentence with which a command refuses; for `doctor` its lines."""
        done = self.run(*words, **extra)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def inside(self, script: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{script}"],
            capture_output=True,
            text=True,
            env=self.environment({"DJANGO_SETTINGS_MODULE": "roomkeeper.settings.django"}),
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.data)): path.read_bytes()
            for path in self.data.rglob("*")
            if path.is_file() and not path.name.endswith(".lock")
        }


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """An installation with a secret of each kind that matters."""
    folder = Folder(tmp_path_factory.mktemp("made") / "data")
    folder.inside(STORE)
    assert folder.run("user", "create", "boss", "--role", "administrator").returncode == 0
    return folder


@pytest.fixture(scope="session")
def foreign_keys(tmp_path_factory):
    """The key file of another installation."""
    other = Folder(tmp_path_factory.mktemp("other") / "data")
    assert other.run("migrate").returncode == 0
    return (other.data / KEY_FILE).read_bytes()


@pytest.fixture
def here(made, tmp_path):
    """A copy of it."""
    shutil.copytree(made.data, tmp_path / "data")
    (tmp_path / "data").chmod(0o700)
    return Folder(tmp_path / "data")
