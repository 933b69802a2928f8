"""What systems report, what they are handed, and what becomes of it (rules R7, R8)."""

import pytest

from roomkeeper.provisioning import actions, expiry, management, planning, states
from roomkeeper.provisioning.change_sets import cancel_change_set
from roomkeeper.provisioning.models import Action, ChangeItem
from roomkeeper.systems.admission import secure_only
from roomkeeper.systems.documents import reported_configuration, status_values
from roomkeeper.systems.models import (
    Claim,
    ConfigurationVersion,
    Exchange,
    FactChange,
    Folder,
    Probe,
    StoredDocument,
    System,
    TimelineEntry,
)
from tests.integration.batch.conftest import Device, secret_in

NAME = "SystemUnit/Name"


@pytest.fixture
def proven(device, prove):
    prove(device)
    return device


def system() -> System:
    return System.objects.get()


def item() -> ChangeItem:
    return ChangeItem.objects.order_by("-id").first()


def ask(manager, settings):
    return planning.create_change_set([system()], settings, user=None, now=manager.now)


def test_setting_waits_is_delivered_and_confirmed_by_the_next_report(manager, proven):
    change_set = ask(manager, {NAME: "Court 3"})
    assert states.state_of(change_set) == "waiting"
    manager.wait(seconds=30)
    answer = manager.beat(proven)
    assert [(s.path, s.value) for s in answer.settings] == [(NAME, "Court 3")]
    assert {document.location for document in answer.documents} >= {"/Configuration", "/Status"}
    assert states.state_of(change_set) == "delivered"
    manager.wait(seconds=1)
    manager.post(proven.configuration({NAME: "Court 3"}))
    assert states.state_of(change_set) == "confirmed"
    assert system().name == "Court 3"


def test_nothing_is_handed_to_a_system_before_it_is_proven(manager, device):
    from roomkeeper.systems import admission

    manager.beat(device)
    admission.approve(system(), user=None, now=manager.now)
    ask(manager, {"SIP/URI": "room@example.org"})
    assert "SIP/URI" not in [setting.path for setting in manager.beat(device).settings]


def test_another_value_twice_ends_as_kept_its_value(manager, proven):
    ask(manager, {"Audio/DefaultVolume": "70"})
    for expected in ("waiting", "failed"):
        manager.wait(seconds=30)
        manager.beat(proven)
        manager.wait(seconds=1)
        manager.post(proven.configuration({"Audio/DefaultVolume": "50"}))
        assert item().state == expected
    assert item().reason == "kept its value: 50"


def test_absent_path_twice_ends_as_not_on_this_device(manager, proven):
    ask(manager, {"Audio/DefaultVolume": "70"})
    for expected in ("waiting", "failed"):
        manager.wait(seconds=30)
        manager.beat(proven)
        manager.wait(seconds=1)
        manager.post(proven.configuration({NAME: "x"}))
        assert item().state == expected
    assert item().reason == "not on this device"


def test_hidden_value_stays_delivered_and_says_why(manager, proven):
    ask(manager, {"SIP/Authentication/Password": "very secret"})
    manager.wait(seconds=30)
    answer = manager.beat(proven)
    assert ("SIP/Authentication/Password", "very secret") in [(s.path, s.value) for s in answer.settings]
    manager.wait(seconds=1)
    manager.post(proven.configuration({"SIP/Authentication/Password": "***"}))
    assert (item().state, item().reason) == ("delivered", "cannot be read back: the device answers ***")
    manager.wait(seconds=60)
    assert not manager.beat(proven).settings
    assert item().value == "***"


def test_setting_is_handed_over_three_times_at_most_without_a_report(manager, proven):
    ask(manager, {NAME: "Court 3"})
    handed = 0
    for _ in range(6):
        manager.wait(seconds=60)
        handed += bool(manager.beat(proven).settings)
    assert handed == 3
    assert item().state == "delivered"


def test_newer_wish_supersedes_the_older_one_in_any_spelling(manager, proven):
    ask(manager, {"SIP/Proxy[1]/Address": "a.example.org"})
    first = item()
    ask(manager, {"sip proxy 1 address": "b.example.org"})
    first.refresh_from_db()
    assert first.state == "superseded"
    manager.wait(seconds=30)
    assert [setting.value for setting in manager.beat(proven).settings] == ["b.example.org"]


def test_null_takes_the_wish_back(manager, proven):
    ask(manager, {"Audio/DefaultVolume": "70"})
    first = item()
    ask(manager, {"Audio/DefaultVolume": None})
    first.refresh_from_db()
    assert first.state == "superseded"
    manager.wait(seconds=30)
    assert not manager.beat(proven).settings


def test_wish_expires_after_seven_days(manager, proven):
    ask(manager, {NAME: "Court 3"})
    manager.wait(days=7, seconds=1)
    assert expiry.expire(now=manager.now) == 1
    assert item().state == "expired"
    assert not manager.beat(proven).settings


