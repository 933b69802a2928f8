"""A new password with an answer, to a system Behind Firewall: by HTTPS only, unproven, and readable nowhere."""

from datetime import timedelta

import pytest

from roomkeeper.provisioning import expiry, passwords
from roomkeeper.provisioning.models import Action
from roomkeeper.systems import timeline
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Connectivity, Exchange, System
from tests.integration.batch.conftest import Device

OLD, NEW = "Old <Pass> 1", "New & Pass 2"


@pytest.fixture
def far(manager, device, prove) -> Device:
    """A proven system Behind Firewall that posts by HTTPS and whose password we have."""
    device.scheme, device.host = "https", "192.0.2.5:8443"
    prove(device)
    system = System.objects.get()
    credentials.set_credentials(system, "admin", OLD)
    System.objects.update(connectivity=Connectivity.BEHIND_FIREWALL, connectivity_is_locked=True)
    manager.wait(seconds=30)
    manager.beat(device)
    return device


def ask(manager) -> Action:
    return passwords.set_password(System.objects.get(), NEW, user=None, now=manager.now)


def commands(manager, device) -> list[tuple[str, dict]]:
    manager.wait(seconds=30)
    return [(command.path, dict(command.arguments)) for command in manager.beat(device).commands]


def test_it_goes_once_with_both_passwords_and_is_redacted_where_the_answer_is_kept(manager, far):
    action = ask(manager)
    assert commands(manager, far) == [
        (
            "UserManagement/User/Passphrase/Set",
            {"Username": "admin", "NewPassphrase": NEW, "YourPassphrase": OLD},
        )
    ]
    assert commands(manager, far) == []
    kept = [timeline.answer_text(exchange) for exchange in Exchange.objects.all()]
    assert any("[secret]" in text for text in kept)
    for text in kept:
        assert not any(word in text for word in (NEW, OLD, "New &amp; Pass", "Old &lt;Pass"))
    # What it reports says nothing of passwords, and time proves nothing either.
    manager.wait(seconds=5)
    manager.post(far.status({"Standby/State": "Off"}))
    expiry.expire(now=manager.now + timedelta(days=30))
    action.refresh_from_db()
    assert action.state == "delivered"
    assert credentials.password_of(System.objects.get()) == OLD


def test_software_of_the_tc_kind_is_told_its_own_way(manager, far):
    System.objects.update(software_version="TC7.3.21")
    far.version = "TC7.3.21"
    ask(manager)
    assert commands(manager, far) == [("SystemUnit/AdminPassword/Set", {"Password": NEW})]


def test_it_waits_for_https_unless_passwords_may_use_http(manager, far):
    ask(manager)
    far.scheme, far.host = "http", "192.0.2.5:8080"
    assert commands(manager, far) == []
    System.objects.update(password_may_use_http=True)
    assert len(commands(manager, far)) == 1


def test_it_is_not_answered_to_one_that_is_pushed_to(manager, far):
    ask(manager)
    System.objects.update(connectivity=Connectivity.REACHABLE_ON_LAN)
    assert commands(manager, far) == []
    assert Action.objects.get().state == "waiting"


def test_other_credentials_meanwhile_end_it(manager, far):
    ask(manager)
    credentials.set_credentials(System.objects.get(), "admin", "by hand")
    assert commands(manager, far) == []
    action = Action.objects.get()
    assert (action.state, action.reason, action.has_secret) == ("failed", passwords.OTHERS_STORED, False)
