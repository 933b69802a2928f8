"""What a file asks: its columns, rows that cannot be used, and cells that no spreadsheet runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.bulk_editing.columns import ROWS_LIMIT
from roomkeeper.bulk_editing.reading import SheetRefused, read_csv, read_rows
from roomkeeper.bulk_editing.values import WORDS, Exact, NotUsable, Wish, read_setting, read_value, words_of
from roomkeeper.operations.csv_tables import plain_cell, read_table, safe_cell, write_line


def test_row_says_system_fields_identifiers_and_settings() -> None:
    sheet = read_csv(
        "id,name,Serial number,SIP/DisplayName[1],xConfiguration Audio DefaultVolume,tags\r\n"
        '7,Boardroom,FTT1,Board,70,"a; b"\r\n'
    )
    (row,) = sheet.rows
    assert (row.line, row.key, row.checks) == (2, 7, {"serial_number": "FTT1"})
    assert row.fields == {"name": "Boardroom", "tags": "a; b"}
    assert row.settings == {"SIP/DisplayName[1]": "Board", "Audio/DefaultVolume": "70"}
    assert sheet.problems == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_may_save_it_their_way(encoding: str, delimiter: str) -> None:
    text = f"id{delimiter}name\r\n7{delimiter}Møterom\r\n"
    assert read_csv(text.encode(encoding)).rows[0].fields == {"name": "Møterom"}


def test_file_whose_texts_were_encoded_twice_is_refused_with_the_reason() -> None:
    text = "id,name\r\n7,Hörsaal 2\r\n"
    twice = text.encode().decode("cp1252").encode()
    with pytest.raises(SheetRefused, match="encoded twice: it holds “Ã¶” where “ö” is meant"):
        read_csv(twice)


@pytest.mark.parametrize("name", ["Ångström", "Ça va", "São Paulo", "Žižkov", "Hörsaal – Süd", "ÂME"])
def test_letters_that_only_look_like_it_are_taken(name: str) -> None:
    assert read_csv(f"id,name\n7,{name}\n".encode()).rows[0].fields == {"name": name}


def test_two_bad_rows_do_not_stop_the_others() -> None:
    sheet = read_csv("id,name,colour\n1,A,\n,B,\nx2,C,\n3,D,\n1,E,\n4,F,red,more\n")
    assert [row.key for row in sheet.rows] == [1, 3]
    assert [str(problem) for problem in sheet.problems] == [
        "Line 1, colour: The column 'colour' is unknown and was left out.",
        "Line 3, id: The id of the system is missing.",
        "Line 4, id: 'x2' is not the id of a system.",
        "Line 6, id: System 1 is already in line 2; this row is left out.",
        "Line 7: It has more cells than the header.",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("name,tags\nA,b\n", "must be id"),
        ("id," + ",".join(f"A/B[{number}]" for number in range(201)), "At most 200 settings"),
        ("id\n" + "\n".join(str(number) for number in range(1, ROWS_LIMIT + 2)), "At most 20,000 rows"),
    ],
)
def test_what_is_no_such_file_is_refused_as_a_whole(text: str, words: str) -> None:
    with pytest.raises(SheetRefused, match=words):
        read_csv(text)


def test_headings_that_mean_the_same_count_once() -> None:
    sheet = read_csv(
        "id,SIP/DisplayName,sip display name,SIP/DisplayName[1],A//B,SystemUnit/Name\n1,a,b,c,d,e\n"
    )
    assert sheet.rows[0].settings == {"SIP/DisplayName": "a"}
    assert [problem.column for problem in sheet.problems] == [
        "sip display name",
        "SIP/DisplayName[1]",
        "A//B",
        "SystemUnit/Name",
    ]
    assert not any(problem.is_of_row for problem in sheet.problems)


def test_rows_of_programs_are_taken_as_they_are() -> None:
    sheet = read_rows(
        [
            {"id": 1, "name": "A", "settings": {"SIP Proxy 1 Address": "x", "Audio/DefaultVolume": None}},
            {"id": 2, "settings": {"not a path!": "x"}},
            {"id": 3, "settings": {"A/B": "x", "a/b[1]": "y"}},
        ]
    )
    assert [row.key for row in sheet.rows] == [1]
    assert sheet.rows[0].settings == {"SIP/Proxy[1]/Address": Exact("x"), "Audio/DefaultVolume": Exact(None)}
    assert [problem.line for problem in sheet.problems] == [2, 3]


@given(st.text())
def test_cells_survive_the_round_trip_and_are_no_formulas(text: str) -> None:
    cell = safe_cell(text, words=WORDS)
    assert plain_cell(cell, words=WORDS) == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell not in WORDS


@given(st.lists(st.text(alphabet="'=+-@\"*(none)", max_size=9), min_size=1, max_size=5))
def test_a_line_is_read_as_it_was_written(texts: list[str]) -> None:
    table = read_table(write_line(["id", *"abcde"]) + write_line(["1", *(safe_cell(text) for text in texts)]))
    assert table is not None
    assert [plain_cell(cell) for cell in table.rows[0][1][1:]] == texts


@pytest.mark.parametrize("typed", ["'t Hooft", "'", "O'Neill", ""])
def test_what_people_type_is_left_alone(typed: str) -> None:
    assert plain_cell(typed, words=WORDS) == typed


@pytest.mark.parametrize(
    ("cell", "present", "wish"),
    [
        ("", "x", None),
        ("  ", "x", None),
        ("***", "***", None),
        ("***", "x", None),
        ("x", "x", None),
        ("a\r\nb", "a\nb", None),
        ("TRUE", "True", None),
        ("FALSE", "True", Wish("False")),
        (" y ", "x", Wish("y")),
        ('""', "x", Wish("")),
        ("(none)", "x", Wish(None)),
        (Exact("(none)"), "x", Wish("(none)")),
        (Exact(None), "x", Wish(None)),
        (Exact(""), "x", Wish("")),
        (Exact("***"), "x", None),
    ],
)
def test_what_a_cell_wishes_of_a_setting(cell: str | Exact, present: str, wish: Wish | None) -> None:
    assert read_setting(cell, present) == wish


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("name", "  Board \n room ", "Board room"),
        ("tags", "b, a;a | c", ("a", "b", "c")),
        ("tags", "", ()),
        ("tags", Exact(["x, y", "a"]), ("a", "x, y")),
        ("http_port", "8080", 8080),
        ("http_port", "", None),
        ("https_port", Exact(None), None),
        ("connectivity", "Behind Firewall", "behind_firewall"),
        ("connectivity", "reachable_on_lan", "reachable_on_lan"),
        ("connectivity_is_locked", "Yes", True),
        ("tls_is_legacy", "FALSE", False),
        ("tls_trust", "authority", "authority"),
        ("folder", "Oslo / HQ", "Oslo / HQ"),
        ("folder", Exact(7), 7),
        ("notes", "one\r\ntwo", "one\ntwo"),
        ("host", " codec.example.org ", "codec.example.org"),
    ],
)
def test_words_become_values(field: str, cell: str | Exact, value: object) -> None:
    assert read_value(field, cell) == value


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("name", " "),
        ("name", "x" * 51),
        ("name", "a\x00b\x01"),
        ("tags", "x" * 51),
        ("tags", Exact("a")),
        ("folder", ""),
        ("http_port", "0"),
        ("http_port", "70000"),
        ("http_port", "eighty"),
        ("http_port", Exact(True)),
        ("connectivity", ""),
        ("connectivity", "somehow"),
        ("connectivity_is_locked", "perhaps"),
        ("connectivity_is_locked", Exact(1)),
        ("tls_trust", "hope"),
        ("host", "not a host!"),
        ("notes", "x" * 10_001),
        ("folder", Exact(True)),
    ],
)
def test_words_that_are_no_value_are_refused_in_a_sentence(field: str, cell: str | Exact) -> None:
    with pytest.raises(NotUsable) as refusal:
        read_value(field, cell)
    assert str(refusal.value).endswith((".", "?"))


def test_values_are_written_as_they_are_read() -> None:
    for field, value in (("tags", ("a", "b")), ("http_port", None), ("tls_is_legacy", True), ("name", "A")):
        assert read_value(field, words_of(value) if field != "tags" else "b; a") == value  # type: ignore[arg-type]
