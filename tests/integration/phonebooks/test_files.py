"""Files brought into a phone book: spreadsheets and vCards, through to the entries."""

import io
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from roomkeeper.phonebooks import editing, syncing
from roomkeeper.phonebooks.models import IS_SHOWN, Contact, PhoneBook, Source
from roomkeeper.phonebooks.sources import SourceFailed
from roomkeeper.systems import inventory

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
CARDS = """BEGIN:VCARD
VERSION:3.0
UID:1
FN:Anna Berg
ORG:Example
TEL;TYPE=cell:4721234567
END:VCARD
BEGIN:VCARD
VERSION:2.1
broken
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=BCrgen
X-SIP:sip:j@example.org
END:VCARD
"""


@pytest.fixture
def book() -> PhoneBook:
    return editing.create_book("Corporate", inventory.root_folder())


def bring(book: PhoneBook, kind: str, data: bytes, **more: Any) -> Source:
    source = syncing.import_file(book, kind, data, may_shrink=False, now=NOW, **more)
    source.refresh_from_db()
    return source


def shown(source: Source) -> list[tuple[str, str, list[str]]]:
    rows = Contact.objects.filter(IS_SHOWN, source=source).order_by("name")
    return [(row.name, row.note, [method[1] for method in row.methods]) for row in rows]


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_cards_become_entries_and_what_is_broken_in_one_is_told(book: PhoneBook) -> None:
    source = bring(book, "vcard", CARDS.encode())
    assert shown(source) == [
        ("Anna Berg", "Example", ["4721234567"]),
        ("Jürgen Müller", "", ["j@example.org"]),
    ]
    # A number without a plus is nothing that a spreadsheet did.
    (sentence,) = source.warnings
    assert sentence.startswith("Line 10")
    bring(book, "vcard", CARDS.replace("Anna Berg", "Anna Berg-Olsen").encode())
    assert [name for name, _note, _methods in shown(source)] == ["Anna Berg-Olsen", "Jürgen Müller"]


def test_rows_become_entries_and_what_a_spreadsheet_did_is_told(book: PhoneBook) -> None:
    rows = (["Name", "Phone", "SIP"], ["Anna", "+47 1", "a@b.c"], ["Bo", 4721234567, None])
    source = bring(book, "xlsx", workbook(*rows))
    assert shown(source) == [("Anna", "", ["a@b.c", "+47 1"]), ("Bo", "", ["4721234567"])]
    assert source.warnings


def test_columns_may_be_called_anything(book: PhoneBook) -> None:
    pairs = [["name", "wer"], ["telephone", "wo"]]
    source = bring(book, "xlsx", workbook(["Wer", "Wo"], ["Anna", "+47 1"]), pairs=pairs)
    assert shown(source) == [("Anna", "", ["+47 1"])]


@pytest.mark.parametrize("kind", ["xlsx", "vcard"])
def test_a_file_that_is_cut_off_changes_nothing(book: PhoneBook, kind: str) -> None:
    data = CARDS.encode() if kind == "vcard" else workbook(["Name", "Phone"], ["Anna", "+47 1"])
    source = bring(book, kind, data)
    before = shown(source)
    with pytest.raises(SourceFailed):
        bring(book, kind, data[:-30])
    assert shown(source) == before


def test_a_workbook_that_is_brought_as_csv_says_what_it_is(book: PhoneBook) -> None:
    with pytest.raises(SourceFailed, match="XLSX"):
        bring(book, "csv", workbook(["Name", "Phone"], ["Anna", "+47 1"]))
