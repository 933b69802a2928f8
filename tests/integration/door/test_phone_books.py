"""Endpoints search phone books through the real door (protocol notes F)."""

import re
from collections.abc import Iterator

import pytest
from django.utils import timezone
from tests.acceptance.device import PHONE_BOOK, Device
from tests.integration.door.conftest import Systems

from roomkeeper.phonebooks import editing, keeping, setting, syncing
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.phonebooks.sources import our_systems
from roomkeeper.phonebooks.writing import Entry
from roomkeeper.systems import inventory
from roomkeeper.systems.models import State, System, TimelineEntry


@pytest.fixture
def book(transactional_db: None) -> PhoneBook:
    return filled(editing.create_book("Corporate", inventory.root_folder()), 120)


def filled(book: PhoneBook, count: int, word: str = "Person") -> PhoneBook:
    source = Source.objects.create(book=book, kind="test", name="People")
    write(source, [entry(n, word) for n in range(count)])
    return book


def entry(number: int, word: str = "Person") -> Entry:
    methods = (("sip", f"{word.lower()}{number}@example.org", ""), ("e164", f"47{5111 + number}", ""))
    return Entry(str(number), f"{word} {number:03}", methods)


def write(source: Source, entries: list[Entry]) -> None:
    source.refresh_from_db()
    syncing.apply(source, entries, may_shrink=True, now=timezone.now())


def ask(
    device: Device, text: str = "", *, path: str = "", start: str = "", most: int = 50, scope: str = "SubTree"
):
    """(ids of folders, (id, name, is last) of entries, how many there are) as the device reads them."""
    body = device.search_body(text).decode().replace("<SearchPath/>", f"<SearchPath>{path}</SearchPath>")
    body = re.sub(r"<MaxResult>\d+</MaxResult>", f"<MaxResult>{most}</MaxResult>", body)
    body = re.sub(r"<Scope>\w+</Scope>", f"<Scope>{scope}</Scope>", body)
    if start:
        body = body.replace("</Search>", f"<StartFromId>{start}</StartFromId></Search>")
    reply = device.post(PHONE_BOOK, body.encode())
    assert reply.status == 200, reply.body
    text = reply.body.decode()
    folders = re.findall(r"<Catalog><Name>([^<]*)</Name><Id>([^<]*)</Id>", text)
    entries = re.findall(r"<Entry><Name>([^<]*)</Name><Id>([^<]*)</Id>.*?<IsLast>(\w+)</IsLast>", text)
    return folders, entries, int(re.findall(r"<NoOfEntries>(\d+)<", text)[-1])


def walk(device: Device, text: str = "", *, path: str = "", most: int = 50) -> Iterator[str]:
    """Every entry, turning pages as a device does."""
    start = ""
    for _ in range(200):
        _folders, entries, _ = ask(device, text, path=path, start=start, most=most)
        yield from (name for name, _, _ in entries)
        if not entries or entries[-1][2] == "true":
            return
        start = entries[-1][1]
    raise AssertionError("no page was the last one")


def test_one_book_is_its_entries_and_pages_end_at_the_last(systems: Systems, book: PhoneBook) -> None:
    setting.set_on_folder(book, inventory.root_folder())
    device, _ = systems.proven()
    folders, entries, count = ask(device)
    assert (folders, len(entries), count) == ([], 50, 120)
    assert [one[2] for one in entries] == ["false"] * 50
    assert list(walk(device)) == [f"Person {n:03}" for n in range(120)]
    assert list(walk(device, "person 01", most=7)) == [f"Person {n:03}" for n in range(10, 20)]
    assert [one[0] for one in ask(device, "47-51 53")[1]] == ["Person 042"]


def test_several_books_are_folders_and_a_search_finds_what_stands_in_all(
    systems: Systems, book: PhoneBook
) -> None:
    rooms = filled(editing.create_book("Rooms", inventory.root_folder()), 5, "Room")
    filled(editing.create_book("Inner", inventory.root_folder(), rooms), 3, "Inner")
    device, system = systems.proven()
    setting.set_on_folder(book, inventory.root_folder())
    setting.set_on_system(rooms, system)
    folders, entries, _ = ask(device)
    assert ([name for name, _ in folders], entries) == (["Corporate", "Rooms"], [])
    inside = dict(folders)["Rooms"]
    folders, entries, _ = ask(device, path=inside)
    assert ([name for name, _ in folders], len(entries)) == (["Inner"], 5)
    assert len(ask(device, "inner")[1]) == 3
    assert len(ask(device, "inner", path=inside, scope="SingleLevel")[1]) == 0
    assert len(ask(device, "inner", path=inside)[1]) == 3
    assert ask(device, path="c_999999")[:2] == ([], [])
    assert ask(device, path="e_1")[:2] == ([], [])


def test_a_book_that_is_not_given_is_not_found(systems: Systems, book: PhoneBook) -> None:
    other = filled(editing.create_book("Secret", inventory.root_folder()), 3, "Secret")
    device, system = systems.proven()
    assert ask(device) == ([], [], 0)
    setting.set_on_system(book, system)
    assert ask(device, "secret") == ([], [], 0)
    assert ask(device, path=f"c_{other.pk}")[:2] == ([], [])
    setting.take_away(book.settings.get())
    assert ask(device, "person") == ([], [], 0)


