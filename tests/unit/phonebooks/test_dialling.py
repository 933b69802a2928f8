"""What a system can dial, and how it is told."""

import pytest

from roomkeeper.phonebooks import dialling

METHODS = (
    ("sip", "anna@example.org", ""),
    ("h323", "anna", ""),
    ("e164", "47 11-22", "768"),
    ("ip", "10.0.0.9", ""),
    ("telephone", "+47 22 33 (44)", ""),
)


def told(bits: int) -> list[tuple[str, str, str]]:
    return [(one.protocol, one.dial_string, one.call_type) for one in dialling.routes_of(METHODS, bits)]


def test_an_entry_with_id_number_and_address_has_three_routes_of_h323() -> None:
    assert told(dialling.H323) == [
        ("H323", "anna", "384"), ("H323", "471122", "768"), ("H323", "10.0.0.9", "384"), ("H323", "+47223344", "Tel"),
    ]  # fmt: skip


def test_a_system_with_sip_alone_is_told_what_sip_dials() -> None:
    assert told(dialling.SIP) == [
        ("SIP", "anna@example.org", "384"), ("SIP", "10.0.0.9", "384"), ("SIP", "+47223344", "Tel"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "bits"),
    [
        (None, dialling.ALL),
        ({"SystemUnit/Name": "x"}, dialling.ALL),
        (
            {"NetworkServices/SIP/Mode": "On", "NetworkServices/H323/Mode": "Off"},
            dialling.SIP | dialling.ISDN,
        ),
        ({"NetworkServices/SIP/Mode": "On"}, dialling.SIP | dialling.ISDN),
        (
            {"NetworkServices/SIP/Mode": "off", "NetworkServices/H323/Mode": "On"},
            dialling.H323 | dialling.ISDN,
        ),
    ],
)
def test_what_is_off_or_lacking_in_its_settings_cannot_be_dialled(
    settings: dict[str, str] | None, bits: int
) -> None:
    assert dialling.dialable(settings) == bits


@pytest.mark.parametrize(
    ("one", "other"),
    [("sip:Anna@Example.ORG", "anna@example.org"), ("+47 22-33", "+472233"), ("tel:0123", "01 23")],
)
def test_one_address_written_two_ways_has_one_key(one: str, other: str) -> None:
    assert dialling.key_of(one) == dialling.key_of(other)


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("ip", "999.1.1.1"),
        ("ip", "room.example.org"),
        ("sip", "anna berg@example.org"),
        ("sip", "anna@@example.org"),
        ("sip", "@example.org"),
        ("e164", "extension 7"),
        ("isdn", "+"),
        ("telephone", "call me"),
    ],
)
def test_what_nobody_can_dial_has_a_fault(kind: str, address: str) -> None:
    assert address in dialling.fault_of(kind, address)


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        *((method[0], method[1]) for method in METHODS),
        ("ip", "2001:db8::7"),
        ("sip", "4711"),
        ("sip", "sips:anna.berg+desk@[2001:db8::7]:5061;transport=tls"),
        ("h323", "Board Room"),
        ("telephone", "+47 22 33 44 55,,123#"),
    ],
)
def test_what_can_be_dialled_has_none(kind: str, address: str) -> None:
    assert dialling.fault_of(kind, address) == ""
