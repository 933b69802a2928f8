"""Change sets: recorded, replaced, cancelled, tried again, expired; and renaming (rule R7)."""

from datetime import timedelta

import pytest

from roomkeeper.provisioning import expiry, planning
from roomkeeper.provisioning.change_sets import cancel_change_set, retry_failed
from roomkeeper.provisioning.models import Change, ChangeItem, ChangeSet
from roomkeeper.provisioning.planning import PlanRefused
from roomkeeper.provisioning.states import counts_of, state_of
from roomkeeper.systems.models import ChangeEvent, Contact, State, System, TimelineEntry
from tests.integration.provisioning.conftest import NOW, report_configuration, report_value_spaces

VOLUME, NAME, PASSWORD = "Audio/DefaultVolume", "SystemUnit/Name", "NetworkServices/HTTP/Proxy/Password"


def create(systems, settings, **values):
    return planning.create_change_set(systems, settings, **{"user": None, "now": NOW, **values})


def items(change_set):
    return list(ChangeItem.objects.filter(change__change_set=change_set).order_by("id"))


def states(change_set):
    return [item.state for item in items(change_set)]


def deliver(change_set):
    """What delivery leaves behind when the items went out with an answer."""
    rows = ChangeItem.objects.filter(change__change_set=change_set, state="waiting")
    rows.update(state="delivered", delivered_at=NOW, rounds=1)
    Change.objects.filter(change_set=change_set).update(state="delivered")


def test_systems_stand_in_the_state_that_their_report_gives_them(
    boardroom, vault, home_office, lobby, operator
):
    for system, volume in ((boardroom, "50"), (vault, "60")):
        report_configuration(system, {VOLUME: volume})
    report_value_spaces(boardroom)
    report_configuration(home_office, {NAME: "Home Office"})
    change_set = create(
        [boardroom, vault, home_office, lobby], {VOLUME: "60"}, user=operator, description="Louder"
    )
    assert (change_set.description, change_set.created_by, change_set.created_at) == ("Louder", operator, NOW)
    counts = counts_of(change_set)
    assert {state: number for state, number in counts.items() if number} == {
        "waiting": 2,
        "confirmed": 1,
        "failed": 1,
    }
    assert set(counts) == {
        "waiting",
        "delivered",
        "confirmed",
        "failed",
        "expired",
        "cancelled",
        "superseded",
    }
    assert state_of(change_set) == "waiting"
    reasons = {item.system_id: item.reason for item in items(change_set)}
    assert reasons[vault.pk] == "it was already set"
    assert reasons[home_office.pk] == "not on this device: its configuration has no such setting"
    assert Contact.objects.get(system=boardroom).has_work
    entry = TimelineEntry.objects.get(system=boardroom)
    assert (entry.summary, entry.user, entry.details) == (
        f"Asked to set {VOLUME}",
        operator,
        {"change_set": change_set.pk},
    )
    topics = set(ChangeEvent.objects.values_list("topic", "system_id"))
    assert {("change_set", change_set.pk), ("system", boardroom.pk)} <= topics


def test_refused_settings_and_no_systems_record_nothing(boardroom):
    for systems, settings in (([boardroom], {}), ([], {VOLUME: "60"}), ([boardroom], {VOLUME: 60})):
        with pytest.raises(PlanRefused):
            create(systems, settings)
    assert not ChangeSet.objects.exists()
    assert not TimelineEntry.objects.exists()


def test_secret_settings_are_encrypted_and_shown_as_stars(boardroom):
    change_set = create([boardroom], {PASSWORD: "correct horse", "SIP/Authentication/UserName": "me"})
    secret, plain = items(change_set)
    assert (secret.value, plain.value) == ("***", "me")
    assert b"correct horse" not in bytes(secret.secret_value)
    assert secret.secret_value
    assert not plain.secret_value
    assert "correct horse" not in str(ChangeItem.objects.values()) + str(TimelineEntry.objects.values())


def test_emptying_a_secret_needs_no_encryption(boardroom):
    (item,) = items(create([boardroom], {PASSWORD: ""}))
    assert (item.value, bytes(item.secret_value)) == ("", b"")


def test_newer_wish_for_the_same_setting_replaces_the_older_one_in_any_spelling(boardroom, vault):
    older = create([boardroom, vault], {"SIP Proxy 1 Address": "a", VOLUME: "60"})
    newer = create([boardroom], {"sip/proxy/address": "b"})
    by_system = {(item.system_id, item.match_key): item.state for item in items(older)}
    assert by_system == {
        (boardroom.pk, "sip[1]/proxy[1]/address[1]"): "superseded",
        (boardroom.pk, "audio[1]/defaultvolume[1]"): "waiting",
        (vault.pk, "sip[1]/proxy[1]/address[1]"): "waiting",
        (vault.pk, "audio[1]/defaultvolume[1]"): "waiting",
    }
    assert states(newer) == ["waiting"]


def test_wish_wholly_replaced_is_superseded(boardroom):
    older = create([boardroom], {VOLUME: "60"})
    create([boardroom], {VOLUME: "70"})
    assert state_of(older) == "superseded"


def test_wish_taken_back_is_no_longer_open(boardroom):
    older = create([boardroom], {VOLUME: "60"})
    newer = create([boardroom], {VOLUME: None})
    assert state_of(older) == "superseded"
    (item,) = items(newer)
    assert (item.state, item.value, item.reason) == ("confirmed", None, "the request was removed")


def test_value_of_the_last_report_confirms_nothing_while_another_is_on_its_way(boardroom):
    report_configuration(boardroom, {VOLUME: "50"})
    deliver(create([boardroom], {VOLUME: "60"}))
    assert state_of(create([boardroom], {VOLUME: "50"})) == "waiting"


