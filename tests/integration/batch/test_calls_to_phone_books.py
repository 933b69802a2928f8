"""Calls that endpoints made are held against phone books: what nobody ever reaches is found, told by the quality report
and listed."""

import pytest
from django.utils import timezone

from roomkeeper.accounts.permissions import grants_of
from roomkeeper.phonebooks import editing, quality, setting
from roomkeeper.phonebooks.dialled import DEAD_AFTER
from roomkeeper.phonebooks.models import DialledAddress, PhoneBook, Source
from roomkeeper.provisioning.models import Drift
from roomkeeper.systems import inventory
from roomkeeper.systems.models import System
from tests.integration.api.conftest import Caller

GONE = "gone@example.org"


@pytest.fixture
def proven(device, prove):
    prove(device)
    return device


@pytest.fixture
def book(db: None) -> PhoneBook:
    book = editing.create_book("Corporate", inventory.root_folder())
    editing.add_entry(book, editing.Typed("Gone", [("sip", GONE, ""), ("e164", "47110", "")]))
    editing.add_entry(book, editing.Typed("Here", [("sip", "here@example.org", "")]))
    return book


def ended(
    proven, number: int, address: str, *, duration: int = 0, cause: str = "NotFound", way: str = "outgoing"
):
    values = {
        "CallId": number,
        "OrigCallDirection": way,
        "RemoteURI": f"sip:{address}",
        "Duration": duration,
        "CauseType": cause,
    }
    inside = "".join(f"<{name} item='1'>{value}</{name}>" for name, value in values.items())
    return proven.feedback(f"<Event><!--id--><CallDisconnect item='1'>{inside}</CallDisconnect></Event>")


def counted(address: str) -> tuple[int, int]:
    return DialledAddress.objects.values_list("calls", "connected").filter(key=address).first() or (0, 0)


def found(administrator) -> dict[str, int]:
    return {
        one.key: one.count
        for one in quality.examine(grants_of(administrator), now=timezone.now())
        if one.count
    }


def test_an_address_that_is_never_reached_is_a_finding(manager, proven, book, administrator) -> None:
    for number in range(1, DEAD_AFTER):
        manager.post(ended(proven, number, GONE.upper()))
    assert counted(GONE) == (DEAD_AFTER - 1, 0)
    assert "never_connected" not in found(administrator)
    manager.post(ended(proven, DEAD_AFTER, GONE))
    assert found(administrator)["never_connected"] == 1
    # Somebody is reached at last.
    manager.post(ended(proven, DEAD_AFTER + 1, GONE, duration=61, cause="LocalDisconnect"))
    assert counted(GONE) == (DEAD_AFTER + 1, 1)
    assert "never_connected" not in found(administrator)


def test_only_calls_that_prove_something_count_and_each_once(manager, proven, book) -> None:
    manager.post(ended(proven, 1, GONE))
    manager.post(ended(proven, 1, GONE))
    assert counted(GONE) == (1, 0)
    manager.post(ended(proven, 2, GONE, cause="LocalDisconnect"))
    manager.post(ended(proven, 3, GONE, cause="RemoteBusy"))
    manager.post(ended(proven, 4, GONE, way="incoming"))
    manager.post(ended(proven, 5, "nobody@example.org"))
    manager.post(proven.feedback("<Event><!--id--><CallDisconnect item='1'/></Event>"))
    assert counted(GONE) == (1, 0)
    assert DialledAddress.objects.count() == 1


def test_each_finding_leads_to_a_list_of_as_many(manager, proven, book, administrator) -> None:
    call = Caller(administrator)
    other = editing.create_book("Other", inventory.root_folder())
    editing.add_entry(other, editing.Typed("Here, too", [("sip", "HERE@example.org", "")]))
    editing.add_entry(other, editing.Typed("Nowhere", []))
    Source.objects.create(book=other, kind="test", name="Broken", problem="silent")
    for number in range(DEAD_AFTER):
        manager.post(ended(proven, number + 1, GONE))
    system = System.objects.get(serial_number="FTT00000001")
    assert found(administrator) == {
        "no_address": 1,
        "never_connected": 1,
        "duplicate": 2,
        "stale": 1,
        "no_book": 1,
    }
    setting.set_on_system(book, system)
    Drift.objects.create(
        system=system, path="Phonebook/Server[1]/URL", wanted="ours", found="theirs", since=timezone.now()
    )
    told = {one["key"]: one for one in call("GET", "phone-books/quality").json()["items"]}
    assert told["other_server"]["count"] == 1
    assert told["no_book"]["count"] == 0
    for one in told.values():
        listed = call("GET", one["list"]).json()["items"]
        assert len(listed) == one["count"], one
