"""Talking to a server's REST API over HTTP: ROOMKEEPER_URL, ROOMKEEPER_TOKEN, ROOMKEEPER_CA_FILE. No Django here."""

import http.client
import ipaddress
import json
import os
import ssl
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from roomkeeper.cli.remote.output import USAGE, fail
from roomkeeper.words import gettext as _

DEFAULT_URL = "http://127.0.0.1:8080"
TIMEOUT = 60.0
PAGE = 500


class ServerAnswer(Protocol):
    """What a transport gives back."""

    status: int
    body: bytes


class Received:
    """An answer that was read to its end."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body


Transport = Callable[[str, str, Mapping[str, str], bytes | None], ServerAnswer]


class Api:
    """The REST API; every method ends the command with a message where the server refuses or cannot be reached."""

    def __init__(self, url: str, token: str, transport: Transport) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._transport = transport

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of an object or of one page."""
        return self._decoded(self._call("GET", path, query=query))

    def items(self, path: str, *, limit: int | None, **query: Any) -> dict[str, Any]:
        """A list with at most `limit` items (None: all), as `{"items": […], "next": …}`."""
        found: list[Any] = []
        cursor = None
        while True:
            wanted = PAGE if limit is None else min(PAGE, limit - len(found))
            page = self.get(path, limit=wanted, cursor=cursor, **query)
            found += page["items"]
            cursor = page["next"]
            if cursor is None or (limit is not None and len(found) >= limit):
                return {"items": found, "next": cursor}

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        """The JSON answer to a POST; sent with a key, so that sending it again does nothing twice."""
        return self.send("POST", path, body, **query)

    def send(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The JSON answer to what changes something; None where there is nothing to tell."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        content = self._call(method, path, query=query, body=body, headers=headers)
        return self._decoded(content) if content else None

    def post_file(self, path: str, content: bytes, content_type: str, **query: Any) -> Any:
        """The JSON answer to a POST of a file; for what does nothing twice without a key."""
        headers = {"Content-Type": content_type}
        return self._decoded(self._call("POST", path, query=query, body=content, headers=headers))

    def text(self, path: str, accept: str, **query: Any) -> str:
        """An answer that is not JSON."""
        return self._call("GET", path, query=query, headers={"Accept": accept}).decode("utf-8", "replace")

    def _decoded(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except ValueError:
            fail(
                "Unexpected answer",
                _("{url} answered {content!r}, which is not JSON.", url=self.url, content=content[:60]),
                hint=_("Is ROOMKEEPER_URL the address of a Roomkeeper server?"),
            )

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        address = f"{self.url}/api/v1/{quote(path)}{_query(query or {})}"
        sent = {"Authorization": f"Bearer {self._token}", "Accept": "application/json", **(headers or {})}
        content = None
        if isinstance(body, bytes):
            content = body
        elif body is not None:
            content = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        answer = self._transport(method, address, sent, content)
        if 200 <= answer.status < 300:
            return answer.body
        _fail_by(answer)
        return b""


_given: ContextVar[Transport | None] = ContextVar("transport", default=None)


@contextmanager
def over(transport: Transport) -> Iterator[None]:
    """Have commands that run inside another program talk over its transport."""
    token = _given.set(transport)
    try:
        yield
    finally:
        _given.reset(token)


def open_api(environment: Mapping[str, str] = os.environ) -> Api:
    """The API that the environment names; ends the command (usage) where it is not usable."""
    if (given := _given.get()) is not None:
        return Api(DEFAULT_URL, "", given)
    url = environment.get("ROOMKEEPER_URL") or DEFAULT_URL
    token = environment.get("ROOMKEEPER_TOKEN", "").strip()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        fail(
            "Usage",
            _(
                "ROOMKEEPER_URL is {url!r}, which is not an address such as https://rooms.example.org.",
                url=url,
            ),
            code=USAGE,
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        fail(
            "Usage",
            _("{url} would send the token in clear text.", url=url),
            code=USAGE,
            hint=_("Use the https:// address of the server in ROOMKEEPER_URL."),
        )
    if not token:
        fail(
            "Usage",
            _("ROOMKEEPER_TOKEN is not set."),
            code=USAGE,
            hint=_("Make a token with `roomkeeper token create USER` on the server."),
        )
    if not token.isascii() or not token.isprintable():
        fail("Usage", _("ROOMKEEPER_TOKEN contains characters that no token has."), code=USAGE)
    return Api(url, token, _transport(parts.hostname, environment.get("ROOMKEEPER_CA_FILE", "")))


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to the address that was named, and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing."""


def _transport(host: str, ca_file: str) -> Transport:
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        fail(
            "Usage",
            _("ROOMKEEPER_CA_FILE {ca_file} cannot be read: {error}", ca_file=ca_file, error=error),
            code=USAGE,
        )
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect(), urllib.request.HTTPSHandler(context=context)]
    if is_loopback(host):
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)

    def send(method: str, address: str, headers: Mapping[str, str], content: bytes | None) -> ServerAnswer:
        request = urllib.request.Request(  # noqa: S310 - `open_api` lets http and https through, nothing else
            address, data=content, headers=dict(headers), method=method
        )
        for is_last in (False, True):
            try:
                with opener.open(request, timeout=TIMEOUT) as answer:
                    return Received(answer.status, answer.read())
            except urllib.error.HTTPError as error:
                return Received(error.code, error.read())
            except (http.client.RemoteDisconnected, ConnectionResetError) as error:
                # A server that was just restarted; the key of a POST keeps it from being done twice.
                if is_last or method not in ("GET", "POST"):
                    _fail_unreachable(address, error)
            except (OSError, http.client.HTTPException) as error:
                _fail_unreachable(address, error)
        raise AssertionError("the loop always returns or fails")

    return send


def _fail_unreachable(address: str, error: Exception) -> None:
    parts = urlsplit(address)
    reason = getattr(error, "reason", error)
    hint = _("Is the server running, and is ROOMKEEPER_URL its address?")
    if isinstance(reason, ssl.SSLCertVerificationError):
        hint = _("Its certificate is not trusted here: give the server's CA in ROOMKEEPER_CA_FILE.")
    fail(
        "Not reachable",
        _("{parts.scheme}://{parts.netloc} does not answer: {reason}", parts=parts, reason=reason),
        hint=hint,
    )


def _fail_by(answer: ServerAnswer) -> None:
    try:
        problem = json.loads(answer.body)
        title, detail = str(problem["title"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        text = answer.body[:300].decode("utf-8", "replace").strip()
        fail(f"HTTP {answer.status}", text or _("The server gave no reason."))
    errors: Iterable[Mapping[str, str]] = problem.get("errors") or ()
    fail(title, detail, hint=str(problem.get("hint") or ""), errors=errors)


def _query(query: Mapping[str, Any]) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            if one is not None:
                pairs.append((name, str(one).lower() if isinstance(one, bool) else str(one)))
    return "?" + urlencode(pairs) if pairs else ""