def test_only_what_still_waits_is_cancelled(boardroom, vault, operator):
    change_set = create([boardroom, vault], {VOLUME: "60"})
    ChangeItem.objects.filter(system=vault).update(state="delivered")
    assert cancel_change_set(change_set, user=operator, now=NOW) == 1
    assert sorted((item.system_id, item.state, item.reason) for item in items(change_set)) == sorted(
        [(boardroom.pk, "cancelled", "cancelled by operator"), (vault.pk, "delivered", "")]
    )
    change_set.refresh_from_db()
    assert change_set.cancelled_at == NOW
    assert cancel_change_set(change_set, user=operator, now=NOW) == 0


@pytest.mark.parametrize("state", ["failed", "expired", "cancelled"])
def test_what_did_not_come_about_is_tried_again_with_fresh_rounds(boardroom, state):
    change_set = create([boardroom], {VOLUME: "60"})
    ChangeItem.objects.update(state=state, rounds=3, absences=1, other_values=2, reason="x", ended_at=NOW)
    Contact.objects.update(has_work=False)
    later = NOW + timedelta(days=20)
    assert retry_failed(change_set, user=None, now=later) == 1
    (item,) = items(change_set)
    assert (item.state, item.rounds, item.absences, item.other_values, item.reason) == (
        "waiting",
        0,
        0,
        0,
        "",
    )
    assert (item.ended_at, item.expires_at) == (None, later + planning.EXPIRES_AFTER)
    assert state_of(change_set) == "waiting"
    assert Contact.objects.get(system=boardroom).has_work


@pytest.mark.parametrize("state", ["confirmed", "superseded", "waiting", "delivered"])
def test_what_is_done_replaced_or_open_is_not_tried_again(boardroom, state):
    change_set = create([boardroom], {VOLUME: "60"})
    ChangeItem.objects.update(state=state)
    assert retry_failed(change_set, user=None, now=NOW) == 0
    assert states(change_set) == [state]


def test_wish_tried_again_replaces_what_was_asked_for_meanwhile(boardroom, vault):
    older = create([boardroom], {VOLUME: "60", NAME: "A"})
    ChangeItem.objects.update(state="failed")
    newer = create([boardroom, vault], {VOLUME: "70"})
    retry_failed(older, user=None, now=NOW)
    assert states(older) == ["waiting", "waiting"]
    assert {item.system_id: item.state for item in items(newer)} == {
        boardroom.pk: "superseded",
        vault.pk: "waiting",
    }


def test_what_is_not_done_within_seven_days_expires(boardroom, vault):
    change_set = create([boardroom, vault], {VOLUME: "60"})
    ChangeItem.objects.filter(system=vault).update(state="delivered")
    assert expiry.expire(now=NOW + timedelta(days=7) - timedelta(seconds=1)) == 0
    assert expiry.expire(now=NOW + timedelta(days=7)) == 2
    assert expiry.expire(now=NOW + timedelta(days=8)) == 0
    assert states(change_set) == ["expired", "expired"]
    assert state_of(change_set) == "expired"


def test_old_change_sets_are_forgotten_unless_something_is_open_or_they_persist(boardroom, vault):
    done = create([boardroom], {VOLUME: "60"})
    ChangeItem.objects.update(state="confirmed")
    Change.objects.update(state="confirmed")
    create([vault], {VOLUME: "60"})
    kept = create([boardroom], {"SIP/ListenPort": "On"}, is_persistent=True)
    ChangeItem.objects.filter(change__change_set=kept).update(state="confirmed")
    Change.objects.filter(change_set=kept).update(state="confirmed")
    assert list(expiry.change_sets_ended_before(NOW + timedelta(seconds=1))) == [done]
    assert not expiry.change_sets_ended_before(NOW).exists()


def test_managed_system_is_renamed_at_once_here_and_by_a_wish_there(boardroom, operator):
    change_set = planning.rename(boardroom, "  Court 3 ", user=operator, now=NOW)
    boardroom.refresh_from_db()
    assert boardroom.name == "Court 3"
    (item,) = items(change_set)
    assert (item.path, item.value, item.state) == (NAME, "Court 3", "waiting")
    assert ChangeEvent.objects.filter(topic="systems").exists()


def test_pre_registered_system_is_renamed_in_the_records_alone(boardroom):
    System.objects.filter(pk=boardroom.pk).update(state=State.PRE_REGISTERED)
    boardroom.refresh_from_db()
    assert planning.rename(boardroom, "Court 3", user=None, now=NOW) is None
    boardroom.refresh_from_db()
    assert boardroom.name == "Court 3"
    assert not ChangeSet.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 51])
@pytest.mark.parametrize("state", [State.MANAGED, State.PRE_REGISTERED])
def test_name_that_no_device_takes_is_refused(boardroom, name, state):
    boardroom.state = state
    with pytest.raises(PlanRefused, match="1 to 50 characters"):
        planning.rename(boardroom, name, user=None, now=NOW)
    boardroom.refresh_from_db()
    assert boardroom.name == "Boardroom"


def test_name_among_settings_renames_the_records_too(boardroom, vault):
    create([boardroom, vault], {"systemunit name": "Same"})
    assert set(System.objects.values_list("name", flat=True)) == {"Same"}


def test_emptying_the_name_on_the_device_keeps_the_record_findable(boardroom):
    create([boardroom], {NAME: ""})
    boardroom.refresh_from_db()
    assert boardroom.name == "Boardroom"
