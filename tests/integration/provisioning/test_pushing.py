"""Management settings pushed to a real virtual endpoint over real sockets, with the real database (rules R4, R6)."""

from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings

from roomkeeper import keys
from roomkeeper.devices import errors
from roomkeeper.jobs import leases
from roomkeeper.jobs.leases import holder_name
from roomkeeper.provisioning import pushing
from roomkeeper.provisioning.push_pump import pump
from roomkeeper.systems import network_settings
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.contact import credentials, device_access
from roomkeeper.systems.models import (
    Connectivity,
    NetworkSettings,
    State,
    System,
    SystemSecret,
    TimelineEntry,
)
from roomkeeper.tickets.models import Ticket
from tests.integration.provisioning.reachable import OURS, make_system, push_due, with_device

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def system(transactional_db) -> System:
    """A managed system on the LAN with the right credentials, whose management settings are due."""
    return make_system()


def reload(system: System) -> System:
    return System.objects.get(pk=system.pk)


def management_entries(system: System) -> list[str]:
    rows = TimelineEntry.objects.filter(system=system, kind="management")
    return list(rows.values_list("summary", flat=True))


def test_reachable_system_is_given_manager_feedback_and_secret_by_push(system):
    async def act(endpoint):
        await push_due(endpoint)
        find = endpoint.device.configuration.find
        return (
            find("Provisioning/ExternalManager/Address"),
            find("Provisioning/ExternalManager/Path"),
            find("Provisioning/Mode"),
            [slot.url for slot in endpoint.device.slots.values()],
        )

    address, path, mode, slots = with_device(system, act)
    secret = secrets.text_of(SystemSecret.objects.get(system=system))
    assert address.startswith(OURS)
    assert path.endswith(f"SystemManagementService.asmx/{secret}")
    assert mode == "TMS"
    assert [url.endswith(f"code.aspx/{secret}") for url in slots] == [True]
    found = reload(system)
    assert not found.management_is_due
    assert found.login_worked_at is not None
    assert len(found.pinned_key) == 64
    assert not any(secret in summary for summary in management_entries(system))


def test_network_settings_for_snmp_are_written_and_left_alone_in_secure_only(system):
    network_settings.get()
    community = keys.load(django_settings.OPTIONS.data).encrypt("watch-me")
    NetworkSettings.objects.update(
        snmp_contact="AV team", snmp_location="Oslo", snmp_community_ciphertext=community
    )
    names = ("SystemContact", "SystemLocation", "CommunityName")

    async def act(endpoint):
        await push_due(endpoint)
        return [endpoint.device.configuration.find(f"NetworkServices/SNMP/{name}") for name in names]

    assert with_device(system, act) == ["AV team", "Oslo", "watch-me"]
    System.objects.filter(pk=system.pk).update(management_is_due=True, is_secure_only=True, pinned_key="")
    assert "watch-me" not in with_device(system, act)


def test_wrong_password_touches_the_device_once_and_is_told(system):
    credentials.set_credentials(system, "admin", "wrong")

    async def act(endpoint):
        for _ in range(3):
            pump.forget_failures()
            await pump.push_due(now=NOW)
        return endpoint.device.configuration.find("Provisioning/Mode")

    assert with_device(system, act) != "TMS"
    found = reload(system)
    assert found.login_refused_at is not None
    assert Ticket.objects.filter(system=system, kind="login refused", state="open").count() == 1
    assert len(management_entries(system)) == 1


def test_another_device_at_the_address_is_not_written_to(system):
    System.objects.filter(pk=system.pk).update(serial_number="FTT00000000")

    async def act(endpoint):
        await push_due(endpoint)
        return endpoint.device.configuration.find("Provisioning/Mode")

    assert with_device(system, act) != "TMS"
    assert "serial number other than" in management_entries(system)[0]
    assert reload(system).management_is_due


@pytest.mark.parametrize(
    "values",
    [
        {"connectivity": Connectivity.BEHIND_FIREWALL},
        {"connectivity": Connectivity.INACCESSIBLE},
        {"state": State.BLOCKED},
        {"management_is_due": False},
        {"username": ""},
        {"family": "mxp"},
    ],
)
def test_who_is_not_pushed_to(system, values):
    System.objects.filter(pk=system.pk).update(**values)
    assert with_device(system, push_due) == 0


def test_account_without_rights_is_told_as_such_until_it_has_them(system):
    async def act(endpoint):
        await pump.push_due(now=NOW)
        open_ticket = Ticket.objects.filter(system=system, kind="no administrator rights", state="open")
        assert await open_ticket.aexists()
        endpoint.set_fault("no_admin_rights", False)
        pump.forget_failures()
        await pump.push_due(now=NOW)
        return await open_ticket.aexists()

    assert not with_device(system, act, faults=(("no_admin_rights", "on"),))
    first, second = sorted(management_entries(system))
    assert "without administrator rights" in first
    assert second.startswith("Pushed")
    assert not reload(system).management_is_due


def test_setting_that_the_device_refuses_is_told_and_given_up_after_three_rounds(system):
    # 50 characters are the most that a system contact takes (protocol notes M).
    NetworkSettings.objects.update(snmp_contact="x" * 200)

    async def act(endpoint):
        for _ in range(3):
            pump.forget_failures()
            assert await pump.push_due(now=NOW) == 1
        return endpoint.device.configuration.find("Provisioning/Mode")

    assert with_device(system, act) == "TMS"
    ticket = Ticket.objects.get(system=system, kind="management settings not kept", state="open")
    assert "NetworkServices/SNMP/SystemContact" in ticket.reason
    assert not reload(system).management_is_due


def test_nobody_writes_while_somebody_else_does(system):
    leases.take(f"system:{system.pk}", holder_name(), now=datetime.now(UTC))

    async def act(endpoint):
        await push_due(endpoint)
        return endpoint.device.configuration.find("Provisioning/Mode")

    assert with_device(system, act) != "TMS"


def test_secret_goes_not_over_plain_http_where_that_is_forbidden(system):
    NetworkSettings.objects.update(secrets_may_use_http=False)
    System.objects.filter(pk=system.pk).update(password_may_use_http=True)

    async def act(endpoint):
        # Nothing listens for HTTPS there.
        await System.objects.filter(pk=system.pk).aupdate(https_port=1)
        async with device_access.talking_to(system.pk) as driver:
            with pytest.raises(errors.PasswordNeedsTls):
                await pushing.push_management(driver, system.pk)
        return endpoint.device.configuration.find("Provisioning/ExternalManager/Path")

    assert "asmx/" not in with_device(system, act)
