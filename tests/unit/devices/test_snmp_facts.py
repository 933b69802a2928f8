"""Reading a system group: the five lines of a codec, and everything that is none (protocol notes K)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.devices.snmp_facts import (
    CONTACT,
    DESCRIPTION,
    LOCATION,
    NAME,
    OBJECT_ID,
    OBJECTS,
    UPTIME,
    Description,
    facts_of,
    parse_description,
)

CODEC = "1.3.6.1.4.1.5596.150.6.4.1"
NET_SNMP = "1.3.6.1.4.1.8072.3.2.10"
LINES = "Cisco Codec\nSoftW: ce9.6.1.4516ae5aaa1\nMCU: Cisco TelePresence SX10\nDate: 2018-12-12\nS/N: FTT25010001"
PARSED = Description(
    "Cisco Codec", "ce9.6.1.4516ae5aaa1", "Cisco TelePresence SX10", "2018-12-12", "FTT25010001"
)


@pytest.mark.parametrize(
    "text", [LINES, LINES.replace("\n", "\r\n"), LINES + "\n\n", LINES.replace(": ", ":  ")]
)
def test_five_lines_of_a_codec(text):
    assert parse_description(text) == PARSED


def test_labels_in_any_order_and_case_and_lines_that_are_missing():
    assert parse_description("TANDBERG VCS\ns/n : A1\nSOFTW: X8.11") == Description(
        "TANDBERG VCS", "X8.11", serial_number="A1"
    )
    assert parse_description("S/N: A1\nMCU: Room Kit").product_type == ""


def test_first_of_a_label_counts_and_other_lines_are_passed_over():
    assert parse_description(f"{LINES}\nS/N: OTHER\nHello: world\nnothing") == PARSED


@pytest.mark.parametrize(
    "text", ["", "\n\n\n", "Linux vm 6.1 #1 SMP x86_64", "HP LaserJet: ready", ": : :", "Cisco IOS Software"]
)
def test_text_without_the_labels_is_no_codec(text):
    assert parse_description(text) == Description()


def test_hostile_lines_are_cut_and_cleaned():
    parsed = parse_description("Cisco Codec\x00\x1b[31m\nS/N: FTT\u202e1\x07\nMCU: " + "x" * 5000)
    assert parsed.product_type == "Cisco Codec  [31m"
    assert parsed.serial_number == "FTT 1"
    assert len(parsed.product) == 255


@given(st.text())
def test_any_text_gives_printable_short_words(text):
    parsed = parse_description(text)
    for value in (parsed.product_type, parsed.software_version, parsed.product, parsed.serial_number):
        assert len(value) <= 255
        assert value.isprintable()


def test_facts_of_a_codec():
    facts = facts_of(
        {
            DESCRIPTION: LINES.encode(),
            OBJECT_ID: CODEC,
            UPTIME: 123456,
            CONTACT: b"Anna",
            NAME: "Møterom".encode(),
            LOCATION: b"Oslo",
        }
    )
    assert (facts.family, facts.is_device, facts.sys_object_id) == ("roomos", True, CODEC)
    assert (facts.name, facts.contact, facts.location) == ("Møterom", "Anna", "Oslo")
    assert facts.uptime == timedelta(seconds=1234, milliseconds=560)
    assert (facts.product_type, facts.product) == ("Cisco Codec", "Cisco TelePresence SX10")
    assert (facts.software_version, facts.serial_number) == ("ce9.6.1.4516ae5aaa1", "FTT25010001")
    assert facts.release_date == "2018-12-12"
    assert facts.description == LINES


@pytest.mark.parametrize(
    ("object_id", "description", "family"),
    [
        (CODEC, "", "roomos"),
        ("1.3.6.1.4.1.5596.130.6.4.1", "", "expressway"),
        ("1.3.6.1.4.1.5596", "TANDBERG Codec\nSoftW: F9.3.1 NTSC\nMCU: TANDBERG 1700 MXP\nS/N: A", "mxp"),
        ("", LINES, "roomos"),
        # TMS itself and what looks similar.
        ("1.3.6.1.4.1.5596.110", "", "unmanaged"),
        ("1.3.6.1.4.1.55961", "", "unmanaged"),
        (NET_SNMP, "Linux codec 6.1.0 x86_64", "unmanaged"),
        (NET_SNMP, "Linux\nSoftW: ce9.6.1\nMCU: codec", "unmanaged"),
        ("", "", "unmanaged"),
    ],
)
def test_family_follows_from_object_id_and_version(object_id, description, family):
    facts = facts_of({OBJECT_ID: object_id, DESCRIPTION: description.encode(), NAME: b"x"})
    assert (facts.family, facts.is_device) == (family, family != "unmanaged")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {NAME: b""},
        {NAME: b"\x00\n \x7f"},
        dict.fromkeys(OBJECTS),
        dict.fromkeys(OBJECTS, 7),
        {OBJECT_ID: "evil"},
    ],
)
def test_nothing_that_can_be_used_is_nothing(values):
    assert facts_of(values) is None


def test_wrong_types_are_passed_over():
    facts = facts_of({NAME: b"Lobby", DESCRIPTION: 5, OBJECT_ID: b"1.3.6", UPTIME: "soon", CONTACT: "text"})
    assert (facts.name, facts.description, facts.sys_object_id, facts.uptime) == ("Lobby", "", "", None)
    assert facts.contact == ""


@pytest.mark.parametrize("ticks", [-1, 2**32, 2**63, True, 1.5, None])
def test_uptime_that_cannot_be_is_none(ticks):
    assert facts_of({NAME: b"x", UPTIME: ticks}).uptime is None


def test_endless_and_broken_texts_are_cut():
    facts = facts_of({NAME: b"\xff\xfe" * 30_000, DESCRIPTION: "å".encode() * 30_000, LOCATION: b"a\nb\x1bc"})
    assert len(facts.name) <= 255
    assert len(facts.description) <= 1000
    assert facts.location == "a b c"


@given(
    st.dictionaries(
        st.sampled_from(OBJECTS), st.one_of(st.none(), st.binary(), st.text(), st.integers(), st.floats())
    )
)
def test_any_values_give_facts_or_nothing(values):
    facts = facts_of(values)
    assert facts is None or (facts.name.isprintable() and len(facts.name) <= 255)


def test_octets_that_are_not_utf8_keep_their_letters() -> None:
    facts = facts_of(
        {NAME: b"Z\xfcrich \x96 Nord", LOCATION: "Köln".encode(), DESCRIPTION: "Büro".encode("utf-16")}
    )
    assert facts is not None
    assert (facts.name, facts.location, facts.description) == ("Zürich – Nord", "Köln", "Büro")
    raw = facts_of({NAME: b"x\x81"})
    assert raw is not None
    assert raw.name == r"x\x81"
