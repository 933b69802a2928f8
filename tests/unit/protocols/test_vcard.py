"""vCards of all versions, as address books write them."""

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.protocols import vcard
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.vcard import Card, CutOff, Property, Unreadable, read_cards


def card(*lines: str, version: str = "3.0") -> bytes:
    return "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", "")).encode()


def only(data: bytes) -> Card:
    (found,) = read_cards(data)
    assert isinstance(found, Card)
    return found


def values(data: bytes, name: str) -> list[str]:
    return [one.text for one in only(data).properties if one.name == name]


def one(data: bytes, name: str = "TEL") -> Property:
    (found,) = (each for each in only(data).properties if each.name == name)
    return found


@pytest.mark.parametrize(
    ("version", "lines", "expected"),
    [
        ("3.0", ("FN:Anna", "  Berg"), "Anna Berg"),
        ("3.0", ("FN:An", "\tna"), "Anna"),
        ("2.1", ("FN:Anna", " Berg"), "Anna Berg"),
        ("3.0", ("FN:Berg\\, Anna\\; Dr.",), "Berg, Anna; Dr."),
        ("4.0", ("FN:one\\ntwo\\Nthree",), "one\ntwo\nthree"),
        ("2.1", ("FN:C:\\new",), "C:\\new"),
        ("3.0", ("FN:back\\\\slash\\\\n",), "back\\slash\\n"),
        ("3.0", ("fn:small letters",), "small letters"),
        ("2.1", ("FN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:J=C3=BCrgen =", "M=C3=BCller"), "Jürgen Müller"),
        ("2.1", ("FN;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:M=FCller",), "Müller"),
        ("2.1", ("FN;ENCODING=QUOTED-PRINTABLE:one=0D=0Atwo",), "one\r\ntwo"),
        ("3.0", ('FN;X-A="a:b;c":Anna',), "Anna"),
        ("4.0", ('FN;X-A="a:', ' b":Anna',), "Anna"),
        ("2.1", ('FN;X-A=":Anna',), "Anna"),
    ],
)  # fmt: skip
def test_a_value_is_unfolded_decoded_and_unescaped_by_its_version(
    version: str, lines: tuple[str, ...], expected: str
) -> None:
    assert values(card(*lines, version=version), "FN") == [expected]


def test_a_letter_that_was_folded_in_the_middle_is_whole() -> None:
    assert values(
        card("FN:X").replace(b"X", "M\u00fcller".encode().replace(b"\xbc", b"\r\n \xbc")), "FN"
    ) == ["Müller"]


@pytest.mark.parametrize(
    "data",
    [
        card("FN:Müller"),
        b"\xef\xbb\xbf" + card("FN:Müller"),
        card("FN:Müller").decode().encode("latin-1"),
        card("FN:Müller").decode().encode("utf-16"),
        card("FN:Müller").replace(b"\r\n", b"\n"),
        card("FN:Müller").replace(b"\r\n", b"\r"),
        card("FN:Müller").replace(b"\r\n", b"\r\n\r\n"),
    ],
)
def test_encodings_and_line_ends(data: bytes) -> None:
    assert values(data, "FN") == ["Müller"]


def test_types_with_and_without_a_name_and_in_one_pair_of_quotation_marks() -> None:
    assert one(card("TEL;HOME;VOICE:1", version="2.1")).types == ("home", "voice")
    assert one(card("TEL;TYPE=CELL,pref;TYPE=work:1")).types == ("cell", "pref", "work")
    assert one(card('TEL;TYPE="voice,home":1', version="4.0")).types == ("voice", "home")


def test_what_is_preferred() -> None:
    assert one(card("TEL;WORK;PREF:1", version="2.1")).preference == 1
    assert one(card("TEL;PREF=7:1", version="4.0")).preference == 7
    assert one(card("TEL;PREF=much:1", version="4.0")).preference == 101
    assert one(card("TEL:1")).preference == 101


def test_a_group_and_its_label() -> None:
    found = only(card("item1.TEL:5", "item1.X-ABLabel:Reception")).properties
    assert [(each.group, each.name, each.text) for each in found] == [
        ("ITEM1", "TEL", "5"),
        ("ITEM1", "X-ABLABEL", "Reception"),
    ]


def test_parts_are_separated_by_semicolons_that_are_not_escaped() -> None:
    assert one(card("N:Berg\\;x;Anna\\, M.;;;"), "N").parts == ("Berg;x", "Anna, M.", "", "", "")


def test_carets_in_parameters() -> None:
    assert one(card("TEL;LABEL=\"^'Big^' room^nUpstairs\":1", version="4.0")).parameters["LABEL"] == (
        '"Big" room\nUpstairs'
    )


@pytest.mark.parametrize(
    "lines",
    [
        ("PHOTO;ENCODING=BASE64;JPEG:", " /9j/4AAQ", " AAAA", ""),
        ("PHOTO;BASE64:/9j/4AAQ", "AAAA/9j/", "AA==", ""),
        ("PHOTO;ENCODING=b;TYPE=JPEG:/9j/", " AAAA"),
        ("PHOTO:data:image/jpeg;base64,/9j/", " AAAA"),
        ("X-PICTURE;ENCODING=B:/9j/", " AAAA"),
    ],
)
def test_pictures_are_skipped_and_what_follows_is_read(lines: tuple[str, ...]) -> None:
    found = only(card(*lines, "TEL:1")).properties
    assert [(each.name, each.text) for each in found] == [("TEL", "1")]


