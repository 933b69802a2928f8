"""A question put to an LDAP server by a process of its own, which is ended where it takes too long or too much."""

import json
import os
import select
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from roomkeeper.phonebooks.directories.questions import AskingFailed, Entry, Login, Referral, Search, Server

# A page of five hundred entries has one; libldap and Python begin with a fifth of it.
MEMORY: Final = 1 << 30
# Above what the process itself waits for an answer, in seconds.
_GRACE: Final = 2.0
# All of a reading, in seconds.
LONGEST: Final = 900.0
# As often as is looked whether somebody cancelled, in seconds.
_LOOK: Final = 0.25
# Of one line: a hundred values of 4,096 octets in each of some attributes, as JSON.
_LINE: Final = 64 << 20
_PART: Final = 1 << 15
# After so many entries, which take a fraction of a millisecond, another thread has its turn.
_TURN: Final = 5
# Read once: replacing the package under a running server breaks nothing.
_PROGRAM: Final = Path(__file__).with_name("process.py").read_text("utf-8")
_ENVIRONMENT: Final = ("PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME")
# Where systems keep the authorities that they trust, if Python's own OpenSSL looks elsewhere.
_AUTHORITIES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def system_authorities() -> str:
    """The file of the authorities that this machine trusts; "" where none is known."""
    for path in (ssl.get_default_verify_paths().cafile, *_AUTHORITIES):
        if path and Path(path).is_file():
            return path
    return ""


def ask(
    server: Server,
    login: Login,
    searches: Sequence[Search],
    *,
    limit: float,
    is_cancelled: Callable[[], bool] = lambda: False,
    longest: float = LONGEST,
    memory: int = MEMORY,
) -> Iterator[Entry | Referral | None]:
    """What the server says: None once it let us in, then entries and referrals. Raises `AskingFailed`, also in the
    middle. `limit` are the seconds that the server has for each answer, `longest` those for all."""
    with tempfile.TemporaryDirectory(prefix="roomkeeper-ldap-") as folder:
        authorities = ""
        if server.security != "none":
            authorities = system_authorities()
            if login.authority:
                authorities = str(Path(folder) / "authorities.pem")
                Path(authorities).write_text(login.authority)
        question = {
            "url": server.url,
            "start_tls": server.security == "starttls",
            "user": login.user,
            "password": login.password,
            "authorities": authorities,
            "limit": limit,
            "memory": memory,
            "searches": [
                {
                    "base": one.base,
                    "scope": one.scope,
                    "filter": one.filter,
                    "attributes": list(one.attributes),
                    "page_size": one.page_size,
                    "most": one.most,
                }
                for one in searches
            ],
        }
        program = Path(folder) / "process.py"
        program.write_text(_PROGRAM, "utf-8")
        # What the machine's ldap.conf says (TLS_REQCERT never, say) is nothing to us.
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-X", "utf8", str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, "LDAPNOINIT": "1"},
            cwd=folder,
            close_fds=True,
        )
        try:
            assert process.stdin is not None  # noqa: S101 - a pipe was asked for
            assert process.stdout is not None  # noqa: S101
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(json.dumps(question).encode())
            yield from _told(_lines(process.stdout.fileno(), limit, longest, is_cancelled))
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _told(lines: Iterator[bytes]) -> Iterator[Entry | Referral | None]:
    many: set[str] = set()
    told = 0
    try:
        for line in lines:
            kind, *rest = json.loads(line)
            if kind == "entry":
                told += 1
                if told % _TURN == 0:
                    # Somebody searches meanwhile, and needs the interpreter for each row.
                    time.sleep(0)
                yield _entry(rest, many)
                many.clear()
            elif kind == "many":
                many.add(rest[2])
            elif kind == "refers":
                yield Referral(rest[0], tuple(rest[1]))
            elif kind == "elsewhere":
                yield Referral(rest[0], tuple(rest[1]), is_all=True)
            elif kind == "bound":
                yield None
            elif kind == "end":
                return
            else:
                raise AskingFailed(rest[0], rest[1], rest[2], told, rest[3])
    except AskingFailed as failure:
        failure.told = told
        raise
    raise AskingFailed("ended", told=told)


def _entry(told: Sequence[Any], many: set[str]) -> Entry:
    search, dn, values, long = told
    octets = {name: [one.encode("latin-1") for one in found] for name, found in values.items()}
    return Entry(search, dn, octets, long, frozenset(many))


def _lines(pipe: int, limit: float, longest: float, is_cancelled: Callable[[], bool]) -> Iterator[bytes]:
    """Each line, until there are no more. Only the time counts that the process has us wait."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    until = time.monotonic() + longest
    rest = bytearray()
    while True:
        silent_until = time.monotonic() + limit + _GRACE
        while not poll.poll(_LOOK * 1000):
            if is_cancelled():
                raise AskingFailed("cancelled")
            if time.monotonic() > min(silent_until, until):
                raise AskingFailed("silence" if silent_until < until else "slow")
        if time.monotonic() > until:
            raise AskingFailed("slow")
        if is_cancelled():
            raise AskingFailed("cancelled")
        part: Any = os.read(pipe, _PART)
        if not part:
            return
        rest += part
        if len(rest) > _LINE:
            raise AskingFailed("memory")
        whole, newline, begun = rest.rpartition(b"\n")
        if newline:
            rest = begun
            yield from bytes(whole).split(b"\n")
