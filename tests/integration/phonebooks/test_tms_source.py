"""A phone book service as a source: one made up that says things in every way that services do, over real sockets."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.integration.phonebooks.peers import Asked, Authority, Reply, demand_known, serving

from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed
from roomkeeper.phonebooks.sources.tms import DEEPEST, PAGE, TMS
from roomkeeper.protocols.phonebook import decode_search, encode_search_fault

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
MAC = "08:96:AD:00:00:01"
NAMESPACE = "http://www.tandberg.net/2004/06/PhoneBookSearch/"


@dataclass
class Service:
    """Folders and entries by the folder in which they stand; "" is the top. What it says of them can be told otherwise
    for one test."""

    folders: dict[str, list[str]] = field(default_factory=dict)
    entries: dict[str, list[str]] = field(default_factory=dict)
    tells_last: bool = True
    knows_pages: bool = True
    count: int | None = None
    is_turned: bool = False
    wraps: Callable[[str], str] = lambda content: content

    def __call__(self, asked: Asked) -> Reply:
        search = decode_search(asked.body, asked.headers["content-type"])
        assert asked.headers["soapaction"] == f'"{NAMESPACE}Search"'
        assert (search.is_subtree, search.is_range_inclusive, search.text) == (False, False, "")
        assert search.identification.normalized_mac == MAC.replace(":", "")
        all_of = [*self.folders.get(search.path, []), *self.entries.get(search.path, [])]
        start = all_of.index(search.start_from_id) + 1 if search.start_from_id and self.knows_pages else 0
        page = all_of[start : start + search.max_results]
        items = "".join(self._item(one, one == all_of[-1]) for one in page)
        count = len(all_of) if self.count is None else self.count
        result = [items, f"<NoOfEntries>{count}</NoOfEntries><FolderExists>true</FolderExists>"]
        content = "".join(reversed(result) if self.is_turned else result)
        body = (
            f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><SearchResponse'
            f' xmlns="{NAMESPACE}"><SearchResult>{content}</SearchResult></SearchResponse></s:Body></s:Envelope>'
        )
        return Reply(body=self.wraps(body).encode(), headers={"Content-Type": "text/xml; charset=utf-8"})

    def _item(self, name: str, is_last: bool) -> str:
        flags = f"<IsLast>{str(is_last and self.tells_last).lower()}</IsLast>"
        if name.startswith("c_"):
            return f"<Catalog><Name>Folder {name}</Name><Id>{name}</Id>{flags}</Catalog>"
        route = (
            f"<Route><Protocol>SIP</Protocol><DialString>{name}@example.org\n</DialString>"
            "<CallType>384</CallType></Route>"
        )
        parts: Sequence[str] = (f"<Name>Person {name}\n</Name>", f"<Id>{name}</Id>", route, flags)
        return f"<Entry>{''.join(reversed(parts) if self.is_turned else parts)}</Entry>"


def read(service: Callable[[Asked], Reply], reading: Reading | None = None, **settings: Any) -> list[Record]:
    reading = reading if reading is not None else Reading({})
    assert TMS.read is not None
    with serving(service) as peer:
        reading.settings = {"url": peer.url, "mac": MAC, **settings}
        demand_known(TMS, reading)
        return list(TMS.read(reading))


def failure(service: Callable[[Asked], Reply], **settings: Any) -> str:
    with pytest.raises(SourceFailed) as caught:
        read(service, **settings)
    return str(caught.value)


def entries(*numbers: int) -> list[str]:
    return [f"e_{number}" for number in numbers]


@pytest.mark.parametrize("tells_last", [True, False])
@pytest.mark.parametrize("is_turned", [True, False])
def test_every_folder_is_walked_page_by_page(tells_last: bool, is_turned: bool) -> None:
    service = Service(
        folders={"": ["c_1", "c_2"], "c_1": ["c_3"]},
        entries={
            "": entries(*range(250)),
            "c_1": entries(1001),
            "c_3": entries(*range(2000, 2100)),
            "c_2": [],
        },
        tells_last=tells_last,
        is_turned=is_turned,
    )
    records = read(service)
    assert [one.key for one in records] == entries(*range(250), 1001, *range(2000, 2100))
    assert records[0].fields == {
        "name": ["Person e_0"],
        "sip": ["e_0@example.org"],
        "bandwidth": ["384"],
    }
    assert records[-1].fields["path"] == ["Folder c_1 / Folder c_3"]
    assert records[-1].fields["folder"] == ["Folder c_3"]


def test_preview_asks_for_no_more_than_it_shows() -> None:
    asked: list[Asked] = []
    service = Service(entries={"": entries(*range(500))})

    def answer(question: Asked) -> Reply:
        asked.append(question)
        return service(question)

    assert len(read(answer, Reading({}, most=50))) == 50
    assert len(asked) == 1


def test_folder_that_stands_in_itself_is_read_once_and_told() -> None:
    reading = Reading({})
    service = Service(
        folders={"": ["c_1"], "c_1": ["c_2", "c_1"], "c_2": ["c_1", "c_2"]},
        entries={"c_1": entries(1), "c_2": entries(2, 1)},
    )
    assert [one.key for one in read(service, reading)] == entries(1, 2)
    assert len(reading.warnings) == 2
    assert "Folder c_1" in reading.warnings[0]


def test_service_that_knows_no_pages_tells_all_at_once_or_is_not_believed() -> None:
    few = Service(entries={"": entries(*range(40))}, knows_pages=False, tells_last=False)
    assert len(read(few)) == 40
    many = Service(entries={"": entries(*range(PAGE + 50))}, knows_pages=False, tells_last=False)
    assert str(PAGE + 50) in failure(many)


def test_folders_without_end_are_ended() -> None:
    deep = Service(folders={"": ["c_0"], **{f"c_{n}": [f"c_{n + 1}"] for n in range(DEEPEST + 5)}})
    assert str(DEEPEST) in failure(deep)


def test_pages_without_end_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roomkeeper.phonebooks.sources.tms.MOST_REQUESTS", 5)
    service = Service(entries={"": entries(*range(5_000))})
    assert "5 pages" in failure(service)


def test_nothing_is_told_as_what_it_may_mean() -> None:
    reading = Reading({})
    assert read(Service(), reading) == []
    assert "MAC" in reading.warnings[0]


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(500, encode_search_fault("The phone book is closed.")), "The phone book is closed."),
        (Reply(200, encode_search_fault("Closed.", soap_version="1.2")), "Closed."),
        (Reply(500, b"<html>Server Error"), "500"),
        (Reply(401), "401"),
        (Reply(200, b"<html><body>Welcome</body></html>"), "SearchResponse"),
        (Reply(200, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'), "DOCTYPE"),
        (Reply(200, b"<a>" * 100 + b"</a>" * 100), "nested"),
        (Reply(200, b"not XML at all"), "phone book"),
        (Reply(200, b""), "phone book"),
    ],
)
def test_answer_that_is_none_of_a_phone_book_says_why(reply: Reply, says: str) -> None:
    assert says in failure(lambda asked: reply)


def test_half_an_answer_is_no_answer() -> None:
    service = Service(entries={"": entries(1, 2, 3)}, wraps=lambda body: body[: len(body) * 2 // 3])
    assert failure(service)


def test_values_that_are_too_long_are_left_out_and_told() -> None:
    reading = Reading({})
    service = Service(entries={"": [f"e_{'1' * 1990}", "e_2"]})
    records = read(service, reading)
    assert [one.key for one in records] == ["", "e_2"]
    assert "sip" not in records[0].fields
    assert len(reading.warnings) == 1
    assert "2003" in failure(Service(entries={"": [f"e_{'1' * 2001}"]}))


def test_address_of_the_mac_has_to_be_one() -> None:
    assert "MAC" in failure(Service(), mac="12345")


def test_service_is_asked_over_tls_where_tms_has_it() -> None:
    authority = Authority()
    service = Service(entries={"": entries(1)})
    assert TMS.read is not None
    with serving(service, authority) as peer:
        reading = Reading({"url": peer.url, "mac": MAC, **peer.settings})
        assert [one.key for one in TMS.read(reading)] == ["e_1"]
    assert re.fullmatch(r"/tms/public/external/phonebook/phonebookservice\.asmx", peer.asked[0].path)
