"""Which letters a device's bytes stand for (one rule everywhere), and that nothing is lost in silence."""

import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.protocols.feedback import Feedback, decode_feedback
from roomkeeper.protocols.mending import in_utf8
from roomkeeper.protocols.phonebook import decode_search
from roomkeeper.protocols.post_event import decode_post_event
from roomkeeper.protocols.posted_document import decode_posted_document
from roomkeeper.protocols.text import charset_of, decode_text
from roomkeeper.protocols.xapi.command import decode_command_result
from roomkeeper.protocols.xapi.configuration import decode_configuration
from roomkeeper.protocols.xapi.status import decode_status
from roomkeeper.protocols.xml import parse

NAME = "Zürich – Grünfläche"


def document(name: str, encoding: str, declared: str = "") -> bytes:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return f"{head}<Status><SystemUnit><Name>{name}</Name></SystemUnit></Status>".encode(encoding)


@pytest.mark.parametrize(
    ("header", "declared", "encoding"),
    [
        ("", "", "utf-8"),
        ("", "", "cp1252"),
        ("", "utf-8", "cp1252"),  # says UTF-8, is Windows-1252
        ("utf-8", "", "cp1252"),
        ("utf-8", "utf-8", "cp1252"),
        ("", "iso-8859-1", "cp1252"),
        ("", "windows-1252", "cp1252"),
        ("iso-8859-1", "", "cp1252"),
        ("iso-8859-1", "utf-8", "utf-8"),  # what servers say of text that they have not looked at
        ("", "iso-8859-1", "utf-8"),
        ("utf-8", "windows-1251", "utf-8"),  # the header comes first
        ("windows-1252", "windows-1251", "cp1252"),
        ("klingon", "", "utf-8"),
        ("klingon", "zlib_codec", "cp1252"),  # never a codec by a stranger's name
        ("", "unicode_escape", "utf-8"),
        ("", "utf-16", "utf-8"),
        ("utf-8", "", "utf-16"),  # a mark says more than a header
        ("", "utf-16", "utf-16"),
        ("utf-8", "", "utf-32"),
    ],
)
def test_a_name_keeps_its_letters(header: str, declared: str, encoding: str) -> None:
    content_type = f'text/xml; charset="{header}"' if header else "text/xml"
    root = parse(document(NAME, encoding, declared), content_type=content_type)
    assert root[0][0].text == NAME


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("windows-1251", "Зал заседаний"),
        ("koi8-r", "Зал заседаний"),
        ("iso-8859-2", "Łódź, sala główna"),
        ("iso-8859-15", "Salle à 5 €"),
        ("iso-8859-9", "Toplantı odası"),
        ("shift_jis", "会議室"),
        ("gb2312", "会议室"),
        ("euc-kr", "회의실"),
        ("big5", "會議室"),
    ],
)
@pytest.mark.parametrize("is_declared", [True, False])
def test_a_named_charset_is_used_wherever_it_stands(charset: str, name: str, *, is_declared: bool) -> None:
    data = document(name, charset, charset if is_declared else "")
    content_type = "text/xml" if is_declared else f"text/xml;charset={charset.upper()}"
    notes: list[str] = []
    assert parse(data, content_type=content_type, notes=notes)[0][0].text == name
    assert notes == []
    assert decode_status(in_utf8(data, content_type)).values == {"SystemUnit/Name": name}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("declared", ["", "utf-8", "utf-16"])
def test_byte_order_marks_are_read(encoding: str, mark: str, declared: str) -> None:
    data = document(NAME, encoding, declared)
    if mark and encoding.endswith("e"):
        data = mark.encode(encoding) + data
    assert parse(data)[0][0].text == NAME
    assert decode_status(in_utf8(data, "text/xml")).values == {"SystemUnit/Name": NAME}


def test_one_node_in_another_charset_does_not_spoil_the_others() -> None:
    data = b"<Status><A>Z\xc3\xbcrich</A><B>Z\xfcrich \x96 Nord</B></Status>"
    status = decode_status(data)
    assert status.values == {"A": "Zürich", "B": "Zürich – Nord"}
    assert status.mended == ("what is not UTF-8 was read as Windows-1252",)


def test_a_name_cut_within_a_letter_keeps_the_letters_before() -> None:
    status = decode_status(b"<Status><A>Gr\xc3\xbcnfl\xc3</A></Status>")
    assert status.values == {"A": r"Grünfl\xc3"}
    assert status.mended == (r"bytes that stand for no character are kept as \xNN",)


def test_bytes_that_stand_for_nothing_are_kept_and_told() -> None:
    status = decode_status(b"<Status><A>x\x81\x8d</A></Status>")
    assert status.values == {"A": r"x\x81\x8d"}
    assert status.mended
    assert decode_text(b"a\0b\0c", charset="utf-16le").text == r"ab\x63"


