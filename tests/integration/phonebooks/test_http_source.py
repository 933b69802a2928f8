"""A web service as a source, over real sockets: JSON in pages, CSV, logins, and what no service should answer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from tests.integration.phonebooks.peers import Asked, Authority, Reply, as_json, demand_known, serving

from roomkeeper.phonebooks import editing, keeping
from roomkeeper.phonebooks.mapping import entry_of
from roomkeeper.phonebooks.reading import read_source
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed
from roomkeeper.phonebooks.sources.http_json import HTTP
from roomkeeper.phonebooks.syncing import Stopped
from roomkeeper.systems import inventory

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
SECRET = "correct horse"


def read(
    url: str, most: int | None = None, *, reading: Reading | None = None, **settings: Any
) -> list[Record]:
    reading = reading or Reading({"url": url, **settings}, most=most)
    assert HTTP.read is not None
    demand_known(HTTP, reading)
    return list(HTTP.read(reading))


def failure(url: str, **settings: Any) -> str:
    with pytest.raises(SourceFailed) as caught:
        read(url, **settings)
    assert SECRET not in str(caught.value)
    return str(caught.value)


def people(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": number, "name": f"Person {number}", "phones": [f"+47{number}"]} for number in numbers]


def test_list_is_read_and_mapped_as_suggested() -> None:
    ann = {"id": "a-1", "displayName": "Ann", "sip": "ann@example.org", "phones": [{"number": "+47 1"}]}
    with serving(lambda asked: as_json([ann])) as peer:
        records = read(f"{peer.url}/people")
    assert [(one.key, one.fields["displayName"]) for one in records] == [("a-1", ["Ann"])]
    entry = entry_of(records[0], HTTP.mapping)
    assert (entry.name, entry.methods) == (
        "Ann",
        (("sip", "ann@example.org", ""), ("telephone", "+47 1", "")),
    )


def test_list_is_found_by_its_path_or_because_it_is_the_only_one() -> None:
    body = {"total": 1, "data": {"items": people(1)}}
    with serving(lambda asked: as_json(body)) as peer:
        assert (
            len(read(peer.url, records_at="data.items")) == len(read(peer.url, records_at="/data/items")) == 1
        )
        assert "items.data" in failure(peer.url, records_at="items.data")
        assert "total" in failure(peer.url)
    with serving(lambda asked: as_json({"people": people(1, 2), "count": 2})) as peer:
        assert len(read(peer.url)) == 2
    with serving(lambda asked: as_json({"a": [], "b": []})) as peer:
        failure(peer.url)


def test_key_is_the_field_that_is_named() -> None:
    rows = [{"person": {"number": 7}, "name": "Ann"}, {"name": "Bo"}]
    with serving(lambda asked: as_json(rows[:1])) as peer:
        assert [one.key for one in read(peer.url, key_at="person.number")] == ["7"]
        assert [one.key for one in read(peer.url)] == [""]
    with serving(lambda asked: as_json(rows)) as peer:
        assert "person.number" in failure(peer.url, key_at="person.number")


def paged(follow: Callable[[int], tuple[dict[str, Any], dict[str, str]]]) -> Callable[[Asked], Reply]:
    """Three pages of two; `follow` gives what says where the next one is."""

    def answer(asked: Asked) -> Reply:
        page = int(asked.query.get("page", "1"))
        more, headers = follow(page + 1) if page < 3 else ({}, {})
        return as_json({"rows": people(page * 2 - 1, page * 2), **more}, **headers)

    return answer


@pytest.mark.parametrize(
    ("follow", "settings"),
    [
        (
            lambda page: (
                {},
                {"Link": f'</first>; rel="prev", <?page={page}>; title="x, y"; rel="last next"'},
            ),
            {},
        ),
        (lambda page: ({}, {"Link": f"</people?page={page}>; rel=next"}), {}),
        (lambda page: ({"next": f"/people?page={page}"}, {}), {}),
        (lambda page: ({"@odata.nextLink": f"/people?page={page}"}, {}), {}),
        (lambda page: ({"links": {"next": f"/people?page={page}"}}, {}), {}),
        (lambda page: ({"meta": {"after": page}}, {}), {"next_at": "meta.after", "cursor": "page"}),
        (lambda page: ({"next": page}, {}), {"cursor": "page"}),
    ],
)
def test_pages_are_followed_to_the_last(follow: Any, settings: dict[str, Any]) -> None:
    with serving(paged(follow)) as peer:
        records = read(f"{peer.url}/people?limit=2", records_at="rows", **settings)
        assert [one.key for one in records] == ["1", "2", "3", "4", "5", "6"]
        assert len(read(f"{peer.url}/people", most=3, records_at="rows", **settings)) == 3
    assert [asked.query.get("page") for asked in peer.asked] == [None, "2", "3", None, "2"]


def test_cursor_keeps_what_else_is_asked() -> None:
    with serving(paged(lambda page: ({"next": f"{page}"}, {}))) as peer:
        read(f"{peer.url}/people?limit=2&page=1&sort=name", records_at="rows", cursor="page")
    assert peer.asked[1].query == {"limit": "2", "sort": "name", "page": "2"}


def test_pages_without_end_are_ended() -> None:
    with serving(lambda asked: as_json({"rows": people(1), "next": "/?page=1"})) as peer:
        assert "before" in failure(peer.url)
    assert len(peer.asked) == 2


def test_page_of_another_server_is_not_asked() -> None:
    with (
        serving(lambda asked: as_json([])) as other,
        serving(lambda asked: as_json({"rows": [], "next": other.url})) as peer,
    ):
        failure(peer.url, username="ann", password=SECRET)
    assert other.asked == []


@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        ({"username": "ann", "password": SECRET}, "authorization", "Basic YW5uOmNvcnJlY3QgaG9yc2U="),
        ({"token": SECRET}, "authorization", f"Bearer {SECRET}"),
        ({"header": "X-Api-Key", "header_value": SECRET}, "x-api-key", SECRET),
    ],
)
def test_login_is_sent_as_it_is_set(settings: dict[str, Any], header: str, value: str) -> None:
    authority = Authority()
    reading = Reading({})
    with serving(lambda asked: as_json([]), authority) as peer:
        reading = Reading({"url": peer.url, **peer.settings, **settings})
        read("", reading=reading)
    assert peer.asked[0].headers[header] == value
    assert reading.warnings == []


@pytest.mark.parametrize(
    "settings",
    [
        {"header": "X Key", "header_value": SECRET},
        {"header": "X-Key", "header_value": f"{SECRET}\r\nHost: elsewhere"},
        {"token": f"{SECRET}\nx"},
        {"username": "a:b", "password": SECRET},
    ],
)
def test_login_that_cannot_be_sent_is_refused_before_anything_is(settings: dict[str, Any]) -> None:
    with serving(lambda asked: as_json([])) as peer:
        failure(peer.url, **settings)
    assert peer.asked == []


@pytest.mark.parametrize("kind", ["text/csv; charset=utf-8", "text/plain", "application/octet-stream"])
def test_csv_is_read_as_a_file_is(kind: str) -> None:
    text = "\ufeffID;Display Name;SIP;Phone\r\n17;Zoë;zoe@example.org;'0047\r\n18;Bo;;\r\n".encode()
    with serving(lambda asked: Reply(body=text, headers={"Content-Type": kind})) as peer:
        format_ = "csv" if "octet" in kind else ""
        records = read(f"{peer.url}/people.csv", format=format_)
        assert [one.key for one in read(peer.url, format="csv", key_at="SIP")] == ["zoe@example.org", ""]
        assert "badge" in failure(peer.url, format="csv", key_at="badge")
    assert [(one.key, one.fields.get("phone")) for one in records] == [("17", ["0047"]), ("18", None)]
    assert records[0].at == "Line 2"


def test_answers_that_hold_no_records_say_what_they_are() -> None:
    page = Reply(body=b"<!doctype html><title>Sign in</title>", headers={"Content-Type": "text/html"})
    with serving(lambda asked: page) as peer:
        assert "doctype" in failure(peer.url)
    for body in (b"", b"7", b'"text"', b"null", b"true"):
        with serving(lambda asked, body=body: Reply(body=body)) as peer:
            failure(peer.url, format="json")
    with serving(lambda asked: Reply(body=b"")) as peer:
        assert "empty" in failure(peer.url, format="csv")


def test_records_of_any_shape_are_taken_for_what_they_hold() -> None:
    odd = ["text", 7, None, [], {"id": {"deep": 1}, "name": ["x"]}, {"id": True, "sip": "x" * 10_000}]
    reading = Reading({})
    with serving(lambda asked: as_json(odd)) as peer:
        reading = Reading({"url": peer.url})
        records = read("", reading=reading)
    assert [dict(one.fields) for one in records] == [
        {"value": ["text"]},
        {"value": ["7"]},
        {},
        {},
        {"id.deep": ["1"], "name[]": ["x"]},
        {"id": ["true"]},
    ]
    assert len(reading.warnings) == 1


def test_reading_is_stopped_while_the_server_lets_it_wait() -> None:
    def hang(asked: Asked) -> Reply:
        peer.held.wait(30)
        return as_json([])

    def go_on(count: int) -> None:
        if peer.asked:
            raise Stopped("stopped")

    book = editing.create_book("Corporate", inventory.root_folder())
    with serving(hang) as peer:
        source = keeping.add_source(HTTP, book, {"url": peer.url}, now=timezone.now())
        with pytest.raises(Stopped):
            read_source(source, go_on)
