"""Microsoft Graph as a source: the real client against a small tenant of our own, over TLS."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.integration.phonebooks.peers import Asked, Authority, Peer, Reply, as_json, demand_known, serving

from roomkeeper.phonebooks import editing, keeping, syncing
from roomkeeper.phonebooks.mapping import entry_of
from roomkeeper.phonebooks.models import IS_SHOWN, Contact
from roomkeeper.phonebooks.models import Source as Row
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed
from roomkeeper.phonebooks.sources.graph import COLLECTIONS, GRAPH, WHOLE_EVERY_SECONDS
from roomkeeper.systems import inventory

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
SECRET = "correct horse"
TOKEN = "token-that-nobody-sees"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def person(number: int, **values: Any) -> dict[str, Any]:
    return {
        "id": f"id-{number}",
        "displayName": f"Person {number}",
        "imAddresses": [f"person{number}@example.org"],
        "proxyAddresses": [f"SMTP:person{number}@example.org", f"sip:Person{number}@example.org"],
        "businessPhones": [f"+47{number}"],
        "mobilePhone": None,
        "jobTitle": "Engineer",
        "accountEnabled": True,
        "userType": "Member",
        **values,
    }


@dataclass
class Tenant:
    """People, the changes since each token, and what is answered in place of that."""

    people: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    page: int = 2
    rounds: int = 0
    tokens: int = 0
    good_tokens: list[str] = field(default_factory=list)
    instead: list[Reply] = field(default_factory=list)
    elsewhere: str = ""
    url: str = ""

    def __call__(self, asked: Asked) -> Reply:
        if asked.path.endswith("/token"):
            return self._sign_in(asked)
        if asked.headers.get("authorization") not in [f"Bearer {token}" for token in self.good_tokens]:
            return as_json({"error": {"code": "InvalidAuthenticationToken"}}, 401)
        if self.instead:
            return self.instead.pop(0)
        rows = self.changes if "$deltatoken" in asked.query or "changed" in asked.query else self.people
        start = int(asked.query.get("$skiptoken", "0"))
        end = start + self.page
        answer: dict[str, Any] = {"@odata.context": "x", "value": rows[start:end]}
        link = f"{self.elsewhere or self.url}{asked.path}?"
        if end < len(rows):
            more = {"changed": "1"} if rows is self.changes else {}
            answer["@odata.nextLink"] = link + urlencode({"$skiptoken": str(end), **more})
        elif asked.path.endswith("/delta"):
            self.rounds += 1
            answer["@odata.deltaLink"] = link + urlencode({"$deltatoken": f"round {self.rounds}"})
        return as_json(answer)

    def _sign_in(self, asked: Asked) -> Reply:
        form = asked.form
        assert asked.path == "/contoso.example/oauth2/v2.0/token"
        assert (form["grant_type"], form["client_id"]) == ("client_credentials", "app")
        assert form["scope"] == f"{self.url}/.default"
        if form["client_secret"] != SECRET:
            text = f"AADSTS7000215: Invalid client secret provided: {form['client_secret']}. Trace ID: 1"
            return as_json({"error": "invalid_client", "error_description": text}, 401)
        self.tokens += 1
        self.good_tokens = [f"{TOKEN}-{self.tokens}"]
        return as_json({"token_type": "Bearer", "expires_in": 3599, "access_token": self.good_tokens[0]})


class Source:
    """A source of the kind, read again and again: what it notes is kept as it is for a source."""

    def __init__(self, peer: Peer, **settings: Any) -> None:
        self.memory: dict[str, Any] = {}
        self.settings = {
            "tenant": "contoso.example",
            "client_id": "app",
            "client_secret": SECRET,
            "login_url": peer.url,
            "graph_url": f"{peer.url}/",
            **peer.settings,
            **settings,
        }

    def read(
        self, *, most: int | None = None, asked: frozenset[str] = frozenset()
    ) -> tuple[list[Record], Reading]:
        assert GRAPH.read is not None
        reading = Reading(self.settings, asked, most, dict(self.memory))
        demand_known(GRAPH, reading)
        records = list(GRAPH.read(reading))
        if most is None:
            self.memory = reading.memory
        return records, reading

    def failure(self) -> str:
        with pytest.raises(SourceFailed) as caught:
            self.read()
        assert SECRET not in str(caught.value)
        assert TOKEN not in str(caught.value)
        return str(caught.value)


@pytest.fixture
def tenant() -> Tenant:
    return Tenant([person(number) for number in range(5)])


def open_tenant(tenant: Tenant, authority: Authority) -> Any:
    peer = Peer(tenant, authority)
    tenant.url = peer.url
    return peer


def test_people_are_read_in_pages_and_mapped_as_suggested(tenant: Tenant, authority: Authority) -> None:
    with open_tenant(tenant, authority) as peer:
        records, reading = Source(peer).read()
    assert [one.key for one in records] == [f"id-{number}" for number in range(5)]
    assert not reading.is_partial
    entry = entry_of(records[0], GRAPH.mapping)
    assert (entry.name, entry.note) == ("Person 0", "Engineer")
    # Once, though it stands in two properties.
    assert entry.methods == (("sip", "person0@example.org", ""), ("telephone", "+470", ""))
    assert reading.warnings == []


def test_only_what_is_mapped_is_asked_for(tenant: Tenant, authority: Authority) -> None:
    with open_tenant(tenant, authority) as peer:
        Source(peer).read(asked=frozenset({"displayName", "businessPhones[]", "sip"}))
    selected = peer.asked[1].query["$select"].split(",")
    assert set(selected) == {
        "id", "displayName", "accountEnabled", "userType", "businessPhones", "imAddresses", "proxyAddresses",
    }  # fmt: skip


def test_next_reading_tells_only_what_changed(tenant: Tenant, authority: Authority) -> None:
    with open_tenant(tenant, authority) as peer:
        source = Source(peer)
        source.read()
        tenant.changes = [
            person(1, displayName="Older"),
            {"id": "id-2", "@removed": {"reason": "changed"}},
            person(3, accountEnabled=False),
            person(1, displayName="Newest"),
            person(9),
            {"id": "id-7", "@removed": {"reason": "deleted"}},
        ]
        records, reading = source.read()
        first = source.memory["delta"]
        tenant.changes = []
        assert source.read()[0] == []
    assert reading.is_partial
    told = {one.key: (one.is_gone, one.fields.get("displayName")) for one in records}
    assert told == {
        "id-1": (False, ["Newest"]),
        "id-2": (True, None),
        "id-3": (True, None),
        "id-9": (False, ["Person 9"]),
        "id-7": (True, None),
    }
    assert source.memory["delta"] != first


def test_disabled_people_and_guests_are_left_out(tenant: Tenant, authority: Authority) -> None:
    tenant.people += [person(5, accountEnabled=False), person(6, userType="Guest")]
    with open_tenant(tenant, authority) as peer:
        assert len(Source(peer).read()[0]) == 5
        assert [one.key for one in Source(peer, with_guests=True).read()[0]][-1] == "id-6"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(410, b"", {"Location": "https://elsewhere.invalid/v1.0/users/delta?$deltatoken="}),
        as_json({"error": {"code": "syncStateNotFound", "message": "x"}}, 400),
        as_json({"error": {"code": "SyncStateNotFound"}}, 404),
    ],
)
def test_lost_token_means_that_everything_is_read_anew(
    tenant: Tenant, authority: Authority, reply: Reply
) -> None:
    with open_tenant(tenant, authority) as peer:
        source = Source(peer)
        source.read()
        tenant.instead = [reply]
        records, reading = source.read()
        assert (len(records), reading.is_partial) == (5, False)
        # Also where it is lost in the middle of the changes.
        tenant.changes = [person(number) for number in range(3)]
        tenant.instead = []
        answers = iter([None, reply])

        def lose(asked: Asked) -> Reply:
            found = next(answers, None) if "changed" in asked.query or "$deltatoken" in asked.query else None
            return found or tenant(asked)

        peer.answer = lose
        records, reading = source.read()
        assert (len(records), reading.is_partial) == (5, False)


def test_everything_is_read_anew_where_something_else_is_asked_or_time_has_passed(
    tenant: Tenant, authority: Authority
) -> None:
    with open_tenant(tenant, authority) as peer:
        source = Source(peer)
        source.read()
        assert source.read()[1].is_partial
        assert not source.read(asked=frozenset({"displayName"}))[1].is_partial
        assert source.read(asked=frozenset({"displayName"}))[1].is_partial
        source.memory["whole_at"] -= WHOLE_EVERY_SECONDS + 1
        assert not source.read(asked=frozenset({"displayName"}))[1].is_partial
        source.settings["with_guests"] = True
        assert not source.read(asked=frozenset({"displayName"}))[1].is_partial


def test_preview_notes_nothing_and_asks_for_no_more(tenant: Tenant, authority: Authority) -> None:
    with open_tenant(tenant, authority) as peer:
        records, reading = Source(peer).read(most=2)
    assert (len(records), reading.memory) == (2, {})
    assert len(peer.asked) == 2


def test_rooms_are_known_by_what_does_not_change(tenant: Tenant, authority: Authority) -> None:
    room = {
        "id": "moves",
        "displayName": "Oslo",
        "emailAddress": "oslo@example.org",
        "phone": "+4722",
        "capacity": 8,
    }
    tenant.people = [room, {**room, "placeId": "stays"}, {"displayName": "known by nothing"}]
    with open_tenant(tenant, authority) as peer:
        source = Source(peer, what="rooms")
        records, _reading = source.read()
        assert not source.read()[1].is_partial
    assert [one.key for one in records] == ["oslo@example.org", "stays"]
    assert entry_of(records[0], GRAPH.mapping).methods == (("telephone", "+4722", ""),)
    assert peer.asked[1].path == "/v1.0/places/microsoft.graph.room"


def test_contacts_have_their_addresses(tenant: Tenant, authority: Authority) -> None:
    phones = [{"type": "business", "number": "+471"}, {"type": "mobile", "number": None}]
    tenant.people = [
        {"id": "c", "displayName": "Bo", "proxyAddresses": ["SIP:bo@example.org"], "phones": phones}
    ]
    with open_tenant(tenant, authority) as peer:
        records, _reading = Source(peer, what="contacts").read()
    assert entry_of(records[0], GRAPH.mapping).methods == (
        ("sip", "bo@example.org", ""),
        ("telephone", "+471", ""),
    )


def test_token_that_ends_in_the_middle_is_renewed_once(tenant: Tenant, authority: Authority) -> None:
    with open_tenant(tenant, authority) as peer:
        answered = 0

        def forget(asked: Asked) -> Reply:
            nonlocal answered
            answered += 1
            if answered == 3:
                tenant.good_tokens = []
            return tenant(asked)

        peer.answer = forget
        assert len(Source(peer).read()[0]) == 5
        assert tenant.tokens == 2
        peer.answer = lambda asked: (
            tenant(asked) if asked.path.endswith("/token") else as_json({"error": {"code": "x"}}, 401)
        )
        assert "401" in Source(peer).failure()


def test_refused_application_is_told_what_to_do(tenant: Tenant, authority: Authority) -> None:
    with open_tenant(tenant, authority) as peer:
        wrong = Source(peer, client_secret="wrong secret of somebody").failure()
        assert "client secret" in wrong
        assert "somebody" not in wrong
        peer.answer = lambda asked: as_json(
            {"error": "unauthorized_client", "error_description": f"AADSTS999: {SECRET}"}, 400
        )
        assert "AADSTS999" in Source(peer).failure()
        peer.answer = lambda asked: Reply(400, b"<html>")
        assert "400" in Source(peer).failure()
        peer.answer = lambda asked: as_json({"access_token": ["x"]})
        Source(peer).failure()
        peer.answer = lambda asked: as_json({"access_token": "x\r\nHost: elsewhere"})
        Source(peer).failure()


@pytest.mark.parametrize("what", COLLECTIONS)
def test_missing_permission_is_named(tenant: Tenant, authority: Authority, what: str) -> None:
    with open_tenant(tenant, authority) as peer:
        tenant.instead = [as_json({"error": {"code": "Authorization_RequestDenied"}}, 403)]
        assert COLLECTIONS[what].permission in Source(peer, what=what).failure()


@pytest.mark.parametrize(
    "reply",
    [
        as_json({"error": {"code": "Request_BadRequest", "message": SECRET}}, 400),
        as_json({"value": "text"}),
        as_json([]),
        Reply(200, b"<html>"),
        Reply(500),
    ],
)
def test_answer_that_is_none_of_graph_is_refused(tenant: Tenant, authority: Authority, reply: Reply) -> None:
    with open_tenant(tenant, authority) as peer:
        tenant.instead = [reply]
        source = Source(peer)
        source.failure()
        assert source.memory == {}


def test_throttled_reading_waits_as_it_is_told(tenant: Tenant, authority: Authority) -> None:
    with open_tenant(tenant, authority) as peer:
        tenant.instead = [Reply(429, b"", {"Retry-After": "0"})] * 2
        assert len(Source(peer).read()[0]) == 5
        tenant.instead = [Reply(429, b"", {"Retry-After": "4000"})]
        assert "4000" in Source(peer).failure()


def test_token_goes_to_graph_alone(tenant: Tenant, authority: Authority) -> None:
    with serving(lambda asked: as_json({"value": []}), authority) as other:
        with open_tenant(tenant, authority) as peer:
            tenant.elsewhere = other.url
            Source(peer).failure()
            for name in ("login_url", "graph_url"):
                assert "https" in Source(peer, **{name: "http://127.0.0.1:9"}).failure()
            assert "tenant" in Source(peer, tenant="a/../b").failure()
        assert other.asked == []


def test_pages_without_end_are_ended(tenant: Tenant, authority: Authority) -> None:
    with open_tenant(tenant, authority) as peer:
        link = f"{peer.url}/v1.0/users/delta?$skiptoken=1"
        tenant.instead = [as_json({"value": [], "@odata.nextLink": link})] * 3
        Source(peer).failure()
        assert len(peer.asked) == 3


def test_odd_items_are_passed_over(tenant: Tenant, authority: Authority) -> None:
    tenant.people = ["text", None, {"id": 7, "imAddresses": "x"}, {"id": {"a": 1}}, person(1)]  # type: ignore[list-item]
    with open_tenant(tenant, authority) as peer:
        assert [one.key for one in Source(peer).read()[0]] == ["7", "id-1"]


def test_book_follows_what_the_tenant_tells(tenant: Tenant, authority: Authority) -> None:
    book = editing.create_book("Corporate", inventory.root_folder())
    with open_tenant(tenant, authority) as peer:
        source = keeping.add_source(GRAPH, book, Source(peer).settings, now=NOW)
        shown = []
        for changes in (
            [],
            [person(1, displayName="Newest"), {"id": "id-2", "@removed": {"reason": "deleted"}}],
        ):
            tenant.changes = changes
            syncing.read_one(source, now=NOW)
            source.refresh_from_db()
            rows = Contact.objects.filter(IS_SHOWN, source=source)
            shown.append(dict(rows.order_by("key").values_list("key", "name")))
    assert source.problem == ""
    assert shown[0] == {f"id-{number}": f"Person {number}" for number in range(5)}
    assert shown[1] == {"id-0": "Person 0", "id-1": "Newest", "id-3": "Person 3", "id-4": "Person 4"}
    assert SECRET not in str(Row.objects.filter(pk=source.pk).values())
