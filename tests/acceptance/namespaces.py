"""Network namespaces of a test's own: made, wired, and deleted by name; and running Python inside one."""

import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

_CLONE_NEWNET = 0x40000000
T = TypeVar("T")


class Namespaces:
    """The namespaces of one test; names carry the process id, so that runs beside each other never meet."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._cables = 0

    def add(self, word: str) -> str:
        """A new namespace with its loopback up; its full name."""
        name = f"rk{os.getpid()}-{word}"
        run("ip", "netns", "add", name)
        self._names.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        return name

    def connect(self, one: str, one_address: str, other: str, other_address: str) -> str:
        """A cable between two namespaces, addresses as ADDRESS/LENGTH; its device's name in both."""
        self._cables += 1
        number = self._cables
        first, second = f"rka{os.getpid()}{number}"[:15], f"rkb{os.getpid()}{number}"[:15]
        run("ip", "link", "add", first, "netns", one, "type", "veth", "peer", "name", second, "netns", other)
        for name, device, address in ((one, first, one_address), (other, second, other_address)):
            run("ip", "-n", name, "link", "set", device, "name", f"wire{number}")
            run("ip", "-n", name, "address", "add", address, "dev", f"wire{number}")
            run("ip", "-n", name, "link", "set", f"wire{number}", "up")
        return f"wire{number}"

    def delete(self) -> None:
        """Delete them all; what runs inside must have ended."""
        for name in reversed(self._names):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
        self._names.clear()


def masquerade(namespace: str, outside: str) -> None:
    """Make it a home router: rewrites the source of what leaves by `outside`, lets nothing new in."""
    rules = f"""
        table ip home {{
            chain out {{ type nat hook postrouting priority srcnat; oifname "{outside}" masquerade; }}
            chain through {{
                type filter hook forward priority filter; policy accept;
                iifname "{outside}" ct state established,related accept
                iifname "{outside}" drop
            }}
            chain own {{
                type filter hook input priority filter; policy accept;
                iifname "{outside}" ct state established,related accept
                iifname "{outside}" drop
            }}
        }}
    """
    run("ip", "netns", "exec", namespace, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
    run("ip", "netns", "exec", namespace, "nft", "-f", "-", send=rules)


def inside(namespace: str, act: Callable[[], T]) -> T:
    """What `act` gives when its sockets are made inside the namespace."""
    found: list[T] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            with Path(f"/run/netns/{namespace}").open("rb") as file:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(file.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            found.append(act())
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            failed.append(error)

    # A namespace belongs to a thread: this one is not used for anything else.
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def run(*words: str, send: str = "") -> str:
    """Run a program that must succeed; what it printed."""
    done = subprocess.run(words, input=send, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def demand_namespaces() -> None:
    """Skip on a machine where namespaces cannot be made; under CI that is a failure."""
    missing = [word for word in ("ip", "nft", "sysctl") if shutil.which(word) is None]
    reason = f"needs {', '.join(missing)}" if missing else ""
    if os.geteuid() != 0:
        reason = "needs root for network namespaces"
    if not reason:
        return
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
