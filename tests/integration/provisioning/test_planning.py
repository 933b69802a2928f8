"""What settings would do to systems, by what each of them reported (rule R7)."""

from datetime import timedelta

import pytest

from roomkeeper.provisioning import planning
from roomkeeper.provisioning.models import ChangeSet
from roomkeeper.provisioning.planning import PlanRefused, plan_settings
from roomkeeper.systems.models import State, System
from tests.cast import add_system
from tests.integration.provisioning.conftest import NOW, report_configuration, report_value_spaces

REPORTED = {
    "SystemUnit/Name": "Boardroom",
    "Audio/DefaultVolume": "50",
    "SIP/ListenPort": "On",
    "SIP/Proxy[1]/Address": "sip.example.org",
    "SIP/Proxy[2]/Address": "",
    "NetworkServices/HTTP/Proxy/Password": "***",
    "Experimental/Odd": "x",
}


@pytest.fixture
def reporting(boardroom):
    report_configuration(boardroom, REPORTED)
    report_value_spaces(boardroom)
    return boardroom


def item_of(system, path, value):
    (change,) = plan_settings([system], {path: value}).per_system
    (item,) = change.items
    return item


@pytest.mark.parametrize(
    ("path", "value", "verdict", "reason"),
    [
        ("Audio/DefaultVolume", "60", "change", ""),
        ("Audio/DefaultVolume", "50", "already", ""),
        ("Audio/DefaultVolume", " 050", "already", ""),
        ("SIP/ListenPort", "ON", "already", ""),
        ("SystemUnit/Name", " Boardroom ", "already", ""),
        ("SystemUnit/Name", "boardroom", "change", ""),
        ("Audio/DefaultVolume", "101", "cannot", "number from 0 to 100"),
        ("Audio/DefaultVolume", "loud", "cannot", "whole number"),
        ("Audio/DefaultVolume", "", "cannot", "whole number"),
        ("SIP/ListenPort", "Off", "change", ""),
        ("SIP/ListenPort", "Perhaps", "cannot", "Off or On"),
        ("SIP/Proxy[1]/Address", "other.example.org", "change", ""),
        ("SIP/Proxy[2]/Address", "", "already", ""),
        ("SIP/Proxy[3]/Address", "x", "cannot", "no such setting"),
        ("SIP/Nonsense", "x", "cannot", "no such setting"),
        ("Experimental/Odd", "anything", "change", ""),
        ("NetworkServices/HTTP/Proxy/Password", "secret", "change", ""),
        ("Audio/DefaultVolume", None, "change", "removes an earlier request"),
    ],
)
def test_verdict_follows_from_what_the_system_reported(reporting, path, value, verdict, reason):
    item = item_of(reporting, path, value)
    assert item.verdict == verdict
    assert reason in item.reason
    assert bool(item.reason) == bool(reason)


@pytest.mark.parametrize(
    ("path", "value", "sent"),
    [
        ("SIP/ListenPort", "off", "Off"),
        ("Audio/DefaultVolume", " 007 ", "7"),
        ("SystemUnit/Name", "  Aula ", "Aula"),
        # Of no known space, and a password, which may begin with a blank.
        ("Experimental/Odd", " y ", "y"),
        ("NetworkServices/HTTP/Proxy/Password", " secret ", " secret "),
    ],
)
def test_the_device_is_sent_its_own_spelling(reporting, path, value, sent):
    item = item_of(reporting, path, value)
    assert (item.verdict, item.value) == ("change", sent)


@pytest.mark.parametrize(
    "spelling",
    [
        "SIP Proxy 1 Address",
        "sip/proxy[1]/address",
        "/Configuration/SIP/Proxy[1]/Address",
        "xConfiguration SIP Proxy 1 Address",
        "SIP/Proxy/Address",
    ],
)
def test_any_spelling_becomes_the_one_of_the_device(reporting, spelling):
    item = item_of(reporting, spelling, "sip.example.org")
    assert (item.path, item.verdict) == ("SIP/Proxy[1]/Address", "already")


def test_two_spellings_of_one_setting_are_refused_together(reporting):
    with pytest.raises(PlanRefused) as refused:
        plan_settings([reporting], {"SIP Proxy 1 Address": "a", "SIP/Proxy/Address": "b"})
    assert refused.value.errors == {"SIP/Proxy/Address": "is the same setting as SIP Proxy 1 Address."}


def test_system_that_reported_nothing_yet_is_asked_unchecked(boardroom):
    item = item_of(boardroom, "Audio/DefaultVolume", "999")
    assert item.verdict == "change"
    assert "no configuration was reported yet" in item.reason


@pytest.mark.parametrize("state", [State.PENDING, State.PRE_REGISTERED, State.IGNORED, State.BLOCKED])
@pytest.mark.parametrize("value", ["60", None])
def test_only_managed_systems_can_be_set(reporting, state, value):
    reporting.state = state
    item = item_of(reporting, "Audio/DefaultVolume", value)
    assert (item.verdict, item.reason) == ("cannot", "the system is not managed")


