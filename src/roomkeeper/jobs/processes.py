"""Which process is at work on something, in words that outlive it, and whether it still runs."""

import os
import socket
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

# Of a process on another machine nothing can be seen: it counts as gone when no request can still be at work.
LEASE: Final = timedelta(minutes=10)
_PROC: Final = Path("/proc")


def this_process() -> str:
    """This process: machine, its boot, the process id and when it began."""
    return f"{_machine()} {os.getpid()} {_began(os.getpid())}"


def is_gone(worker: str, since: datetime, *, now: datetime) -> bool:
    """Whether the process that took something up at `since` no longer runs."""
    # A time that lies ahead by more than a lease is from before the clock was set back (rule R16).
    if abs(now - since) > LEASE:
        return True
    machine, _, rest = worker.partition(" ")
    pid, _, began = rest.partition(" ")
    if machine != _machine() or not pid.isdigit() or not began:
        return False
    return _began(int(pid)) != began


@lru_cache(maxsize=1)
def _machine() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        boot = ""
    return f"{socket.gethostname().replace(' ', '')}/{boot}"[:200]


def _began(pid: int) -> str:
    """The clock tick at which the process began; "" where there is none of that id, or no /proc."""
    try:
        # The name stands in brackets and may hold blanks; the 20th field behind it is the start.
        return (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
