"""`Idempotency-Key`: done once, answered alike."""

from django.conf import settings
from tests.integration.api.conftest import Caller, CallerOf

from roomkeeper import keys
from roomkeeper.accounts.models import ApiToken, KeptAnswer, User
from roomkeeper.systems.models import System

KEY = {"Idempotency-Key": "order-1"}


def test_the_same_request_is_done_once(call: Caller) -> None:
    first = call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY)
    second = call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first["Location"] == second["Location"]
    assert second["Idempotency-Replayed"] == "true"
    assert System.objects.count() == 1


def test_another_body_with_the_same_key_is_refused(call: Caller) -> None:
    call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY)
    answer = call("POST", "systems", {"serial_number": "FTT2"}, headers=KEY)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("key-used-otherwise")
    assert System.objects.count() == 1


def test_a_refusal_frees_the_key(call: Caller, boardroom: System) -> None:
    assert call("POST", "systems", {"serial_number": boardroom.serial_number}, headers=KEY).status_code == 409
    assert call("POST", "systems", {"serial_number": "FTT2"}, headers=KEY).status_code == 201


def test_keys_of_two_people_are_two_keys(
    call: Caller,
    site_administrator: User,
    as_user: CallerOf,
    oslo: object,
) -> None:
    call("POST", "tokens", {"name": "a"}, headers=KEY)
    other = as_user(site_administrator)("POST", "tokens", {"name": "b"}, headers=KEY)
    assert other.status_code == 201
    assert other.json()["name"] == "b"


def test_a_kept_secret_is_encrypted(call: Caller) -> None:
    first = call("POST", "tokens", {"name": "robot"}, headers=KEY)
    text = first.json()["token"]
    kept = bytes(KeptAnswer.objects.get().body)
    assert text.encode() not in kept
    assert text in keys.load(settings.OPTIONS.data).decrypt(kept)
    assert call("POST", "tokens", {"name": "robot"}, headers=KEY).json()["token"] == text
    assert ApiToken.objects.filter(name="robot").count() == 1


def test_a_request_that_was_cut_off_is_not_done_again(call: Caller) -> None:
    call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY)
    KeptAnswer.objects.update(status=0, body=b"")
    answer = call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY)
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("still-at-work")


def test_an_unusable_key_is_refused(call: Caller) -> None:
    for key in ("", "x" * 256, "ключ"):
        assert call("POST", "tokens", {}, headers={"Idempotency-Key": key}).status_code == 422


def test_a_get_keeps_nothing(call: Caller) -> None:
    call("GET", "me", headers=KEY)
    assert not KeptAnswer.objects.exists()
