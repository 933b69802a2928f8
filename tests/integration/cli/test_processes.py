"""What only a process of its own shows: a backup moved to another machine, and starts that cannot be."""

import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from roomkeeper import keys
from roomkeeper.cli.main import app

PREPARE = """
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
SHOW = """
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import System
system = System.objects.get()
secret = system.secrets.get()
assert bytes(secret.digest) == secrets.digest(secrets.text_of(secret))
print(system.pk, system.name, credentials.password_of(system), secrets.text_of(secret))
"""


@dataclass
class Installation:
    """A data folder, and processes on it."""

    data: Path

    def __call__(self, *words: str, code: int = 0, **environment: str) -> str:
        done = self._run(["-m", "roomkeeper.cli.main", *words], environment)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def inside(self, script: str) -> str:
        """What a script of the server's own code prints."""
        done = self._run(["-c", f"import django; django.setup()\n{script}"], {})
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _run(self, words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ROOMKEEPER_")}
        own = {
            "ROOMKEEPER_DATA": str(self.data),
            "DJANGO_SETTINGS_MODULE": "roomkeeper.settings.django",
            "PYTHONPATH": str(Path(__file__).resolve().parents[3] / "src"),
        }
        return subprocess.run(
            [sys.executable, *words],
            capture_output=True,
            text=True,
            env={**kept, **own, **environment},
            timeout=120,
            check=False,
        )


@pytest.fixture
def here(monkeypatch):
    """Runs a command in this process; only for those that end before they touch the database."""
    monkeypatch.setenv("ROOMKEEPER_DATA", "")
    monkeypatch.setenv("ROOMKEEPER_DATABASE_URL", "")

    def run(*words: str | Path, code: int) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_backup_brings_systems_and_keys_back_on_another_machine(tmp_path):
    rk = Installation(tmp_path / "data")
    before = rk.inside(PREPARE + SHOW)
    file = tmp_path / "backup.tar.gz"
    assert str(file) in rk("backup", "create", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
    with tarfile.open(file) as archive:
        assert {"roomkeeper.sqlite3", "keys.json"} <= set(archive.getnames())
        assert {member.mode for member in archive} == {0o600}
    other = Installation(tmp_path / "other")
    assert "restored" in other("backup", "restore", str(file))
    assert "Boardroom battery" in before
    assert other.inside(SHOW) == before
    for name in ("keys.json", "roomkeeper.sqlite3"):
        assert (other.data / name).stat().st_mode & 0o777 == 0o600
    assert (other.data / "keys.json").read_text() == (rk.data / "keys.json").read_text()


def test_restoring_over_an_installation_needs_to_be_said(here, tmp_path):
    (tmp_path / "roomkeeper.sqlite3").write_bytes(b"mine")
    told = here("backup", "restore", tmp_path / "backup.tar.gz", "--data", tmp_path, code=1)
    assert "Use --force" in told
    assert (tmp_path / "roomkeeper.sqlite3").read_bytes() == b"mine"


def test_backup_overwrites_no_file(here, tmp_path):
    file = tmp_path / "backup.tar.gz"
    file.write_text("mine")
    assert "already exists" in here("backup", "create", file, "--data", tmp_path / "data", code=1)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("members", [None, [], ["other/keys.json"], ["keys.json"], ["roomkeeper.sqlite3"]])
def test_what_is_no_backup_of_this_database_is_refused_and_nothing_is_touched(here, tmp_path, members):
    data, file = tmp_path / "data", tmp_path / "backup.tar.gz"
    keys.make(data)
    kept = (data / keys.KEY_FILE).read_bytes()
    (tmp_path / "member").write_text("not mine")
    if members is None:
        file.write_bytes(b"nonsense")
    else:
        with tarfile.open(file, "w:gz") as archive:
            for member in members:
                archive.add(tmp_path / "member", member)
    told = here("backup", "restore", file, "--data", data, "--force", code=2)
    assert "is not a readable backup" in told or "contains no " in told
    assert (data / keys.KEY_FILE).read_bytes() == kept
    assert [path.name for path in data.iterdir()] == [keys.KEY_FILE]


def test_start_that_cannot_be_says_why(tmp_path):
    rk = Installation(tmp_path / "data")
    quiet = {"ROOMKEEPER_HTTP": "127.0.0.1:0", "ROOMKEEPER_HTTPS": "127.0.0.1:0"}
    assert "own.pem" in rk("serve", code=2, **quiet, ROOMKEEPER_TLS_CERTIFICATE="own.pem")
    for url in (
        "mysql://user@host/name",
        "postgresql://user:s3c#ret@host/name",
        "postgresql://user:s3cret@host",
    ):
        told = rk("doctor", code=2, ROOMKEEPER_DATABASE_URL=url)
        assert "postgresql://" in told
        assert "s3c" not in told
    rk("migrate")
    (rk.data / keys.KEY_FILE).write_text("{")
    assert "Restore it from a backup" in rk("doctor", code=1)
