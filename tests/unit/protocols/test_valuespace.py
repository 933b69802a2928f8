"""Value spaces (protocol notes D.4)."""

import pytest

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.valuespace import ValueSpace, decode_valuespace

ON_OFF = ValueSpace("Literal", ("Off", "On"))
PERCENT = ValueSpace("Integer", minimum=0, maximum=100, step=1)
NAME = ValueSpace("String", min_length=0, max_length=50)
MANY = ValueSpace("Literal", tuple(f"V{number}" for number in range(20)))


def test_spaces_are_read_by_name() -> None:
    spaces = decode_valuespace(
        b'<Valuespace product="Cisco Codec" version="ce9.6.1" apiVersion="4">'
        b'<INT_0_100 type="Integer"><Max>100</Max><Min>0</Min><Step>1</Step></INT_0_100>'
        b'<INT_-24_0 type="Integer"><Max>0</Max><Min>-24</Min></INT_-24_0>'
        b'<PASSWORD_0_64_NoFilt type="String"><HiddenValue>True</HiddenValue><MaxLength>64</MaxLength>'
        b"<MinLength>0</MinLength></PASSWORD_0_64_NoFilt>"
        b'<TTPAR_OnOff type="Literal"><Value item="1">Off</Value><Value item="2">On</Value></TTPAR_OnOff>'
        b'<ODD type="Other"><Max>many</Max></ODD></Valuespace>'
    )
    assert spaces == {
        "INT_0_100": PERCENT,
        "INT_-24_0": ValueSpace("Integer", minimum=-24, maximum=0),
        "PASSWORD_0_64_NoFilt": ValueSpace("String", min_length=0, max_length=64, is_hidden=True),
        "TTPAR_OnOff": ON_OFF,
        "ODD": ValueSpace("Other"),
    }


@pytest.mark.parametrize(
    ("space", "value"),
    [
        (ON_OFF, "On"),
        (PERCENT, "0"),
        (PERCENT, "100"),
        (ValueSpace("Integer", minimum=-24, maximum=0), "-24"),
        (ValueSpace("Integer", minimum=10, step=5), "25"),
        (NAME, ""),
        (NAME, "é" * 50),
        (ValueSpace("Other"), "anything"),
        (ValueSpace("Literal"), "a literal of a space that names none"),
        (ValueSpace("StringArray", min_length=1, max_length=3), "abc"),
    ],
)
def test_what_is_allowed_is_not_refused(space: ValueSpace, value: str) -> None:
    assert space.refusal(value) is None


@pytest.mark.parametrize(
    ("space", "value", "sentence"),
    [
        (ON_OFF, "Maybe", "It must be Off or On."),
        (ValueSpace("Literal", ("Only",)), "x", "It can only be Only."),
        (ValueSpace("LiteralArray", ("A", "B", "C")), "x", "It must be A, B or C."),
        (
            MANY,
            "x",
            "It must be one of 20 values, such as V0, V1, V2, V3, V4, V5, V6, V7.",
        ),
        (PERCENT, "loud", "It must be a whole number."),
        (PERCENT, "", "It must be a whole number."),
        (PERCENT, "1.5", "It must be a whole number."),
        (PERCENT, "٣", "It must be a whole number."),
        (PERCENT, "9" * 5000, "It must be a whole number."),
        (PERCENT, "101", "It must be a number from 0 to 100."),
        (PERCENT, "-1", "It must be a number from 0 to 100."),
        (ValueSpace("Integer", minimum=3), "2", "It must be at least 3."),
        (ValueSpace("Integer", maximum=3), "4", "It can be at most 3."),
        (ValueSpace("Integer", minimum=10, step=5), "12", "It must go in steps of 5 from 10."),
        (NAME, "x" * 51, "It can have at most 50 characters; this one has 51."),
        (ValueSpace("String", min_length=1), "", "It cannot be empty."),
        (ValueSpace("String", min_length=3), "ab", "It must have at least 3 characters; this one has 2."),
    ],
)
def test_a_refusal_is_a_plain_sentence(space: ValueSpace, value: str, sentence: str) -> None:
    assert space.refusal(value) == sentence


def test_another_document_is_refused() -> None:
    with pytest.raises(ProtocolError):
        decode_valuespace(b"<Status/>")
