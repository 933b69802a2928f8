"""From the inbox to a proven system, and every way in which a secret is not handed over (rules R3, R4)."""

import pytest

from roomkeeper.systems import admission, housekeeping, network_settings
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.models import Claim, State, System, SystemSecret
from roomkeeper.tickets.models import Ticket
from tests.integration.batch.conftest import Device, secret_in


def test_unknown_system_waits_in_the_inbox_and_gets_an_empty_answer(manager, device):
    answer = manager.beat(device, "Boot")
    system = System.objects.get()
    assert system.state == State.PENDING
    assert (system.serial_number, system.mac_address) == ("FTT00000001", "001122330001")
    assert answer.settings == answer.commands == answer.documents == ()


def test_same_unknown_system_is_one_row_however_often_it_posts(manager, device):
    for _ in range(3):
        manager.beat(device)
    assert System.objects.count() == 1
    assert System.objects.get().contact.last_seen_at == manager.now


def test_two_unknown_systems_in_one_batch_are_two_rows(manager, device):
    other = Device(serial="FTT00000002", mac="00:11:22:33:00:02")
    manager.post(device.event(), other.event(), device.event("Boot"))
    assert System.objects.count() == 2


def test_anonymous_posts_are_only_counted(manager):
    nobody = Device(serial="", mac="")
    manager.beat(nobody)
    assert System.objects.count() == 0
    assert Claim.objects.get().count == 1


def test_admitted_system_is_handed_the_same_secret_until_it_uses_it(manager, device):
    manager.beat(device)
    admission.approve(System.objects.get(), user=None, now=manager.now)
    first = manager.beat(device)
    again = manager.beat(device)
    assert secret_in(first)
    assert secret_in(first) == secret_in(again)
    assert first.heartbeat_interval.total_seconds() == 10
    assert {setting.path for setting in first.settings} >= {
        "Provisioning/Mode",
        "Provisioning/ExternalManager/Address",
    }
    assert [command.path for command in first.commands] == ["HttpFeedback/Register"]


def test_using_the_secret_proves_the_system_and_closes_the_bare_path(manager, device, prove):
    prove(device)
    assert SystemSecret.objects.get().stage == "current"
    bare = Device()
    reply = manager.post(bare.event())[0]
    unknown = manager.post(Device(serial="FTT9", mac="00:11:22:33:99:99").event())[0]
    assert reply.body == unknown.body
    assert (
        Claim.objects.get(system__serial_number=device.serial).reason
        == "claims to be a known system without its secret"
    )


def test_all_four_empty_answers_are_identical(manager, device, prove):
    prove(device)
    ignored = Device(serial="FTT00000003", mac="00:11:22:33:00:03")
    manager.beat(ignored)
    admission.ignore(System.objects.get(serial_number=ignored.serial), user=None, now=manager.now)
    wrong = Device(secret="a" * 32)
    unknown = Device(serial="FTT00000004", mac="00:11:22:33:00:04")
    bodies = {
        reply.body
        for reply in manager.post(Device().event(), ignored.event(), wrong.event(), unknown.event())
    }
    assert len(bodies) == 1


def test_pending_secret_is_withheld_from_another_address_and_a_person_is_asked(manager, device):
    manager.beat(device)
    admission.approve(System.objects.get(), user=None, now=manager.now)
    elsewhere = Device(source="198.51.100.9")
    assert not secret_in(manager.beat(elsewhere))
    ticket = Ticket.objects.get(kind="secret withheld")
    assert "198.51.100.9" in ticket.reason
    admission.approve(System.objects.get(), user=None, now=manager.now, source="198.51.100.9")
    assert secret_in(manager.beat(elsewhere))
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.CLOSED


def test_pending_secret_runs_out_after_a_day(manager, device):
    manager.beat(device)
    admission.approve(System.objects.get(), user=None, now=manager.now)
    assert secret_in(manager.beat(device))
    manager.wait(hours=24, seconds=1)
    assert not secret_in(manager.beat(device))
    assert Ticket.objects.filter(kind="secret withheld").exists()


