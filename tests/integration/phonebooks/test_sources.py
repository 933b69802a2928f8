"""Sources of every kind: read beside other work, in part, failing, shrinking, stopped, deleted; their secrets."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from roomkeeper.jobs import clock, leases
from roomkeeper.operations.acts import Input
from roomkeeper.phonebooks import editing, keeping, previewing, pumping, sources, syncing, writing
from roomkeeper.phonebooks.models import IS_SHOWN, Contact, PhoneBook, Source
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind
from roomkeeper.systems import inventory
from roomkeeper.tickets.models import Ticket

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
MAPPING = {"name": ("cn", "uid"), "sip": ("mail",)}
Told = Callable[[Reading], Iterable[Record]]


@pytest.fixture
def book() -> PhoneBook:
    return editing.create_book("Corporate", inventory.root_folder())


@pytest.fixture
def kind_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., SourceKind]:
    """Makes a kind of source that tells what a function gives."""

    def make(told: Told, **more: Any) -> SourceKind:
        kind = SourceKind(name="directory", label="directory", read=told, mapping=MAPPING, every=60, **more)
        monkeypatch.setitem(sources._kinds, kind.name, kind)
        return kind

    return make


def person(number: int, **more: Any) -> Record:
    return Record(f"k{number}", {"cn": (f"Person {number}",), "mail": (f"p{number}@example.org",)}, **more)


def shown(source: Source) -> list[str]:
    return sorted(Contact.objects.filter(IS_SHOWN, source=source).values_list("key", flat=True))


def read(source: Source, now: datetime = NOW) -> Source:
    source.refresh_from_db()
    syncing.read_one(source, now=now)
    source.refresh_from_db()
    return source


def test_a_partial_reading_changes_what_it_tells_and_notes_it_for_the_next(book: PhoneBook, kind_of) -> None:
    asked: list[dict[str, Any]] = []

    def told(reading: Reading) -> Iterable[Record]:
        asked.append(dict(reading.memory))
        if reading.memory:
            reading.is_partial = True
            reading.memory = {"token": 2}
            return [person(1, is_gone=True), Record("k2", {"cn": ("Renamed",), "mail": ("p2@example.org",)})]
        reading.memory = {"token": 1}
        return [person(1), person(2), person(3)]

    source = keeping.add_source(kind_of(told), book, {}, now=NOW)
    assert shown(read(source)) == ["k1", "k2", "k3"]
    source = read(source)
    assert shown(source) == ["k2", "k3"]
    assert (source.memory, source.entry_count) == ({"token": 2}, 2)
    keeping.keep(source, sources.get_kind("directory"), {})
    source.save()
    read(source)
    # Other settings: all of it once more.
    assert asked == [{}, {"token": 1}, {}]


def test_what_was_noted_is_not_kept_of_a_reading_that_failed(book: PhoneBook, kind_of) -> None:
    def told(reading: Reading) -> Iterable[Record]:
        reading.memory = {"token": 7}
        yield person(1)
        raise SourceFailed("It hung up.")

    source = read(keeping.add_source(kind_of(told), book, {}, now=NOW))
    assert (source.memory, shown(source), source.problem) == ({}, [], "It hung up.")


def test_failures_open_one_ticket_are_retried_later_and_later_and_close_it(book: PhoneBook, kind_of) -> None:
    answers: list[Any] = [SourceFailed("The directory is down.")] * 7 + [[person(1)]]

    def told(reading: Reading) -> Iterable[Record]:
        found = answers.pop(0)
        if isinstance(found, SourceFailed):
            raise found
        return found  # type: ignore[no-any-return]

    source = keeping.add_source(kind_of(told), book, {}, now=NOW)
    waits = []
    for _ in range(7):
        source = read(source)
        assert source.due_at is not None
        waits.append(source.due_at - NOW)
    assert waits == [timedelta(minutes=n) for n in (5, 10, 20, 40, 60, 60, 60)]
    ticket = Ticket.objects.get(kind=syncing.TICKET)
    assert "The directory is down." in ticket.reason
    assert ticket.state == "open"
    source = read(source)
    ticket.refresh_from_db()
    assert (ticket.state, source.failures, source.problem, shown(source)) == ("closed", 0, "", ["k1"])


def test_a_source_that_shrinks_waits_for_a_yes(book: PhoneBook, kind_of) -> None:
    people = [person(n) for n in range(40)]
    source = keeping.add_source(kind_of(lambda reading: list(people)), book, {}, now=NOW)
    read(source)
    del people[5:]
    source = read(source)
    assert (source.awaits_yes, source.entry_count) == (True, 40)
    assert Ticket.objects.get(kind=syncing.TICKET).state == "open"
    Source.objects.update(may_shrink=True, due_at=NOW)
    assert syncing.read_due(now=NOW) == 1
    source.refresh_from_db()
    assert (source.awaits_yes, source.may_shrink, source.entry_count) == (False, False, 5)
    assert Ticket.objects.get(kind=syncing.TICKET).state == "closed"


def test_a_record_that_cannot_be_taken_is_told_and_its_entry_stays(book: PhoneBook, kind_of) -> None:
    people = [person(1), person(2)]
    source = keeping.add_source(kind_of(lambda reading: list(people)), book, {}, now=NOW)
    read(source)
    people[0] = Record("k1", {"mail": ("p1@example.org",)}, at="cn=1")
    source = read(source)
    assert shown(source) == ["k1", "k2"]
    assert any(one.startswith("cn=1: ") for one in source.warnings)


def test_a_deleted_source_is_not_found_at_once_and_goes_some_at_a_time(
    book: PhoneBook, kind_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "AT_ONCE", 10)
    source = read(
        keeping.add_source(kind_of(lambda reading: [person(n) for n in range(25)]), book, {}, now=NOW)
    )
    editing.delete_source(source)
    assert not Contact.objects.filter(IS_SHOWN).exists()
    left = []
    while writing.forget_deleted(now=NOW):
        left.append(Contact.objects.count())
    assert left == [15, 5, 0, 0]
    assert not Source.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM phonebooks_word")
        assert cursor.fetchone()[0] == 0


@pytest.mark.parametrize("deletes", ["source", "book"])
def test_what_is_deleted_while_it_is_read_stops_that_reading_and_nothing_else(
    book: PhoneBook, kind_of, deletes: str
) -> None:
    other = editing.add_entry(editing.create_book("Other", book.folder), editing.Typed("Anna", []))

    def told(reading: Reading) -> Iterable[Record]:
        yield person(1)
        if deletes == "source":
            editing.delete_source(Source.objects.get(kind="directory"))
        else:
            editing.delete_book(PhoneBook.objects.get(pk=book.pk))
        yield person(2)

    source = keeping.add_source(kind_of(told), book, {}, now=NOW)
    syncing.read_one(source, now=NOW)
    assert list(Contact.objects.filter(IS_SHOWN)) == [other]
    assert not Ticket.objects.filter(kind=syncing.TICKET, state="open").exists()


def test_a_book_deleted_during_an_import_ends_it_in_words(
    book: PhoneBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "AT_ONCE", 1)
    create, times = writing._create, []

    def created(*given: Any) -> Any:
        if not times:
            editing.delete_book(PhoneBook.objects.get(pk=book.pk))
        times.append(1)
        return create(*given)

    monkeypatch.setattr(writing, "_create", created)
    with pytest.raises(SourceFailed, match="deleted"):
        syncing.import_file(book, "csv", b"name,sip\nA,a@b\nB,b@b\n", may_shrink=False, now=NOW)
    assert not PhoneBook.objects.filter(pk=book.pk).exists()
    assert not Contact.objects.filter(IS_SHOWN).exists()


def test_a_reading_that_somebody_stops_keeps_what_stands_and_is_no_failure(
    book: PhoneBook, kind_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncing, "LOOK_SECONDS", 0.0)

    def told(reading: Reading) -> Iterable[Record]:
        yield person(1)
        Source.objects.update(is_to_stop=True)
        yield person(2)

    source = read(keeping.add_source(kind_of(told), book, {}, now=NOW))
    assert (source.problem, source.failures, shown(source), source.reading_at) == ("", 0, [], None)
    assert source.result


def test_a_source_that_tells_for_too_long_is_cut_off(
    book: PhoneBook, kind_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncing, "LONGEST", timedelta(0))
    source = read(keeping.add_source(kind_of(lambda reading: [person(1)]), book, {}, now=NOW))
    assert "minutes" in source.problem
    assert shown(source) == []


def test_a_source_with_too_many_records_is_cut_off(
    book: PhoneBook, kind_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roomkeeper.phonebooks.reading.MOST", 3)
    source = read(
        keeping.add_source(kind_of(lambda reading: [person(n) for n in range(9)]), book, {}, now=NOW)
    )
    assert "more than 3 records" in source.problem


SECRET = Input(name="password", default=None, is_secret=True, label="Password")
TAKES = (Input(name="url", label="Address"), SECRET)


def test_secrets_are_kept_encrypted_and_stay_where_none_is_given(book: PhoneBook, kind_of) -> None:
    seen: list[Any] = []

    def told(reading: Reading) -> Iterable[Record]:
        seen.append(dict(reading.settings))
        return []

    kind = kind_of(told, takes=TAKES)
    source = keeping.add_source(kind, book, {"url": "ldaps://a", "password": "s3cret"}, now=NOW)
    assert source.settings == {"url": "ldaps://a"}
    assert b"s3cret" not in bytes(source.secrets_ciphertext)
    keeping.keep(source, kind, {"url": "ldaps://b", "password": None})
    source.save()
    read(source)
    assert seen == [{"url": "ldaps://b", "password": "s3cret"}]


def test_what_has_to_be_installed_is_said_and_refused(book: PhoneBook, kind_of) -> None:
    kind = kind_of(lambda reading: [], missing=lambda: "Install the extra first.")
    with pytest.raises(SourceFailed, match="extra"):
        keeping.add_source(kind, book, {}, now=NOW)


def test_a_kind_may_not_take_what_every_source_has() -> None:
    with pytest.raises(ValueError, match="every"):
        sources.register(SourceKind(name="odd", label="odd", takes=(Input(name="every"),)))


def test_a_preview_shows_fields_entries_and_what_would_become_of_them(book: PhoneBook, kind_of) -> None:
    people = [person(1), person(2), person(3)]
    source = read(keeping.add_source(kind_of(lambda reading: list(people)), book, {}, now=NOW))
    people[1] = Record("k2", {"cn": ("Renamed",), "mail": ("p2@example.org",), "title": ("Chief",)})
    people[2] = Record("k4", {"mail": ("p4@example.org",)}, at="cn=4")
    found = previewing.preview_source(source)
    assert [(one.name, one.part) for one in found.fields] == [("cn", "name"), ("mail", "sip"), ("title", "")]
    assert [(one.name, one.outcome) for one in found.entries] == [
        ("Person 1", "unchanged"),
        ("Renamed", "changed"),
    ]
    assert found.entries[0].addresses == ["SIP: p1@example.org"]
    assert found.refused[0].startswith("cn=4: ")
    assert found.removed == 1
    other = previewing.preview_source(source, [("name", "mail"), ("note", "title")])
    assert [one.name for one in other.entries][:2] == ["p1@example.org", "p2@example.org"]
    assert shown(source) == ["k1", "k2", "k3"]


def test_a_preview_of_a_silent_machine_ends_in_words(
    book: PhoneBook, kind_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()

    def told(reading: Reading) -> Iterable[Record]:
        answer.wait(60)
        return []

    monkeypatch.setattr(previewing, "SECONDS", 0.05)
    source = keeping.add_source(kind_of(told, reaches_out=True), book, {}, now=NOW)
    try:
        with pytest.raises(SourceFailed, match="nothing within"):
            previewing.preview_source(source)
    finally:
        answer.set()


@pytest.mark.django_db(transaction=True)
def test_a_source_is_read_by_one_process_at_a_time_beside_other_work(kind_of) -> None:
    book = editing.create_book("Corporate", inventory.root_folder())
    source = keeping.add_source(kind_of(lambda reading: [person(1)]), book, {}, now=NOW)
    name = syncing.lease_of(source.pk)
    assert leases.take(name, "another process", now=clock.measure())
    assert asyncio.run(pumping.read_due(now=NOW)) == 0
    leases.release(name, "another process")
    assert asyncio.run(pumping.read_due(now=NOW)) == 1
    assert shown(source) == ["k1"]
    assert asyncio.run(pumping.read_due(now=NOW)) == 0


@pytest.mark.parametrize(
    ("text", "warns"),
    [
        ("name,phone\nA,030123456\n", False), ("name,phone\nA,+4930123456\n", False),
        ("name,phone\nA,30123456\n", True), ("name,phone\nA,4.7E+10\n", True), ("name,phone\nA,1234\n", False),
    ],
)  # fmt: skip
def test_numbers_that_a_spreadsheet_changed_are_warned_of(book: PhoneBook, text: str, warns: bool) -> None:
    source = syncing.import_file(book, "csv", text.encode(), may_shrink=False, now=NOW)
    assert bool(source.warnings) == warns
