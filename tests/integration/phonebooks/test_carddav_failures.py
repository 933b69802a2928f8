"""What goes wrong between us and address books: a sentence each, and nothing changes."""

from typing import Any

import pytest
from tests.integration.phonebooks.address_books import (
    at,
    before,
    changed,
    failure,
    first,
    pages,
    read,
    unchanged,
)
from tests.integration.phonebooks.peers import Asked, Authority, Reply, serving
from tests.integration.phonebooks.radicale import Radicale, User, radicale

from roomkeeper.phonebooks.sources import Reading, SourceFailed

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def test_a_wrong_password_says_so(user: User) -> None:
    assert "(401)" in failure(user.settings() | {"password": "wrong"})


def test_a_server_that_is_down_says_so(tmp_path: Any) -> None:
    with radicale(tmp_path) as found:
        user = found.new_user()
        user.make_book("people")
        user.put("people", "anna")
        memory = first(user.settings()).memory
    assert f"127.0.0.1:{found.port}" in failure(user.settings(), memory)


@pytest.mark.parametrize("status", [200, 404, 405])
def test_what_is_no_carddav_server_says_so(status: int) -> None:
    with serving(lambda asked: Reply(status, b"<html>Welcome")) as peer:
        assert "CardDAV" in failure({"url": peer.url})


def test_an_account_without_an_address_book_says_so(server: Radicale) -> None:
    user = server.new_user()
    assert server.url in failure(user.settings())


@pytest.mark.parametrize("word", [b"sync-collection", b"addressbook-multiget", b"resourcetype"])
@pytest.mark.parametrize("is_whole", [True, False])
def test_half_an_answer_changes_nothing(user: User, word: bytes, is_whole: bool) -> None:
    def change(asked: Asked, reply: Reply) -> Reply:
        if word not in asked.body:
            return reply
        half = reply.body[: len(reply.body) // 2]
        if is_whole:
            return Reply(reply.status, half, reply.headers)
        head = f"HTTP/1.1 207 Multi-Status\r\nContent-Length: {len(reply.body)}\r\n\r\n"
        return Reply(raw=head.encode() + half)

    with before(user.server, change) as peer:
        reading = Reading(at(peer, user))
        with pytest.raises(SourceFailed):
            read(reading)
    assert reading.memory == {}


def test_the_password_goes_to_no_other_host(user: User) -> None:
    with serving(lambda asked: Reply(404)) as other:
        # Another port is another server.
        redirect = Reply(301, b"", {"Location": other.url + "/dav/"})
        with before(user.server, lambda asked, reply: redirect) as peer:
            failure(at(peer, user))

        def elsewhere(asked: Asked, reply: Reply) -> Reply:
            home = f"<href>{other.url}/dav/</href>".encode()
            return Reply(
                reply.status, reply.body.replace(f"<href>{user.home}</href>".encode(), home), reply.headers
            )

        with before(user.server, elsewhere) as peer:
            failure(at(peer, user))
        assert other.asked == []


def test_redirects_in_a_circle_end(user: User) -> None:
    with serving(lambda asked: Reply(302, b"", {"Location": asked.path + "a/"})) as peer:
        failure({"url": peer.url + "/dav/"})
        assert len(peer.asked) < 20


def test_a_token_is_sent_as_bearer() -> None:
    with serving(pages(changed("a"))) as peer:
        assert (
            len(read(Reading({"url": f"{peer.url}/b/", "token": "t0ken", "username": "", "password": ""})))
            == 1
        )
        assert {asked.headers.get("authorization") for asked in peer.asked} == {"Bearer t0ken"}


def test_an_authority_of_ones_own_is_trusted_where_it_is_given(user: User) -> None:
    with before(user.server, unchanged, Authority()) as peer:
        assert len(read(Reading(at(peer, user)))) == 3
        failure(at(peer, user, authority=""))
