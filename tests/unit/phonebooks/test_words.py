"""Which words find which entry."""

import pytest

from roomkeeper.phonebooks import words


def finds(asked: str, name: str, *addresses: str) -> bool:
    known, what = words.words_of(name, addresses, ""), words.asked(asked)
    if what is None:
        return False
    assert what.is_in(known) or len(what.groups) > 1 or what.best_row(known) is None
    return what.is_in(known) and what.best_row(known) is not None


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("muller", "Anna Müller"), ("mueller", "Anna Müller"), ("MÜL an", "Anna Müller"), ("müller", "Anna Mueller"),
        ("müller", "Anna Muller"), ("angstrom", "Bjørn Ångström"), ("aangstroem", "Ångström"), ("bjoern", "Bjørn"),
        ("hauptstrasse 12", "Hauptstraße 12"), ("brien", "José O'Brien"), ("室", "会議室 A"),
        ("conf", "Room (Conference) 3"),
        ("иван", "Иванов Пётр"), ("ПЕТР", "Иванов Пётр"),
    ],
)  # fmt: skip
def test_a_name_is_found_by_the_beginning_of_its_words(asked: str, name: str) -> None:
    assert finds(asked, name)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("uller", "Anna Müller"),
        ("anna x", "Anna Müller"),
        ("maller", "Anna Müller"),
        ("", "Anna"),
        ("-+ .", "Anna"),
    ],
)
def test_it_is_not_found_by_anything_else(asked: str, name: str) -> None:
    assert not finds(asked, name)


@pytest.mark.parametrize(
    "asked",
    ["+47 22 33 44 55", "0047 22 33", "4722334455", "(22) 33-44", "2233", "455", "022334455", "22.33.44"],
)
def test_a_number_is_found_by_any_part_written_any_way(asked: str) -> None:
    assert finds(asked, "Anna", "+47 22 33 44 55")


@pytest.mark.parametrize("asked", ["room2", "room2@example.org", "room 2"])
def test_an_address_is_found_by_its_parts(asked: str) -> None:
    assert finds(asked, "Room two", "sip:room2@example.org", "room.2@example.org")


@pytest.mark.parametrize("asked", ["room 22", "room 223", "room 33"])
def test_a_short_number_beside_other_words_is_none_in_the_middle_of_another(asked: str) -> None:
    assert not finds(asked, "Room 5", "+47 22 33 44 55")


@pytest.mark.parametrize("asked", ["room 2233", "room 47", "4455 ro", "room 5"])
def test_a_longer_one_and_the_beginning_of_one_are_found_beside_other_words(asked: str) -> None:
    assert finds(asked, "Room 5", "+47 22 33 44 55")


def test_the_words_of_a_long_text_are_bounded() -> None:
    known = words.words_of(" ".join(f"w{n}" for n in range(10_000)), ["9" * 5_000] * 100, "note " * 100)
    assert len(words.rows_of(known)) <= 160
    many = [f"{n:030}" for n in range(100)]
    assert len(words.rows_of(words.words_of("Many", many, ""))) <= 160
    asked = words.asked("a " * 5_000)
    assert asked is not None
    assert len(asked.groups) <= 8
