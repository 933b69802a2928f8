"""Full, read-only and damaged: every start says so in one sentence, without a traceback (rule R15)."""

import os
import resource
import subprocess

import pytest
from tests.integration.cli.conftest import PROGRAM, SECONDS, Folder

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "roomkeeper.sqlite3",
            b"this was never a database, and it is long enough for a header" * 90,
            "damaged",
        ),
        ("keys.json", b'{"web": 1', "Restore it from a backup"),
        ("keys.json", b"", "Restore it from a backup"),
        ("installation.json", b"\x00\x00", "cannot be read"),
    ],
)
def test_damaged_file_is_told_in_one_sentence(here, name, content, words):
    for path in here.data.glob("roomkeeper.sqlite3-*"):
        path.unlink()
    (here.data / name).write_bytes(content)
    for command in (("serve",), ("user", "create", "anna"), ("doctor",), ("backup", "create", "b.tar.gz")):
        assert words in here.refused(*command), command
    assert (here.data / name).read_bytes() == content


def test_damaged_pages_are_found_by_doctor(here):
    path = here.data / "roomkeeper.sqlite3"
    with path.open("r+b") as file:
        file.seek(4096 * 30)
        file.write(os.urandom(4096 * 60))
    assert "FAIL database" in here.refused("doctor")


def can_unshare() -> bool:
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0


in_a_namespace = pytest.mark.skipif(not can_unshare(), reason="mount namespaces need root")


def mounted(folder: Folder, mount: str, *words: str):
    """A command in a mount namespace of its own, after `mount` was done there."""
    return folder.run(*words, prefix=("unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh"))


@in_a_namespace
@pytest.mark.parametrize("words", [("serve",), ("backup", "create", "b.tar.gz")], ids=" ".join)
def test_read_only_file_system_is_told_in_one_sentence(here, words):
    parent = here.data.parent
    done = mounted(here, f"mount --bind {parent} {parent} && mount -o remount,ro,bind {parent}", *words)
    assert done.returncode == 1, done.stderr
    assert "read-only" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@in_a_namespace
def test_doctor_reads_on_a_read_only_file_system(here):
    parent = here.data.parent
    done = mounted(here, f"mount --bind {parent} {parent} && mount -o remount,ro,bind {parent}", "doctor")
    assert done.returncode == 0, done.stdout + done.stderr


@in_a_namespace
@pytest.mark.parametrize("kilobytes", [4, 100, 700])
def test_first_start_on_a_full_disk_is_told_in_one_sentence(tmp_path, kilobytes):
    folder = Folder(tmp_path / "disk" / "data")
    folder.data.parent.mkdir()
    done = mounted(folder, f"mount -t tmpfs -o size={kilobytes}k tmpfs {folder.data.parent}", "serve")
    assert done.returncode == 1, done.stderr
    assert "full" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


@pytest.mark.parametrize("kilobytes", [0, 400])
def test_start_with_a_limit_on_files_is_told_in_one_sentence(tmp_path, kilobytes):
    folder = Folder(tmp_path / "data")
    done = subprocess.run(
        [*PROGRAM, "serve"],
        capture_output=True,
        text=True,
        env=folder.environment(),
        timeout=SECONDS,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024,) * 2),
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "cannot be used" in done.stderr


def test_data_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "data").write_text("mine")
    for words in (("serve",), ("doctor",), ("user", "create", "anna")):
        told = Folder(tmp_path / "data").refused(*words)
        assert str(tmp_path / "data") in told
    assert (tmp_path / "data").read_text() == "mine"
