"""The PostEvent request (protocol notes A.2, A.3)."""

import pytest

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.external_manager import (
    Beat,
    Identification,
    PostEvent,
    decode_post_event,
    encode_post_event,
    normalize_mac,
)

MEMBERS = """
    <SystemName>Boardroom</SystemName>
    <MACAddress>aa:bb:cc:dd:ee:0f</MACAddress>
    <IPAddress>192.0.2.10</IPAddress>
    <ProductType>TANDBERG Codec</ProductType>
    <ProductID>Cisco Codec</ProductID>
    <SWVersion>ce9.6.1.4516ae5aaa1</SWVersion>
    <HWBoard></HWBoard>
    <SerialNumber>FTT00000001</SerialNumber>"""
BODY = f"<PostEvent><Identification>{MEMBERS}</Identification><Event>Boot</Event></PostEvent>"
SOAP = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:x">\n'
    f' <env:Body xmlns="urn:x">{BODY}</env:Body></env:Envelope>\n'
)
BOARDROOM = Identification(
    system_name="Boardroom",
    mac_address="aa:bb:cc:dd:ee:0f",
    ip_address="192.0.2.10",
    product_type="TANDBERG Codec",
    product_id="Cisco Codec",
    software_version="ce9.6.1.4516ae5aaa1",
    hardware_board="",
    serial_number="FTT00000001",
)


def test_a_boot_of_a_ce_codec_is_read() -> None:
    assert decode_post_event(SOAP.encode()) == PostEvent(BOARDROOM, Beat.BOOT, "Boot", "1.1")


@pytest.mark.parametrize(
    "text",
    [
        "\n  " + SOAP,
        "\ufeff" + SOAP,
        BODY,
        SOAP.replace("<PostEvent>", "<tms:PostEvent>").replace("</PostEvent>", "</tms:PostEvent>"),
        SOAP.replace("<Event>Boot</Event>", "").replace(
            "<Identification>", "<Event>Boot</Event><Identification>"
        ),
        SOAP.replace("SerialNumber", "m:SerialNumber")
        .replace("<Event>", "<n:Event>")
        .replace("</Event", "</n:Event"),
        SOAP.replace("ProductID", "ProductId"),
        SOAP.replace("<env:Body", "<env:Header><Event>No</Event></env:Header><env:Body"),
        SOAP.replace("<Event>", "<Unknown><Deep>x</Deep></Unknown><Event>"),
        SOAP.replace("</PostEvent>", "</PostEvent><Event>Beat</Event><SystemName>No</SystemName>"),
        SOAP.replace("<Event>Boot", "<Event><![CDATA[ Boot]]>"),
        SOAP.replace('encoding="utf-8"', 'encoding="klingon"'),
        SOAP.replace("\n", "\r\n"),
    ],
)
def test_order_prefixes_namespaces_and_white_space_do_not_matter(text: str) -> None:
    assert decode_post_event(text.encode()) == PostEvent(BOARDROOM, Beat.BOOT, "Boot", "1.1")


def test_a_soap_12_envelope_is_answered_in_soap_12() -> None:
    text = SOAP.replace(
        "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
    )
    assert decode_post_event(text.encode()).soap_version == "1.2"


@pytest.mark.parametrize(
    ("word", "event"),
    [
        ("Boot", Beat.BOOT),
        ("Register", Beat.REGISTER),
        ("Beat", Beat.HEARTBEAT),
        ("beat", Beat.HEARTBEAT),
        ("Disconnect", Beat.OTHER),
        ("", Beat.OTHER),
    ],
)
def test_an_unknown_event_is_other_and_its_word_is_kept(word: str, event: Beat) -> None:
    post = decode_post_event(SOAP.replace(">Boot<", f"> {word}\n<").encode())
    assert (post.event, post.event_word) == (event, word)


def test_missing_members_are_blank() -> None:
    post = decode_post_event(
        b"<PostEvent><Identification><SerialNumber> A </SerialNumber></Identification></PostEvent>"
    )
    assert post == PostEvent(Identification(serial_number="A"), Beat.OTHER, "")
    assert decode_post_event(b"<PostEvent/>").identification == Identification()


def test_the_first_of_repeated_members_counts() -> None:
    members = "".join(f"<SerialNumber>{serial}</SerialNumber>" for serial in (" ", "A", "B"))
    post = decode_post_event(f"<PostEvent>{members}</PostEvent>".encode())
    assert post.identification.serial_number == "A"


def test_a_member_is_cut_at_255_characters() -> None:
    text = SOAP.replace("Boardroom", "é" * 3000)
    assert decode_post_event(text.encode()).identification.system_name == "é" * 255


def test_control_bytes_and_broken_utf8_in_a_name_are_mended() -> None:
    data = SOAP.encode().replace(b"Boardroom", b"Board\x01room \xff")
    assert decode_post_event(data).identification.system_name == "Board room ÿ"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<Event><Identification/></Event>",
        b"<env:Envelope/>",
        b"<PostEvent>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><PostEvent><Event>&b;</Event></PostEvent>',
        b"<a>" * 1000,
        b"<PostEvent>" + b"<a>" * 1000,
        b"<PostEvent>" + b" " * 1_000_000 + b"</PostEvent>",
    ],
)
def test_what_is_no_post_event_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_post_event(data)


@pytest.mark.parametrize(
    ("sent", "normalized"),
    [
        ("AA:BB:CC:DD:EE:0F", "AABBCCDDEE0F"),
        ("aa-bb-cc-dd-ee-0f", "AABBCCDDEE0F"),
        ("aabb.ccdd.ee0f", "AABBCCDDEE0F"),
        ("", ""),
        ("00:00:00:00:00:00", ""),
        ("AA:BB:CC:DD:EE", ""),
        ("AA:BB:CC:DD:EE:0F:11", ""),
        ("GG:BB:CC:DD:EE:0F", ""),
        ("٠٠:BB:CC:DD:EE:0F", ""),
    ],
)
def test_mac_addresses_are_compared_as_twelve_upper_hex_digits(sent: str, normalized: str) -> None:
    assert normalize_mac(sent) == normalized
    assert Identification(mac_address=sent).normalized_mac == normalized


def test_a_name_that_xml_cannot_carry_is_not_encoded() -> None:
    with pytest.raises(ValueError, match="Identification/SystemName"):
        encode_post_event(PostEvent(Identification(system_name="\x00"), Beat.BOOT, "Boot"))


def test_the_ipv6_address_of_the_body_is_read_beside_the_other() -> None:
    body = (
        b"<Envelope><Body><PostEvent><Identification><IPAddress>192.0.2.1</IPAddress>"
        b'<IPAddressV6 type="Global">2001:db8::1</IPAddressV6></Identification><Event>Beat</Event></PostEvent></Body>'
        b"</Envelope>"
    )
    found = decode_post_event(body).identification
    assert (found.ip_address, found.ip_address_v6) == ("192.0.2.1", "2001:db8::1")
