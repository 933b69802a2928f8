"""The guided move, step by step on the database: waves, proof, what holds whom, taking back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.cast import add_system
from tests.integration.provisioning.conftest import report_configuration

from roomkeeper.provisioning.models import Action, ChangeItem
from roomkeeper.secure_only import moving, planning
from roomkeeper.secure_only.models import Member, Move
from roomkeeper.systems import inventory
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Connectivity, Contact, HttpsProof, System, SystemSecret

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
TRUSTED, INSTALL, NO_VERIFY = Move.Trust.TRUSTED, Move.Trust.INSTALL_CA, Move.Trust.NO_VERIFY


@pytest.fixture
def authority(settings):
    """An authority of ours that nothing is signed with; gone after the test, because others read the same folder."""
    folder = settings.OPTIONS.data / "tls"
    folder.mkdir(exist_ok=True)
    file = folder / "ca.pem"
    before = file.read_bytes() if file.exists() else None
    file.write_text("-----BEGIN CERTIFICATE-----\n")
    yield
    file.unlink()
    if before is not None:
        file.write_bytes(before)


@pytest.fixture
def make(db):
    """Makes proven systems that call us by HTTP."""

    def one(number: int, connectivity=Connectivity.BEHIND_FIREWALL, **values) -> System:
        system = add_system(f"Room {number}", inventory.root_folder(), number, connectivity=connectivity)
        System.objects.filter(pk=system.pk).update(**{"family": "roomos", **values})
        Contact.objects.filter(system=system).update(scheme="http", last_seen_at=NOW, interval=10)
        SystemSecret.objects.create(
            system=system, stage="current", digest=bytes([number] * 32), ciphertext=b"", created_at=NOW
        )
        return System.objects.get(pk=system.pk)

    return one


def start(systems, trust=TRUSTED, *, canary=1, wave_size=2, is_secure=True) -> Move:
    plan = planning.plan(systems, is_secure=is_secure, trust=trust)
    return moving.start(
        plan, is_secure=is_secure, trust=trust, canary=canary, wave_size=wave_size, user=None, now=NOW
    )


def states(move: Move) -> list[str]:
    return list(move.members.order_by("system_id").values_list("state", flat=True))


def prove(*systems: System) -> None:
    System.objects.filter(pk__in=[one.pk for one in systems]).update(https_proof=HttpsProof.PROVEN)


def come_by_https(*systems: System) -> None:
    System.objects.filter(pk__in=[one.pk for one in systems]).update(secure_only_completed_at=NOW)


def step(seconds: float = 2) -> None:
    moving.advance(now=NOW + timedelta(seconds=seconds))


def test_canary_proves_itself_before_anything_of_it_is_changed_and_the_others_wait(make):
    systems = [make(number) for number in range(1, 5)]
    move = start(systems)
    step()
    assert sorted(states(move)) == ["proving", "waiting", "waiting", "waiting"]
    canary = move.members.get(wave=0).system
    assert canary.https_proof == HttpsProof.ASKED
    assert not canary.is_secure_only
    prove(canary)
    step()
    canary.refresh_from_db()
    assert canary.is_secure_only
    assert move.members.get(wave=0).state == "asked"
    step()
    assert move.members.filter(state="waiting").count() == 3
    come_by_https(canary)
    step()
    assert move.members.get(wave=0).state == "moved"
    assert set(move.members.filter(wave=1).values_list("state", flat=True)) == {"proving"}
    assert set(move.members.filter(wave=2).values_list("state", flat=True)) == {"waiting"}


def test_who_does_not_prove_it_is_held_unchanged_and_the_move_stops_for_a_person(make):
    systems = [make(number) for number in range(1, 4)]
    move = start(systems)
    step()
    canary = move.members.get(wave=0).system
    Contact.objects.filter(system=canary).update(last_seen_at=NOW + timedelta(seconds=30))
    step(30)
    assert move.members.get(wave=0).state == "proving"
    step(60)
    member = move.members.get(wave=0)
    assert member.state == "held"
    assert "does not trust our certificate" in member.reason
    canary.refresh_from_db()
    assert (canary.is_secure_only, canary.https_proof) == (False, "")
    step(62)
    move.refresh_from_db()
    assert move.state == "paused"
    # Without a number: who sees a part of the move reads it, too.
    assert move.reason == "A system that went first is on hold: look why, then go on."
    moving.go_on(move, now=NOW)
    move.refresh_from_db()
    step(64)
    assert set(move.members.filter(wave=1).values_list("state", flat=True)) == {"proving"}
    moving.try_again(member, now=NOW)
    assert Member.objects.get(pk=member.pk).state == "waiting"


def test_silent_system_is_waited_for(make):
    (system,) = [make(1)]
    move = start([system])
    step()
    step(3600)
    assert states(move) == ["proving"]


def test_silent_systems_keep_nobody_of_their_wave_from_being_looked_at(make):
    systems = [make(number) for number in range(1, moving.AT_ONCE + 3)]
    move = start(systems, canary=len(systems))
    step()
    step()
    assert set(states(move)) == {"proving"}
    *_, late, proven = list(move.members.order_by("wave", "id"))
    prove(proven.system)
    Contact.objects.filter(system=late.system_id).update(last_seen_at=NOW + timedelta(seconds=30))
    step(60)
    assert [Member.objects.get(pk=one.pk).state for one in (late, proven)] == ["held", "asked"]
    come_by_https(proven.system)
    Member.objects.filter(move=move, state="proving").update(state="asked")
    step(62)
    assert Member.objects.get(pk=proven.pk).state == "moved"


@pytest.mark.parametrize("trust", [INSTALL, NO_VERIFY])
def test_looking_at_many_costs_no_more_statements_than_at_one(make, authority, trust):
    systems = []
    for number in range(1, 13):
        systems.append(make(number, Connectivity.REACHABLE_ON_LAN))
        credentials.set_credentials(systems[-1], "admin", "x")
    counts = []
    for some in (systems[:1], systems[1:]):
        move = start(some, trust, canary=len(some))
        step()
        for state in ("trusting", "proving"):
            move.members.update(state=state)
            with CaptureQueriesContext(connection) as asked:
                step()
            assert set(states(move)) == {state}
            counts.append(len(asked))
        Move.objects.update(state="done")
    assert counts[:2] == counts[2:]


def test_move_ends_and_who_is_there_already_is_not_asked_again(make):
    first, second = make(1), make(2)
    Contact.objects.filter(system=first).update(scheme="https")
    move = start([first, second], canary=2)
    step()
    first.refresh_from_db()
    assert first.https_proof == HttpsProof.PROVEN
    prove(second)
    step()
    come_by_https(first, second)
    step()
    step()
    move.refresh_from_db()
    assert (states(move), move.state) == (["moved", "moved"], "done")
    with pytest.raises(moving.MoveRefused):
        start(list(System.objects.all()))


@pytest.mark.parametrize(
    ("values", "trust", "words"),
    [
        ({"family": "mxp"}, TRUSTED, "do not change"),
        ({"state": "blocked"}, TRUSTED, "not managed"),
        ({}, INSTALL, "no authority is sent"),
    ],
)
def test_who_cannot_is_told_beforehand(make, values, trust, words):
    plan = planning.plan([make(1, **values)], is_secure=True, trust=trust)
    assert plan.members[0].verdict == "cannot"
    assert words in plan.members[0].reason


def test_unproven_and_busy_systems_cannot(make):
    system, other = make(1), make(2)
    SystemSecret.objects.filter(system=system).delete()
    start([other])
    found = planning.plan([system, other], is_secure=True, trust=TRUSTED)
    assert ["proven its secret" in found.members[0].reason, "another move" in found.members[1].reason] == [
        True
    ] * 2


def test_authority_goes_by_the_pinned_road_and_a_refusal_holds(make, authority):
    system = make(1, Connectivity.REACHABLE_ON_LAN)
    credentials.set_credentials(system, "admin", "x")
    move = start([system], INSTALL)
    step()
    action = Action.objects.get()
    assert (action.command, states(move)) == ("Security/Certificates/CA/Add", ["trusting"])
    Action.objects.update(state="failed", reason="no space left")
    step()
    assert states(move) == ["held"]
    assert "no space left" in move.members.get().reason


OLD_CHECK = {"NetworkServices/HTTPS/VerifyServerCertificate"}
NEW_CHECKS = {"Provisioning/TlsVerify", "HttpFeedback/TlsVerify", "Phonebook/Server[1]/TlsVerify"}


@pytest.mark.parametrize(
    ("version", "checks"),
    [
        ("TC7.3.2.0a1b2c3", OLD_CHECK),
        ("ce9.6.1.4516ae5aaa1", OLD_CHECK),
        ("ce9.15.0.11.aec227943ed", NEW_CHECKS),
        ("ce26.7.1.12.67c6e508983", NEW_CHECKS),
    ],
)
def test_checks_are_turned_off_where_that_was_chosen(make, version, checks):
    system = make(1, software_version=version)
    (planned,) = planning.plan([system], is_secure=True, trust=NO_VERIFY).members
    assert all(path in planned.reason for path in checks)
    move = start([system], NO_VERIFY)
    step()
    assert dict(ChangeItem.objects.values_list("path", "value")) == dict.fromkeys(checks, "Off")
    ChangeItem.objects.update(state="confirmed")
    from roomkeeper.provisioning.states import refresh_changes

    refresh_changes(list(ChangeItem.objects.values_list("change_id", flat=True)), now=NOW)
    step()
    assert states(move) == ["proving"]


def test_what_it_reports_says_by_which_setting_it_checks_certificates(make):
    system = make(1, software_version="ce9.8.2")
    # The configuration that the planner asks for stands in it, too.
    rest = {planning.PROTOCOL_PATH: "HTTP"}
    report_configuration(system, rest | {"Provisioning/TlsVerify": "On"}, at=NOW)
    (planned,) = planning.plan([system], is_secure=True, trust=NO_VERIFY).members
    assert planned.reason == "Provisioning/TlsVerify is set to Off on it"
    report_configuration(system, rest, at=NOW + timedelta(seconds=1))
    (planned,) = planning.plan([system], is_secure=True, trust=NO_VERIFY).members
    assert planned.reason == "it has no setting for certificate checks"
    move = start([system], NO_VERIFY)
    step()
    assert states(move) == ["proving"]


def test_tc_takes_no_authority_by_a_command(make):
    system = make(1, software_version="TC7.3.2.0a1b2c3")
    Contact.objects.update(scheme="https")
    (planned,) = planning.plan([system], is_secure=True, trust=INSTALL).members
    assert planned.verdict == "cannot"
    assert "TC7.3.2.0a1b2c3 has no command to install an authority" in planned.reason
    assert "web page" in planned.reason
    assert planning.plan([system], is_secure=True, trust=TRUSTED).members[0].verdict == "move"


def test_cancelling_leaves_the_rest_as_it_was(make):
    systems = [make(number) for number in range(1, 4)]
    move = start(systems)
    step()
    moving.cancel(move, now=NOW)
    assert set(states(move)) == {"skipped"}
    assert not System.objects.exclude(https_proof="").exists()
    with pytest.raises(moving.MoveRefused):
        moving.cancel(move, now=NOW)


def test_system_that_was_told_and_never_came_is_told_back(make):
    system = make(1)
    move = start([system])
    step()
    prove(system)
    step()
    moving.skip(move.members.get(), now=NOW)
    system.refresh_from_db()
    assert (system.is_secure_only, states(move)) == (False, ["skipped"])


def test_back_again(make):
    system = make(1, is_secure_only=True, secure_only_completed_at=NOW)
    move = start([system], is_secure=False)
    step()
    System.objects.update(management_is_due=False)
    step()
    system.refresh_from_db()
    assert (states(move), system.is_secure_only, system.secure_only_completed_at) == (["moved"], False, None)