def test_whoever_is_not_proven_finds_nothing(systems: Systems, book: PhoneBook) -> None:
    setting.set_on_folder(book, inventory.root_folder())
    device, system = systems.proven()
    assert ask(device, "person")[2] == 120
    bare = Device(device.server, serial=device.serial, mac=device.mac, source="127.3.0.99")
    assert ask(bare, "person") == ([], [], 0)
    stranger = Device(device.server, serial="FTTNOBODY01", mac="02:5C:00:00:99:01", source="127.3.0.98")
    assert ask(stranger, "person") == ([], [], 0)
    System.objects.filter(pk=system.pk).update(state=State.IGNORED)
    assert ask(device, "person") == ([], [], 0)
    System.objects.filter(pk=system.pk).update(state=State.BLOCKED)
    assert device.search("person").status == 403


def test_a_secret_with_the_identity_of_another_finds_nothing(systems: Systems, book: PhoneBook) -> None:
    setting.set_on_folder(book, inventory.root_folder())
    device, _ = systems.proven()
    other, _ = systems.proven()
    ask(device), ask(device)
    device.serial, device.mac = other.serial, other.mac
    assert ask(device, "person") == ([], [], 0)


def test_every_page_gives_each_entry_once_while_the_source_is_read_again(
    systems: Systems, book: PhoneBook
) -> None:
    setting.set_on_folder(book, inventory.root_folder())
    device, _ = systems.proven()
    source = book.sources.get()
    found: list[str] = []
    start = ""
    for turn in range(100):
        _folders, entries, _ = ask(device, start=start, most=10)
        found += [name for name, _, _ in entries]
        if entries[-1][2] == "true":
            break
        start = entries[-1][1]
        # Some go, some come, some change their address; those that stay are found once.
        write(source, [entry(n) for n in range(120) if n % 10 != turn % 10 or n in (55, 77)])
    assert len(found) == len(set(found))
    assert {"Person 055", "Person 077"} <= set(found)


def test_one_search_in_a_while_stands_on_the_timeline(systems: Systems, book: PhoneBook) -> None:
    setting.set_on_folder(book, inventory.root_folder())
    device, system = systems.proven()
    for _ in range(5):
        ask(device, "person 00")
    told = TimelineEntry.objects.filter(system=system, kind="phone book")
    assert [one.summary for one in told] == ['Searched the phone books for "person 00": 10 of 10 sent']


def test_our_systems_are_told_with_their_product_and_people_without_one(
    systems: Systems, book: PhoneBook
) -> None:
    setting.set_on_folder(book, inventory.root_folder())
    device, system = systems.proven()
    System.objects.filter(pk=system.pk).update(sip_uri="room1@example.org", product="Cisco Webex Room Kit")
    source = keeping.add_source(our_systems.OUR_SYSTEMS, book, {}, now=timezone.now())
    syncing.read_now(source, now=timezone.now())
    ask(device)
    body = device.search("room").body.decode()
    assert "<DialString>room1@example.org</DialString>" in body
    assert body.count("<SystemType>Cisco Webex Room Kit</SystemType>") == 2
    assert "<SystemType></SystemType>" in device.search("person 001").body.decode().replace(
        "<SystemType/>", "<SystemType></SystemType>"
    )


HOSTILE_TEXTS = (
    "'",
    '"',
    "*",
    "\\",
    ":*",
    "&|!",
    "NEAR(",
    "%s %(x)s {0}",
    "\u0301",
    "語" * 300,
    "\u202eשלום",
    "+" * 255,
)
HOSTILE_MEMBERS = {
    "MaxResult": ("0", "-1", "9" * 30, "1e3", "١", "abc"),
    "StartFromId": ("c_999999", "e_", "e_-1", "e_" + "9" * 18, "e_" + "9" * 40, "nonsense", "'"),
    "SearchPath": ("c_", "c_" + "9" * 18, "c_" + "9" * 40, "../..", "'"),
    "RangeInclusive": ("true", "1"),
}


def test_no_question_however_strange_is_an_error_or_shows_what_is_not_given(
    systems: Systems, book: PhoneBook
) -> None:
    filled(editing.create_book("Hidden", inventory.root_folder()), 2, "Hidden")
    setting.set_on_folder(book, inventory.root_folder())
    device, _ = systems.proven()
    ask(device)
    questions = [device.search_body(text).decode() for text in HOSTILE_TEXTS]
    for member, values in HOSTILE_MEMBERS.items():
        for value in values:
            for text in ("", "hidden"):
                bare = re.sub(rf"<{member}(/>|>[^<]*</{member}>)", "", device.search_body(text).decode())
                questions.append(bare.replace("</Search>", f"<{member}>{value}</{member}></Search>"))
    for question in questions:
        reply = device.post(PHONE_BOOK, question.encode())
        assert reply.status == 200, question
        assert b"<NoOfEntries>" in reply.body, question
        assert b"Hidden" not in reply.body, question