def test_configuration_feedback_confirms_at_once(manager, proven):
    ask(manager, {NAME: "Court 3"})
    manager.wait(seconds=30)
    manager.beat(proven)
    manager.post(
        proven.feedback(
            "<Configuration><!--id--><SystemUnit><Name>Court 3</Name></SystemUnit></Configuration>"
        )
    )
    assert item().state == "confirmed"


def test_action_is_handed_over_once_and_a_boot_proves_a_restart(manager, proven):
    actions.restart(system(), user=None, now=manager.now)
    manager.wait(seconds=30)
    answer = manager.beat(proven)
    assert [(c.path, c.arguments) for c in answer.commands] == [("SystemUnit/Boot", (("Action", "Restart"),))]
    manager.wait(seconds=30)
    assert not manager.beat(proven).commands
    manager.wait(seconds=30)
    manager.beat(proven, "Boot")
    assert Action.objects.get().state == "confirmed"


def test_action_without_evidence_fails_as_unknown_whether_it_ran(manager, proven):
    actions.ask(
        system(), "UserInterface/Message/Alert/Display", [["Text", "Hello"]], user=None, now=manager.now
    )
    manager.wait(seconds=30)
    manager.beat(proven)
    manager.wait(seconds=1)
    manager.post(proven.status({"Standby/State": "Off"}))
    action = Action.objects.get()
    assert (action.state, action.reason.split(":")[0]) == ("failed", "unknown whether it ran")


def test_action_waits_for_its_window_and_the_end_of_a_call(manager, proven):
    # It is eight in the morning.
    Folder.objects.update(maintenance_window="20:00-06:00")
    System.objects.update(in_call=True)
    careful = planning.Care(only_in_window=True)
    actions.ask(system(), "Standby Activate", user=None, now=manager.now, care=careful)
    manager.wait(seconds=30)
    assert not manager.beat(proven).commands
    manager.wait(hours=13)
    assert not manager.beat(proven).commands
    System.objects.update(in_call=False)
    manager.wait(seconds=30)
    assert [command.path for command in manager.beat(proven).commands] == ["Standby/Activate"]


def test_visible_effect_confirms_an_action(manager, proven):
    actions.ask(system(), "Standby Activate", user=None, now=manager.now)
    manager.wait(seconds=30)
    manager.beat(proven)
    manager.wait(seconds=1)
    manager.post(proven.status({"Standby/State": "Standby"}))
    assert Action.objects.get().state == "confirmed"


def test_status_is_kept_newest_only_with_a_row_per_changed_fact(manager, proven):
    manager.post(proven.status({"Standby/State": "Off", "SystemUnit/Uptime": "10"}))
    manager.wait(seconds=30)
    manager.post(proven.status({"Standby/State": "Standby", "SystemUnit/Uptime": "40"}))
    assert StoredDocument.objects.filter(kind="status").count() == 1
    change = FactChange.objects.get()
    assert (change.path, change.old_value, change.new_value) == ("Standby/State", "Off", "Standby")
    assert status_values(system().pk)["Standby/State"] == "Standby"


def test_configuration_is_a_version_only_where_it_differs(manager, proven):
    for value in ("50", "50", "60", "50"):
        manager.wait(seconds=30)
        manager.post(proven.configuration({"Audio/DefaultVolume": value}))
    assert ConfigurationVersion.objects.count() == 3
    assert reported_configuration(system().pk).settings["Audio/DefaultVolume"] == "50"


def test_unchanged_beats_are_one_row(manager, proven):
    before = TimelineEntry.objects.filter(kind="heartbeat").count()
    for _ in range(5):
        manager.wait(seconds=900)
        manager.beat(proven)
    rows = TimelineEntry.objects.filter(kind="heartbeat").order_by("id")
    assert rows.count() <= before + 1
    assert sum(row.count for row in rows) >= 6
    assert rows.last().last_at == manager.now


def test_our_secret_is_in_no_stored_document_or_exchange(manager, proven):
    path = f"tms/public/external/management/SystemManagementService.asmx/{proven.secret.upper()}"
    manager.post(proven.configuration({"Provisioning/ExternalManager/Path": path}))
    manager.post(proven.feedback(f"<Event><!--id--><Odd><Text>{proven.secret}</Text></Odd></Event>"))
    from roomkeeper.systems import timeline

    shown = reported_configuration(system().pk).settings["Provisioning/ExternalManager/Path"]
    assert shown.endswith("/[secret]")
    for exchange in Exchange.objects.all():
        kept = timeline.request_text(exchange) + timeline.answer_text(exchange)
        assert proven.secret not in kept.lower()


