"""Variables in values: what each is, what is told where one has no value, and braces that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.configuration_templates.variables import (
    SystemFacts,
    escape,
    fill,
    has_variables,
    names_in,
    problems_of,
)

FACTS = SystemFacts(
    "Boardroom 4",
    ("Oslo", "HQ"),
    "All systems",
    ("executive", "site:OSL", "Floor = 3", "dept=IT:ops"),
    "Europe/Oslo",
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{system.name}", "Boardroom 4"),
        ("{ system.name }", "Boardroom 4"),
        ("{folder.name}", "HQ"),
        ("{folder.path}", "Oslo / HQ"),
        ("Room {room}", "Room 4"),
        ("{tag.site}-{room}", "OSL-4"),
        ("{tag.SITE}", "OSL"),
        ("{tag.floor}", "3"),
        ("{tag.dept}", "IT:ops"),
        ("{time_zone}", "Europe/Oslo"),
        ("{{room}}", "{room}"),
        ("{{{room}}}", "{4}"),
        ('{{"a": 1}}', '{"a": 1}'),
        ("a } b", "a } b"),
    ],
)
def test_variables_are_filled_in(text: str, value: str) -> None:
    filled = fill(text, FACTS)
    assert (filled.value, filled.problems) == (value, ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{nothing}", "There is no variable {nothing}"),
        ("{}", "There is no variable {}"),
        ("{tag.}", "There is no variable {tag.}"),
        ("{tag.KEY2}", "no tag KEY2:VALUE"),
        ("{room", "not closed"),
        ("{a{room}", "not closed"),
    ],
)
def test_what_has_no_value_is_told(text: str, words: str) -> None:
    assert words in " ".join(fill(text, FACTS).problems)


def test_problems_for_every_system_are_known_without_one() -> None:
    assert problems_of("{room} {tag.site} {{x}}") == ()
    assert "{rooom}" in problems_of("{rooom}")[0]


@pytest.mark.parametrize(
    ("name", "tags", "room"),
    [
        ("Boardroom 4", (), "4"),
        ("4.12 Boardroom", (), "4.12"),
        ("Oslo B204", (), "204"),
        ("3rd floor, room 17-2", (), "17-2"),
        ("Boardroom 4 (left)", ("room:4L",), "4L"),
        ("Boardroom 4", ("room=9",), "9"),
        ("007", (), "007"),
    ],
)
def test_the_room_is_the_tag_else_the_last_number_else_the_first(
    name: str, tags: tuple[str, ...], room: str
) -> None:
    assert fill("{room}", SystemFacts(name, tags=tags)).value == room


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (SystemFacts("Boardroom"), "{room}"),
        (SystemFacts("Room 4", tags=("room:1", "room:2")), "{room}"),
        (SystemFacts("Room 4", tags=("site:A", "site=B")), "{tag.site}"),
        (SystemFacts("Room 4", tags=("site:",)), "{tag.site}"),
        (SystemFacts("Room 4"), "{time_zone}"),
        (SystemFacts(""), "{system.name}"),
    ],
)
def test_nothing_is_guessed(facts: SystemFacts, text: str) -> None:
    assert fill(text, facts).problems


def test_the_root_folder_is_named_where_a_system_stands_in_it() -> None:
    facts = SystemFacts("x", (), "All systems")
    assert fill("{folder.name}|{folder.path}", facts).value == "All systems|All systems"


def test_a_value_that_looks_like_a_variable_is_not_filled_in_again() -> None:
    assert fill("{system.name}", SystemFacts("{room} 4")).value == "{room} 4"


@given(st.text(max_size=200))
def test_any_text_escaped_says_the_same_everywhere(text: str) -> None:
    filled = fill(escape(text), FACTS)
    assert (filled.value, filled.problems) == (text, ())
    assert names_in(escape(text)) == ()
    assert has_variables(escape(text)) == ("{" in text or "}" in text)


@given(st.text(alphabet="{}room.tag sy", max_size=60))
def test_no_text_breaks_filling_in(text: str) -> None:
    filled = fill(text, FACTS)
    assert bool(filled.problems) or "{" not in text.replace("{{", "") or filled.value != text