def test_secret_goes_over_http_only_where_the_setting_allows(manager, device):
    network_settings.update({"secrets_may_use_http": False}, user=None, now=manager.now)
    manager.beat(device)
    admission.approve(System.objects.get(), user=None, now=manager.now)
    assert not secret_in(manager.beat(device))
    assert Ticket.objects.filter(kind="secret needs https").exists()
    device.scheme = "https"
    assert secret_in(manager.beat(device))


def test_secret_that_went_over_http_is_replaced_at_the_first_https_check_in(manager, device, prove):
    prove(device)
    old = device.secret
    device.scheme, device.host = "https", "10.0.0.5:8443"
    new = secret_in(manager.beat(device))
    assert new
    assert new != old
    manager.beat(device)  # the old one still serves until the new one is used
    device.secret = new
    manager.beat(device)
    assert [secret.stage for secret in SystemSecret.objects.all()] == ["current"]
    device.secret = old
    assert not manager.beat(device).settings


def test_rotation_keeps_both_secrets_until_the_next_is_used(manager, device, prove):
    prove(device)
    system = System.objects.get()
    secrets.rotate(system, now=manager.now)
    new = secret_in(manager.beat(device))
    assert new not in ("", device.secret)
    assert secret_in(manager.beat(device)) == new
    device.secret = new
    manager.beat(device)
    assert SystemSecret.objects.get().stage == "current"


def test_admit_again_forgets_the_proven_secret(manager, device, prove):
    prove(device)
    old = device.secret
    device.secret = ""
    manager.beat(device, "Boot")
    admission.readmit(System.objects.get(), user=None, now=manager.now)
    new = secret_in(manager.beat(device, "Boot"))
    assert new not in ("", old)


@pytest.mark.parametrize(
    ("scheme", "source", "network", "own_network", "is_admitted"),
    [
        ("http", "10.1.2.3", "", "", False),
        ("https", "10.1.2.3", "", "", False),
        ("http", "10.1.2.3", "10.1.0.0/16", "", True),
        ("http", "192.0.2.9", "10.1.0.0/16", "", False),
        ("http", "10.1.2.3", "", "10.1.2.0/24", True),
        ("https", "192.0.2.9", "", "10.1.2.0/24", False),
    ],
)
def test_a_list_alone_admits_only_by_network(
    manager, device, scheme, source, network, own_network, is_admitted
):
    network_settings.update({"admission_networks": [network] if network else []}, user=None, now=manager.now)
    admission.pre_register(
        user=None, now=manager.now, serial_number=device.serial, mac_address=device.mac, network=own_network
    )
    device.scheme, device.source = scheme, source
    answer = manager.beat(device, "Boot")
    assert bool(secret_in(answer)) is is_admitted
    assert System.objects.get().state == (State.MANAGED if is_admitted else State.PRE_REGISTERED)


def test_pre_registering_takes_over_what_already_waits_in_the_inbox(manager, device):
    manager.beat(device)
    system = admission.pre_register(
        user=None, now=manager.now, serial_number=device.serial, name="Court 1", network="10.0.0.0/8"
    )
    assert System.objects.get() == system
    device.secret = secret_in(manager.beat(device))
    manager.beat(device)
    assert System.objects.get().mac_address == "001122330001"


def test_unknown_systems_of_a_trusted_network_are_admitted_where_the_policy_says_so(manager, device):
    network_settings.update(
        {"admission_by_hand": False, "admission_networks": ["10.1.0.0/16"]}, user=None, now=manager.now
    )
    assert secret_in(manager.beat(device))
    assert not secret_in(manager.beat(Device(serial="FTT2", mac="00:11:22:33:00:02", source="192.0.2.1")))


def test_blocked_system_gets_403(manager, device, prove):
    prove(device)
    admission.block(System.objects.get(), user=None, now=manager.now)
    statuses = [
        reply.status
        for reply in manager.post(device.event(), Device().event(), device.status({"Standby/State": "Off"}))
    ]
    assert statuses == [403, 403, 403]


