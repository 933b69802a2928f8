"""Registrations of a cluster as a source, over real sockets."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.integration.phonebooks.peers import Asked, Authority, Reply, as_json, demand_known, serving
from tests.unit.protocols.test_registrations import H323_DEVICE, SIP_DEVICE, status

from roomkeeper.phonebooks.mapping import entry_of
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed
from roomkeeper.phonebooks.sources.expressway import EXPRESSWAY

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
SECRET = "correct horse"
STATUS = {"Content-Type": "text/xml"}


def read(reading: Reading) -> list[Record]:
    assert EXPRESSWAY.read is not None
    demand_known(EXPRESSWAY, reading)
    return list(EXPRESSWAY.read(reading))


def failure(url: str, **settings: Any) -> str:
    with pytest.raises(SourceFailed) as caught:
        read(Reading({"url": url, "username": "reader", "password": SECRET, **settings}))
    assert SECRET not in str(caught.value)
    return str(caught.value)


def telling(*registrations: str) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        assert (asked.path, asked.query) == ("/getxml", {"location": "/Status/Registrations"})
        assert asked.headers["authorization"].startswith("Basic ")
        return Reply(body=status(*registrations), headers=STATUS)

    return answer


def test_every_peer_is_asked_and_one_device_is_one_record() -> None:
    authority = Authority()
    by_h323 = H323_DEVICE.replace("lobby", "BOARDROOM@example.org")
    with (
        serving(telling(SIP_DEVICE), authority) as one,
        serving(telling(by_h323, SIP_DEVICE.replace("boardroom", "annex")), authority) as other,
    ):
        peers = f"\n{other.url.removeprefix('https://')}/\n{one.url}\n"
        given = {"url": one.url, "peers": peers, "username": "reader", "password": SECRET, **one.settings}
        reading = Reading(given)
        records = read(reading)
        assert (len(one.asked), len(other.asked)) == (1, 1)
        turned = read(Reading({**given, "url": other.url, "peers": one.url}))
    assert [one.key for one in records] == ["boardroom@example.org", "annex@example.org"]
    assert sorted(one.key for one in turned) == sorted(one.key for one in records)
    entry = entry_of(records[0], EXPRESSWAY.mapping)
    assert (entry.name, entry.note) == ("boardroom", "Cisco/CE")
    assert entry.methods == (
        ("sip", "boardroom@example.org", ""),
        ("h323", "BOARDROOM@example.org", ""),
        ("e164", "475102", ""),
    )
    assert reading.warnings == []


def test_cluster_of_which_a_peer_is_silent_changes_nothing() -> None:
    with serving(telling(SIP_DEVICE)) as one, serving(lambda asked: Reply(500)) as other:
        assert "500" in failure(one.url, peers=other.url)


def by_json(asked: Asked) -> Reply:
    if asked.path == "/getxml":
        return Reply(404)
    assert asked.path == "/api/management/status/registration/registration"
    row = {"active": True, "protocol": "SIP", "alias": "boardroom@example.org"}
    return as_json([{"peer": "localhost", "records": [row]}, {"peer": "10.1.0.2", "records": [row]}])


def test_management_api_is_asked_where_there_is_no_status() -> None:
    with serving(by_json) as peer:
        given = {"url": peer.url, "username": "reader", "password": SECRET}
        records = read(Reading(given))
        assert [(one.key, one.fields["peer"]) for one in records] == [
            ("boardroom@example.org", ["localhost", "10.1.0.2"])
        ]
        assert len(read(Reading({**given, "by": "json"}))) == 1
        assert "404" in failure(peer.url, by="xml")
    assert [asked.path for asked in peer.asked] == [
        "/getxml",
        "/api/management/status/registration/registration",
        "/api/management/status/registration/registration",
        "/getxml",
    ]


def test_what_cannot_be_dialled_is_told_and_preview_is_short() -> None:
    nameless = "<Registration><Protocol>SIP</Protocol><SIP/></Registration>"
    with serving(telling(nameless, SIP_DEVICE, H323_DEVICE)) as peer:
        reading = Reading({"url": peer.url, "username": "reader", "password": SECRET}, most=1)
        assert len(read(reading)) == 1
    # The other one: the login went unencrypted.
    assert len(reading.warnings) == 2


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(401), "401"),
        (Reply(200, b"<html><title>Login</title></html>"), "html"),
        (Reply(200, b"<!DOCTYPE x><Status/>"), "DOCTYPE"),
        (Reply(200, status(SIP_DEVICE, H323_DEVICE)[:700]), "registrations"),
        (as_json({"records": []}), "registrations"),
    ],
)
def test_other_answers_say_what_is_wrong(reply: Reply, says: str) -> None:
    with serving(lambda asked: reply) as peer:
        assert says in failure(peer.url)


def test_too_many_peers_are_none_of_a_cluster() -> None:
    assert "12" in failure("https://10.1.0.1", peers="\n".join(f"10.1.0.{n}" for n in range(2, 30)))
