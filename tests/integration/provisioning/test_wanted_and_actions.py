"""The wanted configuration and drift from it (idea 2); actions and enforcing."""

from datetime import timedelta

import pytest

from roomkeeper.provisioning import actions, expiry, management, planning
from roomkeeper.provisioning.actions import ActionRefused
from roomkeeper.provisioning.management import EnforceRefused
from roomkeeper.provisioning.models import Action, ChangeItem
from roomkeeper.provisioning.wanted import drift_of, wanted_values
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import Contact, State, System, TimelineEntry
from tests.integration.provisioning.conftest import NOW, report_configuration

VOLUME, NAME = "Audio/DefaultVolume", "SystemUnit/Name"
ADDRESS = "Provisioning/ExternalManager/Address"


@pytest.fixture
def room(boardroom):
    network_settings.update({"internal_ipv4": "10.0.0.5", "public_ipv4": "192.0.2.5"}, user=None, now=NOW)
    return boardroom


def persist(system, settings):
    return planning.create_change_set([system], settings, user=None, now=NOW, is_persistent=True)


def wanted(system):
    return {value.path: value for value in wanted_values(system)}


def drift(system):
    return {one.path: (one.wanted, one.found) for one in drift_of(system)}


def test_each_wanted_value_tells_its_layer_and_why(room):
    change_set = persist(room, {VOLUME: "60"})
    found = wanted(room)
    assert found[ADDRESS].value == "10.0.0.5:8080"
    assert (found[ADDRESS].layer, "internal address" in found[ADDRESS].why) == ("management", True)
    assert (found[NAME].value, found[NAME].layer) == ("Boardroom", "system")
    assert (found[VOLUME].value, found[VOLUME].layer) == ("60", "persistent")
    assert str(change_set.pk) in found[VOLUME].why
    assert all(value.why for value in found.values())


def test_secrets_among_the_wanted_values_are_marks(room):
    persist(room, {"NetworkServices/HTTP/Proxy/Password": "correct horse"})
    System.objects.filter(pk=room.pk).update(has_own_phone_book=True)
    room.refresh_from_db()
    found = wanted(room)
    for path in (
        "Provisioning/ExternalManager/Path",
        "Phonebook/Server[1]/URL",
        "NetworkServices/HTTP/Proxy/Password",
    ):
        assert found[path].is_secret, path
    assert "correct horse" not in str(found)


def test_nothing_is_wanted_of_a_system_that_is_not_managed(room):
    System.objects.filter(pk=room.pk).update(state=State.PRE_REGISTERED)
    room.refresh_from_db()
    report_configuration(room, {NAME: "Other"})
    assert wanted_values(room) == []
    assert drift_of(room) == []


def test_one_off_change_is_no_persistent_wish(room):
    planning.create_change_set([room], {VOLUME: "60"}, user=None, now=NOW)
    assert VOLUME not in wanted(room)


def test_newest_persistent_wish_wins_and_lower_layers_cannot_override_management(room):
    persist(room, {VOLUME: "60", ADDRESS: "evil.example.org"})
    persist(room, {VOLUME: "70"})
    found = wanted(room)
    assert found[VOLUME].value == "70"
    assert found[ADDRESS].value == "10.0.0.5:8080"


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_persistent_wish_ends_when_it_is_taken_back(room, is_confirmed):
    persist(room, {VOLUME: "60"})
    if is_confirmed:
        ChangeItem.objects.update(state="confirmed")
    planning.create_change_set([room], {VOLUME: None}, user=None, now=NOW)
    assert VOLUME not in wanted(room)


def test_drift_is_what_the_system_reports_otherwise(room):
    persist(room, {VOLUME: "60", "SIP/ListenPort": "On", "No/SuchSetting": "x"})
    report_configuration(
        room,
        {
            "audio/defaultvolume": "50",
            "SIP/ListenPort": "On",
            NAME: "Somebody's room",
            ADDRESS: "10.0.0.6",
            "Provisioning/Mode": "tms",
            "Provisioning/ExternalManager/Path": "elsewhere",
        },
    )
    assert drift(room) == {
        "audio/defaultvolume": ("60", "50"),
        "No/SuchSetting": ("x", None),
        NAME: ("Boardroom", "Somebody's room"),
        ADDRESS: ("10.0.0.5:8080", "10.0.0.6"),
    }


def test_hidden_and_unreported_values_are_no_drift(room):
    assert drift_of(room) == []
    persist(room, {"NetworkServices/HTTP/Proxy/Password": "correct horse", VOLUME: "60"})
    report_configuration(room, {"NetworkServices/HTTP/Proxy/Password": "***", VOLUME: "***"})
    assert drift_of(room) == []


def test_enforcing_makes_management_due_with_fresh_rounds(room, operator):
    System.objects.filter(pk=room.pk).update(management_rounds=3)
    management.enforce(room, user=operator, now=NOW)
    room.refresh_from_db()
    assert (room.management_is_due, room.management_rounds) == (True, 0)
    assert Contact.objects.get(system=room).has_work
    assert TimelineEntry.objects.get(system=room).user == operator


