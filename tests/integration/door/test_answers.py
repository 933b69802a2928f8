"""Rule R5, row by row: what each device address answers to whom, over a real socket."""

import socket
import sqlite3
from collections.abc import Callable
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from django.db import OperationalError, connection
from tests.acceptance.device import (
    DOCUMENTS,
    EVENTS,
    FEEDBACK,
    PHONE_BOOK,
    SERVICES,
    SOAP_12,
    XML,
    Device,
    Reply,
    request,
)
from tests.integration.door.conftest import DoorProcess, Systems

from roomkeeper.systems import timeline
from roomkeeper.systems.models import Claim, StoredDocument, System

IN_CALL = '<Call item="1"><Status item="1">Connected</Status></Call>'
CALL_SUCCESSFUL = '<CallSuccessful item="1"><CallId item="1">7</CallId></CallSuccessful>'


def told(reply: Reply) -> tuple[int, dict[str, str], bytes]:
    """All that tells one answer from another; the time of day does not."""
    return reply.status, {k: v for k, v in reply.headers.items() if k != "date"}, reply.body


class TestKnownAndProven:
    def test_an_event_gets_its_own_answer(self, systems: Systems) -> None:
        device, _ = systems.proven()
        orders = device.event("Boot").orders
        assert {location for location, _ in orders.documents} >= {"/Status", "/Configuration"}
        assert all(url.endswith(f"/{device.secret}") for _, url in orders.documents)

    def test_feedback_and_documents_are_stored_before_the_answer(self, systems: Systems) -> None:
        device, system = systems.proven()
        assert device.document("/Status", device.status()).status == 200
        assert system.documents.get().kind == "status"
        assert device.feedback("Event", CALL_SUCCESSFUL).status == 200
        system.refresh_from_db()
        assert system.in_call
        assert device.document("/Configuration", device.configuration()).status == 200
        assert system.configuration_versions.count() == 1

    def test_a_document_may_come_to_the_address_of_feedback(self, systems: Systems) -> None:
        device, system = systems.proven()
        assert device.post(FEEDBACK, device.document_body("/Status", device.status())).status == 200
        assert system.documents.get().kind == "status"

    def test_a_phone_book_search_is_answered(self, systems: Systems) -> None:
        device, _ = systems.proven()
        reply = device.search("smith")
        assert reply.status == 200
        assert b"SearchResult" in reply.body

    @pytest.mark.parametrize("soap", ["1.1", "1.2"])
    def test_the_answer_speaks_the_soap_of_the_question(self, systems: Systems, soap: str) -> None:
        device, _ = systems.proven()
        reply = device.event(soap=soap)
        namespace = (
            b"http://schemas.xmlsoap.org/soap/envelope/"
            if soap == "1.1"
            else b"http://www.w3.org/2003/05/soap"
        )
        assert (reply.status, namespace in reply.body) == (200, True)
        assert reply.headers["content-type"] == (XML if soap == "1.1" else SOAP_12)
        assert device.search(soap=soap).headers["content-type"] == (XML if soap == "1.1" else SOAP_12)


