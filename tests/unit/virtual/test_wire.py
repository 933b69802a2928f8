"""What an endpoint reads and writes, without a socket: hostile answers, WebSocket frames, escaping."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from roomkeeper.virtual import wire_out, xml_in, xml_out
from roomkeeper.virtual.clock import ManualClock
from roomkeeper.virtual.device import VirtualDevice
from roomkeeper.virtual.identity import EndpointIdentity
from roomkeeper.virtual.profile import load
from roomkeeper.virtual.websocket import FrameReader, ProtocolViolation, accept_key, encode_frame
from roomkeeper.virtual.xapi_rpc import json_value, matches, tree_of


def device(name: str = "Boardroom", profile: str = "room-kit-roomos10") -> VirtualDevice:
    identity = EndpointIdentity(name, "FTT25010001", "02:00:00:00:00:01", "127.1.0.1", "127.1.0.1")
    return VirtualDevice(load(profile), identity, ManualClock())


@given(st.text())
def test_any_text_makes_well_formed_xml(text: str) -> None:
    root = etree.fromstring(f"<x>{xml_out.text(text)}</x>".encode())
    assert root.tag == "x"


@given(st.text(max_size=50))
def test_posts_are_well_formed_whatever_the_name(name: str) -> None:
    one = device()
    one.configuration.preset({"SystemUnit/Name": name})
    etree.fromstring(wire_out.post_event(one, "Boot"))
    etree.fromstring(wire_out.feedback_xml(one, "Configuration", {"SystemUnit/Name": name}, []))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(xml_in.BadDocument):
        xml_in.manager_answer(data)


BOMB = b"""<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><PostEventResult>&c;</PostEventResult>"""


@pytest.mark.parametrize("data", [b"", b"<html/>", b"<x", BOMB, b"\xff\xfe\x00"])
def test_answers_that_are_none(data: bytes) -> None:
    with pytest.raises(xml_in.BadDocument):
        xml_in.manager_answer(data)


def test_an_answer_in_any_order_and_prefix() -> None:
    answer = xml_in.manager_answer(
        b"""
        <a:Envelope xmlns:a="http://schemas.xmlsoap.org/soap/envelope/"><a:Body><n:PostEventResponse xmlns:n="urn:n">
        <n:PostEventResult><n:Management><n:DocumentsToPost><n:DocumentToPost><n:URL>http://m/d</n:URL>
        <n:Location>/Status</n:Location></n:DocumentToPost></n:DocumentsToPost><n:Directory/><n:Software/>
        <n:Command><Command xmlns=""><A><B command="True"><C>1</C><C>2</C><body>x</body></B></A>
        <D command="true"/></Command></n:Command></n:Management><n:HeartBeatInterval> 42 </n:HeartBeatInterval>
        </n:PostEventResult></n:PostEventResponse></a:Body></a:Envelope>"""
    )
    assert answer.heartbeat_seconds == 42
    assert answer.documents == [("/Status", "http://m/d")]
    assert [call.path for call in answer.calls] == ["A/B", "D"]
    assert answer.calls[0].all("c") == ["1", "2"]
    assert answer.calls[0].body == "x"
    assert answer.software is None
    assert answer.bookings is None


@given(st.binary(max_size=70000), st.binary(min_size=4, max_size=4), st.integers(1, 999))
def test_frames_come_back_however_they_are_cut(payload: bytes, mask: bytes, piece: int) -> None:
    frame = bytearray(encode_frame(1, payload))
    head = 2 if len(payload) < 126 else 4 if len(payload) < 65536 else 10
    masked = bytes(byte ^ mask[position % 4] for position, byte in enumerate(payload))
    frame[1] |= 0x80
    wire = bytes(frame[:head]) + mask + masked
    reader, messages = FrameReader(), []
    for start in range(0, len(wire), max(piece, len(wire) // 50)):
        messages += reader.feed(wire[start : start + max(piece, len(wire) // 50)])
    assert messages == [(1, payload)]


def test_frames_that_may_not_be() -> None:
    with pytest.raises(ProtocolViolation):
        FrameReader().feed(encode_frame(1, b"unmasked"))
    with pytest.raises(ProtocolViolation):
        FrameReader().feed(b"\x81\xff" + b"\xff" * 8)


def test_accept_key_of_the_rfc() -> None:
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("Audio/Volume", "50", 50),
        ("Cameras/Camera[1]/Position/Tilt", "-500", -500),
        ("SystemUnit/Hardware/Module/SerialNumber", "1234567890", "1234567890"),
        ("X/Y", "007", "007"),
        ("X/Y", "46.6", "46.6"),
        ("X/Y", "", ""),
    ],
)
def test_json_values(path: str, value: str, expected: object) -> None:
    assert json_value(path, value) == expected


@pytest.mark.parametrize(
    ("query", "steps", "expected"),
    [
        (("audio",), (("Audio", None), ("Volume", None)), True),
        (("**", "volume"), (("Audio", None), ("Volume", None)), True),
        (("**", "volume"), (("Audio", None), ("Mute", None)), False),
        (("network", "1", "ipv4"), (("Network", 1), ("IPv4", None), ("Address", None)), True),
        (("network", "2"), (("Network", 1), ("IPv4", None)), False),
        (("network", "ipv4"), (("Network", 1), ("IPv4", None)), True),
    ],
)
def test_queries(query: tuple[str, ...], steps: tuple[tuple[str, int | None], ...], expected: bool) -> None:
    assert matches(query, steps) is expected


def test_lists_in_json_carry_ids() -> None:
    assert tree_of({"Call[3]/Status": "Idle", "Call[4]/Status": "Idle", "A/B": "1"}) == {
        "A": {"B": 1},
        "Call": [{"id": "3", "Status": "Idle"}, {"id": "4", "Status": "Idle"}],
    }
