"""The data folder: which database it belongs to, its modes and its locks."""

import multiprocessing
import os
import signal
import stat
from dataclasses import replace

import pytest

from roomkeeper import keys
from roomkeeper.installation import folder, locks
from roomkeeper.settings.options import Options

URL = "postgresql://someone:s3cret@db.example.org:6432/rooms"


@pytest.fixture
def options(tmp_path):
    made = Options(data=tmp_path / "data")
    folder.make(made.data)
    return made


@pytest.mark.parametrize(
    ("config", "advice"), [("", "ROOMKEEPER_DATABASE_URL"), ("/etc/rk.toml", "--config /etc/rk.toml")]
)
def test_folder_of_one_database_is_not_used_with_the_other_kind(options, config, advice):
    on_postgresql = replace(options, database_url=URL)
    for made, asked in ((on_postgresql, options), (options, on_postgresql)):
        folder.require_its_database(asked)
        folder.write_mark(options.data, folder.new_mark(made, config))
        folder.require_its_database(made)
        with pytest.raises(folder.DataFolderRefused, match="belongs to the") as refused:
            folder.require_its_database(asked)
        assert advice in str(refused.value)
        assert "s3cret" not in str(refused.value) + (options.data / folder.MARK_FILE).read_text()
        (options.data / folder.MARK_FILE).unlink()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"identity": "x"}'])
def test_mark_that_cannot_be_read_is_refused_in_words(options, content):
    (options.data / folder.MARK_FILE).write_text(content)
    with pytest.raises(folder.DataFolderRefused, match=r"installation\.json cannot be read.*delete it"):
        folder.find_mark(options.data)


def test_what_others_could_read_is_told_and_mended(options):
    keys.make(options.data)
    folder.write_mark(options.data, folder.new_mark(options, ""))
    assert folder.mend_modes(options.data) == []
    options.data.chmod(0o755)
    (options.data / keys.KEY_FILE).chmod(0o640)
    (options.data / "roomkeeper.sqlite3").touch()
    (options.data / "roomkeeper.sqlite3").chmod(0o644)
    told = folder.mend_modes(options.data)
    assert len(told) == 3
    assert "mode 640" in told[1]
    assert stat.S_IMODE(options.data.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(one.stat().st_mode) == 0o600 for one in options.data.iterdir())


def test_folder_that_all_accounts_share_is_not_taken(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(folder.DataFolderRefused, match="all accounts share"):
        folder.make(shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


def hold(data, alone, ready):
    lock = locks.ServerLock(data)
    lock.take(alone=alone)
    ready.set()
    signal.pause()


@pytest.fixture
def other_process(options):
    """Another process that is the server of the folder."""
    context = multiprocessing.get_context("fork")
    made = []

    def start(*, alone):
        ready = context.Event()
        process = context.Process(target=hold, args=(options.data, alone, ready))
        process.start()
        made.append(process)
        assert ready.wait(30)
        return process

    yield start
    for process in made:
        process.kill()
        process.join(30)


def test_one_server_has_the_folder_and_its_death_frees_it(options, other_process):
    assert not locks.is_server_running(options.data)
    assert list(options.data.iterdir()) == []
    process = other_process(alone=True)
    assert locks.is_server_running(options.data)
    for alone in (True, False):
        with pytest.raises(locks.FolderBusy, match=f"process {process.pid}"):
            locks.ServerLock(options.data).take(alone=alone)
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    lock = locks.ServerLock(options.data)
    lock.take(alone=True)
    lock.release()
    assert not locks.is_server_running(options.data)


def test_processes_of_one_server_share_the_folder(options, other_process):
    other_process(alone=False)
    lock = locks.ServerLock(options.data)
    lock.take(alone=False)
    with pytest.raises(locks.FolderBusy):
        locks.ServerLock(options.data).take(alone=True)
    lock.release()