class TestWhoeverIsNotKnown:
    @pytest.mark.parametrize("soap", ["1.1", "1.2"])
    def test_all_of_them_get_the_same_empty_answer(self, systems: Systems, soap: str) -> None:
        proven, _ = systems.proven()
        unknown, ignored, (pending, _), stranger = (
            systems.device(),
            systems.ignored(),
            systems.pending(),
            systems.device(),
        )
        withheld, _ = systems.admitted()
        replies = {
            "unknown": unknown.event("Boot", soap=soap),
            "unknown again": unknown.event(soap=soap),
            "in the inbox": pending.event(soap=soap),
            "ignored": ignored.event(soap=soap),
            "bare path after proof": proven.event(soap=soap, secret="", obey=False),
            "unknown secret": stranger.event(soap=soap, secret="a" * 32),
            "unknown secret of a proven system": proven.event(soap=soap, secret="a" * 32, obey=False),
            "secret withheld": withheld.event(soap=soap, source="127.9.9.9", obey=False),
        }
        first = told(replies["unknown"])
        assert first[0] == 200
        orders = replies["unknown"].orders
        assert (orders.settings, orders.commands, orders.documents) == ({}, {}, [])
        assert {case: told(reply) for case, reply in replies.items()} == dict.fromkeys(replies, first)

    def test_their_searches_find_nothing(self, systems: Systems) -> None:
        proven, _ = systems.proven()
        replies = [
            systems.device().search(),
            systems.ignored().search(),
            proven.search(secret=""),
            systems.device().search(secret="a" * 32),
        ]
        assert [told(reply) for reply in replies] == [told(replies[0])] * 4
        assert replies[0].status == 200
        assert b"<NoOfEntries>0</NoOfEntries>" in replies[0].body

    def test_their_feedback_and_documents_are_claims_and_change_nothing(self, systems: Systems) -> None:
        device, system = systems.proven()
        device.event("Boot")
        before = System.objects.filter(pk=system.pk).values().get()
        entries = timeline.entries(system).count()
        contact = {k: v for k, v in vars(system.contact).items() if not k.startswith("_")}
        for secret in ("", "a" * 32):
            assert device.document("/Status", device.status(IN_CALL), secret=secret).status == 200
            assert device.document("/Configuration", device.configuration(), secret=secret).status == 200
            assert device.feedback("Event", CALL_SUCCESSFUL, secret=secret).status == 200
            assert device.feedback("Configuration", "<SystemUnit/>", secret=secret).status == 200
        assert System.objects.filter(pk=system.pk).values().get() == before
        assert {
            k: v for k, v in vars(System.objects.get(pk=system.pk).contact).items() if k in contact
        } == contact
        assert timeline.entries(system).count() == entries
        assert not StoredDocument.objects.exists()
        assert not system.configuration_versions.exists()
        assert sum(Claim.objects.filter(system=system).values_list("count", flat=True)) == 8

    def test_a_claim_is_counted_in_one_row(self, systems: Systems) -> None:
        device, system = systems.proven()
        for _ in range(3):
            device.event(secret="", obey=False)
        assert Claim.objects.get(system=system).count == 3


def test_a_blocked_system_is_refused_everywhere(systems: Systems) -> None:
    device = systems.blocked()
    for secret in (device.secret, ""):
        assert device.event(secret=secret).status == 403
        assert device.feedback("Event", CALL_SUCCESSFUL, secret=secret).status == 403
        assert device.document("/Status", device.status(), secret=secret).status == 403
        assert device.search(secret=secret).status == 403


class TestNotParsable:
    BODIES = (
        b"",
        b"hello",
        b"<",
        b"\x00\xff\xfe",
        b"<a>" * 500,
        b'{"Event":',
        b"<Envelope><Body><Nothing/></Body></Envelope>",
    )

    def test_an_event_is_a_bad_request(self, systems: Systems) -> None:
        for body in self.BODIES:
            assert (body, systems.device().post(EVENTS, body).status) == (body, 400)

    def test_a_search_is_a_fault(self, systems: Systems) -> None:
        for body in self.BODIES:
            reply = systems.device().post(PHONE_BOOK, body)
            assert (body, reply.status) == (body, 500)
            assert b"Fault" in reply.body
            assert reply.headers["content-type"] == XML

    @pytest.mark.parametrize("path", [FEEDBACK, DOCUMENTS])
    def test_feedback_and_documents_of_a_proven_system_are_kept_raw(
        self, systems: Systems, path: str
    ) -> None:
        device, system = systems.proven()
        assert device.post(path, b"<Event><Broken" + b"x" * 100_000).status == 200
        entry = timeline.entries(system).filter(kind="unreadable").get()
        kept = timeline.request_text(entry.exchange)
        assert kept.startswith("<Event><Broken")
        assert len(kept) <= 65_536

    @pytest.mark.parametrize("path", [FEEDBACK, DOCUMENTS])
    def test_those_of_a_stranger_are_kept_raw_and_counted(self, systems: Systems, path: str) -> None:
        device = systems.device()
        for _ in range(2):
            assert device.post(path, b"<Event><Broken" + b"x" * 100_000).status == 200
        claim = Claim.objects.get()
        assert (claim.count, bytes(claim.sample[:14]), len(claim.sample) <= 4_096) == (
            2,
            b"<Event><Broken",
            True,
        )


