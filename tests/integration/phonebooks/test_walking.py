"""A system turns every page of every folder while, in another thread, the sources are read again and again."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from roomkeeper.phonebooks import answering, editing, setting, syncing
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.phonebooks.writing import Entry
from roomkeeper.protocols.identification import Identification
from roomkeeper.protocols.phonebook import Catalog, Search
from roomkeeper.systems import inventory
from roomkeeper.systems.models import State, System

STAY = 40
PAGES = 200
WALKS = 60


def entries(book: PhoneBook, turn: int) -> list[Entry]:
    """Those that stay, one in three with another address each turn, and between them some that come and go."""
    word = book.name
    stay = [
        Entry(f"s{n}", f"{word} {n:03}", (("sip", f"{word}{n}.{turn if n % 3 == 0 else 0}@example.org", ""),))
        for n in range(STAY)
    ]
    go = [
        Entry(f"g{n}", f"{word} {n:03} guest", (("sip", f"guest{word}{n}@example.org", ""),))
        for n in range(turn % 2, STAY, 2)
    ]
    return [*stay, *go]


def read_again(source: Source, turn: int) -> None:
    source.refresh_from_db()
    syncing.apply(source, entries(source.book, turn), may_shrink=True, now=timezone.now())


@pytest.fixture
def sources(transactional_db: None) -> list[Source]:
    top = inventory.root_folder()
    outer = editing.create_book("Outer", top)
    books = [outer, editing.create_book("Inner", top, outer), editing.create_book("Other", top)]
    for book in (books[0], books[2]):
        setting.set_on_folder(book, top)
    made = [Source.objects.create(book=book, kind="test", name=book.name) for book in books]
    for source in made:
        read_again(source, 0)
    return made


@pytest.fixture
def system(sources: list[Source]) -> System:
    return System.objects.create(name="Boardroom", folder=inventory.root_folder(), state=State.MANAGED)


def ask(system: System, **asked: object) -> Catalog:
    return answering.answer(answering.read_asker(system.pk), Search(Identification(), **asked))  # type: ignore[arg-type]


def walk(system: System, text: str, path: str, size: int) -> Iterator[tuple[str, str]]:
    """(id, name) of every entry, until one says that it is the last."""
    start = ""
    for _ in range(PAGES):
        page = ask(system, text=text, path=path, max_results=size, start_from_id=start)
        yield from ((one.id, one.name) for one in page.entries)
        if not page.entries or page.entries[-1].is_last:
            return
        start = page.entries[-1].id
    raise AssertionError("no page was the last one")


@pytest.mark.parametrize(("text", "size"), [("", 7), ("outer", 9), ("o", 50), ("inner 0", 4)])
def test_each_entry_that_stays_is_told_once(
    sources: list[Source], system: System, text: str, size: int
) -> None:
    ended = threading.Event()

    def keep_reading() -> int:
        turn = 0
        while not ended.is_set():
            turn += 1
            for source in sources:
                read_again(source, turn)
        connection.close()
        return turn

    paths = {f"c_{one.book.pk}": one.book.name for one in sources}
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(keep_reading)
        before = sources[-1].generation
        try:
            for _walk in range(WALKS):
                for path, name in paths.items() if not text else [("", "")]:
                    found = list(walk(system, text, path, size))
                    assert len({one for one, _ in found}) == len(found)
                    words = [name] if name else [one for one in paths.values() if one.lower()[0] == text[0]]
                    stay = {f"{word} {n:03}" for word in words for n in range(STAY)}
                    told = [one for _, one in found if one in stay]
                    assert len(told) == len(set(told))
                    if text in ("", "o"):
                        assert set(told) == stay
                sources[-1].refresh_from_db()
                if sources[-1].generation >= before + 3:
                    break
        finally:
            ended.set()
        assert reading.result(timeout=60) >= 1
    assert sources[-1].generation > before


def test_a_page_may_begin_with_the_entry_that_is_named(sources: list[Source], system: System) -> None:
    path = f"c_{sources[2].book.pk}"
    page = ask(system, path=path, max_results=5)
    fourth = page.entries[3]
    again = ask(system, path=path, max_results=5, start_from_id=fourth.id, is_range_inclusive=True)
    behind = ask(system, path=path, max_results=5, start_from_id=fourth.id)
    assert again.entries[0].id == fourth.id
    assert [one.id for one in behind.entries[:4]] == [one.id for one in again.entries[1:]]
    assert not any(one.is_first for one in (*again.entries, *behind.entries))


def test_a_page_behind_an_entry_of_another_book_shows_only_the_book_that_is_asked(
    sources: list[Source], system: System
) -> None:
    elsewhere = ask(system, path=f"c_{sources[0].book.pk}", max_results=5).entries[2]
    page = ask(system, path=f"c_{sources[2].book.pk}", max_results=500, start_from_id=elsewhere.id)
    assert {one.name.split()[0] for one in page.entries} <= {"Other"}


def test_one_level_of_a_book_is_without_what_stands_in_it(sources: list[Source], system: System) -> None:
    path = f"c_{sources[0].book.pk}"
    for asked in ({"text": "inner"}, {"text": "inner 001"}):
        assert ask(system, path=path, is_subtree=True, **asked).entries
        assert not ask(system, path=path, is_subtree=False, **asked).entries
    listed = ask(system, path=path, is_subtree=False, max_results=100)
    assert [one.name for one in listed.catalogs] == ["Inner"]
    assert {one.name.split()[0] for one in listed.entries} == {"Outer"}


def test_what_is_set_and_taken_away_holds_for_the_very_next_question(
    sources: list[Source], system: System
) -> None:
    hidden = editing.create_book("Hidden", inventory.root_folder())
    read_again(Source.objects.create(book=hidden, kind="test", name="Hidden"), 0)
    assert not ask(system, text="hidden").entries
    row = setting.set_on_system(hidden, system)
    assert ask(system, text="hidden").entries
    assert ask(system, path=f"c_{hidden.pk}").does_exist
    setting.take_away(row)
    assert not ask(system, text="hidden").entries
    assert not ask(system, path=f"c_{hidden.pk}").does_exist
