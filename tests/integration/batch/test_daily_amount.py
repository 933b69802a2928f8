"""A proven system that floods: past its amount of the day only its newest documents are kept, and a person is told."""

import dataclasses
from datetime import timedelta

import pytest

from roomkeeper.systems.check_ins import daily_amount
from roomkeeper.systems.documents import unpack_configuration
from roomkeeper.systems.models import (
    ConfigurationVersion,
    Contact,
    Exchange,
    FactChange,
    StoredDocument,
    TimelineEntry,
    ToldByFeedback,
)
from roomkeeper.tickets import tracking
from roomkeeper.tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def limits(settings):
    def set_to(**values: int) -> None:
        settings.OPTIONS = dataclasses.replace(settings.OPTIONS, **values)

    return set_to


def tickets() -> int:
    return Ticket.objects.filter(kind=daily_amount.KIND).exclude(state=Ticket.State.CLOSED).count()


def test_past_its_bytes_only_the_newest_documents_are_kept(manager, device, prove, limits):
    prove(device)
    limits(day_size_limit=20_000)
    versions = iter(range(1_000))

    def flood(number: int) -> None:
        for _ in range(number):
            n = next(versions)
            manager.post(device.status({"SystemUnit/Notice": "x" * 500, "Audio/Volume": str(n)}))
            manager.post(device.feedback(f'<Event><Odd{n} item="1"><A>{n}</A></Odd{n}></Event>'))
            manager.beat(device, "Boot")
            manager.wait(seconds=1)

    flood(30)
    assert tickets() == 1
    assert "Posted more than 0 MB today" in TimelineEntry.objects.get(kind="amount").summary
    rows = [model.objects.count() for model in (TimelineEntry, Exchange, FactChange, ToldByFeedback)]
    flood(20)
    assert [model.objects.count() for model in (TimelineEntry, Exchange, FactChange, ToldByFeedback)] == rows
    assert StoredDocument.objects.get(kind="status").received_at == manager.now - timedelta(seconds=1)
    assert manager.beat(device).heartbeat_interval
    # A new day, a new amount; the ticket closes once there was peace for a day.
    manager.wait(days=1)
    flood(1)
    assert TimelineEntry.objects.count() > rows[0]
    assert (
        tracking.close_quiet(now=Ticket.objects.get(kind=daily_amount.KIND).last_at + timedelta(hours=25))
        == 1
    )
    assert tickets() == 0


def test_plain_heartbeats_count_for_nothing(manager, device, prove):
    prove(device)
    manager.beat(device)
    manager.beat(device)
    before = Contact.objects.values("taken_day", "taken_bytes").get()
    for _ in range(5):
        manager.wait(seconds=30)
        manager.beat(device)
    assert Contact.objects.values("taken_day", "taken_bytes").get() == before


@pytest.mark.parametrize("way", ["document", "feedback"])
def test_past_its_versions_the_newest_takes_the_place_of_the_one_before(manager, device, prove, limits, way):
    prove(device)
    limits(day_versions_limit=5)
    manager.post(device.configuration({"SystemUnit/Name": "Room", "Audio/DefaultVolume": "50"}))
    for number in range(12):
        manager.wait(seconds=1)
        if way == "document":
            manager.post(
                device.configuration({"SystemUnit/Name": "Room", "Audio/DefaultVolume": str(number)})
            )
        else:
            body = f"<Configuration><Audio><DefaultVolume>{number}</DefaultVolume></Audio></Configuration>"
            manager.post(device.feedback(body))
    assert ConfigurationVersion.objects.count() == 5
    newest = ConfigurationVersion.objects.order_by("-last_at", "-id").first()
    assert newest is not None
    assert unpack_configuration(newest).settings["Audio/DefaultVolume"] == "11"
    assert tickets() == 1
    manager.wait(days=1)
    manager.post(device.configuration({"SystemUnit/Name": "Room", "Audio/DefaultVolume": "70"}))
    assert ConfigurationVersion.objects.count() == 6