class TestOverTheSizeCap:
    def test_a_declared_size_is_refused_before_it_is_read(
        self, open_door: Callable[..., DoorProcess]
    ) -> None:
        door = open_door(event_size_limit=1000, document_size_limit=1000)
        for path in SERVICES:
            head = (
                f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 1001\r\n\r\n"
            )
            assert self._status_and_end(door, head.encode()) == 413

    def test_an_undeclared_size_is_refused_where_the_cap_is_passed(
        self, open_door: Callable[..., DoorProcess]
    ) -> None:
        door = open_door(event_size_limit=1000, document_size_limit=1000)
        head = "HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
        for path in SERVICES:
            sent = f"POST {path} {head}3e9\r\n{'x' * 1001}\r\n"
            assert self._status_and_end(door, sent.encode()) == 413

    @staticmethod
    def _status_and_end(door: DoorProcess, sent: bytes) -> int:
        """The status, after which the server must close the connection by itself."""
        where = urlsplit(door.http)
        with socket.create_connection((where.hostname, where.port), timeout=10) as made:
            made.sendall(sent)
            received = b""
            while part := made.recv(65_536):
                received += part
        return int(received.split()[1])


class TestRateOfTheUnproven:
    def test_who_is_over_it_is_told_so_at_every_address(self, open_door: Callable[..., DoorProcess]) -> None:
        door = open_door(unproven_rate=0.001, unproven_burst=4)
        device = systems_device(door)
        assert [device.event().status for _ in range(6)] == [200] * 4 + [429] * 2
        for path in SERVICES:
            assert device.post(path, b"x").status == 429
            assert device.post(path, device.event_body(), secret="a" * 32).status in (429, 500)
        other = systems_device(door, source="127.3.0.99")
        assert other.event().status == 200

    def test_a_proven_system_behind_the_same_address_is_served(
        self, open_door: Callable[..., DoorProcess], person: object
    ) -> None:
        door = open_door(unproven_rate=0.001, unproven_burst=8)
        device, _ = Systems(door, person).proven()
        stranger = systems_device(door, serial="FTT29990001", mac="02:00:00:00:99:01", source=device.source)
        while stranger.event().status != 429:
            pass
        assert [device.event().status for _ in range(20)] == [200] * 20
        assert device.feedback("Event", CALL_SUCCESSFUL).status == 200


class TestStoreUnavailable:
    def test_nothing_is_acknowledged(self, open_door: Callable[..., DoorProcess]) -> None:
        def full(*_: object, **__: object) -> None:
            raise OperationalError("database or disk is full")

        device = systems_device(open_door(handle=full))
        assert device.event().status == 503
        assert device.feedback("Event", CALL_SUCCESSFUL).status == 503
        assert device.document("/Status", device.status()).status == 503
        assert device.search().status == 503

    def test_a_locked_database_is_503_and_its_end_is_200(
        self, open_door: Callable[..., DoorProcess], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if connection.vendor != "sqlite":
            pytest.skip("locks a SQLite file; the acceptance tests stop a PostgreSQL")
        # As the server has it, but for the patience of its batcher's connection.
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.3)
        device = systems_device(open_door())
        assert device.event().status == 200
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            assert device.event().status == 503
            assert device.feedback("Event", CALL_SUCCESSFUL).status == 503
            assert device.document("/Status", device.status()).status == 503
        finally:
            other.execute("ROLLBACK")
            other.close()
        assert device.event().status == 200


class TestSecureOnly:
    def test_plain_http_is_refused_after_the_move_and_noted(
        self, door: DoorProcess, systems: Systems
    ) -> None:
        device, system = systems.proven()
        System.objects.filter(pk=system.pk).update(is_secure_only=True)
        assert device.event().status == 200  # still on its way
        device.server = door.https
        assert device.event().status == 200
        assert device.event().status == 200
        device.server = door.http
        assert device.event(obey=False).status == 403
        assert device.feedback("Event", CALL_SUCCESSFUL).status == 403
        assert device.document("/Status", device.status()).status == 403
        assert device.search().status == 403
        assert timeline.entries(system).filter(kind="refused").count() == 4
        assert device.event(server=door.https).status == 200


