"""Announced by an address alone: a hint that a person confirms; the address never identifies (rule R3)."""

from datetime import UTC, datetime

import pytest
from tests.cast import add_system

from roomkeeper.systems import admission, inventory
from roomkeeper.systems.admission import expectations
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Connectivity, Contact, State, System

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
ADDRESS = "10.1.2.3"


@pytest.fixture
def announced(oslo) -> System:
    return admission.pre_register(
        user=None,
        now=NOW,
        hint_address=ADDRESS,
        name="Court 4",
        folder=oslo,
        tags=["court"],
        username="admin",
        password="secret",
    )


@pytest.fixture
def visitor(db) -> System:
    """An unknown device that posted from there."""
    made = add_system("SEP-1", inventory.root_folder(), 9, connectivity=Connectivity.UNDECIDED)
    System.objects.filter(pk=made.pk).update(state=State.PENDING, name="")
    Contact.objects.filter(system=made).update(source_address=ADDRESS, reported_address=ADDRESS)
    return System.objects.select_related("contact", "folder").get(pk=made.pk)


def test_whoever_posts_from_there_is_shown_as_expected_and_not_admitted_by_it(announced, visitor):
    assert expectations.match([visitor]) == {visitor.pk: announced}
    assert visitor.state == State.PENDING


def test_person_who_admits_it_says_that_it_is_the_announced_one(announced, visitor, oslo):
    admission.approve(visitor, user=None, now=NOW)
    found = System.objects.get(serial_number=visitor.serial_number)
    assert (found.pk, found.name, found.folder, found.state) == (visitor.pk, "Court 4", oslo, State.MANAGED)
    assert [tag.name for tag in found.tags.all()] == ["court"]
    assert credentials.password_of(found) == "secret"
    assert not System.objects.filter(pk=announced.pk).exists()


def test_what_the_person_chooses_goes_before_what_was_announced(announced, visitor, bergen):
    admission.approve(visitor, user=None, now=NOW, folder=bergen, name="Court 5")
    visitor.refresh_from_db()
    assert (visitor.name, visitor.folder) == ("Court 5", bergen)


def test_device_from_elsewhere_is_nobody_expected(announced, visitor):
    Contact.objects.filter(system=visitor).update(source_address="10.9.9.9", reported_address="10.9.9.9")
    admission.approve(System.objects.get(pk=visitor.pk), user=None, now=NOW, name="Other")
    assert System.objects.filter(pk=announced.pk, state=State.PRE_REGISTERED).exists()


def test_same_address_is_announced_once_and_nothing_at_all_is_refused(announced):
    with pytest.raises(admission.AdmissionRefused, match=r"already expected at 10\.1\.2\.3"):
        admission.pre_register(user=None, now=NOW, hint_address=ADDRESS)
    with pytest.raises(admission.AdmissionRefused, match="Enter at least one"):
        admission.pre_register(user=None, now=NOW, name="Nobody")
