"""Locks on the data folder: one server on an embedded database, one process at a time that makes or migrates.

They are the kernel's, so that they end with their process, however that ends.
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from roomkeeper.words import gettext as _

SERVER_LOCK: Final = "server.lock"
CHANGE_LOCK: Final = "change.lock"
# Whoever only asks whether a lock is held holds it for a moment itself.
TRY_FOR: Final = 1.0
# A migration of a large database takes minutes; who waits for it longer than this is told.
WAIT_FOR: Final = 900.0
PAUSE: Final = 0.05


class FolderBusy(RuntimeError):
    """Another process has what only one may have at a time."""


class ServerLock:
    """Held by every process of a server for as long as it lives: alone on an embedded database, shared otherwise."""

    def __init__(self, data: Path) -> None:
        self._path = data / SERVER_LOCK
        self._file: int | None = None

    def take(self, *, alone: bool) -> None:
        """Take it, or raise `FolderBusy` naming the process that has it."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _lock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, TRY_FOR):
            holder = os.pread(file, 100, 0).decode("ascii", "replace").strip()
            os.close(file)
            named = _(" (process {holder})", holder=holder) if holder else ""
            raise FolderBusy(
                _(
                    "Another process of the server{named} is running on {parent}. Only one at a time "
                    "can; stop it first.",
                    named=named,
                    parent=self._path.parent,
                )
            )
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        self._file = file

    def release(self) -> None:
        """Give it back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def is_server_running(data: Path) -> bool:
    """Whether a process of a server lives on this folder, on this machine. Makes nothing."""
    try:
        file = os.open(data / SERVER_LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _lock(file, fcntl.LOCK_EX, 0)
    finally:
        os.close(file)


@contextmanager
def only_changer(data: Path) -> Iterator[None]:
    """The right to make keys and to migrate; waits while another process of this machine has it. Raises `FolderBusy`
    where that takes too long."""
    file = os.open(data / CHANGE_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _lock(file, fcntl.LOCK_EX, WAIT_FOR):
            raise FolderBusy(
                _(
                    "Another process has been setting up {data} for {wait_for:.0f} minutes. Wait for it, "
                    "or stop it.",
                    data=data,
                    wait_for=WAIT_FOR / 60,
                )
            )
        yield
    finally:
        os.close(file)


def _lock(file: int, kind: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            if time.monotonic() >= until:
                return False
            time.sleep(PAUSE)
        else:
            return True