class TestOtherMethods:
    @pytest.mark.parametrize("path", [EVENTS, PHONE_BOOK])
    def test_soap_services_say_what_they_are(self, door: DoorProcess, path: str) -> None:
        reply = request("GET", door.http + path)
        assert reply.status == 200
        assert b"Roomkeeper" in reply.body
        assert reply.headers["content-type"].startswith("text/html")
        assert request("HEAD", door.http + path).status == 200
        assert request("PUT", door.http + path, b"x").status == 405

    @pytest.mark.parametrize("path", [FEEDBACK, DOCUMENTS])
    def test_the_others_take_posts_only(self, door: DoorProcess, path: str) -> None:
        for method in ("GET", "PUT", "DELETE"):
            reply = request(method, door.http + path)
            assert (reply.status, reply.headers["allow"]) == (405, "POST")

    @pytest.mark.parametrize("path", [EVENTS, PHONE_BOOK])
    def test_the_description_names_the_address_it_was_asked_at(self, door: DoorProcess, path: str) -> None:
        for query in ("?WSDL", "?wsdl"):
            reply = request("GET", door.http + path + query)
            assert reply.status == 200
            assert f'location="{door.http}{path.lower()}"'.encode() in reply.body

    def test_a_host_header_cannot_write_into_the_description(self, door: DoorProcess) -> None:
        reply = request("GET", f"{door.http}{EVENTS}?WSDL", headers={"Host": 'x"/><evil a="'})
        assert b"<evil" not in reply.body

    def test_whoever_asks_at_an_address_of_its_own_is_told_that_one(self, door: DoorProcess) -> None:
        for path in (EVENTS, PHONE_BOOK):
            reply = request("GET", f"{door.http}{path}/abcd2345?wsdl")
            assert f'location="{door.http}{path.lower()}/abcd2345"'.encode() in reply.body
            reply = request("GET", f"{door.http}{path}/%22/%3E%3Cevil%20a=%22?wsdl")
            assert (reply.status, b"<evil" in reply.body) == (200, False)
            ElementTree.fromstring(reply.body)


class TestAddresses:
    def test_letter_case_and_doubled_slashes_do_not_count(self, systems: Systems) -> None:
        device, system = systems.proven()
        seen = system.contact.last_seen_at
        for path in (
            EVENTS.lower(),
            EVENTS.upper(),
            "/" + EVENTS.replace("/", "//"),
            EVENTS.replace("management", "MANAGEMENT"),
        ):
            for secret in (device.secret, device.secret.upper(), device.secret + "/"):
                reply = device.post(path, device.event_body(), secret=secret)
                assert reply.status == 200
                system.contact.refresh_from_db()
                assert system.contact.last_seen_at > seen
                seen = system.contact.last_seen_at

    def test_an_event_posted_to_the_root_is_one(self, systems: Systems) -> None:
        device = systems.device()
        reply = request("POST", device.server + "/", device.event_body("Boot"), headers={"Content-Type": XML})
        assert reply.status == 200
        assert reply.orders.interval
        assert System.objects.get(serial_number=device.serial).state == "pending"

    def test_below_the_services_is_nothing(self, door: DoorProcess) -> None:
        for path in ("/tms/", "/tms/public/feedback/other.aspx", EVENTS + "x"):
            assert request("POST", door.http + path, b"x").status == 404

    def test_an_event_without_soapaction_namespace_or_order_is_understood(self, systems: Systems) -> None:
        device = systems.device()
        body = (
            f"\n  <PostEvent><Event>Boot</Event><Identification><SerialNumber>{device.serial}</SerialNumber>"
            f"<SystemName>Odd</SystemName></Identification></PostEvent>"
        )
        assert device.post(EVENTS, body.encode(), content_type="application/octet-stream").status == 200
        assert System.objects.get(serial_number=device.serial).name == "Odd"


def systems_device(door: DoorProcess, **values: str) -> Device:
    """A device without any record."""
    return Systems(door, None).device(**values)
