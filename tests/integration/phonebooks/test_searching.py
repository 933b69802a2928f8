"""What is found in which order, on whichever database the tests run."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.jobs import clock, leases
from roomkeeper.phonebooks import dialling, editing, searching, sources, syncing, writing
from roomkeeper.phonebooks.models import Contact, PhoneBook, Source
from roomkeeper.phonebooks.searching import Scope
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed
from roomkeeper.phonebooks.writing import Entry
from roomkeeper.systems import inventory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def book() -> PhoneBook:
    return editing.create_book("Corporate", inventory.root_folder())


def source_of(book: PhoneBook, name: str = "People") -> Source:
    return Source.objects.create(book=book, kind="test", name=name)


def person(key: str, name: str, address: str = "", note: str = "") -> Entry:
    return Entry(key, name, (("sip", address or f"{key}@example.org", ""),), note)


def fill(source: Source, entries: Iterable[Entry], *, may_shrink: bool = True, now: datetime = NOW) -> None:
    source.refresh_from_db()
    syncing.apply(source, entries, may_shrink=may_shrink, now=now)


def scope(*sources: Source, protocols: int = dialling.ALL) -> Scope:
    for one in sources:
        one.refresh_from_db()
    return Scope(tuple((one.pk, one.generation) for one in sources), protocols)


def names(where: Scope, text: str, limit: int = 50) -> list[str]:
    return [one.name for one in searching.search(where, text, limit)]


def test_the_beginning_of_the_name_comes_first_then_words_of_it_then_all_else(book: PhoneBook) -> None:
    source = source_of(book)
    fill(source, [
        person("1", "Zoe", note="anna's office"), person("2", "Berg, Anna"), person("3", "Anna Zorn"),
        person("4", "Annabel"), person("5", "anna"), person("6", "Otto", "anna.b@example.org"), person("7", "Hanna"),
    ])  # fmt: skip
    assert names(scope(source), "anna") == ["anna", "Anna Zorn", "Annabel", "Berg, Anna", "Otto", "Zoe"]
    assert searching.count(scope(source), "anna") == 6
    assert names(scope(source), "zorn an") == ["Anna Zorn"]
    assert names(scope(source), "xyz") == []
    assert names(scope(source), "'\" OR * NEAR(") == []


@pytest.mark.parametrize("text", ["", "room", "example", "ro 1"])
@pytest.mark.parametrize("size", [1, 7, 50])
def test_turning_pages_gives_each_entry_once_and_in_the_same_order(
    book: PhoneBook, text: str, size: int
) -> None:
    first, second = source_of(book), source_of(book, "Rooms")
    fill(first, [person(f"p{n}", f"Person {n % 9}", note="room keeper" if n % 3 else "") for n in range(40)])
    fill(second, [person(f"r{n}", f"{'Room' if n % 2 else 'The room'} {n % 13}") for n in range(40)])
    where = scope(first, second)
    whole = [one.number for one in searching.search(where, text, 500)]
    assert len(whole) == len(set(whole))
    found: list[int] = []
    mark = None
    while page := searching.search(where, text, size, mark):
        found += [one.number for one in page]
        mark = searching.find_mark(page[-1].number, text)
    assert found == whole


def test_pages_are_turned_behind_an_entry_that_has_gone_meanwhile(book: PhoneBook) -> None:
    source = source_of(book)
    entries = [person(str(n), f"Person {n:02}") for n in range(20)]
    fill(source, entries)
    page = searching.search(scope(source), "person", 5)
    fill(source, [one for one in entries if one.name != page[-1].name])
    rest = searching.search(scope(source), "person", 50, searching.find_mark(page[-1].number, "person"))
    assert [one.name for one in rest] == [one.name for one in entries[5:]]


def test_entries_with_one_address_are_shown_once_with_all_their_addresses(book: PhoneBook) -> None:
    first, second = source_of(book), source_of(book, "Other")
    fill(first, [Entry("1", "Anna Berg", (("sip", "anna@example.org", ""),))])
    fill(second, [Entry("x", "Berg (Sales)", (("sip", "SIP:Anna@example.org", ""), ("e164", "4711", "")))])
    where = scope(first, second)
    (found,) = searching.search(where, "berg", 50)
    assert (found.name, [one[1] for one in found.methods], len(found.others)) == (
        "Anna Berg", ["anna@example.org", "SIP:Anna@example.org", "4711"], 1,
    )  # fmt: skip
    # Found by what only the other has: then that one is shown.
    assert names(where, "sales") == ["Berg (Sales)"]
    assert names(scope(second), "berg") == ["Berg (Sales)"]


def test_what_cannot_be_dialled_is_not_shown(book: PhoneBook) -> None:
    source = source_of(book)
    fill(source, [
        Entry("1", "With SIP", (("sip", "a@example.org", ""),)), Entry("2", "With H323", (("h323", "b", ""),)),
        Entry("3", "With nothing"),
    ])  # fmt: skip
    assert names(scope(source, protocols=dialling.SIP), "with") == ["With SIP"]
    assert names(scope(source), "with") == ["With H323", "With SIP"]


def test_a_reading_changes_only_what_differs_and_keeps_numbers(book: PhoneBook) -> None:
    source = source_of(book)
    fill(source, [person(str(n), f"Person {n}") for n in range(20)])
    before = dict(Contact.objects.values_list("key", "number"))
    ids = set(Contact.objects.values_list("id", flat=True))
    fill(source, [person("1", "Renamed"), *(person(str(n), f"Person {n}") for n in range(2, 22))])
    source.refresh_from_db()
    assert source.result == "2 added, 1 changed, 1 removed, 18 as they were."
    assert source.entry_count == 21
    assert len(set(Contact.objects.values_list("id", flat=True)) - ids) == 3
    renamed = Contact.objects.get(name="Renamed")
    assert renamed.number == before["1"]
    assert names(scope(source), "renamed") == ["Renamed"]
    assert names(scope(source), "person 1", 1) == ["Person 10"]


def test_a_reading_that_was_broken_off_is_not_seen_and_is_made_again(book: PhoneBook) -> None:
    source = source_of(book)
    fill(source, [person("1", "Anna"), person("2", "Berta")])
    source.refresh_from_db()
    found = writing.difference(source, writing.Told([person("2", "Bertha"), person("3", "Carla")]))
    real, writing._show = writing._show, lambda *_: (_ for _ in ()).throw(RuntimeError("power failed"))
    try:
        with pytest.raises(RuntimeError):
            writing.write(source, found, now=NOW)
    finally:
        writing._show = real
    assert names(scope(source), "") == ["Anna", "Berta"]
    fill(source, [person("1", "Anna"), person("4", "Dora")])
    assert names(scope(source), "") == ["Anna", "Dora"]
    assert names(scope(source), "carla") == []


def test_what_has_gone_is_forgotten_after_an_hour(book: PhoneBook) -> None:
    source = source_of(book)
    fill(source, [person("1", "Anna"), person("2", "Berta")])
    fill(source, [person("2", "Berta")])
    assert writing.forget_gone(now=NOW + timedelta(minutes=59)) == 0
    assert writing.forget_gone(now=NOW + timedelta(minutes=61)) == 1
    assert set(Contact.objects.values_list("name", flat=True)) == {"Berta"}
    assert names(scope(source), "") == ["Berta"]


def test_a_source_that_shrinks_suddenly_keeps_its_entries_until_somebody_allows_it(book: PhoneBook) -> None:
    source = source_of(book)
    fill(source, [person(str(n), f"Person {n}") for n in range(40)])
    with pytest.raises(SourceFailed, match="40 of 40 entries"):
        fill(source, [], may_shrink=False)
    source.refresh_from_db()
    assert (source.awaits_yes, len(names(scope(source), ""))) == (True, 40)
    fill(source, [], may_shrink=True)
    assert names(scope(source), "") == []


def import_csv(book: PhoneBook, text: str, *, may_shrink: bool = False) -> None:
    syncing.import_file(book, "csv", text.encode(), may_shrink=may_shrink, now=NOW)


def test_a_csv_file_brings_entries_and_the_next_one_replaces_them(book: PhoneBook) -> None:
    import_csv(
        book, "Display name;Phone;SIP URI\nAnna Berg;+47 0123;anna@example.org\nRoom 1;;r1@example.org\n"
    )  # fmt: skip
    source = Source.objects.get(book=book)
    (found,) = searching.search(scope(source), "anna", 5)
    assert found.methods == (("sip", "anna@example.org", ""), ("telephone", "+47 0123", ""))
    import_csv(book, "name,sip\nRoom 1,r2@example.org\n")
    assert [one.methods[0][1] for one in searching.search(scope(source), "", 5)] == ["r2@example.org"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "empty"), ("sip\na@b\n", "No column"), ("name,sip\n,a@b\n", "Line 2: An entry needs a name"),
        ("name,bandwidth,sip\nA,7,a@b\n", "not a bandwidth class"), ("name,sip\nHÃ¶rsaal,a@b\n", "encoded twice"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_taken_changes_nothing_and_says_why(
    book: PhoneBook, text: str, sentence: str
) -> None:
    import_csv(book, "name,sip\nAnna,a@b\n")
    with pytest.raises(SourceFailed, match=sentence):
        import_csv(book, text, may_shrink=True)
    assert names(scope(Source.objects.get(book=book)), "") == ["Anna"]


def test_books_cannot_stand_in_themselves(book: PhoneBook) -> None:
    inner = editing.create_book("Inner", book.folder, book)
    with pytest.raises(editing.BookRefused, match="into itself"):
        editing.move_book(book, inner)
    editing.move_book(inner, None)
    assert PhoneBook.objects.get(pk=inner.pk).path == f"/{inner.pk}/"


def test_two_moves_that_did_not_see_each_other_make_no_circle(book: PhoneBook) -> None:
    other = editing.create_book("Other", book.folder)
    # As two people at a time have them, who both loaded the page before.
    first, second = PhoneBook.objects.get(pk=book.pk), PhoneBook.objects.get(pk=other.pk)
    editing.move_book(book, other)
    with pytest.raises(editing.BookRefused, match="into itself"):
        editing.move_book(second, first)
    assert PhoneBook.objects.get(pk=other.pk).parent is None


@pytest.mark.parametrize("text", ["!!!", "\u0301", " . ", "*"])
def test_what_holds_no_letter_and_no_digit_finds_nothing(book: PhoneBook, text: str) -> None:
    source = source_of(book)
    fill(source, [person("1", "!!! \u0301"), person("2", "Anna")])
    assert names(scope(source), text) == []
    assert searching.count(scope(source), text) == 0
    assert len(names(scope(source), "  ")) == 2


def test_of_two_readings_at_a_time_the_later_to_write_changes_nothing(book: PhoneBook) -> None:
    source = source_of(book)
    fill(source, [person("1", "Anna")])

    def told() -> Iterable[Entry]:
        yield person("1", "Anna")
        fill(Source.objects.get(pk=source.pk), [person("2", "Otto")])
        yield person("3", "Zoe")

    with pytest.raises(SourceFailed, match="is being read"):
        fill(source, told())
    assert names(scope(source), "") == ["Otto"]


def test_a_source_is_written_by_one_at_a_time(book: PhoneBook) -> None:
    source = source_of(book)
    name = f"phone book source:{source.pk}"
    assert leases.take(name, "somebody else", now=clock.measure())
    with pytest.raises(SourceFailed, match="is being read"):
        fill(source, [person("1", "Anna")])
    assert not Contact.objects.exists()
    leases.release(name, "somebody else")
    fill(source, [person("1", "Anna")])
    assert names(scope(source), "") == ["Anna"]
    assert leases.take(name, "somebody else", now=clock.measure())


def test_a_fault_with_one_source_holds_up_no_other(book: PhoneBook, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(reading: Reading) -> Iterable[Record]:
        raise RuntimeError("a fault of ours")

    def tell(reading: Reading) -> Iterable[Record]:
        return [Record("1", {"cn": ("Anna",), "mail": ("anna@example.org",)})]

    monkeypatch.setitem(
        sources._kinds, "broken", sources.SourceKind(name="broken", label="broken", read=fail)
    )
    kind = sources.SourceKind(
        name="test", label="test", read=tell, mapping={"name": ("cn",), "sip": ("mail",)}
    )
    monkeypatch.setitem(sources._kinds, "test", kind)
    broken = Source.objects.create(book=book, kind="broken", name="Broken", due_at=NOW)
    good = Source.objects.create(book=book, kind="test", name="Good", due_at=NOW + timedelta(seconds=1))
    later = NOW + timedelta(seconds=2)
    assert [syncing.read_due(now=later) for _ in range(3)] == [1, 1, 0]
    broken.refresh_from_db()
    assert "fault" in broken.problem
    assert names(scope(good), "anna") == ["Anna"]
