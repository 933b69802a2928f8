"""Signing in: right, wrong, locked out, by whom and from where; nobody locks another out."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import F
from django.test import Client, override_settings
from structlog.testing import capture_logs
from tests.cast import PASSWORD

from roomkeeper.accounts import lock_out, sign_in, tokens
from roomkeeper.accounts.actors import Road
from roomkeeper.accounts.lock_out import lock_after
from roomkeeper.accounts.models import AuditEntry, SignInTries, User
from roomkeeper.accounts.sessions import find_user
from roomkeeper.accounts.sign_in import Attempt, SignInOutcome
from roomkeeper.accounts.sign_in_gate import OF_ONE_SOURCE, Busy, Gate
from roomkeeper.jobs import replanning

ARGON = ["roomkeeper.accounts.hashing.PasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
HERE, ELSEWHERE = "192.0.2.7", "198.51.100.9"


class Door:
    """A gate of its own, and how somebody tries."""

    def __init__(self) -> None:
        self.gate = Gate(clock=lambda: 0.0)

    def __call__(
        self, name: str, password: str = "wrong", *, source: str = HERE, after: timedelta = timedelta(0)
    ) -> Attempt:
        return sign_in.attempt(
            name, password, source_address=source, road=Road.PAGE, now=NOW + after, gate=self.gate
        )


@pytest.fixture
def door() -> Door:
    """A gate that nobody has used."""
    return Door()


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (1, 0), (4, 0), (5, 30), (6, 60), (7, 120), (11, 1920), (12, 3600), (13, 3600), (10_000, 3600)],
)
def test_each_wrong_password_locks_longer(failures: int, seconds: int) -> None:
    assert lock_after(failures) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_tries_count_for_one_machine(address: str, source: str) -> None:
    assert lock_out.source_of(address) == source


def test_right_and_wrong_stand_in_log_and_audit_with_their_source(door: Door, operator: User) -> None:
    with capture_logs() as logs:
        assert door("operator").outcome is SignInOutcome.WRONG
        assert door("operator", PASSWORD).user == operator
    assert [(one["event"], one["name"], one["source_address"], one["road"]) for one in logs] == [
        ("sign in refused", "operator", HERE, "page"),
        ("sign in", "operator", HERE, "page"),
    ]
    wrong, right = AuditEntry.objects.order_by("pk")
    assert (wrong.act, wrong.user, wrong.user_name) == ("sign in refused", None, "operator")
    assert (right.act, right.user, right.user_name) == ("sign in", operator, "operator")
    assert {(one.source_address, one.road, one.object_kind, one.object_id) for one in (wrong, right)} == {
        (HERE, "page", "user", operator.pk)
    }


def test_nothing_that_was_typed_is_kept_but_the_name_of_an_account(door: Door, operator: User) -> None:
    with capture_logs() as logs:
        door("operator", "hunter2-hunter2")
        # A password typed where the name belongs.
        door("Tr0ub4dor&3", "x")
    kept = json.dumps(
        [logs, list(AuditEntry.objects.values()), list(SignInTries.objects.values())], default=str
    )
    assert "hunter2" not in kept
    assert "Tr0ub4dor" not in kept
    assert AuditEntry.objects.latest("pk").user_name == "(unknown name)"


def test_the_fifth_wrong_password_locks_out_even_the_right_one(door: Door, operator: User) -> None:
    for _ in range(5):
        assert door("operator").outcome is SignInOutcome.WRONG
    locked = door("operator", PASSWORD, after=timedelta(seconds=29))
    assert (locked.outcome, locked.user, locked.seconds) == (SignInOutcome.LOCKED_OUT, None, 1)
    assert "1 second" in locked.sentence
    assert door("operator", PASSWORD, after=timedelta(seconds=30)).outcome is SignInOutcome.RIGHT
    acts = list(AuditEntry.objects.order_by("pk").values_list("act", flat=True))
    assert acts == [*["sign in refused"] * 5, "lock out", "sign in refused", "sign in"]
    row = AuditEntry.objects.get(act="lock out")
    assert (row.source_address, row.details["failures"]) == (HERE, 5)


def test_nobody_locks_another_out(door: Door, operator: User, viewer: User) -> None:
    for _ in range(9):
        door("operator")
    assert door("operator", PASSWORD).outcome is SignInOutcome.LOCKED_OUT
    assert door("operator", PASSWORD, source=ELSEWHERE).outcome is SignInOutcome.RIGHT
    assert door("viewer", PASSWORD).outcome is SignInOutcome.RIGHT


def test_a_lock_out_grows_until_the_right_password_ends_it(door: Door, operator: User) -> None:
    after, waits = timedelta(0), []
    for _ in range(5):
        door("operator", after=after)
    for _ in range(4):
        wait = door("operator", after=after).wait
        waits.append(wait.total_seconds())
        after += wait
        assert door("operator", after=after).outcome is SignInOutcome.WRONG
    assert waits == [30, 60, 120, 240]
    after += door("operator", after=after).wait
    assert door("operator", PASSWORD, after=after).outcome is SignInOutcome.RIGHT
    assert door("operator", after=after).outcome is SignInOutcome.WRONG
    assert door("operator", PASSWORD, after=after).outcome is SignInOutcome.RIGHT


def test_clock_that_is_set_back_locks_nobody_out_for_longer(door: Door, operator: User, viewer: User) -> None:
    """Seen by whoever has the schedule, which plans such times anew."""
    for _ in range(5):
        door("operator")
    door("viewer")
    before = NOW - timedelta(hours=1)
    assert replanning.replan(now=before) == 2
    assert door("operator", PASSWORD, after=timedelta(seconds=29) - timedelta(hours=1)).seconds == 1
    assert door("operator", PASSWORD, after=timedelta(seconds=30) - timedelta(hours=1)).user == operator
    assert door("viewer", PASSWORD, after=-timedelta(hours=1)).user == viewer
    assert replanning.replan(now=before) == 0


@pytest.mark.parametrize("hours", [-1, 1])
def test_step_of_the_clock_signs_nobody_out(client: Client, operator: User, hours: int) -> None:
    """Sessions and tokens end at a date that is weeks away."""
    client.force_login(operator)
    _, text = tokens.create_token(operator, now=NOW)
    assert tokens.find_token(text, now=NOW + timedelta(hours=hours)) is not None
    # The same as a clock that steps: what is stored lies an hour elsewhere.
    Session.objects.update(expire_date=F("expire_date") - timedelta(hours=hours))
    assert find_user(client.session.session_key or "") == operator


def test_tries_while_locked_out_are_counted_and_noted_once(door: Door, operator: User) -> None:
    for _ in range(5):
        door("operator")
    before = AuditEntry.objects.count()
    for _ in range(50):
        door("operator")
    assert AuditEntry.objects.count() == before + 1
    assert SignInTries.objects.get().refused == 50
    assert SignInTries.objects.get().failures == 5


def test_a_lock_out_is_lifted_by_a_person(door: Door, operator: User) -> None:
    for _ in range(5):
        door("operator")
    lock_out.lift(SignInTries.objects.get())
    assert door("operator", PASSWORD).outcome is SignInOutcome.RIGHT
    with pytest.raises(lock_out.NotLockedOut):
        lock_out.lift(SignInTries.objects.get())


def test_a_deactivated_account_is_told_so_with_the_right_password_only(door: Door, operator: User) -> None:
    User.objects.update(is_active=False)
    assert door("operator").outcome is SignInOutcome.WRONG
    assert door("operator", PASSWORD).outcome is SignInOutcome.DEACTIVATED
    assert AuditEntry.objects.latest("pk").details == {"reason": "deactivated"}


def test_the_name_may_be_in_other_letter_case_where_only_one_is_meant(door: Door, operator: User) -> None:
    assert door("OPERATOR", PASSWORD).user == operator
    User.objects.create_user("Operator", password="another good one")
    assert door("operator", PASSWORD).user == operator
    assert door("OPERATOR", PASSWORD).outcome is SignInOutcome.WRONG


@override_settings(PASSWORD_HASHERS=ARGON)
def test_a_wrong_sign_in_costs_little_and_an_unknown_name_as_much(door: Door, operator: User) -> None:
    User.objects.update(password=make_password(PASSWORD))

    def cost(name: str, source: str) -> float:
        began = time.process_time()
        door(name, source=source)
        return time.process_time() - began

    known = sorted(cost("operator", f"192.0.2.{n}") for n in range(10))
    unknown = sorted(cost(f"nobody{n}", f"198.51.100.{n}") for n in range(10))
    assert known[5] <= 0.3
    assert unknown[5] <= 0.3
    assert 0.5 < known[5] / unknown[5] < 2


@override_settings(PASSWORD_HASHERS=ARGON)
def test_an_older_hash_is_made_anew_at_the_next_sign_in(door: Door, operator: User) -> None:
    User.objects.update(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))
    door("operator")
    assert User.objects.get().password.startswith("pbkdf2_sha256$")
    assert door("operator", PASSWORD).outcome is SignInOutcome.RIGHT
    assert User.objects.get().password.startswith("argon2$argon2id$")
    assert door("operator", PASSWORD).outcome is SignInOutcome.RIGHT


def test_one_source_has_a_rate_of_wrong_names_and_known_people_are_not_held_up(
    door: Door, operator: User, viewer: User
) -> None:
    assert door("operator", PASSWORD).outcome is SignInOutcome.RIGHT
    outcomes = [door(f"name{n}").outcome for n in range(40)]
    assert (outcomes.count(SignInOutcome.WRONG), outcomes.count(SignInOutcome.BUSY)) == (20, 20)
    assert door("operator", PASSWORD).outcome is SignInOutcome.RIGHT
    assert door("viewer", PASSWORD, source=ELSEWHERE).outcome is SignInOutcome.RIGHT


def test_the_table_of_tries_stays_small(door: Door, operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_out, "OF_ONE_SOURCE", 12)
    door.gate = Gate(clock=iter(range(0, 10_000_000, 1000)).__next__)
    door("operator", PASSWORD)
    for n in range(60):
        door(f"name{n}")
    assert SignInTries.objects.count() <= 12
    assert SignInTries.objects.filter(user=operator).exists()


def test_a_gate_lets_few_through_at_a_time() -> None:
    gate, inside, go = Gate(), threading.Semaphore(0), threading.Event()
    outcomes: list[str] = []

    def run(source: str) -> None:
        try:
            with gate.turn(source, is_known=False):
                inside.release()
                go.wait(10)
            outcomes.append("done")
        except Busy:
            outcomes.append("busy")

    threads = [threading.Thread(target=run, args=("192.0.2.7",)) for _ in range(OF_ONE_SOURCE + 5)]
    for thread in threads:
        thread.start()
    for _ in range(OF_ONE_SOURCE):
        assert inside.acquire(timeout=10)
    # Others of that source are refused at once; somebody known has a turn of her own.
    with gate.turn("192.0.2.7", is_known=True):
        pass
    go.set()
    for thread in threads:
        thread.join(10)
    assert sorted(outcomes) == ["busy"] * 5 + ["done"] * OF_ONE_SOURCE


@pytest.mark.django_db(transaction=True)
def test_tries_side_by_side_are_all_counted(operator: User) -> None:
    outcomes: list[SignInOutcome] = []

    def run() -> None:
        try:
            door = Door()
            outcomes.append(door("operator").outcome)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (outcomes.count(SignInOutcome.WRONG), outcomes.count(SignInOutcome.LOCKED_OUT)) == (5, 7)
