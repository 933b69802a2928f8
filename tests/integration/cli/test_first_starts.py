"""First starts on one folder, together or killed: one installation comes of it (rule R15); processes of their own."""

import json
import signal
import sqlite3
import subprocess
import time
from contextlib import closing

import pytest
from tests.integration.cli.conftest import PROGRAM, SECONDS, Folder

from roomkeeper.installation.folder import MARK_FILE

pytestmark = pytest.mark.one_database


def start(folder: Folder) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=folder.environment(),
    )


def test_two_first_starts_on_one_folder_do_not_race(tmp_path):
    folder = Folder(tmp_path / "data")
    both = [start(folder), start(folder)]
    try:
        first = None
        until = time.monotonic() + SECONDS
        while first is None and time.monotonic() < until:
            first = next((one for one in both if one.poll() is not None), None)
            time.sleep(0.05)
        assert first is not None
        assert first.returncode == 1
        assert "is running on" in first.stderr.read()
        other = both[1 - both.index(first)]
        assert other.stdout.readline().startswith("ready")
    finally:
        for one in both:
            one.kill()
            one.wait(30)
    assert folder.run("doctor").returncode == 0


@pytest.mark.parametrize("moment", [1.0, 2.0, 4.0])
def test_first_start_that_was_killed_can_be_begun_again(tmp_path, moment):
    folder = Folder(tmp_path / "data")
    process = start(folder)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.wait(30)
    assert folder.run("migrate").returncode == 0
    assert folder.run("doctor").returncode == 0


def test_first_start_that_was_killed_between_a_step_and_its_note_can_be_begun_again(tmp_path):
    """Django notes some steps of the schema only after their transaction."""
    folder = Folder(tmp_path / "data")
    assert folder.run("migrate").returncode == 0
    mark = json.loads((folder.data / MARK_FILE).read_text())
    (folder.data / MARK_FILE).write_text(json.dumps({**mark, "is_complete": False}))
    with closing(sqlite3.connect(folder.data / "roomkeeper.sqlite3")) as connection, connection:
        for (table,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%\\_%' ESCAPE '\\'"
        ).fetchall():
            if table not in ("django_migrations", "sqlite_sequence"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a table of ours
        connection.execute("DELETE FROM django_migrations WHERE app = 'accounts'")
    assert folder.run("migrate").returncode == 0
    assert folder.run("doctor").returncode == 0


def test_processes_that_migrate_together_do_it_once(tmp_path):
    folder = Folder(tmp_path / "data")
    many = [
        subprocess.Popen([*PROGRAM, "migrate"], env=folder.environment(), stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for one in many:
        assert one.wait(SECONDS) == 0, one.stderr.read()
    assert folder.run("doctor").returncode == 0
