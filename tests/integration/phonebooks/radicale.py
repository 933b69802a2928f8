"""A Radicale as a process of its own, on loopback, and what its users do with it."""

import http.client
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Final
from urllib.parse import quote

from tests.acceptance.processes import free_port

PASSWORD: Final = "correct horse"
USERS: Final = 60
_BOOK: Final = (
    '<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop>'
    "<resourcetype><collection/><C:addressbook/></resourcetype><displayname>{name}</displayname></prop></set></mkcol>"
)


class Radicale:
    """A server with users of the same password, each with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._data = folder / "data"
        users = folder / "users"
        users.write_text("".join(f"user{number}:{PASSWORD}\n" for number in range(USERS)))
        config = folder / "config"
        config.write_text(
            f"[server]\nhosts = 127.0.0.1:{self.port}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {users}\nhtpasswd_encryption = plain\ndelay = 0\n"
            f"[storage]\nfilesystem_folder = {self._data}\n"
        )
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "radicale", "--config", str(config)],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._users = iter(range(USERS))

    def wait(self) -> None:
        """Until it answers."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                self.ask("GET", "/", user="")
            except OSError:
                assert self._process.poll() is None, "Radicale did not start"
                time.sleep(0.05)
            else:
                return
        raise AssertionError("Radicale does not answer")

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)
        self._log.close()

    def new_user(self) -> "User":
        """Somebody whom no other test knows."""
        return User(self, f"user{next(self._users)}")

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        user: str,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body) of an answer."""
        sent = dict(headers or {})
        if user:
            sent["Authorization"] = "Basic " + b64encode(f"{user}:{PASSWORD}".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def forget_tokens(self, user: str) -> None:
        """As after a restore, or where an administrator empties the cache."""
        found = list(self._data.rglob("sync-token"))
        assert any(user in str(folder) for folder in found)
        for folder in found:
            if user in str(folder):
                rmtree(folder)


class User:
    """A user of a Radicale."""

    def __init__(self, server: Radicale, name: str) -> None:
        self.server = server
        self.name = name
        self.home = f"/{name}/"

    def settings(self, path: str = "", **other: object) -> dict[str, object]:
        """What the source of that address takes."""
        return {"url": self.server.url + path, "username": self.name, "password": PASSWORD, **other}

    def make_book(self, book: str, name: str = "") -> None:
        body = _BOOK.format(name=name or book).encode()
        self._done("MKCOL", f"{self.home}{book}/", body)

    def remove_book(self, book: str) -> None:
        self._done("DELETE", f"{self.home}{book}/")

    def put(self, book: str, name: str, *lines: str, version: str = "3.0") -> None:
        """A card with that name, below the file of that name."""
        said = lines or (f"FN:{name}", "N:;;;;")
        card = ("BEGIN:VCARD", f"VERSION:{version}", f"UID:{name}", *said, "END:VCARD", "")
        self._done("PUT", self._path(book, name), "\r\n".join(card).encode(), {"Content-Type": "text/vcard"})

    def remove(self, book: str, name: str) -> None:
        self._done("DELETE", self._path(book, name))

    def _path(self, book: str, name: str) -> str:
        return f"{self.home}{book}/{quote(name)}.vcf"

    def _done(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        status, _headers, said = self.server.ask(method, path, body, user=self.name, headers=headers)
        assert 200 <= status < 300, (status, said)


@contextmanager
def radicale(folder: Path) -> Iterator[Radicale]:
    """A Radicale until the end."""
    server = Radicale(folder)
    try:
        server.wait()
        yield server
    finally:
        server.stop()