def test_feedback_without_the_secret_changes_no_fact_and_confirms_nothing(manager, proven):
    ask(manager, {NAME: "Court 3"})
    manager.wait(seconds=30)
    manager.beat(proven)
    liar = Device()
    replies = manager.post(
        liar.configuration({NAME: "Court 3"}),
        liar.feedback(
            "<Event><!--id--><CallSuccessful item='1'><CallId item='1'>1</CallId></CallSuccessful></Event>"
        ),
        liar.status({"Standby/State": "Standby"}),
    )
    assert [reply.status for reply in replies] == [200, 200, 200]
    assert item().state == "delivered"
    assert not system().in_call
    assert not StoredDocument.objects.exists()
    assert Claim.objects.filter(system=system()).count() == 2


def test_calls_are_followed_by_feedback(manager, proven):
    event = "<Event><!--id--><{0} item='1'><CallId item='1'>1</CallId></{0}></Event>"
    manager.post(proven.feedback(event.format("CallSuccessful")))
    assert system().in_call
    manager.post(proven.feedback(event.format("CallDisconnect")))
    assert not system().in_call


def test_enforcing_writes_the_management_settings_until_they_are_reported(manager, proven):
    management.enforce(system(), user=None, now=manager.now)
    manager.wait(seconds=30)
    answer = manager.beat(proven)
    assert secret_in(answer) == proven.secret
    manager.wait(seconds=1)
    manager.post(proven.configuration({setting.path: setting.value for setting in answer.settings}))
    assert not system().management_is_due
    manager.wait(seconds=60)
    assert not manager.beat(proven).settings


def test_management_settings_that_are_not_kept_end_in_a_ticket(manager, proven):
    from roomkeeper.tickets.models import Ticket

    management.enforce(system(), user=None, now=manager.now)
    for _ in range(5):
        manager.wait(seconds=60)
        manager.beat(proven)
        manager.post(proven.configuration({"Provisioning/ExternalManager/Address": "other.example.org"}))
    assert Ticket.objects.filter(kind="management settings not kept").exists()
    assert not system().management_is_due


def test_move_to_secure_only_refuses_http_only_after_the_first_https_check_in(manager, proven):
    secure_only.set_secure_only(system(), True, user=None, now=manager.now)
    manager.wait(seconds=30)
    answer = manager.beat(proven)
    protocol = {s.path: s.value for s in answer.settings}["Provisioning/ExternalManager/Protocol"]
    assert protocol == "HTTPS"
    https = Device(scheme="https", host="10.0.0.5:8443", secret=proven.secret)
    manager.wait(seconds=30)
    manager.beat(https)
    assert manager.post(proven.event())[0].status == 403
    assert TimelineEntry.objects.filter(kind="refused").exists()


def test_probe_is_asked_for_once_the_system_is_managed(manager, device, prove):
    manager.beat(device)
    assert not Probe.objects.exists()
    prove(device)
    assert Probe.objects.get().source_address == device.source


def test_one_batch_serves_many_systems_and_many_posts_of_one(manager, prove):
    devices = [
        Device(
            serial=f"FTT0000010{n}", mac=f"00:11:22:33:01:0{n}", source=f"10.1.3.{n}", address=f"10.1.3.{n}"
        )
        for n in range(8)
    ]
    for one in devices:
        prove(one)
    manager.wait(seconds=60)
    posts = [one.event() for one in devices] + [one.status({"Standby/State": "Off"}) for one in devices]
    posts += [one.event() for one in devices]
    assert {reply.status for reply in manager.post(*posts)} == {200}
    assert StoredDocument.objects.filter(kind="status").count() == 8


def test_configuration_feedback_updates_what_is_reported(manager, proven):
    manager.post(proven.configuration({NAME: "Boardroom", "Audio/DefaultVolume": "50"}))
    manager.post(
        proven.feedback(
            "<Configuration><!--id--><SystemUnit><Name>By hand</Name></SystemUnit></Configuration>"
        )
    )
    reported = reported_configuration(system().pk)
    assert reported.settings[NAME] == "By hand"
    assert reported.settings["Audio/DefaultVolume"] == "50"
    assert system().reported_name == "By hand"
    assert system().drift_count == 1


def test_cancelled_rename_gives_the_name_back(manager, proven):
    change_set = planning.rename(system(), "Court 9", user=None, now=manager.now)
    assert system().name == "Court 9"
    cancel_change_set(change_set, user=None, now=manager.now)
    assert system().name == "Boardroom"


def test_secure_only_asked_before_the_secret_was_used_is_not_lost(manager, device):
    from roomkeeper.systems import admission

    manager.beat(device)
    admission.approve(system(), user=None, now=manager.now)
    device.secret = secret_in(manager.beat(device))
    secure_only.set_secure_only(system(), True, user=None, now=manager.now)
    settings = {setting.path: setting.value for setting in manager.beat(device).settings}
    assert settings["Provisioning/ExternalManager/Protocol"] == "HTTPS"
