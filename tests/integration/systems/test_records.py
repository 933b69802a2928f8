"""Small changes of a record by hand, Secure-Only, and looking at a system."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.cast import add_system

from roomkeeper.systems import admission, watching
from roomkeeper.systems.admission import AdmissionRefused, secure_only
from roomkeeper.systems.inventory import records
from roomkeeper.systems.inventory.records import AddressRefused
from roomkeeper.systems.models import ChangeEvent, Contact, State, System, TimelineEntry

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def test_moved_system_is_told_to_the_pages_of_both_folders(boardroom, oslo, bergen):
    records.move(boardroom, bergen)
    boardroom.refresh_from_db()
    assert boardroom.folder == bergen
    paths = set(ChangeEvent.objects.filter(topic="systems").values_list("folder_path", flat=True))
    assert {oslo.path, bergen.path} <= paths


def test_notes_are_kept_up_to_their_limit(boardroom):
    records.set_notes(boardroom, "  on the wall " + "x" * 20_000)
    boardroom.refresh_from_db()
    assert boardroom.notes.startswith("on the wall x")
    assert len(boardroom.notes) == records.NOTES_LIMIT


def test_password_over_plain_http_is_an_opt_in_of_the_system(boardroom):
    assert not boardroom.password_may_use_http
    records.allow_password_over_http(boardroom, True)
    boardroom.refresh_from_db()
    assert boardroom.password_may_use_http


@pytest.mark.parametrize("host", ["10.1.2.3", "room-1.example.org", "2001:db8::1", ""])
def test_address_of_the_device_is_kept(boardroom, host):
    records.set_address(boardroom, f" {host} ", None, 8443)
    boardroom.refresh_from_db()
    assert (boardroom.host, boardroom.http_port, boardroom.https_port) == (host, None, 8443)


@pytest.mark.parametrize(
    ("host", "http_port", "https_port"),
    [
        ("two words", None, None),
        ("x/y", None, None),
        ("x" * 256, None, None),
        ("h", 0, None),
        ("h", None, 65_536),
    ],
)
def test_what_is_no_address_of_a_device_is_refused_now_and_on_registration(
    boardroom, host, http_port, https_port
):
    with pytest.raises(AddressRefused):
        records.set_address(boardroom, host, http_port, https_port)
    with pytest.raises(AdmissionRefused):
        admission.pre_register(
            user=None, now=NOW, serial_number="A", host=host, http_port=http_port, https_port=https_port
        )
    boardroom.refresh_from_db()
    assert boardroom.host == "10.0.0.1"
    assert System.objects.count() == 1


@pytest.mark.parametrize("is_wanted", [True, False])
def test_asking_for_secure_only_makes_management_due_and_is_not_complete_at_once(oslo, operator, is_wanted):
    system = add_system(
        "Room", oslo, 9, is_secure_only=not is_wanted, secure_only_completed_at=NOW, management_rounds=2
    )
    secure_only.set_secure_only(system, is_wanted, user=operator, now=NOW)
    system.refresh_from_db()
    assert (system.is_secure_only, system.secure_only_completed_at) == (is_wanted, None)
    assert (system.management_is_due, system.management_rounds) == (True, 0)
    assert Contact.objects.get(system=system).has_work
    assert TimelineEntry.objects.get(system=system).user == operator


def test_asking_for_what_is_so_already_does_nothing(vault):
    secure_only.set_secure_only(vault, True, user=None, now=NOW)
    vault.refresh_from_db()
    assert not vault.management_is_due
    assert not TimelineEntry.objects.exists()


def test_secure_only_of_a_registered_system_waits_for_its_admission(boardroom):
    System.objects.filter(pk=boardroom.pk).update(state=State.PRE_REGISTERED)
    boardroom.refresh_from_db()
    secure_only.set_secure_only(boardroom, True, user=None, now=NOW)
    boardroom.refresh_from_db()
    assert boardroom.is_secure_only
    assert not boardroom.management_is_due


def test_look_at_systems_lasts_a_minute_and_a_half(boardroom, vault):
    watching.watch([boardroom.pk], now=NOW)
    until = dict(Contact.objects.values_list("system", "watched_until"))
    assert until == {boardroom.pk: NOW + timedelta(seconds=90), vault.pk: None}
