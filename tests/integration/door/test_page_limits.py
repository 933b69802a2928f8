"""Limits of requests to pages and API before Django sees them, on real sockets (rule R14)."""

import http.client
import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.door.conftest import DoorProcess

from roomkeeper.accounts import tokens
from roomkeeper.accounts.models import User
from roomkeeper.serving.page_limits import PIECE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]
FORM = "application/x-www-form-urlencoded"


def send(
    door: DoorProcess, path: str, body: bytes, *, kind: str = FORM, in_chunks: bool = False, **headers: str
) -> tuple[int, bytes, str]:
    """Status, body and whether the connection ends."""
    where = urlsplit(door.http)
    made = http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)
    try:
        named = {"Content-Type": kind, **{name.title(): value for name, value in headers.items()}}
        content = iter([body[:50_000], body[50_000:]]) if in_chunks else body
        made.request("POST", path, content, named, encode_chunked=in_chunks)
        answer = made.getresponse()
        return answer.status, answer.read(), answer.getheader("Connection", "")
    finally:
        made.close()


@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize("path", ["/sign-in/", "/systems/", "/api/v1/systems", "/no/such/page"])
def test_who_is_not_signed_in_sends_little(door: DoorProcess, path: str, in_chunks: bool) -> None:
    status, _, ends = send(door, path, b"x" * 64_001, in_chunks=in_chunks)
    assert (status, ends) == (413, "close")
    assert send(door, path, b"x" * 64_000, in_chunks=in_chunks)[0] in (302, 401, 403, 404)


@pytest.mark.parametrize(
    "header", [{"Authorization": "Bearer rk_made_up"}, {"Cookie": "roomkeeper_session=madeup"}]
)
def test_a_made_up_token_or_session_is_none(door: DoorProcess, header: dict[str, str]) -> None:
    status, body, _ = send(door, "/api/v1/systems", b"[" * 64_001, kind="application/json", **header)
    assert status == 413
    assert json.loads(body)["title"] == "Too large"


def test_a_token_sends_more_and_files_by_their_own_limit(door: DoorProcess, person: User) -> None:
    _, text = tokens.create_token(person, now=timezone.now(), lifetime=timedelta(days=1))
    own = {"Authorization": f"Bearer {text}"}
    for size, answered in ((100_000, True), (2_400_000, True), (2_600_000, False)):
        for in_chunks in (False, True):
            status, *_ = send(
                door, "/api/v1/systems", b"[" * size, kind="application/json", in_chunks=in_chunks, **own
            )
            assert (status != 413) is answered, (size, in_chunks, status)


def test_a_signed_in_person_sends_files(door: DoorProcess, person: User) -> None:
    client = Client()
    client.force_login(person)
    cookie = {"Cookie": f"roomkeeper_session={client.session.session_key}"}
    kind = "multipart/form-data; boundary=b"
    body = (
        b"--b\r\nContent-Disposition: form-data; name=file; filename=x\r\n\r\n"
        + b"x" * 4_000_000
        + b"\r\n--b--\r\n"
    )
    # Past the limits, and refused by Django for want of a CSRF token.
    assert send(door, "/systems/", body, kind=kind, **cookie)[0] == 403
    assert send(door, "/systems/", body, kind=kind)[0] == 413
    person.is_active = False
    person.save()
    assert send(door, "/systems/", body, kind=kind, **cookie)[0] == 413


def test_an_upload_over_its_limit_is_refused(open_door, person: User) -> None:
    door = open_door(upload_size_limit=1_000_000)
    _, text = tokens.create_token(person, now=timezone.now(), lifetime=timedelta(days=1))
    own = {"Authorization": f"Bearer {text}"}
    for in_chunks in (False, True):
        status, *_ = send(
            door, "/api/v1/systems", b"x" * 1_000_001, kind="text/csv", in_chunks=in_chunks, **own
        )
        assert status == 413


def test_a_long_answer_arrives_whole(door: DoorProcess) -> None:
    """It leaves in pieces; the description of the API is the longest that strangers get."""
    where = urlsplit(door.http)
    made = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    texts = []
    for _ in range(2):
        made.request("GET", "/api/v1/openapi.json")
        answer = made.getresponse()
        texts.append(answer.read())
        assert len(texts[-1]) == int(answer.getheader("Content-Length", "0")) > PIECE
    made.close()
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["openapi"]
