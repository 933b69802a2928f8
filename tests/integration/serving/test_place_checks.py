"""What the server believes of its own place, held against what posts say."""

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from roomkeeper.accounts.source import THROUGH_A_STRANGER
from roomkeeper.external_manager import proxies, strangers
from roomkeeper.installation import rights
from roomkeeper.installation.models import ForwardingStranger
from roomkeeper.jobs import checks
from roomkeeper.serving import place_checks
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import Contact, System
from roomkeeper.web.transport import SecureTransportMiddleware

pytestmark = pytest.mark.django_db
PROXIED = {"http": ("127.0.0.1:8080",), "https": (), "trusted_proxies": ("10.0.0.9/32",)}


@pytest.fixture
def own_address() -> str:
    """An address of this machine that is not loopback, by the route that packets would take; none is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(one.getsockname()[0])


def found(name: str, **options: object) -> checks.CheckResult:
    place_checks.register_checks(replace(settings.OPTIONS, **options))
    return next(one for one in checks.examine(now=timezone.now()) if one.what == name)


def post(boardroom: System, source: str, host: str) -> None:
    now = timezone.now() + timedelta(seconds=1)
    Contact.objects.filter(system=boardroom).update(source_address=source, used_host=host, last_seen_at=now)


def test_behind_a_proxy_without_an_outside_address_is_a_fault(boardroom: System) -> None:
    network_settings.update(
        {"internal_ipv4": "127.0.0.1", "internal_fqdn": ""}, user=None, now=timezone.now()
    )
    assert not found("outside address", **PROXIED).ok
    network_settings.update({"outside_public_host": "rooms.example.org"}, user=None, now=timezone.now())
    assert found("outside address", **PROXIED).ok


@pytest.mark.parametrize(
    ("source", "host", "ok"),
    [
        ("10.7.7.7", "10.0.0.5", True),
        ("10.7.7.7", "127.0.0.1:8080", False),
        ("10.7.7.7", "0.0.0.0:8080", False),
        ("127.1.0.9", "127.0.0.1:8080", True),
    ],
)
def test_posts_that_name_an_inner_host_are_a_fault(
    boardroom: System, source: str, host: str, ok: bool
) -> None:
    network_settings.update({"internal_ipv4": "10.0.0.5"}, user=None, now=timezone.now())
    post(boardroom, source, host)
    assert found("outside address").ok is ok


def test_posts_with_the_address_of_the_proxy_are_a_fault(boardroom: System) -> None:
    post(boardroom, "10.0.0.9", "10.0.0.5")
    assert not found("forwarding headers", **PROXIED).ok
    post(boardroom, "10.7.7.7", "10.0.0.5")
    assert found("forwarding headers", **PROXIED).ok


def test_headers_of_a_stranger_are_a_fault_until_he_is_trusted(boardroom: System) -> None:
    proxies.resolve({"client": ("10.0.0.8", 1), "headers": [(b"forwarded", b"for=1.2.3.4")]}, ())
    strangers.keep(strangers.NOTED.take(), now=timezone.now())
    assert "10.0.0.8" in found("forwarding headers").words
    assert found("forwarding headers", trusted_proxies=("10.0.0.8/32",)).ok


def test_of_strangers_the_newest_are_kept_for_a_day() -> None:
    now = timezone.now()
    strangers.keep(["10.0.0.1"], now=now - strangers.FORGOTTEN_AFTER)
    strangers.keep(["10.0.0.2"], now=now - timedelta(hours=2))
    assert strangers.lately(now=now) == ["10.0.0.2"]
    strangers.keep([f"10.0.1.{number}" for number in range(30)], now=now)
    assert len(strangers.lately(now=now)) == ForwardingStranger.objects.count() == strangers.KEPT
    assert "10.0.0.2" not in strangers.lately(now=now)


@pytest.mark.django_db(transaction=True)
def test_what_a_process_noted_is_written_when_it_stops() -> None:
    async def go_on(noted: strangers.Strangers) -> None:
        stopping = asyncio.Event()
        writing = asyncio.create_task(strangers.go_on_writing(stopping, noted))
        await asyncio.sleep(0)
        stopping.set()
        await writing

    noted = strangers.Strangers()
    noted.note("10.0.0.8")
    asyncio.run(go_on(noted))
    assert ForwardingStranger.objects.get().source == "10.0.0.8"


@pytest.mark.parametrize(("is_strange", "status"), [(False, 200), (True, 403)])
def test_no_loopback_exception_for_what_a_stranger_passes_on(is_strange: bool, status: int) -> None:
    request = RequestFactory().get("/sign-in/", REMOTE_ADDR="127.0.0.1")
    request.scope = {THROUGH_A_STRANGER: is_strange}  # type: ignore[attr-defined]
    assert SecureTransportMiddleware(lambda _: HttpResponse())(request).status_code == status


@pytest.mark.parametrize(
    ("host", "is_heard", "used", "ok"),
    [
        ("own", True, "", True),
        ("own", False, "", False),
        # Posts come in there: somebody hands them on.
        ("own", False, "own", True),
        # Of another machine nothing is known here.
        ("192.0.2.1", False, "", True),
        ("rooms.example.org", False, "", True),
    ],
)
def test_port_of_this_machine_at_which_nothing_listens_is_a_fault(
    boardroom: System, own_address: str, host: str, is_heard: bool, used: str, ok: bool
) -> None:
    host, used = host.replace("own", own_address), used.replace("own", own_address)
    with socket.create_server((own_address, 0)) as listening:
        port = listening.getsockname()[1]
        values = {"outside_internal_host": host, "outside_internal_http_port": port}
        network_settings.update(values, user=None, now=timezone.now())
        if used:
            post(boardroom, "10.7.7.7", f"{used}:{port}")
        if not is_heard:
            listening.close()
        assert found("outside address").ok is ok


def test_the_front_end_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    assert found("front end").ok
    monkeypatch.setattr(settings, "STATIC_ROOT", tmp_path)
    assert not found("front end").ok


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("rooms", "UTF8", True, None, False), ""),
        (("rooms", "UTF8", False, "dbos", True), ""),
        (("rooms", "LATIN1", True, None, False), "is in LATIN1"),
        (("rooms", "SQL_ASCII", True, "dbos", True), "is in SQL_ASCII"),
        (("rooms", "UTF8", False, None, False), "GRANT CREATE ON DATABASE rooms"),
        (("rooms", "UTF8", True, "dbos", False), "GRANT USAGE, CREATE ON SCHEMA dbos"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_one_sentence(said: tuple[object, ...], words: str) -> None:
    told = rights.judge(*said)  # type: ignore[arg-type]
    assert words in told
    assert bool(told) is bool(words)


def test_a_database_of_ours_is_usable() -> None:
    assert rights.complaint() == ""
