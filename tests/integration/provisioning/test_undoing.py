"""A change set keeps the values before, and another one restores them."""

import pytest

from roomkeeper.provisioning import undoing
from roomkeeper.provisioning.change_sets import cancel_change_set
from roomkeeper.provisioning.models import ChangeItem, DeliveryState
from roomkeeper.provisioning.planning import Care, create_change_set
from tests.integration.provisioning.conftest import NOW, report_configuration

REPORTED = {
    "SystemUnit/Name": "Boardroom",
    "Audio/DefaultVolume": "50",
    "Standby/Control": "On",
    "SIP/Proxy[2]/Address": "",
    "NetworkServices/HTTP/Proxy/Password": "***",
}


@pytest.fixture
def reporting(boardroom):
    report_configuration(boardroom, REPORTED)
    return boardroom


def ask(system, settings, **more):
    return create_change_set([system], settings, user=None, now=NOW, **more)


def deliver(change_set, state=DeliveryState.CONFIRMED):
    """As after the system took it."""
    ChangeItem.objects.filter(change__change_set=change_set).update(state=state, delivered_at=NOW)


def wanted(change_set):
    rows = ChangeItem.objects.filter(change__change_set=change_set).order_by("path")
    return {item.path: (item.value, item.previous, item.state) for item in rows}


def reasons(change_set, **more):
    return {one.path: one.reason for one in undoing.plan_undo(change_set, **more).left_out}


def test_the_values_before_are_kept_and_asked_for_again(reporting):
    asked = ask(reporting, {"Audio/DefaultVolume": "70", "SIP Proxy 2 Address": "sip.example.org"})
    assert wanted(asked)["Audio/DefaultVolume"] == ("70", "50", "waiting")
    assert wanted(asked)["SIP/Proxy[2]/Address"] == ("sip.example.org", "", "waiting")
    deliver(asked)
    report_configuration(
        reporting, REPORTED | {"Audio/DefaultVolume": "70", "SIP/Proxy[2]/Address": "sip.example.org"}
    )
    made = undoing.undo(asked, user=None, now=NOW)
    assert wanted(made) == {
        "Audio/DefaultVolume": ("50", "70", "waiting"),
        "SIP/Proxy[2]/Address": ("", "sip.example.org", "waiting"),
    }
    assert made.undoes == asked


def test_undoing_is_as_careful_as_the_change_and_not_persistent(reporting):
    asked = ask(
        reporting, {"Audio/DefaultVolume": "70"}, is_persistent=True, care=Care(False, True, failure_limit=3)
    )
    deliver(asked)
    made = undoing.undo(asked, user=None, now=NOW)
    assert (made.during_calls, made.only_in_window, made.failure_limit) == (False, True, 3)
    assert not made.is_persistent
    # What was to persist would be restored against the undoing.
    assert wanted(asked)["Audio/DefaultVolume"][2] == "superseded"


def test_what_still_waits_is_not_sent_any_more(reporting):
    asked = ask(reporting, {"Audio/DefaultVolume": "70", "NetworkServices/HTTP/Proxy/Password": "new secret"})
    made = undoing.undo(asked, user=None, now=NOW)
    assert wanted(made) == {"Audio/DefaultVolume": ("50", "50", "confirmed")}
    assert {state for _, _, state in wanted(asked).values()} == {"superseded", "cancelled"}


def test_a_hidden_value_is_told_and_left_out(reporting):
    asked = ask(reporting, {"Audio/DefaultVolume": "70", "NetworkServices/HTTP/Proxy/Password": "new"})
    deliver(asked)
    assert wanted(asked)["NetworkServices/HTTP/Proxy/Password"][1] == "***"
    assert "***" in reasons(asked)["NetworkServices/HTTP/Proxy/Password"]
    assert list(wanted(undoing.undo(asked, user=None, now=NOW))) == ["Audio/DefaultVolume"]


