"""How sources speak HTTP, against servers that do what servers do, and what none should."""

import gzip
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.integration.phonebooks.peers import ADDRESS, Asked, Authority, Peer, Reply, serving
from tests.loopback import LOOPBACK

from roomkeeper.devices.contactable import Contactable
from roomkeeper.phonebooks.sources import Reading, SourceFailed
from roomkeeper.phonebooks.sources.fetching import Answer, Credentials, HttpClient, Patience

SECRET = "correct horse"
QUICK = Patience(connect=5, read=5, total=10, waits=(0.0, 0.0))


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def ask(
    url: str,
    method: str = "GET",
    path: str = "/book?key=hidden",
    *,
    reading: Reading | None = None,
    credentials: Credentials | None = None,
    patience: Patience = QUICK,
    contactable: Contactable = LOOPBACK,
    limit: int = 1_000_000,
    **rest: Any,
) -> Answer:
    reading = reading or Reading({})
    with HttpClient(
        reading, url, credentials or Credentials(), patience=patience, limit=limit, contactable=contactable
    ) as client:
        return client.fetch(method, path, **rest)


def failure(*args: Any, **rest: Any) -> str:
    with pytest.raises(SourceFailed) as caught:
        ask(*args, **rest)
    sentence = str(caught.value)
    # Neither what logs in nor what stands in an address is told.
    assert SECRET not in sentence
    assert "hidden" not in sentence
    return sentence


def hello(asked: Asked) -> Reply:
    return Reply(body=b"hello", headers={"Content-Type": "Text/Plain; charset=utf-8"})


def busy(*replies: Reply) -> Callable[[Asked], Reply]:
    left = list(replies)
    return lambda asked: left.pop(0) if left else hello(asked)


def test_answer_comes_with_status_headers_and_body(authority: Authority) -> None:
    with serving(hello, authority) as peer:
        found = ask(peer.url, reading=Reading(peer.settings))
    assert (found.status, found.content_type, found.body) == (200, "text/plain", b"hello")
    assert found.url == f"{peer.url}/book?key=hidden"


def test_method_headers_body_and_login_arrive_as_given() -> None:
    reading = Reading({})
    login = Credentials.of_user("ann", SECRET)
    assert SECRET not in repr(login)
    with serving(lambda asked: Reply(207, b"<x/>")) as peer:
        ask(peer.url, "REPORT", headers={"Depth": "1"}, body=b"<q/>", credentials=login, reading=reading)
        ask(peer.url, "PROPFIND", credentials=Credentials.of_token(SECRET))
    first, second = peer.asked
    assert (first.method, first.headers["depth"], first.body) == ("REPORT", "1", b"<q/>")
    assert first.headers["authorization"] == "Basic YW5uOmNvcnJlY3QgaG9yc2U="
    assert second.headers["authorization"] == f"Bearer {SECRET}"
    # Over http, and so told.
    assert [ADDRESS in sentence for sentence in reading.warnings] == [True]


def test_user_name_with_a_colon_is_refused() -> None:
    with pytest.raises(SourceFailed):
        Credentials.of_user("a:b", SECRET)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://example.org/x", "https://", "https://ann:secret@example.org/", "http://[::1", "x" * 9000],
)
def test_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SourceFailed) as caught:
        HttpClient(Reading({}), url, contactable=LOOPBACK)
    assert "secret" not in str(caught.value)


def test_certificates_are_judged(authority: Authority) -> None:
    with serving(hello, authority) as peer:
        unknown = failure(peer.url)
    with serving(hello, authority, has_expired=True) as peer:
        expired = failure(peer.url, reading=Reading(peer.settings))
    with serving(hello, authority, host="other.example.org") as peer:
        wrong_name = failure(peer.url, reading=Reading(peer.settings))
        assert peer.asked == []
    with serving(hello) as peer:
        no_tls = failure(peer.url.replace("http:", "https:"))
    assert len({unknown, expired, wrong_name, no_tls}) == 4
    assert "authority" in unknown
    assert "expired" in expired
    assert "another name" in wrong_name


def test_certificate_is_left_unchecked_only_with_a_warning(authority: Authority) -> None:
    reading = Reading({"unverified": True})
    with serving(hello, authority, has_expired=True) as peer:
        assert ask(peer.url, reading=reading).body == b"hello"
    assert len(reading.warnings) == 1
    assert ADDRESS in reading.warnings[0]


def test_authority_that_cannot_be_read_is_refused() -> None:
    for text in ("nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"):
        with pytest.raises(SourceFailed):
            ask("https://example.org", reading=Reading({"authority": text}))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 407, 410, 418, 500, 502, 304])