def test_versions_may_be_mixed() -> None:
    data = card("FN:a\\nb", version="2.1") + card("FN:a\\nb") + card("FN:c", version="4.0")
    found = [each for each in read_cards(data) if isinstance(each, Card)]
    assert [(each.version, each.line, each.properties[0].text) for each in found] == [
        ("2.1", 1, "a\\nb"),
        ("3.0", 5, "a\nb"),
        ("4.0", 9, "c"),
    ]


def test_a_line_that_is_none_costs_neither_its_card_nor_the_next() -> None:
    data = card("this is not one", " and goes on", "TEL:1", ":2", "T\u00c4L:3") + card("TEL:2")
    found = list(read_cards(data))
    assert [each.line for each in found if isinstance(each, Unreadable)] == [3, 6, 7]
    assert [each.properties[0].text for each in found if isinstance(each, Card)] == ["1", "2"]


def test_a_card_without_its_end_does_not_cost_the_next() -> None:
    found = list(read_cards(b"BEGIN:VCARD\nTEL:1\n" + card("TEL:2")))
    assert [each.line for each in found if isinstance(each, Unreadable)] == [1]
    assert [each.properties[0].text for each in found if isinstance(each, Card)] == ["1", "2"]


def test_a_soft_break_does_not_swallow_the_end() -> None:
    data = card("URL;ENCODING=QUOTED-PRINTABLE:http://example.org/?a=", version="2.1") + card("TEL:2")
    assert len([each for each in read_cards(data) if isinstance(each, Card)]) == 2


def test_a_card_in_a_card_is_left_out() -> None:
    data = card("TEL:1", "AGENT:", *card("TEL:2").decode().split("\r\n")[:-1], "TEL:3", version="2.1")
    assert values(data, "TEL") == ["1", "3"]


def test_a_file_that_was_cut_off_says_so() -> None:
    with pytest.raises(CutOff, match="line 5"):
        list(read_cards(card("TEL:1") + card("TEL:2")[:-12]))


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"name,telephone\r\nAnna,1\r\n", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR"]
)
def test_a_file_without_a_card_says_so(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(read_cards(data))


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vcard, "MAX_CARDS", 2)
    with pytest.raises(ProtocolError):
        list(read_cards(card("TEL:1") * 3))
    monkeypatch.setattr(vcard, "MAX_PROPERTIES", 3)
    found = list(read_cards(card(*["TEL:1"] * 9)))
    assert [len(each.properties) for each in found if isinstance(each, Card)] == [3]
    assert len(found) == 2
    monkeypatch.setattr(vcard, "MAX_LINE", 10)
    found = list(read_cards(card("NOTE:" + "a" * 5, " " + "b" * 6, " c", "TEL:1")))
    assert [each.line for each in found if isinstance(each, Unreadable)] == [3]
    monkeypatch.setattr(vcard, "MAX_FILE", 10)
    with pytest.raises(ProtocolError):
        list(read_cards(card("TEL:1")))


def test_cards_in_cards_without_end_are_bounded() -> None:
    with pytest.raises(CutOff):
        list(read_cards(b"BEGIN:VCARD\nAGENT:\n" * 5_000 + b"END:VCARD\n"))


_TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=40).map(str.strip)


@given(_TEXT.filter(bool), st.integers(2, 30))
def test_what_is_written_by_the_standard_is_read_back(text: str, width: int) -> None:
    escaped = text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    line = f"FN:{escaped}".encode()
    folded = b"\r\n ".join(line[place : place + width] for place in range(0, len(line), width))
    data = b"BEGIN:VCARD\r\nVERSION:4.0\r\n" + folded + b"\r\nEND:VCARD\r\n"
    assert values(data, "FN") == [text]


@given(_TEXT.filter(bool))
def test_what_is_written_as_quoted_printable_is_read_back(text: str) -> None:
    value = quopri.encodestring(text.replace("\\", "\\\\").encode(), quotetabs=True).replace(b"=\n", b"=\r\n")
    data = b"BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:" + value + b"\nEND:VCARD\n"
    assert values(data, "FN") == [text]


@given(
    st.lists(
        st.sampled_from(
            [b"BEGIN:VCARD", b"END:VCARD", b"VERSION:2.1", b"TEL;", b"PHOTO;B:", b"AGENT:", b"\r\n", b"\n ", b"=",
             b":", b'"', b";", b"\\", b"ENCODING=QUOTED-PRINTABLE", b"\xff", b"\xef\xbb\xbf", b"a"]
        ),
        max_size=60,
    ).map(b"".join)
)  # fmt: skip
def test_whatever_bytes_come_only_protocol_errors_leave(data: bytes) -> None:
    try:
        for found in read_cards(data):
            if isinstance(found, Card):
                assert all((each.text, each.parts, each.preference) for each in found.properties)
    except ProtocolError:
        pass
