"""What sheets tell a phone book, and what spreadsheets make of numbers."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import pytest

from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, xlsx_file
from roomkeeper.phonebooks.sources.xlsx_cells import Remark, text_of


def workbook(*rows: list[Any], change: Callable[[Any], None] = lambda book: None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(data: bytes, **settings: str) -> tuple[list[Record], list[str]]:
    reading = Reading(settings)
    return list(xlsx_file.read_file(data, reading)), reading.warnings


def repacked(data: bytes, change: Callable[[str, bytes], bytes], **more: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in more.items():
            new.writestr(name, content)
    return file.getvalue()


PEOPLE = (["Name", "Phone", "SIP"], ["Anna Berg", "+47 1", "anna@example.org"], ["Bo", 4930123456789, None])


def test_a_row_is_a_record_and_its_columns_are_the_fields() -> None:
    records, _ = read(workbook(["", ""], [None], *PEOPLE, [None, " "], ["Cy", "0"]))
    assert [dict(record.fields) for record in records] == [
        {"name": ["Anna Berg"], "phone": ["+47 1"], "sip": ["anna@example.org"]},
        {"name": ["Bo"], "phone": ["4930123456789"], "sip": [""]},
        {"name": ["Cy"], "phone": ["0"], "sip": [""]},
    ]
    assert [record.at.rpartition(" ")[2] for record in records] == ["4", "5", "7"]


@pytest.mark.parametrize(
    ("value", "number_format", "text", "remark"),
    [
        (4930123456789, "General", "4930123456789", Remark.NUMBER),
        (4.93e11, "General", "493000000000", Remark.NUMBER),
        (123456789012345.0, "0.00E+00", "123456789012345", Remark.NUMBER),
        (12345678901234500.0, "General", "12345678901234500", Remark.ROUNDED),
        (1.5, "General", "1.5", None),
        (123, "00000", "00123", None),
        (12345, "00", "12345", Remark.NUMBER),
        (123456789, '0#" "##" "##" "##" "##', "0123456789", None),
        (4912, '"+"0', "+4912", None),
        (4912, "\\+0", "+4912", None),
        (4912, "+#", "+4912", None),
        (12, '"+49"0;-0', "+4912", None),
        (4912, '0" "00', "4912", Remark.NUMBER),
        (4912, "#,##0.00", "4912", Remark.NUMBER),
        (True, "General", "TRUE", None),
        ("4.93E+11", "General", "4.93E+11", Remark.ROUNDED),
        (" 0047 1 ", "@", "0047 1", None),
        (datetime(2026, 1, 2), "", "2026-01-02", Remark.DATE),  # noqa: DTZ001 - as a cell has it
        (date(2026, 1, 2), "", "2026-01-02", Remark.DATE),
        (time(1, 2), "", "01:02:00", Remark.DATE),
        (timedelta(hours=30), "", "1 day, 6:00:00", Remark.DATE),
        (float("inf"), "", "", Remark.FAULT),
        (10**200, "", "", Remark.FAULT),
        (None, "", "", None),
    ],
)
def test_a_cell_is_what_people_see(value: Any, number_format: str, text: str, remark: Remark | None) -> None:
    assert text_of(value, number_format) == (text, remark)


def test_what_a_spreadsheet_made_of_numbers_is_told_once_a_column() -> None:
    records, warnings = read(
        workbook(
            ["Name", "Phone", "E164", "Title"],
            ["A", 4930123, 4001, date(2026, 1, 2)],
            ["B", 4930124, 4002, 5],
            ["C", date(2026, 3, 4), 1234567890123456789, None],
            ["D", "=1/0", None, None],
        )
    )
    assert [sentence[:40].partition(":")[0] for sentence in warnings] == [
        "Column “Phone”, 1 cells from row 4 on",
        "Column “E164”, 1 cells from row 4 on",
    ]
    assert records[0].fields["title"] == ["2026-01-02"]
    assert records[2].fields["phone"] == [""]


def test_numbers_beside_texts_with_a_zero_have_lost_theirs() -> None:
    assert len(read(workbook(["Name", "Extension"], ["A", "0123"], ["B", 124]))[1]) == 1
    assert not read(workbook(["Name", "Extension"], ["A", "123"], ["B", 124]))[1]


def test_formulas_give_their_last_value_and_failed_ones_are_told() -> None:
    def change(name: str, content: bytes) -> bytes:
        return (
            content.replace(b"<f>B2&amp;1</f><v></v>", b"<f>B2&amp;1</f><v>4711</v>")
            .replace(b"<f>B2&amp;1</f><v/>", b"<f>B2&amp;1</f><v>4711</v>")
            .replace(b'<c r="C2"', b'<c r="C2" t="e"')
            .replace(b"<f>NA()</f><v></v>", b"<f>NA()</f><v>#N/A</v>")
            .replace(b"<f>NA()</f><v/>", b"<f>NA()</f><v>#N/A</v>")
        )

    data = repacked(workbook(["Name", "SIP", "Phone"], ["=B2&1", "x@y.z", "=NA()"]), change)
    (record,), warnings = read(data)
    assert record.fields["name"] == ["4711"]
    assert record.fields["phone"] == [""]
    assert len(warnings) == 1


def test_the_size_that_a_writer_noted_is_not_believed() -> None:
    def change(name: str, content: bytes) -> bytes:
        return content.replace(b'<dimension ref="A1:C3"', b'<dimension ref="A1"')

    assert len(read(repacked(workbook(*PEOPLE), change))[0]) == 2


def test_the_first_sheet_that_is_shown_or_the_one_that_is_named() -> None:
    def change(book: Any) -> None:
        book.active.sheet_state = "hidden"
        for title in ("Rooms", "People"):
            book.create_sheet(title).append(["Name"])
            book[title].append([title])

    data = workbook(*PEOPLE, change=change)
    assert read(data)[0][0].fields == {"name": ["Rooms"]}
    assert read(data, sheet="people")[0][0].fields == {"name": ["People"]}
    assert len(read(data, sheet="Sheet")[0]) == 2
    with pytest.raises(SourceFailed, match="“Sheet”, “Rooms”, “People”"):
        read(data, sheet="Bookings")


def _compound(*names: str) -> bytes:
    return (
        bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 500 + b"".join(name.encode("utf-16-le") for name in names)
    )


def _zip(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"Name;Phone\r\nAnna;1\r\n", "another file"),
        (b"<html><table><tr><td>Name", "another file"),
        (_compound("Workbook"), ".xls"),
        (_compound("EncryptionInfo", "EncryptedPackage"), "password"),
        (_zip(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), ".ods"),
        (_zip(**{"xl/workbook.bin": b""}), ".xlsb"),
        (_zip(word=b""), "another file"),
        (_zip(**{"[Content_Types].xml": b"<Types"}), "damaged"),
        (workbook(*PEOPLE)[:-200], "damaged"),
        (workbook(*PEOPLE)[:2000], "damaged"),
        (workbook(), "empty"),
        (repacked(workbook(*PEOPLE), lambda _name, text: text.replace(b"</row>", b"</wor>")), "damaged"),
        (repacked(workbook(*PEOPLE), lambda _name, text: text.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/spreadsheetml/main"
        )), "Strict"),
        (repacked(workbook(*PEOPLE), lambda name, text: text if "sheet1" not in name else text.replace(
            b"<worksheet", b'<!DOCTYPE worksheet [<!ENTITY a "b">]><worksheet'
        )), "damaged"),
    ],
)  # fmt: skip
def test_what_is_none_says_so(data: bytes, word: str) -> None:
    with pytest.raises(SourceFailed, match=word):
        read(data)


@pytest.mark.parametrize(
    ("bound", "value"),
    [("MAX_FILE", 1_000), ("MAX_UNPACKED", 5_000), ("MAX_PARTS", 3), ("MAX_ROWS", 2), ("MAX_COLUMNS", 2)],
)
def test_bounds(monkeypatch: pytest.MonkeyPatch, bound: str, value: int) -> None:
    monkeypatch.setattr(xlsx_file, bound, value)
    with pytest.raises(SourceFailed):
        read(workbook(*PEOPLE))


def test_a_sheet_that_is_at_its_bounds_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_file, "MAX_ROWS", 3)
    monkeypatch.setattr(xlsx_file, "MAX_COLUMNS", 3)
    assert len(read(workbook(*PEOPLE))[0]) == 2


def test_an_entry_far_below_is_not_overlooked() -> None:
    def change(book: Any) -> None:
        book.active["A600000"] = "Far away"

    with pytest.raises(SourceFailed):
        read(workbook(*PEOPLE, change=change))


def test_a_preview_ends_early() -> None:
    reading = Reading({}, most=1)
    assert len(list(xlsx_file.read_file(workbook(*PEOPLE), reading))) == 1
