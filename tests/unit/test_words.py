"""Texts in the reader's language: what is put in, what is passed over."""

import pytest

from roomkeeper import words
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext, noop

GERMAN = {
    "There is no folder {name}.": "Es gibt keinen Ordner {name}.",
    "It takes {seconds} s.": "Das dauert {sekunden} s.",
    "Close": "Schließen",
}


@pytest.fixture
def german():
    """Texts are German while the test runs."""
    before = words._translate, words._translate_number
    words.translate_by(lambda text: GERMAN.get(text, text), lambda one, many, count: many)
    yield
    words.translate_by(*before)


def test_values_are_put_into_the_translation(german):
    assert _("There is no folder {name}.", name="{row}") == "Es gibt keinen Ordner {row}."


def test_translation_that_names_what_is_not_there_is_passed_over(german):
    assert _("It takes {seconds} s.", seconds=3) == "It takes 3 s."


def test_text_without_a_value_that_it_names_is_a_fault_of_ours():
    with pytest.raises(KeyError):
        _("There is no folder {name}.", folder="Oslo")


def test_text_without_values_may_hold_braces():
    assert _("Write {{ where a brace is meant.") == "Write {{ where a brace is meant."


def test_empty_text_stays_empty(german):
    assert _("") == ""


def test_text_that_is_only_written_down_is_translated_where_it_is_shown(german):
    assert (noop("Close"), _(noop("Close"))) == ("Close", "Schließen")


@pytest.mark.parametrize(("count", "text"), [(0, "0 systems"), (1, "1 system"), (2, "2 systems")])
def test_number_chooses_the_text(count, text):
    assert ngettext("{count} system", "{count} systems", count) == text


def test_english_is_always_there():
    assert words.languages()[0] == words.ENGLISH
