"""Which words find which entry."""

import pytest

from roomkeeper.phonebooks import words


def finds(asked: str, name: str, *addresses: str) -> bool:
    known = [*words.name_words(name), *words.number_words(addresses)]
    groups = words.asked_words(asked)
    return bool(groups) and all(
        any(word.startswith(form) for word in known for form in group) for group in groups
    )


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


def test_the_words_of_a_long_text_are_bounded() -> None:
    assert len(words.name_words(" ".join(f"w{n}" for n in range(10_000)))) <= 40
    assert len(words.number_words(["9" * 5_000] * 100)) <= 40
    assert len(words.asked_words("a " * 5_000)) <= 8
