"""Secure-Only of one system is a move of its own: by page, by the API, and by the service beneath."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.api.conftest import Caller
from tests.integration.web.conftest import text_of

from roomkeeper.accounts.models import User
from roomkeeper.secure_only import moving, single
from roomkeeper.secure_only.models import Member, Move
from roomkeeper.systems.models import Contact, HttpsProof, State, System, SystemSecret

TRUSTED = Move.Trust.TRUSTED


@pytest.fixture
def room(boardroom: System) -> System:
    """Proven, and calling us by HTTP."""
    SystemSecret.objects.create(
        system=boardroom, stage="current", digest=b"x", ciphertext=b"", created_at=timezone.now()
    )
    Contact.objects.filter(system=boardroom).update(scheme="http", interval=10)
    return boardroom


@pytest.fixture
def call(administrator: User) -> Caller:
    return Caller(administrator)


@pytest.fixture
def client(administrator: User) -> Client:
    found = Client()
    found.force_login(administrator)
    return found


def is_told(system: System) -> bool:
    """Whether the device has been told to use HTTPS alone."""
    system.refresh_from_db()
    return system.is_secure_only or system.management_is_due


def test_a_system_that_cannot_prove_https_is_never_told_to_switch(room: System) -> None:
    now = timezone.now()
    move = single.turn_on(room, trust=TRUSTED, user=None, now=now)
    assert move is not None
    moving.advance(now=now)
    assert not is_told(room)
    # It goes on posting by HTTP, without the document that it was asked for by HTTPS.
    late = now + timedelta(minutes=2)
    Contact.objects.filter(system=room).update(last_seen_at=late)
    moving.advance(now=late)
    member = single.newest_member(room)
    assert member is not None
    assert (member.state, is_told(room)) == (Member.State.HELD, False)
    assert "does not trust" in member.reason


def test_who_has_proven_it_is_told_to_switch(room: System) -> None:
    now = timezone.now()
    single.turn_on(room, trust=TRUSTED, user=None, now=now)
    moving.advance(now=now)
    System.objects.filter(pk=room.pk).update(https_proof=HttpsProof.PROVEN)
    moving.advance(now=now)
    assert is_told(room)


def test_asked_twice_it_is_the_same_move_and_off_ends_it(room: System) -> None:
    now = timezone.now()
    first = single.turn_on(room, trust=TRUSTED, user=None, now=now)
    assert single.turn_on(room, trust=TRUSTED, user=None, now=now) == first
    single.turn_off(room, user=None, now=now)
    member = single.newest_member(room)
    assert member is not None
    assert member.state == Member.State.SKIPPED
    assert not is_told(room)


def test_what_cannot_be_moved_is_refused_with_its_reason(boardroom: System) -> None:
    with pytest.raises(moving.MoveRefused, match="has not proven its secret"):
        single.turn_on(boardroom, trust=TRUSTED, user=None, now=timezone.now())


def test_one_that_is_not_managed_yet_is_admitted_so(boardroom: System) -> None:
    System.objects.filter(pk=boardroom.pk).update(state=State.PRE_REGISTERED)
    boardroom.refresh_from_db()
    assert single.turn_on(boardroom, trust=TRUSTED, user=None, now=timezone.now()) is None
    boardroom.refresh_from_db()
    assert boardroom.is_secure_only
    assert not boardroom.management_is_due


def test_the_api_begins_a_move_and_tells_it(call: Caller, room: System) -> None:
    answer = call("PATCH", f"systems/{room.pk}", {"is_secure_only": True})
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["is_secure_only"] is False
    assert told["secure_only_move"] == Move.objects.get().pk
    assert not is_told(room)
    assert call("PATCH", f"systems/{room.pk}", {"is_secure_only": False}).status_code == 200
    assert Member.objects.get().state == Member.State.SKIPPED


def test_the_api_refuses_what_cannot_be_moved(call: Caller, boardroom: System) -> None:
    answer = call("PATCH", f"systems/{boardroom.pk}", {"is_secure_only": True})
    assert answer.status_code == 409
    assert "has not proven its secret" in answer.json()["detail"]


def test_the_page_shows_each_way_of_trust_and_begins_the_move(client: Client, room: System) -> None:
    assert f"/systems/{room.pk}/secure-only/" in text_of(client.get(f"/systems/{room.pk}/connection/"))
    page = text_of(client.get(f"/systems/{room.pk}/secure-only/"))
    assert "It does already" in page
    assert "no login is stored" in page
    answer = client.post(f"/systems/{room.pk}/secure-only/", {"trust": "trusted"})
    assert answer["Location"] == f"/secure-only/{Move.objects.get().pk}/"
    assert not is_told(room)
    assert "move 1" in text_of(client.get(f"/systems/{room.pk}/connection/")).replace(
        str(Move.objects.get().pk), "1"
    )


def test_there_is_no_toggle_left(client: Client, room: System) -> None:
    assert client.post(f"/systems/{room.pk}/act/secure-only/").status_code == 404
    client.post(f"/systems/{room.pk}/act/secure-only-off/")
    assert not is_told(room)