def test_each_status_has_its_sentence(status: int) -> None:
    with serving(lambda asked: Reply(status)) as peer:
        assert str(status) in failure(peer.url, credentials=Credentials.of_user("ann", SECRET))
        assert ask(peer.url, accepts=(status,)).status == status
    assert len(peer.asked) == 2


def test_name_that_nobody_knows_and_port_where_nobody_listens() -> None:
    assert "name" in failure("http://nobody.invalid")
    with socket.socket() as bound:
        bound.bind((ADDRESS, 0))
        assert "refused" in failure(f"http://{ADDRESS}:{bound.getsockname()[1]}")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::1]", "0.0.0.0"])
def test_this_machine_and_link_local_addresses_are_not_asked(host: str) -> None:
    assert "Contactable networks" in failure(f"http://{host}:9", contactable=Contactable())


def test_redirect_to_a_forbidden_address_is_not_followed() -> None:
    with serving(lambda asked: Reply(302, headers={"Location": "http://169.254.169.254/latest"})) as peer:
        assert "169.254.169.254" in failure(peer.url)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
        + gzip.compress(b"a whole lot of text", mtime=0)[:-12],
        b"",
    ],
)
def test_answer_that_is_cut_off_is_no_answer(raw: bytes) -> None:
    with serving(lambda asked: Reply(raw=raw)) as peer:
        assert "cut" in failure(peer.url)


@pytest.mark.parametrize(
    "raw",
    [
        b"220 mail.example.org ESMTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
    ],
)
def test_what_is_no_http_is_said_to_be_none(raw: bytes) -> None:
    with serving(lambda asked: Reply(raw=raw)) as peer:
        assert "HTTP" in failure(peer.url)


def test_packed_answer_is_unpacked_and_too_large_one_refused_however_it_is_packed() -> None:
    packed = {"Content-Encoding": "gzip"}
    with serving(lambda asked: Reply(body=gzip.compress(b"x" * 999_000, mtime=0), headers=packed)) as peer:
        assert len(ask(peer.url).body) == 999_000
    for reply in (
        Reply(body=gzip.compress(b"x" * 5_000_000, mtime=0), headers=packed),
        Reply(body=b"x" * 1_000_001),
    ):
        with serving(lambda asked, reply=reply: reply) as peer:
            assert "too large" in failure(peer.url)


def test_server_that_stops_answering_is_too_slow() -> None:
    def hang(asked: Asked) -> Reply:
        peer.held.wait(30)
        return Reply()

    with serving(hang) as peer:
        assert "too slow" in failure(peer.url, patience=Patience(read=0.2))
        assert "too slow" in failure(peer.url, patience=Patience(reading=0.2))


def test_reading_that_is_cancelled_ends_while_it_waits() -> None:
    cancelled = threading.Event()

    def hang(asked: Asked) -> Reply:
        cancelled.set()
        peer.held.wait(30)
        return Reply()

    with serving(hang) as peer:
        assert "cancelled" in failure(peer.url, reading=Reading({}, is_cancelled=cancelled.is_set))


def test_busy_server_is_asked_again_a_few_times() -> None:
    with serving(busy(Reply(503), Reply(429, headers={"Retry-After": "0"}))) as peer:
        assert ask(peer.url).body == b"hello"
    past = {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}
    with serving(busy(Reply(429, headers=past))) as peer:
        assert ask(peer.url).body == b"hello"
    with serving(lambda asked: Reply(503, headers={"Retry-After": "soon"})) as peer:
        assert "503" in failure(peer.url)
    assert len(peer.asked) == 3


def test_server_that_asks_for_too_long_a_wait_is_left_for_now() -> None:
    with serving(lambda asked: Reply(429, headers={"Retry-After": "3600"})) as peer:
        assert "3600" in failure(peer.url)
    assert len(peer.asked) == 1


def test_connection_that_the_server_closed_meanwhile_is_made_anew() -> None:
    with serving(busy(Reply(raw=b""))) as peer:
        assert ask(peer.url, "POST", body=b"question").body == b"hello"
    assert [asked.body for asked in peer.asked] == [b"question", b"question"]


def redirecting(target: Callable[[], str], status: int = 302) -> Callable[[Asked], Reply]:
    return lambda asked: (
        Reply(status, headers={"Location": target()}) if asked.path == "/book" else hello(asked)
    )


def test_redirect_within_the_origin_keeps_method_body_and_login() -> None:
    with serving(redirecting(lambda: "/dav/?next=1")) as peer:
        found = ask(peer.url, "PROPFIND", body=b"<q/>", credentials=Credentials.of_user("ann", SECRET))
    assert found.url == f"{peer.url}/dav/?next=1"
    first, second = peer.asked
    assert (second.method, second.path, second.body) == ("PROPFIND", "/dav/", b"<q/>")
    assert second.headers["authorization"] == first.headers["authorization"]


