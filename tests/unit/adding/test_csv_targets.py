"""From CSV files to targets: encodings, delimiters, headings, and rows that cannot be used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.adding.csv_targets import parse_csv
from roomkeeper.adding.targets import MOST, AddingTarget, TooMany

ROWS = 'host,username,password,name,tags\n10.1.2.3,admin,hunter2,Møterom,"court;3rd floor"\n'
WANTED = AddingTarget(
    "10.1.2.3", username="admin", password="hunter2", name="Møterom", tags=("court", "3rd floor"), line=2
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_of_spreadsheets(encoding: str) -> None:
    assert parse_csv(ROWS.encode(encoding)).targets == (WANTED,)


def test_text_that_was_read_already() -> None:
    assert parse_csv("\ufeff" + ROWS).targets == (WANTED,)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters(delimiter: str) -> None:
    text = f"host{delimiter}name\r\n10.1.2.3{delimiter}Boardroom\r\n"
    assert parse_csv(text).targets == (AddingTarget("10.1.2.3", name="Boardroom", line=2),)


@pytest.mark.parametrize(
    ("heading", "cell", "wanted"),
    [
        ("IP Address", "10.1.2.3", {"host": "10.1.2.3"}),
        ("fqdn", "Codec.example.org:8443", {"host": "codec.example.org", "https_port": 8443}),
        ("MAC", "00-50-60-ab-cd-ef", {"mac_address": "005060ABCDEF"}),
        ("Serial number", " FTT1 ", {"serial_number": "FTT1"}),
    ],
)
def test_headings_in_the_words_of_people(heading: str, cell: str, wanted: dict[str, object]) -> None:
    (target,) = parse_csv(f"{heading}\n{cell}\n").targets
    assert {name: getattr(target, name) for name in wanted} == wanted


def test_columns_win_over_the_port_behind_the_host() -> None:
    (target,) = parse_csv("host,https_port,http_port\n10.1.2.3:8443,9443,8080\n").targets
    assert (target.https_port, target.http_port) == (9443, 8080)


def test_password_keeps_its_blanks_and_nothing_else_does() -> None:
    (target,) = parse_csv('host,username,password,name\n10.1.2.3, admin , a b ,"two\nlines"\n').targets
    assert (target.username, target.password, target.name) == ("admin", " a b ", "two lines")
    assert " a b " not in repr(target)


def test_rows_that_cannot_be_used_are_told_by_their_line_and_the_rest_is_kept() -> None:
    found = parse_csv(
        "host,username,password,name,mac,https_port\n"
        "10.1.2.3,,,,,\n"
        "\n"
        "10.1.2.300,admin,hunter2,,,\n"
        "10.1.2.0/24,,,,,\n"
        '10.1.2.4,,,"a name\nof two lines",,\n'
        "10.1.2.5,,hunter2,,,\n"
        ",,,Nameless,,\n"
        ",,,,12:34,\n"
        "10.1.2.6,,,,,many\n"
        "10.1.2.3,,,,,\n"
        "10.1.2.7,,,,,,,more\n"
        f"10.1.2.8,,,{'x' * 51},,\n"
        ",,,Awaited,005060ABCDEF,\n"
    )
    assert [(target.host, target.line) for target in found.targets] == [
        ("10.1.2.3", 2),
        ("10.1.2.4", 6),
        ("", 15),
    ]
    assert [problem.line for problem in found.problems] == [4, 5, 8, 9, 10, 11, 12, 13, 14]
    sentences = " ".join(str(problem) for problem in found.problems)
    for words in (
        "not an IP address",
        "more than one",
        "no username",
        "needs a host",
        "not a MAC",
        "https_port",
    ):
        assert words in sentences
    assert "Line 12: 10.1.2.3 is already in line 2." in sentences
    assert "hunter2" not in repr(found.problems)


def test_columns_that_are_not_known_are_told() -> None:
    found = parse_csv("host,colour\n10.1.2.3,red\n")
    assert len(found.targets) == 1
    assert str(found.problems[0]) == "Line 1: The column 'colour' is unknown and was left out."


@pytest.mark.parametrize("text", ["10.1.2.3,admin\n10.1.2.4,admin\n", "name,tags\nBoardroom,x\n"])
def test_file_without_a_heading_is_told_as_such(text: str) -> None:
    found = parse_csv(text)
    assert found.targets == ()
    assert "first line must name the columns" in found.problems[-1].sentence


def test_empty_file_holds_nothing() -> None:
    assert parse_csv(b"") == parse_csv("\n \n")
    assert parse_csv(b"").targets == ()


def test_too_many_rows_are_refused_with_their_number() -> None:
    rows = "\n".join(f"10.{n // 65536}.{n // 256 % 256}.{n % 256}" for n in range(1, MOST + 2))
    with pytest.raises(TooMany, match="4,097"):
        parse_csv(f"host\n{rows}\n")


@given(st.binary(max_size=300))
def test_any_bytes_give_targets_or_sentences(data: bytes) -> None:
    parse_csv(b"host,name\n" + data)
    parse_csv(data)
