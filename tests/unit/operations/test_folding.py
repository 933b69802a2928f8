"""How texts are compared by people: without letter case and accents, with numbers as numbers."""

import pytest

from roomkeeper.operations.folding import fold, natural_key


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("HÖRSAAL", "horsaal"),
        ("Hörsaal", "horsaal"),
        ("Ho\u0308rsaal", "horsaal"),
        ("Straße", "strasse"),
        ("STRAẞE", "strasse"),
        ("Ærø Ångström Œuvre", "aero angstrom oeuvre"),
        ("Łódź", "lodz"),
        ("ÞÓR", "thor"),
        ("会議室", "会議室"),
        ("", ""),
    ],
)
def test_letter_case_and_accents_do_not_count(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_numbers_count_as_numbers() -> None:
    names = ["Room 10", "room 2", "Room 1", "Room 2b", "Raum 3", "Room 010"]
    assert sorted(names, key=natural_key) == ["Raum 3", "Room 1", "room 2", "Room 2b", "Room 10", "Room 010"]