def test_redirect_to_see_other_reads() -> None:
    with serving(redirecting(lambda: "/there", 303)) as peer:
        ask(peer.url, "POST", body=b"question")
    assert (peer.asked[1].method, peer.asked[1].body) == ("GET", b"")


@pytest.mark.parametrize(
    "credentials",
    [Credentials.of_user("ann", SECRET), Credentials.of_token(SECRET), Credentials("X-Key", SECRET)],
)
def test_redirect_to_another_origin_takes_no_login_with_it(credentials: Credentials) -> None:
    with serving(hello) as other, serving(redirecting(lambda: f"{other.url}/x")) as peer:
        assert ask(peer.url, credentials=credentials).body == b"hello"
    assert SECRET not in str(other.asked)
    assert "authorization" not in other.asked[0].headers


def test_what_is_asked_by_a_body_is_not_sent_elsewhere() -> None:
    with serving(hello) as other, serving(redirecting(lambda: f"{other.url}/x", 307)) as peer:
        assert other.url.removeprefix("http://") in failure(peer.url, "POST", body=b"secret=1")
    assert other.asked == []


def test_redirect_to_an_unencrypted_address_is_refused(authority: Authority) -> None:
    with serving(hello) as other, serving(redirecting(lambda: other.url), authority) as peer:
        assert "unencrypted" in failure(peer.url, reading=Reading(peer.settings))
    assert other.asked == []


def test_redirects_without_end_are_ended() -> None:
    with serving(redirecting(lambda: "/book?again")) as peer:
        assert "again and again" in failure(peer.url)
    assert len(peer.asked) == 6


def test_what_follows_is_asked_of_the_same_origin_alone() -> None:
    client = HttpClient(Reading({}), "https://book.example.org/a/b", contactable=LOOPBACK)
    assert client.demand_home("c?x=%2F%20") == "https://book.example.org/a/c?x=%2F%20"
    assert client.demand_home("https://BOOK.example.org:443/c") == "https://BOOK.example.org:443/c"
    for elsewhere in (
        "//other.example.org/",
        "http://book.example.org/",
        "https://book.example.org:8443/",
        "x:y",
    ):
        with pytest.raises(SourceFailed):
            client.demand_home(elsewhere)


def test_several_requests_of_a_reading_share_a_connection(authority: Authority) -> None:
    peer: Peer
    with serving(hello, authority) as peer:
        client = HttpClient(Reading(peer.settings), peer.url, contactable=LOOPBACK, patience=QUICK)
        with client:
            assert [client.fetch("GET", f"/{number}").body for number in range(3)] == [b"hello"] * 3


class Proxy:
    """Connects to one server, whatever it is asked for; notes what it was asked."""

    def __init__(self, port: int, refusal: bytes = b"") -> None:
        self._port, self._refusal = port, refusal
        self.asked: list[str] = []
        self._socket = socket.create_server((ADDRESS, 0))
        self.url = f"http://{ADDRESS}:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=10)

    def _serve(self) -> None:
        while True:
            try:
                client, _address = self._socket.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head and (part := client.recv(4096)):
                head += part
            self.asked.append(head.decode("latin-1"))
            if self._refusal:
                client.sendall(self._refusal)
                client.close()
                continue
            server = socket.create_connection((ADDRESS, self._port))
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=_pass_on, args=(server, client), daemon=True).start()
            threading.Thread(target=_pass_on, args=(client, server), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(65_536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # Both ends are closed by then.
        return


def test_proxy_between_sees_neither_login_nor_answer_and_no_name_is_resolved_here(
    authority: Authority,
) -> None:
    login = Credentials.of_user("ann", SECRET)
    with serving(hello, authority, host="graph.invalid") as peer, Proxy(peer.port) as proxy:
        settings = {**peer.settings, "proxy": proxy.url}
        found = ask("https://graph.invalid", reading=Reading(settings), credentials=login)
        # The certificate is judged by the name that was asked for.
        assert "another name" in failure("https://other.invalid", reading=Reading(settings))
        with pytest.raises(SourceFailed):
            ask("https://graph.invalid", reading=Reading(settings), contactable=Contactable())
    assert found.body == b"hello"
    assert peer.asked[0].headers["authorization"].startswith("Basic ")
    assert proxy.asked[0].startswith("CONNECT graph.invalid:443 ")
    assert "Basic" not in "".join(proxy.asked)


def test_proxy_that_refuses_is_named() -> None:
    with Proxy(0, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as proxy:
        name = proxy.url.removeprefix("http://")
        refused = failure("https://graph.invalid", reading=Reading({"proxy": proxy.url}))
    assert name in refused
    assert "403" in refused
    assert name in failure("https://graph.invalid", reading=Reading({"proxy": proxy.url}))