def test_newest_configuration_counts(reporting):
    report_configuration(reporting, {"Audio/DefaultVolume": "70"}, at=NOW + timedelta(hours=1))
    assert item_of(reporting, "Audio/DefaultVolume", "70").verdict == "already"


def test_systems_of_one_model_share_the_value_spaces_that_one_of_them_reported(reporting, vault):
    report_configuration(vault, {"Audio/DefaultVolume": "50"})
    plan = plan_settings([reporting, vault], {"Audio/DefaultVolume": "101"})
    assert plan.counts == {"change": 0, "already": 0, "cannot": 2}


def test_value_spaces_that_cannot_be_read_check_nothing(boardroom):
    report_configuration(boardroom, REPORTED)
    report_value_spaces(boardroom, "<Broken")
    assert item_of(boardroom, "Audio/DefaultVolume", "999").verdict == "change"


def test_counts_are_of_systems_and_change_wins(reporting, vault, home_office, lobby):
    report_configuration(vault, REPORTED)
    report_configuration(home_office, {"Audio/DefaultVolume": "60", "SIP/ListenPort": "On"})
    plan = plan_settings(
        [reporting, vault, home_office, lobby], {"Audio/DefaultVolume": "60", "SIP/ListenPort": "On"}
    )
    assert plan.counts == {"change": 3, "already": 1, "cannot": 0}
    assert [change.verdict for change in plan.per_system] == ["change", "change", "already", "change"]


def test_planning_writes_nothing(reporting):
    plan_settings([reporting], {"SystemUnit/Name": "Other", "Audio/DefaultVolume": "60"})
    assert not ChangeSet.objects.exists()
    reporting.refresh_from_db()
    assert reporting.name == "Boardroom"


@pytest.mark.parametrize(
    ("settings", "path", "words"),
    [
        ({}, "", "No setting was given"),
        ({f"A/B{number}": "x" for number in range(501)}, "", "At most 500"),
        ({"": "x"}, "", "is empty"),
        ({"SIP//Address": "x"}, "SIP//Address", "leaves out a name"),
        ({"SIP/Ad<dress": "x"}, "SIP/Ad<dress", "cannot stand in one"),
        ({"x" * 600: "x"}, "x" * 600, "600 characters"),
        ({"Audio/DefaultVolume": 5}, "Audio/DefaultVolume", "needs a text"),
        ({"Audio/DefaultVolume": True}, "Audio/DefaultVolume", "needs a text"),
        ({"Audio/DefaultVolume": ["5"]}, "Audio/DefaultVolume", "needs a text"),
        ({"Audio/DefaultVolume": "\x00"}, "Audio/DefaultVolume", "no device accepts"),
        ({"Audio/DefaultVolume": "\ud800"}, "Audio/DefaultVolume", "no device accepts"),
        ({"Audio/DefaultVolume": "x" * 10_001}, "Audio/DefaultVolume", "too long"),
        ({"SystemUnit/Name": "x" * 51}, "SystemUnit/Name", "0 to 50 characters"),
        ({"systemunit name": None}, "systemunit name", "0 to 50 characters"),
    ],
)
def test_settings_that_cannot_be_asked_for_are_refused_by_their_path(settings, path, words):
    with pytest.raises(PlanRefused) as refused:
        plan_settings([], settings)
    assert set(refused.value.errors) == {path}
    assert words in refused.value.errors[path]
    assert words in str(refused.value)


def test_every_path_at_fault_gets_its_sentence():
    with pytest.raises(PlanRefused) as refused:
        plan_settings([], {"A/B": 1, "C//D": "x", "E/F": "fine"})
    assert set(refused.value.errors) == {"A/B", "C//D"}


def test_name_takes_fifty_characters_of_any_script():
    name = "議" * 50
    assert planning.clean_settings({"systemunit name": name}) == {"SystemUnit/Name": name}


def queries_for(number, oslo, django_assert_max_num_queries, limit):
    systems = list(System.objects.all()[:number])
    with django_assert_max_num_queries(limit) as counted:
        planning.create_change_set(
            systems, {"Audio/DefaultVolume": "60", "SystemUnit/Name": f"Room {number}"}, user=None, now=NOW
        )
    return len(counted)


def test_number_of_statements_does_not_grow_with_the_number_of_systems(oslo, django_assert_max_num_queries):
    for number in range(1, planning.WRITE_CHUNK + 1):
        add_system(f"Room {number}", oslo, number)
    few = queries_for(10, oslo, django_assert_max_num_queries, 60)
    many = queries_for(planning.WRITE_CHUNK, oslo, django_assert_max_num_queries, 60)
    # The database takes only so many values a statement, so a little growth is its own.
    assert many <= 2 * few


def test_short_report_does_not_tell_what_the_device_lacks(boardroom):
    report_configuration(boardroom, {"SystemUnit/Name": "x"}, is_whole=False)
    item = plan_settings([boardroom], {"SIP/URI": "room@example.org"}).per_system[0].items[0]
    assert (item.verdict, item.reason) == (
        "change",
        "the device has not reported this setting; it is sent anyway",
    )
