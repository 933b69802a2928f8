"""Reading XML that a stranger sent: what is mended, what is refused."""

import pytest

from roomkeeper.protocols import xml
from roomkeeper.protocols.errors import ProtocolError


def text_of(data: bytes) -> str | None:
    return xml.parse(data).text


@pytest.mark.parametrize(
    "data",
    [
        b'\n <?xml version="1.0"?><a>x</a>',
        b"\xef\xbb\xbf<a>x</a>",
        b'\r\n\xef\xbb\xbf \n<?xml version="1.0"?><a>x</a>',
        b"\x00\x01 <a>x</a>\x00",
        "<a>x</a>".encode("utf-16"),
        "\ufeff<?xml version='1.0' encoding='utf-16'?><a>x</a>".encode("utf-16-be"),
        "<a>x</a>".encode("utf-16-le"),
        "<a>x</a>".encode("utf-16-be"),
        b'<?xml version="1.0" encoding="utf-16"?><a>x</a>',
        b'<?xml version="1.0" encoding="klingon"?><a>x</a>',
        b'<?xml version="1.1"?><a>x</a>',
        b"<!-- hello --><?pi?><a>x</a><!-- bye -->\n",
        b"<p:a>x</p:a>",
        b'<a xmlns="http://www.tandberg.com/XML/CUIL/2.0">x</a>',
    ],
)
def test_documents_that_devices_get_nearly_right_are_read(data: bytes) -> None:
    assert xml.parse(data).tag == "a"
    assert text_of(data) == "x"


def test_control_bytes_in_text_become_spaces() -> None:
    assert text_of(b"<a>DELL\x01\x02\x05U24</a>") == "DELL   U24"


def test_references_to_control_characters_become_spaces() -> None:
    assert text_of(b"<a>&#1;&#x1F;&#65;&#xD800;&#999999999;&#x20AC;</a>") == "  A  €"


def test_bytes_that_are_not_utf8_are_windows_1252() -> None:
    assert text_of(b"<a>caf\xe9</a>") == "café"


def test_a_declared_latin1_document_keeps_its_letters() -> None:
    assert text_of(b'<?xml version="1.0" encoding="ISO-8859-1"?><a>caf\xe9</a>') == "café"


def test_utf8_is_believed_over_a_declaration_that_says_latin1() -> None:
    data = '<?xml version="1.0" encoding="iso-8859-1"?><a>café \x01</a>'.encode()
    assert text_of(data) == "café  "


def test_noncharacters_become_spaces() -> None:
    assert text_of("<a>\ufffe\uffff</a>".encode()) == "  "


def test_comments_do_not_cut_a_text() -> None:
    assert text_of(b"<a>one<!-- two -->three</a>") == "onethree"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"hello",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<?xml version='1.0'",
        b"<?xml " + b"x" * 1000,
        b"\xff\xfe",
        b"<\x00",
        b"\xef\xbb\xbf",
    ],
)
def test_what_is_not_xml_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        xml.parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<?xml version='1.0'?>\n<!-- --><!DOCTYPE html><html/>",
        b"\x01<!DOCTYPE a><a/>",
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'.encode("utf-16"),
        b"<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1/x'> %p;]><a/>",
    ],
)
def test_a_doctype_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="DOCTYPE"):
        xml.parse(data)


def test_the_word_doctype_in_a_text_is_no_doctype() -> None:
    assert text_of(b"<a><![CDATA[<!DOCTYPE html>]]></a>") == "<!DOCTYPE html>"


def test_a_document_over_the_limit_is_refused() -> None:
    assert xml.parse(b"<a>123</a>", limit=10).tag == "a"
    with pytest.raises(ProtocolError, match="11 bytes"):
        xml.parse(b"<a>1234</a>", limit=10)


def test_nesting_is_read_up_to_the_cap_and_refused_beyond() -> None:
    deepest = xml.MAX_DEPTH
    assert xml.parse(b"<a>" * deepest + b"</a>" * deepest).tag == "a"
    with pytest.raises(ProtocolError, match="nested"):
        xml.parse(b"<a>" * (deepest + 1) + b"</a>" * (deepest + 1))


def test_a_name_without_end_is_refused() -> None:
    with pytest.raises(ProtocolError, match="name longer"):
        xml.parse(b"<" + b"a" * 5000 + b"/>")


def test_serialised_elements_read_the_same_again() -> None:
    data = b'<r xmlns:p="u" xmlns="v"><p:a b="&quot;&lt;&#10;">x &amp; <c/> y&#13;</p:a>tail</r>'
    root = xml.parse(data)
    again = xml.serialise(root[0])
    assert again == b'<a b="&quot;&lt;&#10;">x &amp; <c/> y&#13;</a>'
    assert xml.parse(again).attrib == {"b": '"<\n'}


def test_local_names_have_neither_prefix_nor_namespace() -> None:
    assert [xml.local_name(xml.parse(data)) for data in (b"<p:a/>", b"<a/>")] == ["a", "a"]


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe"])
def test_a_character_that_xml_cannot_carry_is_refused_by_name_of_its_place(character: str) -> None:
    with pytest.raises(ValueError, match=r"SIP/URI holds the character U\+"):
        xml.encode_text(f"a{character}b", "SIP/URI")


def test_cleaned_text_has_no_character_that_xml_cannot_carry() -> None:
    assert xml.clean_text("a\x00b\ud800c\td") == "a b c\td"
