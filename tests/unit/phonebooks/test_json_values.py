"""JSON of a stranger, and what of it becomes fields."""

import json
from typing import Any

import pytest

from roomkeeper.phonebooks.sources import Reading, SourceFailed
from roomkeeper.phonebooks.sources.bounds import LONGEST_VALUE, MOST_FIELDS, MOST_VALUES, Bounds, key_of
from roomkeeper.phonebooks.sources.json_values import decode_json, find_at, flat


def fields(value: Any) -> dict[str, list[str]]:
    return Bounds().fields(flat(decode_json(json.dumps(value).encode(), "hr.example.org")))


def test_nested_values_are_laid_flat_by_their_path() -> None:
    person = {
        "id": 7,
        "name": {"first": "Ann", "last": "Åberg"},
        "phones": [{"number": "+47 1", "kind": "work"}, {"number": "+47 2"}],
        "aliases": ["a", "b"],
        "active": True,
        "nothing": None,
        "empty": "",
    }
    assert fields(person) == {
        "id": ["7"],
        "name.first": ["Ann"],
        "name.last": ["Åberg"],
        "phones[].number": ["+47 1", "+47 2"],
        "phones[].kind": ["work"],
        "aliases[]": ["a", "b"],
        "active": ["true"],
    }
    assert fields("alone") == {"value": ["alone"]}


def test_numbers_stay_as_they_are_written() -> None:
    body = b'{"phone": 004712345678901234567890}'
    with pytest.raises(SourceFailed):
        decode_json(body, "x")
    digits = "9" * 5_000
    found = decode_json(f'{{"a": 4712345678901234567890, "b": 1e400, "c": NaN, "d": {digits}}}'.encode(), "x")
    assert found == {"a": "4712345678901234567890", "b": "1e400", "c": "NaN", "d": digits}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", {"data": {"items": [1, 2]}, "a.b": "dots"}),
        ("data.items", [1, 2]),
        ("/data/items", [1, 2]),
        ("/data/items/1", 2),
        ("data.items.0", 1),
        ("a.b", "dots"),
        ("data.items.9", None),
        ("data.nothing.more", None),
        ("data.items.x", None),
    ],
)
def test_path_leads_to_what_stands_there(path: str, found: Any) -> None:
    assert find_at({"data": {"items": [1, 2]}, "a.b": "dots"}, path) == found


def test_json_pointer_names_signs_of_its_own() -> None:
    assert find_at({"a/b": {"c~d": "x"}}, "/a~1b/c~0d") == "x"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{",
        b"[" * 100_000,
        b"\xff\xfe\xfd",
        b'{"a":' * 50_000,
        b"[" * 2_000_001,
        b"," * 6_000_001,
    ],
)
def test_what_is_no_json_of_a_usable_size_is_refused(body: bytes) -> None:
    with pytest.raises(SourceFailed):
        decode_json(body, "hr.example.org")


def test_values_beyond_the_bounds_are_left_out_whole_and_told_once() -> None:
    bounds, reading = Bounds(), Reading({})
    found = bounds.fields([("sip", "x" * (LONGEST_VALUE + 1)), ("sip", "ann@example.org"), ("n" * 256, "x")])
    assert found == {"sip": ["ann@example.org"]}
    many = bounds.fields([("a", str(number)) for number in range(MOST_VALUES + 3)])
    assert len(many["a"]) == MOST_VALUES
    wide = bounds.fields([(str(number), "x") for number in range(MOST_FIELDS + 4)])
    assert len(wide) == MOST_FIELDS
    bounds.tell(reading)
    assert bounds.left_out == 9
    assert len(reading.warnings) == 1
    deep: Any = "x"
    for _level in range(20):
        deep = [deep]
    assert fields(deep) == {}


def test_text_holds_nothing_that_a_database_cannot() -> None:
    lone = decode_json(b'{"a": "x\\ud800y\\u0000z", "b": "\\ud83d\\ude00"}', "x")
    found = Bounds().fields(flat(lone))
    assert found["b"] == ["\U0001f600"]
    assert found["a"][0].encode().count(b"\0") == 0
    assert key_of(" a\0b ") == "a b"
    # Cut, it could be that of another.
    assert key_of("x" * 256) == ""