def test_a_wrong_word_of_the_sender_is_told() -> None:
    assert decode_text(b"\xfc", charset="utf-8").notes == (
        "it says utf-8, and what is not UTF-8 was read as Windows-1252",
    )
    assert decode_text("ü".encode(), charset="iso-8859-1").notes == (
        "it says iso-8859-1, and was read as UTF-8",
    )
    assert decode_text(b"plain", charset="iso-8859-1").notes == ()


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/xml", ""),
        ("", ""),
        ("text/xml; charset=UTF-8", "utf-8"),
        ('text/xml;  Charset = "ISO-8859-1" ; x=y', "iso-8859-1"),
        ("text/xml; charset='utf-8'", "utf-8"),
        ("text/xml; charset=", ""),
    ],
)
def test_the_header_names_a_charset(content_type: str, charset: str) -> None:
    assert charset_of(content_type) == charset


LETTERS = st.text(string.ascii_letters + " äöüßéèñçøåæÄÖÜ–’", max_size=30)


@given(
    LETTERS, LETTERS, st.sampled_from(["utf-8", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
)
def test_every_document_of_every_codec_keeps_its_letters(one: str, two: str, encoding: str) -> None:
    status = decode_status(f"<Status><A>x{one}</A><B>y{two}</B></Status>".encode(encoding))
    assert status.values == {"A": f"x{one}".strip(), "B": f"y{two}".strip()}


@given(st.binary(max_size=200), st.sampled_from(["", "utf-8", "iso-8859-1", "utf-16", "shift_jis", "x"]))
def test_any_bytes_are_text_without_the_sign_of_loss(data: bytes, charset: str) -> None:
    text = decode_text(data, charset=charset)
    said_so = b"\xef\xbf\xbd" in data or b"\xfd\xff" in data or b"\xff\xfd" in data
    assert said_so or "\ufffd" not in text.text
    text.text.encode("utf-8")


# The same rule at every way in

SOAP = "<Envelope><Body><PostEvent><Identification><SystemName>{}</SystemName></Identification><Event>Beat</Event>"
SOAP += "</PostEvent></Body></Envelope>"
CALL = '<Event><CallDisconnect item="1"><DisplayName item="1">{}</DisplayName></CallDisconnect></Event>'
POSTED = "<PostedDocument><Location>/Status</Location><Status><A>{}</A></Status></PostedDocument>"
SEARCH = "<Envelope><Body><Search><SearchString>{}</SearchString></Search></Body></Envelope>"


def event_name(data: bytes, content_type: str) -> str:
    return decode_post_event(data, content_type).identification.system_name


def feedback_value(data: bytes, content_type: str) -> str:
    feedback = decode_feedback(data, content_type)
    assert isinstance(feedback, Feedback)
    return feedback.values[0].value


def posted_value(data: bytes, content_type: str) -> str:
    return decode_status(decode_posted_document(data, content_type).payload).values["A"]


def searched(data: bytes, content_type: str) -> str:
    return decode_search(data, content_type).text


@pytest.mark.parametrize(
    ("read", "form"),
    [
        (event_name, SOAP),
        (feedback_value, CALL),
        (feedback_value, '{{"Event":{{"CallDisconnect":{{"DisplayName":{{"Value":"{}"}}}}}}}}'),
        (posted_value, POSTED),
        (searched, SEARCH),
    ],
)
@pytest.mark.parametrize(
    ("name", "encoding", "header"),
    [
        (NAME, "cp1252", ""),
        (NAME, "cp1252", "utf-8"),
        (NAME, "cp1252", "iso-8859-1"),
        (NAME, "utf-8", "iso-8859-1"),
        (NAME, "utf-16", ""),
        (NAME, "utf-16-be", ""),
        ("Зал", "windows-1251", "windows-1251"),
        ("5 €", "iso-8859-15", "iso-8859-15"),
    ],
)
def test_whatever_posts_is_read_by_the_one_rule(
    read: Callable[[bytes, str], str], form: str, name: str, encoding: str, header: str
) -> None:
    content_type = f"text/xml; charset={header}" if header else "text/xml"
    assert read(form.format(name).encode(encoding), content_type) == name


def test_answers_of_devices_are_read_by_the_one_rule() -> None:
    data = document(NAME, "cp1252", "utf-8").replace(b"Status>", b"Configuration>")
    assert decode_configuration(data).settings["SystemUnit/Name"].value == NAME
    refusal = f'<Command><R status="Error"><Description>{NAME}</Description></R></Command>'
    assert NAME in str(decode_command_result(refusal.encode("cp1252")))