def test_changed_hardware_withholds_the_answer_until_a_person_accepts(manager, device, prove):
    prove(device)
    device.serial = "FTT00000099"
    assert not manager.beat(device).documents
    assert "FTT00000099" in Ticket.objects.get(kind="identity changed").reason
    admission.accept_identity(
        System.objects.get(), user=None, now=manager.now, serial_number=device.serial, mac_address=device.mac
    )
    assert manager.beat(device).heartbeat_interval.total_seconds() in (10, 30, 900)
    assert Ticket.objects.get(kind="identity changed").state == Ticket.State.CLOSED


def test_secret_of_one_with_the_identity_of_another_tells_both(manager, device, prove):
    prove(device)
    other = Device(serial="FTT00000002", mac="00:11:22:33:00:02", source="10.1.2.4", address="10.1.2.4")
    prove(other)
    thief = Device(serial=other.serial, mac=other.mac, secret=device.secret)
    assert not manager.beat(thief).documents
    assert Ticket.objects.filter(kind="identity conflict").count() == 2


def test_name_given_on_admission_is_handed_to_the_device(manager, device):
    manager.beat(device)
    admission.approve(System.objects.get(), user=None, now=manager.now, name="Court 7")
    device.secret = secret_in(manager.beat(device))
    answer = manager.beat(device)
    assert [(s.path, s.value) for s in answer.settings] == [("SystemUnit/Name", "Court 7")]
    manager.wait(seconds=1)
    manager.post(device.configuration({"SystemUnit/Name": "Court 7"}))
    assert System.objects.get().reported_name == "Court 7"
    assert System.objects.get().drift_count == 0


def test_post_that_does_not_qualify_fills_in_no_blank_of_a_registration(manager, device):
    admission.pre_register(user=None, now=manager.now, serial_number=device.serial)
    liar = Device(mac="66:66:66:66:66:66", name="Liar")
    manager.beat(liar, "Boot")
    assert System.objects.get().mac_address == ""
    network_settings.update({"admission_networks": ["10.1.0.0/16"]}, user=None, now=manager.now)
    assert secret_in(manager.beat(device, "Boot"))
    assert System.objects.get().mac_address == "001122330001"


def test_next_contact_of_a_waiting_system_is_due_when_it_was_told(manager, device):
    manager.beat(device)
    contact = System.objects.get().contact
    assert (contact.next_contact_due_at - contact.last_seen_at).total_seconds() == 30


def test_another_feedback_slot_is_registered_by_answers_and_the_one_before_is_given_up(
    manager, device, prove
):
    prove(device)
    ours = f"http://10.0.0.5:8080/tms/public/feedback/code.aspx/{device.secret}"
    manager.post(
        device.status({"HttpFeedback/URL": ours, "HttpFeedback[4]/URL": "http://other.example.org/x"})
    )
    network_settings.update({"feedback_slot": 2}, user=None, now=manager.now)
    manager.wait(seconds=30)
    calls = [(call.path, dict(call.arguments)["FeedbackSlot"]) for call in manager.beat(device).commands]
    assert calls == [("HttpFeedback/Register", "2"), ("HttpFeedback/Deregister", "1")]


@pytest.mark.parametrize("is_silent_first", [True, False])
def test_claim_after_a_factory_reset_is_named_in_the_no_contact_ticket(
    manager, device, prove, is_silent_first
):
    prove(device)
    manager.beat(device)
    manager.wait(seconds=30)
    if is_silent_first:
        manager.wait(hours=1)
        housekeeping.sweep_liveness(now=manager.now)
        assert "claim" not in Ticket.objects.get(kind="no contact").reason
    reset = Device(source="192.0.2.9")
    manager.beat(reset, "Boot")
    if not is_silent_first:
        manager.wait(hours=1)
        housekeeping.sweep_liveness(now=manager.now)
    ticket = Ticket.objects.get(kind="no contact")
    assert "posts from 192.0.2.9 have claimed to be it without its secret" in ticket.reason
    assert device.serial in ticket.reason
    assert "admit the system again" in ticket.advice
