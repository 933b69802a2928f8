"""A CardDAV source before a real Radicale: how tests read it, and what stands between."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.integration.phonebooks.peers import Asked, Authority, Peer, Reply, serving
from tests.integration.phonebooks.radicale import PASSWORD, Radicale, User

from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed
from roomkeeper.phonebooks.sources.carddav import CARDDAV

Change = Callable[[Asked, Reply], Reply]


def read(reading: Reading) -> list[Record]:
    assert CARDDAV.read is not None
    return list(CARDDAV.read(reading))


def first(settings: dict[str, Any]) -> Reading:
    """A whole reading."""
    reading = Reading(settings)
    assert read(reading)
    assert not reading.is_partial
    return reading


def names(records: list[Record]) -> list[str]:
    return sorted(record.fields["FN"][0] for record in records if not record.is_gone)


def failure(settings: dict[str, Any], memory: dict[str, Any] | None = None) -> str:
    with pytest.raises(SourceFailed) as caught:
        read(Reading(settings, memory=memory or {}))
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def answering(server: Radicale, change: Change) -> Callable[[Asked], Reply]:
    """What Radicale answers, changed."""

    def answer(asked: Asked) -> Reply:
        sent = {
            name: value
            for name, value in asked.headers.items()
            if name in ("authorization", "depth", "content-type", "accept")
        }
        status, headers, body = server.ask(asked.method, asked.path, asked.body, user="", headers=sent)
        kept = {name: value for name, value in headers.items() if name in ("Content-Type", "Location")}
        return change(asked, Reply(status, body, kept))

    return answer


def before(server: Radicale, change: Change, authority: Authority | None = None) -> Any:
    """A server before Radicale, which changes what that answers."""
    return serving(answering(server, change), authority)


def at(peer: Peer, user: User, path: str = "", **other: Any) -> dict[str, Any]:
    return {**user.settings(path), **peer.settings, "url": peer.url + path, **other}


def unchanged(asked: Asked, reply: Reply) -> Reply:
    return reply


def pages(*bodies: str) -> Callable[[Asked], Reply]:
    """A server that tells changes in parts (RFC 6578, 3.6), told by its tokens."""

    def answer(asked: Asked) -> Reply:
        if asked.method == "PROPFIND":
            inner = "<resourcetype><C:addressbook/></resourcetype>"
            return multistatus(
                f"<response><href>/b/</href><propstat><prop>{inner}</prop></propstat></response>"
            )
        if b"sync-collection" in asked.body:
            number = next(
                n for n in range(len(bodies)) if f"<sync-token>{n or ''}</sync-token>".encode() in asked.body
            )
            return multistatus(bodies[number] + f"<sync-token>{number + 1}</sync-token>")
        card = "BEGIN:VCARD\nFN:A\nEND:VCARD"
        return multistatus(
            "".join(
                f"<response><href>/b/{name}.vcf</href><propstat><prop><C:address-data>{card}</C:address-data></prop>"
                "<status>HTTP/1.1 200 OK</status></propstat></response>"
                for name in "abc"
                if f"/b/{name}.vcf".encode() in asked.body
            )
        )

    return answer


def multistatus(inner: str) -> Reply:
    body = f'<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav">{inner}</multistatus>'
    return Reply(207, body.encode(), {"Content-Type": "application/xml"})


def changed(name: str) -> str:
    status = "<status>HTTP/1.1 200 OK</status>"
    return f"<response><href>/b/{name}.vcf</href><propstat><prop/>{status}</propstat></response>"
