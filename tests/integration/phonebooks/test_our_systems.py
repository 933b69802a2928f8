"""Our own systems in a phone book: with which addresses, and what another system is told of them."""

from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.phonebooks import dialling, editing, keeping, searching, syncing
from roomkeeper.phonebooks.models import Contact, Source
from roomkeeper.phonebooks.searching import Scope
from roomkeeper.phonebooks.sources import our_systems
from roomkeeper.systems import inventory
from roomkeeper.systems.documents import pack_configuration
from roomkeeper.systems.models import ConfigurationVersion, State, System
from roomkeeper.systems.models import Contact as SystemContact

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
H323 = {"NetworkServices/H323/Mode": "On", "H323/H323Alias/ID": "room1", "H323/H323Alias/E164": "8801"}
TC = {"NetworkServices/H323/Mode": "On", "H323/Profile[1]/H323Alias/ID": "room2"}


def system(name: str, settings: dict[str, str], *, address: str = "10.1.2.3", **values: str) -> System:
    one = System.objects.create(name=name, folder=inventory.root_folder(), state=State.MANAGED, **values)
    SystemContact.objects.create(system=one, reported_address=address)
    report(one, settings, NOW)
    return one


def report(one: System, settings: dict[str, str], at: datetime) -> None:
    content = pack_configuration(settings, {})
    ConfigurationVersion.objects.create(
        system=one, digest=at.isoformat(), content=content, size=len(content), first_at=at, last_at=at
    )


@pytest.fixture
def source() -> Source:
    book = editing.create_book("Rooms", inventory.root_folder())
    return keeping.add_source(our_systems.OUR_SYSTEMS, book, {}, now=NOW)


def methods(source: Source) -> dict[str, list[tuple[str, str]]]:
    source.refresh_from_db()
    syncing.read_now(source, now=NOW)
    rows = Contact.objects.filter(source=source, until__gt=source.generation)
    return {row.name: [(one[0], one[1]) for one in row.methods] for row in rows}


def test_a_system_with_h323_stands_with_all_its_addresses_and_has_a_route_for_each(source: Source) -> None:
    system("Boardroom", H323, sip_uri="room1@example.org")
    assert methods(source)["Boardroom"] == [
        ("sip", "room1@example.org"), ("h323", "room1"), ("e164", "8801"), ("ip", "10.1.2.3"),
    ]  # fmt: skip
    source.refresh_from_db()
    (found,) = searching.search(Scope(((source.pk, source.generation),), dialling.H323), "board", 5)
    routes = dialling.routes_of(found.methods, dialling.H323)
    assert [(one.protocol, one.dial_string) for one in routes] == [
        ("H323", "room1"), ("H323", "8801"), ("H323", "10.1.2.3"),
    ]  # fmt: skip


def test_h323_that_is_off_or_not_there_is_not_told_and_tc_says_it_otherwise(source: Source) -> None:
    system("Off", H323 | {"NetworkServices/H323/Mode": "Off"}, sip_uri="off@example.org")
    system("Neither", {})
    system("Codec", TC, address="2001:db8::1")
    assert methods(source) == {"Off": [("sip", "off@example.org")], "Codec": [("h323", "room2")]}


def test_a_configuration_that_changes_is_seen_at_the_next_reading(source: Source) -> None:
    one = system("Boardroom", H323)
    assert ("e164", "8801") in methods(source)["Boardroom"]
    report(one, H323 | {"H323/H323Alias/E164": "8802"}, NOW + timedelta(hours=1))
    assert ("e164", "8802") in methods(source)["Boardroom"]
    report(one, {"NetworkServices/H323/Mode": "Off"}, NOW + timedelta(hours=2))
    assert methods(source) == {}
