"""A system is told to call us by what it speaks: read before anything is written (protocol notes P.4)."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings as django_settings

from roomkeeper.devices import errors
from roomkeeper.provisioning import pushing
from roomkeeper.provisioning.manager_protocol import WhenHttpIsOff, check, learn
from roomkeeper.serving import certificates
from roomkeeper.systems.check_ins.roster import Roster
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.documents.reports import decode_document
from roomkeeper.systems.models import Contact, System, SystemSecret, TimelineEntry
from tests.integration.provisioning.reachable import make_system, with_device

MODE = "NetworkServices/HTTP/Mode"
PROTOCOL = "Provisioning/ExternalManager/Protocol"
# A service that is opened anew comes back where it was.
PORTS = {"http_port": 18179, "https_port": 18579}
PATH = "Provisioning/ExternalManager/Path"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def system(transactional_db) -> System:
    """A managed system on the LAN, whose management settings are due and which never called us."""
    made = make_system()
    Contact.objects.filter(system=made).update(scheme="", overdue_at=None)
    return made


@pytest.fixture(autouse=True)
def _authority(system):
    """This server's own authority, as its first start makes it."""
    files = certificates.CertificateFiles.below(django_settings.OPTIONS.data)
    certificates.ensure(files, ["127.0.0.1"], now=datetime.now(UTC))


def push(system, mode, wish=WhenHttpIsOff.USE_HTTPS, **changes):
    """Push to an endpoint whose HTTP Mode is that; what it is afterwards: mode, protocol, path, authorities."""

    async def act(endpoint):
        endpoint.device.configuration.set(MODE, mode)
        outcome = None
        try:
            async with device_access.talking_to(system.pk) as driver:
                outcome = await pushing.push_management(driver, system.pk, when_http_is_off=wish)
        except errors.DeviceError as error:
            outcome = error
        find = endpoint.device.configuration.find
        return outcome, find(MODE), find(PROTOCOL), find(PATH), len(endpoint.device.shelf.authorities)

    return with_device(system, act, **changes)


def reload(system):
    return System.objects.get(pk=system.pk)


def test_a_device_with_http_off_is_given_our_authority_and_told_to_use_https(system):
    outcome, mode, protocol, path, authorities = push(system, "HTTPS")
    assert outcome.is_whole
    assert "authority was installed" in outcome.words
    assert (mode, protocol, authorities) == ("HTTPS", "HTTPS", 1)
    assert path
    assert reload(system).has_http_off
    summary = TimelineEntry.objects.filter(system=system, kind="management").latest("id").summary
    assert "Plain HTTP is off" in summary


def test_once_more_is_no_trouble(system):
    for _ in range(2):
        outcome, _, protocol, _, _ = push(system, "HTTPS")
    assert outcome.is_whole
    assert protocol == "HTTPS"


def test_a_device_with_both_on_is_told_what_it_uses_as_before(system):
    outcome, _, protocol, _, authorities = push(system, "HTTP+HTTPS")
    assert outcome.is_whole
    assert (protocol, authorities, reload(system).has_http_off) == ("HTTP", 0, False)


def test_http_is_turned_on_where_that_is_asked_for(system):
    outcome, mode, protocol, _, authorities = push(system, "HTTPS", WhenHttpIsOff.TURN_HTTP_ON, **PORTS)
    assert outcome.is_whole
    assert "was turned on" in outcome.note
    assert (mode, protocol, authorities, reload(system).has_http_off) == ("HTTP+HTTPS", "HTTP", 0, False)


def test_a_device_that_calls_by_http_speaks_it_whatever_its_settings_say(system):
    Contact.objects.filter(system=system).update(
        scheme="http", overdue_at=datetime.now(UTC) + timedelta(minutes=10)
    )
    outcome, _, protocol, _, authorities = push(system, "HTTPS")
    assert outcome.is_whole
    assert (protocol, authorities) == ("HTTP", 0)


def test_a_device_that_stopped_calling_since_http_was_turned_off_is_moved_to_https(system):
    Contact.objects.filter(system=system).update(
        scheme="http", overdue_at=datetime.now(UTC) - timedelta(minutes=1)
    )
    outcome, _, protocol, _, authorities = push(system, "HTTPS")
    assert outcome.is_whole
    assert (protocol, authorities) == ("HTTPS", 1)


def test_tc_has_a_setting_for_each_and_takes_no_authority(system):
    System.objects.filter(pk=system.pk).update(software_version="TC7.3.3.c84180a")
    outcome, mode, protocol, _, authorities = push(system, "Off", profile="sx20-tc7")
    assert outcome.is_whole
    assert (mode, protocol, authorities) == ("Off", "HTTPS", 0)
    assert "no command to install an authority" in outcome.note


def test_secure_only_is_not_written_to_a_device_that_has_https_off(system):
    services = {"NetworkServices/HTTP/Mode": "On", "NetworkServices/HTTPS/Mode": "Off"}
    with pytest.raises(errors.ProtocolOff, match="HTTPS turned off"):
        check(services, "https", WhenHttpIsOff.USE_HTTPS)
    check(services, "http", WhenHttpIsOff.USE_HTTPS)
    check({}, "https", WhenHttpIsOff.USE_HTTPS)


def test_what_a_configuration_says_of_it_is_kept_and_acted_on(system):
    now = datetime.now(UTC)
    System.objects.filter(pk=system.pk).update(management_is_due=False)
    SystemSecret.objects.create(
        system=system, stage="current", digest=b"1" * 32, ciphertext=b"x", created_at=now, proven_at=now
    )
    Contact.objects.filter(system=system).update(scheme="http", overdue_at=now - timedelta(minutes=1))
    for mode, late, is_off in (
        ("HTTPS", timedelta(minutes=1), True),
        ("HTTP+HTTPS", timedelta(minutes=1), False),
        ("HTTPS", timedelta(minutes=1), True),
        # It calls by HTTP again: it speaks it, whatever it says.
        ("HTTPS", -timedelta(minutes=10), False),
    ):
        Contact.objects.filter(system=system).update(overdue_at=now - late)
        document = (
            "<Configuration><NetworkServices><HTTP><Mode>"
            f"{mode}</Mode></HTTP></NetworkServices></Configuration>"
        )
        reports = [decode_document("configuration", document.encode(), ())]
        roster, writes = Roster(now), Writes(now)
        roster.load_ids([system.pk])
        learn([SimpleNamespace(known=roster.by_id[system.pk], document=one) for one in reports], writes)
        writes.flush()
        assert reload(system).has_http_off is is_off
        assert reload(system).management_is_due
