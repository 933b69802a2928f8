"""`Idempotency-Key`: done once, answered alike."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.signals import pre_save
from django.utils import timezone
from tests.integration.api.conftest import Caller, CallerOf

from roomkeeper import keys
from roomkeeper.accounts.models import ApiToken, AuditEntry, KeptAnswer, User
from roomkeeper.jobs import processes
from roomkeeper.provisioning.models import ChangeSet
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


def killed_process() -> str:
    """The words of a process that has just been killed."""
    told = "from roomkeeper.jobs import processes; print(processes.this_process(), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", told], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        worker = process.stdout.readline().strip()
        assert not processes.is_gone(worker, timezone.now(), now=timezone.now())
        process.kill()
    return worker


def cut_off(worker: str) -> None:
    """As the row stands where its process ended between the act and the kept answer."""
    KeptAnswer.objects.update(status=0, body=b"", worker=worker)


def test_a_request_at_work_is_not_begun_again(call: Caller) -> None:
    call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY)
    cut_off(processes.this_process())
    answer = call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY)
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("still-at-work")


def test_what_a_killed_process_has_done_is_told_and_not_done_again(call: Caller) -> None:
    made = call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY).json()
    cut_off(killed_process())
    for _ in range(2):
        answer = call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY)
        assert answer.status_code == 200
        assert answer["Idempotency-Replayed"] == "true"
        told = answer.json()
        assert told["was_cut_off"] is True
        assert [(one["object_kind"], one["object_id"]) for one in told["done"]] == [("system", made["id"])]
    assert System.objects.count() == 1
    other = call("POST", "systems", {"serial_number": "FTT2"}, headers=KEY)
    assert other.json()["type"].endswith("key-used-otherwise")


def test_the_key_of_a_killed_process_that_had_done_nothing_is_free(call: Caller) -> None:
    call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY)
    cut_off(killed_process())
    System.objects.all().delete()
    AuditEntry.objects.all().delete()
    answer = call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY)
    assert answer.status_code == 201
    assert answer.json()["serial_number"] == "FTT1"


def test_whose_key_was_given_back_meanwhile_does_nothing_any_more(call: Caller) -> None:
    """What was taken for killed and is only slow: at the audit trail it finds its key gone, and its act is undone."""

    def given_back(**_: Any) -> None:
        KeptAnswer.objects.all().delete()

    pre_save.connect(given_back, sender=System)
    try:
        answer = call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY)
    finally:
        pre_save.disconnect(given_back, sender=System)
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("key-lost")
    assert not System.objects.exists()
    assert not AuditEntry.objects.exists()
    assert call("POST", "systems", {"serial_number": "FTT1"}, headers=KEY).status_code == 201


def test_a_change_set_that_was_cut_off_is_told_by_its_number(call: Caller, boardroom: System) -> None:
    body = {"systems": [boardroom.pk], "settings": {"Audio/DefaultVolume": "44"}}
    made = call("POST", "change-sets", body, headers=KEY).json()["id"]
    cut_off(killed_process())
    told = call("POST", "change-sets", body, headers=KEY).json()
    assert [(one["act"], one["details"]["change_set"]) for one in told["done"]] == [("change settings", made)]
    assert ChangeSet.objects.count() == 1


def test_a_process_of_another_machine_counts_as_gone_after_ten_minutes() -> None:
    now = timezone.now()
    for worker in ("elsewhere/boot 1 2", ""):
        assert not processes.is_gone(worker, now - timedelta(minutes=10), now=now)
        assert processes.is_gone(worker, now - timedelta(minutes=10, seconds=1), now=now)
        assert processes.is_gone(worker, now + timedelta(hours=1), now=now)


def test_an_unusable_key_is_refused(call: Caller) -> None:
    for key in ("", "x" * 256, "ключ"):
        assert call("POST", "tokens", {}, headers={"Idempotency-Key": key}).status_code == 422


def test_a_get_keeps_nothing(call: Caller) -> None:
    call("GET", "me", headers=KEY)
    assert not KeptAnswer.objects.exists()
