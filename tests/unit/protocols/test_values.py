"""When two values of a setting are the same (rule R12), and which spelling goes to the device."""

import pytest

from roomkeeper.protocols.xapi.values import INTEGER, LITERAL, STRING, UNKNOWN, is_same, trimmed, type_of
from roomkeeper.protocols.xapi.valuespace import ValueSpace


@pytest.mark.parametrize(
    ("one", "other", "kind", "are_same"),
    [
        ("on", "On", LITERAL, True),
        (" TLSv1.2", "tlsV1.2\n", LITERAL, True),
        ("On", "Off", LITERAL, False),
        ("05", "5", INTEGER, True),
        ("-04", "-4", INTEGER, True),
        ("5", "50", INTEGER, False),
        ("", "0", INTEGER, False),
        # Not a number, so a text like any other.
        ("five", "Five", INTEGER, False),
        ("  Boardroom ", "Boardroom", STRING, True),
        ("boardroom", "Boardroom", STRING, False),
        ("Board  room", "Board room", STRING, False),
        ("0123", "123", STRING, False),
        # Of no known type: numbers and the words of switches.
        ("05", "5", UNKNOWN, True),
        ("on", "ON", UNKNOWN, True),
        ("oslo", "Oslo", UNKNOWN, False),
        ("9" * 30, "0" + "9" * 30, UNKNOWN, False),
    ],
)
def test_values_are_compared_by_type(one: str, other: str, kind: str, are_same: bool) -> None:
    assert is_same(one, other, kind) is are_same
    assert is_same(other, one, kind) is are_same


@pytest.mark.parametrize(
    ("path", "reference", "kind"),
    [
        ("Audio/DefaultVolume", "/Valuespace/INT_0_100", INTEGER),
        ("Audio/DefaultVolume", "INT_0_100", INTEGER),
        ("Standby/Control", "TTPAR_OnOff", LITERAL),
        ("Standby/Control", "Vs_literal_Off_On", LITERAL),
        ("H323/H323Alias/E164", "STR_0_30_NoFilt", STRING),
        ("SIP/Authentication/Password", "PASSWORD_0_128_NoFilt", STRING),
        ("Standby/Delay", "Vs_integer_1_480_1", INTEGER),
        ("Some/Keys", "Vs_intArray_1_20", INTEGER),
        # Without a reference the name tells a text from what may be a number.
        ("H323/H323Alias/E164", "", STRING),
        ("SIP/Proxy[2]/Address", "", STRING),
        ("Standby/Delay", "", UNKNOWN),
    ],
)
def test_the_type_of_a_setting_stands_in_its_reference(path: str, reference: str, kind: str) -> None:
    assert type_of(path, reference) == kind


def test_ends_are_trimmed_as_documents_are_read() -> None:
    assert trimmed(" \t Room\u00a0") == "Room"


@pytest.mark.parametrize(
    ("space", "value", "own"),
    [
        (ValueSpace("Literal", ("Off", "On")), "on", "On"),
        (ValueSpace("Literal", ("Off", "On")), " OFF ", "Off"),
        (ValueSpace("Literal", ("Tls", "TLS")), "TLS", "TLS"),
        (ValueSpace("Integer", minimum=0, maximum=100), " 05", "5"),
        (ValueSpace("Integer"), "loud", "loud"),
        (ValueSpace("String", max_length=8), " Lobby ", "Lobby"),
        (ValueSpace("String", is_hidden=True), " secret ", " secret "),
        (ValueSpace("Other"), " x ", " x "),
    ],
)
def test_the_device_is_sent_its_own_spelling(space: ValueSpace, value: str, own: str) -> None:
    assert space.own_spelling(value) == own


@pytest.mark.parametrize(
    ("space", "value"),
    [
        # From 9.15 on schemas print the maximum as the step (protocol notes O).
        (ValueSpace("Integer", minimum=0, maximum=100, step=100), "50"),
        (ValueSpace("Integer", minimum=1, maximum=480, step=480), "10"),
        (ValueSpace("Integer", minimum=64, maximum=6000, step=6000), "768"),
        (ValueSpace("Integer", minimum=-24, maximum=15, step=15), "0"),
        (ValueSpace("Integer", minimum=0, maximum=2147483647, step=2147483647), "60"),
    ],
)
def test_a_step_that_is_the_maximum_refuses_nothing(space: ValueSpace, value: str) -> None:
    assert space.refusal(value) is None


def test_a_step_that_means_something_holds() -> None:
    space = ValueSpace("Integer", minimum=0, maximum=100, step=5)
    assert space.refusal("15") is None
    assert space.refusal("16") == "It must go in steps of 5 from 0."
