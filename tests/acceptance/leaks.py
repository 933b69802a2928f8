"""Searching for secrets where none may be: database, logs, every answer of the API, every page."""

import re
import sqlite3
import zlib
from collections.abc import Iterable
from html import unescape
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPSHandler, OpenerDirector, Request, build_opener

from tests.acceptance.device import _TRUSTS_ANYBODY
from tests.acceptance.processes import Api, Server


class Browser:
    """Somebody who signed in to the pages and follows links."""

    def __init__(self, origin: str, username: str, password: str) -> None:
        self.origin = origin
        self.types: dict[str, str] = {}
        self._opener: OpenerDirector = build_opener(
            HTTPSHandler(context=_TRUSTS_ANYBODY), HTTPCookieProcessor(CookieJar())
        )
        page = self.get("/sign-in/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page[:500]
        form = {
            "csrfmiddlewaretoken": token[1],
            "login": username,
            "username": username,
            "password": password,
        }
        done = self._open("/sign-in/", urlencode(form).encode())
        assert "/sign-in" not in done[0], done[1][:500]

    def get(self, path: str) -> str:
        """A page's text."""
        return self._open(path)[1]

    def _open(self, path: str, form: bytes | None = None) -> tuple[str, str]:
        address = urljoin(self.origin, path)
        asked = Request(address, form, {"Referer": address})  # noqa: S310 - the origin is the test's own server
        with self._opener.open(asked, timeout=30) as answer:
            # A browser goes by what it is told a page is, and by nothing else.
            assert answer.headers["X-Content-Type-Options"] == "nosniff", address
            self.types[path] = answer.headers["Content-Type"] or ""
            return answer.url, answer.read().decode("utf-8", "replace")

    def crawl(self, most: int) -> dict[str, str]:
        """Pages by their address, found from the start page by following links; nothing is acted upon."""
        found: dict[str, str] = {}
        waiting = ["/"]
        while waiting and len(found) < most:
            path = waiting.pop(0)
            if path in found:
                continue
            try:
                address, text = self._open(path)
            except OSError as error:
                found[path] = f"not shown: {error}"
                continue
            found[path] = text
            for link in re.findall(r'(?:href|hx-get)="([^"#]+)"', text):
                target = urlsplit(urljoin(address, unescape(link)))
                is_ours = f"{target.scheme}://{target.netloc}" == self.origin
                if is_ours and not re.search(
                    r"sign-out|/static/|/events|/api/|\.(js|css|svg|ico)$", target.path
                ):
                    waiting.append(target.path + (f"?{target.query}" if target.query else ""))
        return found


def search_everything(server: Server, api: Api, browser: Browser, words: Iterable[str]) -> list[str]:
    """Where any of the words stands, in whichever letter case: (place, word) as text."""
    wanted = [word.lower().encode() for word in words]
    found: list[str] = []

    def look(place: str, content: bytes) -> None:
        lowered = content.lower()
        found.extend(f"{place}: {word.decode()[:6]}…" for word in wanted if word in lowered)

    look("log", server.log.encode())
    for program in server.programs:
        look("output", "\n".join(program.output).encode())
    for address, text in browser.crawl(150).items():
        look(f"page {address}", text.encode())
    for path in _api_addresses(api):
        look(f"api {path}", api.raw("GET", f"/api/v1/{path}").body)
    for number, text in enumerate(api.answers):
        look(f"answer {number}", text.encode())
    for place, content in _sqlite_contents(server):
        look(place, content)
    return found


def _api_addresses(api: Api) -> list[str]:
    """Everything that the API shows by GET."""
    lists = ("systems?state=all", "change-sets", "tickets", "audit", "folders", "tags", "users", "groups")
    found = [*lists, "network-settings", "openapi.json"]
    for system in api.items("systems?state=all"):
        own = f"systems/{system['id']}"
        parts = ("configuration", "status", "timeline?limit=200", "connectivity-changes", "claims")
        found += [own, *(f"{own}/{part}" for part in parts)]
        if system["state"] == "managed":
            found += [f"{own}/timeline/{row['id']}" for row in api.items(f"{own}/timeline")]
    found += [f"change-sets/{one['id']}" for one in api.items("change-sets")]
    return found


def _sqlite_contents(server: Server) -> Iterable[tuple[str, bytes]]:
    """The database's files as they are, and every value in it, unpacked where it is packed."""
    file = server.data / "roomkeeper.sqlite3"
    for path in sorted(server.data.glob("roomkeeper.sqlite3*")):
        yield path.name, path.read_bytes()
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - names from the database itself
                yield f"table {table}", b"\n".join(_plain(value) for value in row)
    finally:
        database.close()


def _plain(value: Any) -> bytes:
    if not isinstance(value, bytes):
        return str(value).encode("utf-8", "surrogatepass")
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value
