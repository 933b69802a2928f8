"""Lists: pages, cursors, sorts, parameters."""

from urllib.parse import quote

import pytest
from tests.cast import add_system
from tests.integration.api.conftest import Caller

from roomkeeper.api import paging
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.operations.lists import sorts_of
from roomkeeper.systems.models import Contact, Folder, System


@pytest.fixture
def rooms(oslo: Folder, bergen: Folder) -> list[System]:
    """Twelve systems with equal and missing values in most columns."""
    made = []
    for number in range(1, 13):
        made.append(
            add_system(
                f"Room {number % 5}",
                oslo if number % 2 else bergen,
                number,
                http_port=None if number % 3 else 8080,
                drift_count=number % 4,
                in_call=number % 2 == 0,
                product=f"Model {number % 3}",
            )
        )
    Contact.objects.filter(system__in=made[:4]).update(last_seen_at=None, next_contact_due_at=None)
    return made


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", sorted(sorts_of(SYSTEMS)))
def test_pages_hold_every_row_once_with_every_sort(
    sort: str,
    descending: bool,
    call: Caller,
    rooms: list[System],
) -> None:
    word = f"-{sort}" if descending else sort
    whole = call.get(f"systems?sort={word}")
    assert whole["next"] is None
    found: list[dict[str, object]] = []
    cursor = ""
    while True:
        page = call.get(f"systems?sort={word}&limit=5&cursor={quote(cursor)}")
        found += page["items"]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert [one["id"] for one in found] == [one["id"] for one in whole["items"]]
    assert sorted(one["id"] for one in found) == sorted(room.pk for room in rooms)


def test_a_page_stays_whole_when_rows_before_it_go(call: Caller, rooms: list[System]) -> None:
    first = call.get("systems?sort=id&limit=4")
    System.objects.filter(pk=rooms[0].pk).delete()
    second = call.get(f"systems?sort=id&limit=4&cursor={first['next']}")
    assert [one["id"] for one in second["items"]] == [room.pk for room in rooms[4:8]]


@pytest.mark.parametrize(
    "cursor", ["x", "!!!", "bnVsbA", "W10", "WyJpZCIse30sMV0", "WyJpZCIsIngiLCIxIl0", "é"]
)
def test_a_cursor_of_ones_own_making_is_refused(cursor: str, call: Caller, rooms: list[System]) -> None:
    answer = call("GET", f"systems?sort=id&cursor={quote(cursor)}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.cursor"


def test_a_cursor_of_another_sort_is_refused(call: Caller, rooms: list[System]) -> None:
    first = call.get("systems?sort=id&limit=4")
    assert call("GET", f"systems?sort=name&cursor={first['next']}").status_code == 422


def test_an_unknown_parameter_is_named(call: Caller) -> None:
    problem = call("GET", "systems?nmae=x").json()
    assert problem["status"] == 422
    assert problem["errors"] == [{"field": "query.nmae", "message": "unknown parameter"}]
    assert "name" in problem["hint"]


def test_an_unknown_sort_is_refused_with_the_known_ones(call: Caller) -> None:
    problem = call("GET", "systems?sort=colour").json()
    assert problem["status"] == 422
    assert "last_seen_at" in problem["hint"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=many",
        "state=asleep",
        "state=pending,asleep",
        "last_seen_before=0.5",
        "last_seen_after=1700000000",
        "alive=maybe",
        "folder=-1",
        "mac_address=zz",
        "id=99999999999999999999",
        "search=%00",
        "name=%ED%A0%80%00",
    ],
)
def test_unusable_values_are_refused(query: str, call: Caller) -> None:
    answer = call("GET", f"systems?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_a_limit_too_large_is_the_largest(
    call: Caller, rooms: list[System], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(call.get("systems?limit=99999999999999999999")["items"]) == 12
    monkeypatch.setattr(paging, "MAX_LIMIT", 5)
    assert len(call.get("systems?limit=501")["items"]) == 5


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("change-sets", "created_before"),
        ("actions", "created_after"),
        ("tickets", "opened_before"),
        ("audit", "before"),
    ],
)
def test_a_number_is_no_time(path: str, name: str, call: Caller) -> None:
    answer = call("GET", f"{path}?{name}=0.5")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"query.{name}"
    assert call.get(f"{path}?{name}=2026-03-01")["next"] is None


@pytest.mark.parametrize(
    "path",
    ["systems", "change-sets", "actions", "folders", "tags", "tickets", "users", "groups", "tokens", "audit"],
)
def test_every_list_has_items_and_next(path: str, call: Caller, rooms: list[System]) -> None:
    page = call.get(f"{path}?limit=1&search=o")
    assert set(page) == {"items", "next"}
    assert call("GET", f"{path}?colour=red").status_code == 422