@pytest.mark.parametrize("state", [State.PENDING, State.PRE_REGISTERED, State.IGNORED, State.BLOCKED])
def test_system_that_is_not_managed_is_asked_nothing(room, state):
    room.state = state
    with pytest.raises(EnforceRefused, match="is not managed"):
        management.enforce(room, user=None, now=NOW)
    with pytest.raises(ActionRefused, match="is not managed"):
        actions.restart(room, user=None, now=NOW)
    assert not Action.objects.exists()


def ask(room, command="Audio/Microphones/Mute", arguments=(), **values):
    return actions.ask(room, command, arguments, **{"user": None, "now": NOW, **values})


@pytest.mark.parametrize(
    "command", ["SystemUnit/Boot", "SystemUnit Boot", "xCommand SystemUnit Boot", "/xCommand/SystemUnit/Boot"]
)
def test_commands_are_taken_in_every_spelling(room, command):
    assert ask(room, command, [["Action", "Restart"]]).command == "SystemUnit/Boot"


@pytest.mark.parametrize(
    ("command", "arguments", "body", "words"),
    [
        ("", [], None, "not a command path"),
        ("SystemUnit/../Boot", [], None, "not a command path"),
        ("SystemUnit/Boot<x/>", [], None, "not a command path"),
        ("/".join(["A"] * 9), [], None, "not a command path"),
        ("Dial", [["Number"]], None, "is not an argument"),
        ("Dial", [["Number", "1", "2"]], None, "is not an argument"),
        ("Dial", [["Num ber", "1"]], None, "is not an argument"),
        ("Dial", [[1, "1"]], None, "is not an argument"),
        ("Dial", [["Number", None]], None, "needs a text"),
        ("Dial", [["Number", {"a": 1}]], None, "needs a text"),
        ("Dial", [["Number", ["a", None]]], None, "needs a text"),
        ("UserManagement/User/Passphrase/Set", [["Username", "x"]], None, "use Passwords instead"),
        ("Macros/Macro/Save", [], "x" * 1_000_001, "one million"),
    ],
)
def test_command_that_cannot_be_asked_is_refused_in_words(room, command, arguments, body, words):
    with pytest.raises(ActionRefused, match=words):
        ask(room, command, arguments, body=body)
    assert not Action.objects.exists()


def test_asked_command_waits_for_the_next_answer_for_seven_days(room, operator):
    Contact.objects.update(has_work=False)
    action = ask(room, "Dial", [["Number", 4711], ["Protocol", ["a", True]]], user=operator, body="text")
    action.refresh_from_db()
    assert action.arguments == [["Number", "4711"], ["Protocol", ["a", "True"]]]
    assert (action.state, action.created_by, action.body) == ("waiting", operator, "text")
    assert action.expires_at == NOW + timedelta(days=7)
    assert Contact.objects.get(system=room).has_work
    assert TimelineEntry.objects.get(system=room).summary == "Asked to run Dial"


def test_only_a_waiting_action_can_be_cancelled(room, operator):
    action = ask(room)
    assert actions.cancel(action, user=operator, now=NOW) is True
    action.refresh_from_db()
    assert (action.state, action.reason, action.ended_at) == ("cancelled", "cancelled by operator", NOW)
    other = ask(room)
    Action.objects.filter(pk=other.pk).update(state="delivered")
    assert actions.cancel(other, user=operator, now=NOW) is False
    other.refresh_from_db()
    assert other.state == "delivered"


@pytest.mark.parametrize(
    ("state", "ended", "words"),
    [
        ("waiting", "expired", "not fetched within seven days"),
        ("delivered", "failed", "unknown whether it ran"),
    ],
)
def test_action_ends_after_seven_days_by_how_far_it_came(room, state, ended, words):
    action = ask(room)
    Action.objects.update(state=state, delivered_at=NOW)
    assert expiry.expire(now=NOW + timedelta(days=7)) == 1
    action.refresh_from_db()
    assert action.state == ended
    assert words in action.reason


def test_restart_without_a_boot_within_ten_minutes_fails(room):
    action = actions.restart(room, user=None, now=NOW)
    assert actions.is_restart(action)
    Action.objects.update(state="delivered", delivered_at=NOW)
    assert expiry.expire(now=NOW + timedelta(minutes=10) - timedelta(seconds=1)) == 0
    assert expiry.expire(now=NOW + timedelta(minutes=10)) == 1
    action.refresh_from_db()
    assert action.state == "failed"
    assert "no boot post came" in action.reason


def test_evidence_is_known_by_command_in_any_case():
    assert actions.evidence_for("standby/ACTIVATE") == ("Standby/State", "Standby")
    assert actions.evidence_for("Dial") is None


def test_ended_actions_are_forgotten_and_open_ones_are_not(room):
    done, _ = ask(room), ask(room)
    actions.cancel(done, user=None, now=NOW)
    assert list(expiry.actions_ended_before(NOW + timedelta(seconds=1))) == [done]