@pytest.mark.parametrize(
    ("settings", "state", "reason"),
    [
        ({"Audio/DefaultVolume": "50"}, None, "already set"),
        ({"Audio/DefaultVolume": None}, None, "removed a request"),
        ({"SIP/Nonsense": "x"}, None, "never sent"),
        ({"NetworkServices/HTTP/Proxy/Password": "new"}, DeliveryState.CONFIRMED, "hidden"),
    ],
)
def test_a_set_of_which_nothing_can_be_undone_says_why(reporting, settings, state, reason):
    asked = ask(reporting, settings)
    if state:
        deliver(asked, state)
    with pytest.raises(undoing.UndoRefused, match=reason):
        undoing.undo(asked, user=None, now=NOW)


def test_a_value_that_nobody_knew_cannot_be_restored(boardroom):
    asked = ask(boardroom, {"Audio/DefaultVolume": "70"})
    deliver(asked)
    with pytest.raises(undoing.UndoRefused, match="not known"):
        undoing.undo(asked, user=None, now=NOW)


def test_a_cancelled_set_has_nothing_to_undo(reporting):
    asked = ask(reporting, {"Audio/DefaultVolume": "70"})
    cancel_change_set(asked, user=None, now=NOW)
    with pytest.raises(undoing.UndoRefused, match="never sent"):
        undoing.undo(asked, user=None, now=NOW)


def test_what_was_asked_for_since_is_not_overwritten_but_the_undoing_can_be_undone(reporting):
    first = ask(reporting, {"Audio/DefaultVolume": "70"})
    deliver(first)
    report_configuration(reporting, REPORTED | {"Audio/DefaultVolume": "70"})
    second = undoing.undo(first, user=None, now=NOW)
    deliver(second)
    report_configuration(reporting, REPORTED)
    assert f"change set {second.pk}" in reasons(first)["Audio/DefaultVolume"]
    third = undoing.undo(second, user=None, now=NOW)
    assert wanted(third)["Audio/DefaultVolume"][:2] == ("70", "50")


def test_the_value_before_is_what_was_sent_last_where_that_was_not_reported_yet(reporting):
    deliver(ask(reporting, {"Audio/DefaultVolume": "70"}), DeliveryState.DELIVERED)
    asked = ask(reporting, {"Audio/DefaultVolume": "90"})
    assert wanted(asked)["Audio/DefaultVolume"][1] == "70"


def test_what_was_sent_and_not_reported_yet_is_not_called_so_already(reporting):
    asked = ask(reporting, {"Audio/DefaultVolume": "70", "Standby/Control": "Off"})
    ChangeItem.objects.filter(change__change_set=asked, path="Audio/DefaultVolume").update(
        state=DeliveryState.DELIVERED, delivered_at=NOW
    )
    (planned,) = undoing.plan_undo(asked).plan.per_system
    assert {item.path: item.verdict for item in planned.items} == {
        "Audio/DefaultVolume": "change",
        "Standby/Control": "already",
    }
    assert f"change set {asked.pk}" in planned.items[0].reason
    made = undoing.undo(asked, user=None, now=NOW)
    assert wanted(made)["Audio/DefaultVolume"] == ("50", "70", "waiting")
    assert wanted(made)["Standby/Control"] == ("On", "On", "confirmed")


def test_it_can_be_undone_on_one_system_alone(reporting, vault):
    report_configuration(vault, REPORTED)
    asked = create_change_set([reporting, vault], {"Audio/DefaultVolume": "70"}, user=None, now=NOW)
    deliver(asked)
    made = undoing.undo(asked, user=None, now=NOW, systems=[vault.pk])
    assert list(made.changes.values_list("system", flat=True)) == [vault.pk]


def test_a_name_is_restored_on_the_record_too(reporting):
    asked = ask(reporting, {"SystemUnit/Name": "Aula"})
    deliver(asked)
    report_configuration(reporting, REPORTED | {"SystemUnit/Name": "Aula"})
    reporting.refresh_from_db()
    assert reporting.name == "Aula"
    undoing.undo(asked, user=None, now=NOW)
    reporting.refresh_from_db()
    assert reporting.name == "Boardroom"
