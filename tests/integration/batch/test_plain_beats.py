"""The short cut of the hot path: a settled system's heartbeats move times and nothing else, also after an outage."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roomkeeper.external_manager import batch
from roomkeeper.protocols.answer_reading import decode_answer
from roomkeeper.protocols.external_manager import Answer
from roomkeeper.systems import network_settings
from roomkeeper.systems.check_ins import outages
from roomkeeper.systems.contact import connectivity_changes
from roomkeeper.systems.models import Contact, Exchange, System, TimelineEntry


class Fleet:
    """Proven devices that have reported and been answered, and what answering a beat of each takes."""

    def __init__(self, manager, devices) -> None:
        self.manager, self.devices = manager, devices

    def post_documents(self) -> None:
        for one in self.devices:
            self.manager.post(
                one.configuration({"Audio/DefaultVolume": "50"}), one.status({"Standby/State": "Off"})
            )

    def beat(self) -> tuple[list[Answer], list[str]]:
        """The answers to one beat of each in one batch, and what was sent to the database beside the statements of the
        short cut, which go past Django."""
        posts = [one.event() for one in self.devices]
        settings = network_settings.get()
        with CaptureQueriesContext(connection) as caught:
            batch.handle(posts, settings=settings, now=self.manager.now)
        answers = [decode_answer(post.reply.body) for post in posts if post.reply is not None]
        assert len(answers) == len(posts)
        return answers, [one["sql"] for one in caught if "SAVEPOINT" not in one["sql"]]

    def beat_plainly(self) -> None:
        """A beat of each, of which all took the short cut: nothing asked, nothing sent, no row but the counted run."""
        rows = TimelineEntry.objects.count(), Exchange.objects.count()
        asked = set(Contact.objects.values_list("pk", "documents_asked_at"))
        counted = self.counts()
        answers, statements = self.beat()
        assert statements == []
        assert not any(one.documents or one.commands or one.settings for one in answers)
        assert {one.heartbeat_interval for one in answers} == {timedelta(minutes=15)}
        assert (TimelineEntry.objects.count(), Exchange.objects.count()) == rows
        assert set(Contact.objects.values_list("pk", "documents_asked_at")) == asked
        assert self.counts() == [one + 1 for one in counted]

    def counts(self) -> list[int]:
        runs = Contact.objects.order_by("pk").values_list("beat_entry_id", flat=True)
        found = dict(TimelineEntry.objects.filter(pk__in=list(runs)).values_list("pk", "count"))
        return [found[run] for run in runs]


@pytest.fixture
def settled(manager, device, prove) -> Fleet:
    """What describes the devices was asked for and never came, as with those that have no such documents."""
    other = type(device)(serial="FTT00000002", mac="00:11:22:33:00:02", address="10.1.2.4", source="10.1.2.4")
    fleet = Fleet(manager, [device, other])
    for one in fleet.devices:
        prove(one)
    for system in System.objects.all():
        connectivity_changes.finish_probe(system, now=manager.now)
    fleet.post_documents()
    for _ in range(2):
        manager.wait(seconds=30)
        fleet.beat()
    return fleet


def test_a_settled_system_takes_the_short_cut(settled):
    for _ in range(3):
        settled.manager.wait(seconds=60)
        settled.beat_plainly()


def test_after_an_outage_only_the_first_beat_does_not(settled):
    settled.manager.wait(seconds=60)
    assert outages.note_resumed(now=settled.manager.now)
    answers, _ = settled.beat()
    assert [len(one.commands) for one in answers] == [1, 1]
    for _ in range(2):
        settled.manager.wait(seconds=60)
        settled.beat_plainly()


def test_old_documents_are_asked_for_with_one_beat_and_not_the_next(settled):
    settled.manager.wait(minutes=15)
    answers, _ = settled.beat()
    assert all("/Status" in {document.location for document in one.documents} for one in answers)
    settled.manager.wait(seconds=5)
    settled.beat_plainly()
    settled.post_documents()
    settled.manager.wait(seconds=60)
    settled.beat_plainly()


def test_what_differs_from_the_beat_before_takes_the_long_way_once(settled):
    settled.manager.wait(seconds=60)
    settled.devices[0].name = "Other name"
    _, statements = settled.beat()
    assert statements
    settled.manager.wait(seconds=60)
    settled.beat_plainly()
