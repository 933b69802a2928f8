"""One address: what becomes of a device that can be reached, and what is said where something is in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from tests.drivers.devices.snmpd import free_udp_port, until_taken
from tests.integration.adding.conftest import CLOSED, GOOD, NOW, OURS, WRONG, at, failures

from roomkeeper.adding.targets import parse_targets
from roomkeeper.devices.login import Login
from roomkeeper.serving.certificates import CertificateFiles, ensure
from roomkeeper.systems import network_settings
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.contact import credential_list, credentials
from roomkeeper.systems.models import (
    ConfigurationVersion,
    Connectivity,
    ConnectivityChange,
    NetworkSettings,
    State,
    StoredDocument,
    System,
    SystemSecret,
)

pytestmark = pytest.mark.django_db(transaction=True)


async def only_system() -> System:
    return await System.objects.select_related("folder").aget()


async def test_reachable_device_is_named_managed_read_and_made_to_call_us(add, start):
    endpoint = await start()
    added = await add(at(endpoint), tags=("new", "court"))
    assert (added.job.state, added.job.summary) == ("done", "1 added.")
    item = added.item
    assert (item.state, item.advice) == ("done", "")
    assert item.summary.startswith("Added: Room 1 (")
    system = await only_system()
    assert item.system_id == system.pk
    assert (item.details["result"], item.details["warnings"]) == ("added", [])
    assert (system.name, system.state, system.family) == ("Room 1", State.MANAGED, "roomos")
    assert (system.serial_number, system.mac_address) == ("FTT00000001", "001122330001")
    assert (system.host, system.https_port) == ("127.1.81.1", endpoint.https_port)
    assert len(system.pinned_key) == 64
    assert system.login_worked_at is not None
    assert system.admitted_by_id == add.user.pk
    assert not system.management_is_due
    assert {tag.name async for tag in system.tags.all()} == {"new", "court"}
    assert (system.username, await sync_to_async(credentials.password_of)(system)) == (
        GOOD.username,
        GOOD.password,
    )
    change = await ConnectivityChange.objects.aget()
    assert (change.old, change.new, change.user_id) == ("", Connectivity.REACHABLE_ON_LAN, add.user.pk)
    secret = await SystemSecret.objects.aget()
    text = await sync_to_async(secrets.text_of)(secret)
    assert secret.bound_source == "127.1.81.1"
    find = endpoint.device.configuration.find
    assert find("Provisioning/ExternalManager/Address").startswith(OURS)
    assert find("Provisioning/ExternalManager/Path").endswith(f"SystemManagementService.asmx/{text}")
    assert find("Provisioning/Mode") == "TMS"
    assert [slot.url.endswith(f"code.aspx/{text}") for slot in endpoint.device.slots.values()] == [True]
    kinds = {row.kind async for row in StoredDocument.objects.all()}
    assert kinds == {"status", "valuespace", "command"}
    assert await ConfigurationVersion.objects.filter(system=system).acount() == 1


async def test_device_takes_the_name_that_a_person_gave_and_keeps_it(add, start):
    endpoint = await start()
    added = await add(at(endpoint), name="Boardroom")
    assert added.item.summary.startswith("Added: Boardroom")
    assert (await only_system()).name == "Boardroom"
    wish = await sync_to_async(lambda: list((System.objects.get()).changes.all()))()
    assert len(wish) == 1


async def test_public_device_is_told_the_public_address(add, start):
    await NetworkSettings.objects.aupdate(public_fqdn="rooms.example.org")
    endpoint = await start()
    await add(at(endpoint), connectivity=Connectivity.REACHABLE_ON_PUBLIC_INTERNET)
    assert endpoint.device.configuration.find("Provisioning/ExternalManager/Address").startswith(
        "rooms.example.org"
    )
    assert (await only_system()).connectivity == Connectivity.REACHABLE_ON_PUBLIC_INTERNET


@pytest.mark.parametrize(
    "profile",
    [
        "sx20-tc7",
        "sx10-ce9.6",
        "dx80-ce9.15",
        "room-kit-roomos11",
        "room-bar-roomos26",
        "room-bar-teams26",
        "room-kit-pro-g2-roomos26",
    ],
)
async def test_every_release_is_added(add, start, profile):
    await sync_to_async(network_settings.update)({"phone_books_always": True}, user=None, now=NOW)
    endpoint = await start(profile=profile)
    added = await add(at(endpoint))
    assert added.states == ["done"], added.item.summary
    # A Teams room of this release has no phone book: that is told, and nothing that anybody could mend.
    assert ("no phone book settings" in added.item.summary) is (profile == "room-bar-teams26")
    assert not (await only_system()).management_is_due
    assert (await only_system()).software_version == endpoint.device.version


async def test_nobody_there_is_told_with_what_to_do(add):
    added = await add(f"127.1.81.200:{CLOSED}")
    item = added.item
    assert item.state == "failed"
    assert item.summary == "127.1.81.200 refused the connection while looking who answers."
    assert "web service is on" in item.advice
    assert not await System.objects.aexists()


async def test_wrong_password_touches_the_device_once(add, start):
    endpoint = await start()
    added = await add(at(endpoint), logins=(WRONG,))
    assert added.states == ["failed"]
    assert "refused the login" in added.item.summary
    assert failures(endpoint) == 1
    assert not await System.objects.aexists()
    # Whoever gives it again wants it tried again.
    await add(at(endpoint), logins=(WRONG,))
    assert failures(endpoint) == 2
    assert (await add(at(endpoint))).states == ["done"]


async def test_a_new_device_lets_nobody_in_before_its_first_passphrase_and_it_is_said(add, start):
    endpoint = await start(profile="room-bar-roomos26", is_factory_new=True)
    for login in (GOOD, Login("admin", "")):
        added = await add(at(endpoint), logins=(login,))
        assert added.states == ["failed"]
        assert "refused the login" in added.item.summary
        assert "until the first passphrase is set" in added.item.advice
    assert endpoint.device.needs_first_passphrase


async def test_an_older_release_is_not_suspected_of_it(add, start):
    """Its agent tells its release before any login."""
    port = free_udp_port("127.1.81.1")
    endpoint = await start(profile="sx10-ce9.6", snmp_port=port)
    await until_taken("127.1.81.1", port)
    await sync_to_async(credential_list.add)(
        name="Usual", kind="community", values={"community": "public"}, now=NOW
    )
    added = await add(at(endpoint), logins=(WRONG,), uses_snmp=True, snmp_port=port)
    assert "refused the login" in added.item.summary
    assert "passphrase" not in added.item.advice


async def test_without_a_login_a_device_is_found_and_not_added(add, start):
    endpoint = await start()
    added = await add(at(endpoint), logins=())
    assert added.states == ["failed"]
    assert "none was given" in added.item.summary
    assert not await System.objects.aexists()


async def test_password_goes_over_http_only_with_leave(add, start):
    endpoint = await start()
    there = replace(at(endpoint), targets=(replace(at(endpoint).targets[0], https_port=CLOSED),))
    refused = await add(there)
    assert refused.states == ["failed"]
    assert "may not use HTTP" in refused.item.summary
    assert failures(endpoint) == 0
    allowed = await add(there, password_may_use_http=True)
    assert allowed.states == ["done"]
    system = await only_system()
    assert system.password_may_use_http
    assert system.pinned_key == ""


async def test_account_without_rights_is_added_with_a_warning(add, start):
    endpoint = await start(faults=(("no_admin_rights", "on"),))
    added = await add(at(endpoint))
    item = added.item
    assert item.state == "warning"
    assert "No management settings were written" in item.summary
    assert "role Admin" in item.advice
    assert added.job.summary == "1 added, 1 of them with warnings."
    assert item.details["warnings"][0]["advice"] == item.advice
    system = await only_system()
    # The pump goes on with it once somebody has given the role.
    assert system.management_is_due
    assert system.name == "Room 1"


async def test_setting_that_the_device_refuses_is_named_with_its_words(add, start):
    # 50 characters are the most that a system contact takes (protocol notes M).
    await sync_to_async(network_settings.get)()
    await NetworkSettings.objects.aupdate(snmp_contact="x" * 200)
    endpoint = await start()
    added = await add(at(endpoint))
    assert added.states == ["warning"]
    assert "It did not take NetworkServices/SNMP/SystemContact: " in added.item.summary
    assert "Set NetworkServices/SNMP/SystemContact on the system itself" in added.item.advice
    assert endpoint.device.configuration.find("Provisioning/Mode") == "TMS"


async def test_another_device_than_the_expected_one_is_left_alone(add, start):
    endpoint = await start()
    there = at(endpoint)
    wanted = replace(there, targets=(replace(there.targets[0], serial_number="FTT99999999"),))
    added = await add(wanted)
    assert added.states == ["failed"]
    assert "serial number other than" in added.item.summary
    assert not await System.objects.aexists()
    assert endpoint.device.configuration.find("Provisioning/Mode") != "TMS"


async def test_secure_only_device_is_met_by_https_alone(add, start):
    endpoint = await start(is_secure=True)
    added = await add(at(endpoint), is_secure_only=True)
    assert added.states == ["done"], added.item.summary
    system = await only_system()
    assert system.is_secure_only
    assert endpoint.device.configuration.find("Provisioning/ExternalManager/Protocol") == "HTTPS"


async def test_old_device_is_added_with_legacy_tls_and_only_with_it(add, start):
    endpoint = await start(faults=(("tls_1_0_only", "on"),))
    refused = await add(at(endpoint))
    assert refused.states == ["failed"]
    assert "legacy TLS" in refused.item.advice
    added = await add(at(endpoint), is_legacy_tls=True)
    assert added.states == ["done"], added.item.summary
    assert (await only_system()).tls_is_legacy


async def test_sign_in_page_in_between_is_told(add, start):
    endpoint = await start(faults=(("sign_in_page", "on"),))
    added = await add(at(endpoint))
    assert added.states == ["failed"]
    assert added.item.summary.startswith("A web server answers, but")


async def test_secrets_of_the_request_are_in_no_row(add, start):
    endpoint = await start()
    job = await add.create(at(endpoint), logins=(Login("admin", "hunter2-typed"),))
    rows = await sync_to_async(
        lambda: repr([*type(job).objects.values(), *type(job).items.rel.related_model.objects.values()])
    )()
    assert "hunter2-typed" not in rows
    added = await add.run(job)
    assert bytes(added.job.secrets_ciphertext) == b""


async def test_name_that_resolves_is_as_good_as_an_address(add, start):
    endpoint = await start(address="127.0.0.1")
    target = replace(parse_targets("localhost").targets[0], https_port=endpoint.https_port)
    added = await add(replace(at(endpoint), targets=(target,)))
    assert added.states == ["done"], added.item.summary
    assert (await only_system()).host == "localhost"
    assert (await SystemSecret.objects.aget()).bound_source == "127.0.0.1"


async def test_a_device_with_plain_http_off_is_told_to_use_https_with_our_authority(add, start):
    files = CertificateFiles.below(django_settings.OPTIONS.data)
    await sync_to_async(ensure)(files, ["127.0.0.1"], now=NOW)
    endpoint = await start(is_secure=True)
    added = await add(at(endpoint))
    assert added.item.state == "done"
    assert "this server's authority was installed on it first" in added.item.summary
    find = endpoint.device.configuration.find
    assert find("NetworkServices/HTTP/Mode") == "HTTPS"
    assert find("Provisioning/ExternalManager/Protocol") == "HTTPS"
    assert len(endpoint.device.shelf.authorities) == 1
    system = await only_system()
    assert (system.has_http_off, system.management_is_due) == (True, False)
