"""Whatever the bytes, a decoder returns or raises ProtocolError, in linear time and memory."""

import tracemalloc
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomkeeper.protocols import mending, xml
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.external_manager import (
    Answer,
    Beat,
    CommandCall,
    Dialect,
    DocumentRequest,
    Identification,
    PostEvent,
    SettingValue,
    decode_answer,
    decode_post_event,
    encode_answer,
    encode_post_event,
)
from roomkeeper.protocols.feedback import Feedback, FeedbackValue, decode_feedback, encode_feedback
from roomkeeper.protocols.phonebook import decode_search
from roomkeeper.protocols.posted_document import decode_posted_document
from roomkeeper.protocols.xapi.command import decode_command_document, decode_command_result
from roomkeeper.protocols.xapi.configuration import decode_configuration, decode_configuration_result
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.status import decode_status
from roomkeeper.protocols.xapi.valuespace import decode_valuespace

Decoder = Callable[[bytes], object]


def read_feedback(data: bytes) -> object:
    return decode_feedback(data, "text/xml")


DECODERS: list[Decoder] = [
    xml.parse,
    decode_post_event,
    decode_answer,
    decode_posted_document,
    read_feedback,
    decode_status,
    decode_configuration,
    decode_configuration_result,
    decode_command_document,
    decode_command_result,
    decode_valuespace,
    decode_search,
]
DOOR: list[Decoder] = [decode_post_event, decode_posted_document, read_feedback]
"""What strangers reach."""

WHO = Identification(
    system_name="Boardroom",
    mac_address="AA:BB:CC:DD:EE:0F",
    serial_number="FTT00000001",
    ip_address="192.0.2.1",
)
FEEDBACK = Feedback(
    WHO,
    "Status",
    (FeedbackValue("Call[8]/Status", "Idle"), FeedbackValue("Network[1]/IPv4/Address", "a")),
    ("Call[9]",),
)
MESSAGES = [
    encode_post_event(PostEvent(WHO, Beat.BOOT, "Boot")),
    encode_answer(
        Answer(
            timedelta(seconds=30),
            settings=(SettingValue("SIP/Proxy[2]/Address", "x & y"),),
            commands=(CommandCall("HttpFeedback/Register", (("Expression", ("a", "b")),), "body"),),
            documents=(DocumentRequest("/Status", "https://manager.example/d"),),
            bookings=(),
        ),
        dialect=Dialect.TC,
    ),
    encode_feedback(FEEDBACK),
    encode_feedback(FEEDBACK, as_json=True),
    (
        b"<PostedDocument><Identification><SerialNumber>A</SerialNumber></Identification>"
        b'<Location>/Status</Location><Status product="Cisco Codec"><Call item="8" maxOccurrence="n">'
        b"<Status>Idle</Status></Call></Status></PostedDocument>"
    ),
    b'<Configuration><A><B item="1" valueSpaceRef="/Valuespace/C">1</B></A><Error>no</Error></Configuration>',
    (
        b'<Command><A command="True" role="Admin"><B multiple="3"><ValueSpace type="Integer"><Max>3</Max>'
        b'</ValueSpace></B></A><DialResult status="Error"><Cause>3</Cause></DialResult></Command>'
    ),
    b'<Valuespace><A type="Literal"><Value>1</Value></A><B type="Integer"><Min>-1</Min></B></Valuespace>',
    b"<Search><SearchString>x</SearchString><MaxResult>7</MaxResult></Search>",
]
TOKENS = st.sampled_from(
    b"< > /> </ & &# ; ' <!-- --> <![CDATA[ ]]> <?xml ?> <!DOCTYPE \x00 \xff \xfe \xef\xbb\xbf { } [ ] : , "
    b"\xc3 \xed\xa0\x80 999999999999999999999999 item='1' ghost='True' command='True' <Status> </Status> "
    b"<Envelope> <Body> <PostedDocument>".split(b" ")
)


def decode_with_all(data: bytes, decoders: list[Decoder] = DECODERS) -> None:
    """The property itself. Where paths come out, they have keys."""
    for decode in decoders:
        try:
            decoded = decode(data)
        except ProtocolError:
            continue
        for path in paths_of(decoded)[:100]:
            assert len(match_key(path)) <= 255


def paths_of(decoded: object) -> list[str]:
    if isinstance(decoded, Feedback):
        return [*(value.path for value in decoded.values), *decoded.ghosts]
    if isinstance(decoded, Answer):
        return [setting.path for setting in decoded.settings]
    return [
        *getattr(decoded, "settings", {}),
        *(decoded.values if isinstance(getattr(decoded, "values", None), dict) else ()),
        *getattr(decoded, "ghosts", ()),
    ]


@given(st.binary(max_size=300) | st.lists(TOKENS, max_size=30).map(b"".join))
def test_any_bytes(data: bytes) -> None:
    decode_with_all(data)


@settings(max_examples=300)
@given(st.data())
def test_real_messages_with_bytes_changed(data: st.DataObject) -> None:
    message = bytearray(data.draw(st.sampled_from(MESSAGES)))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(message)))
        length = data.draw(st.integers(0, 12))
        message[start : start + length] = data.draw(TOKENS | st.binary(max_size=4))
    decode_with_all(bytes(message))


@given(st.sampled_from(MESSAGES), st.data())
def test_real_messages_cut_short(message: bytes, data: st.DataObject) -> None:
    decode_with_all(message[: data.draw(st.integers(0, len(message)))])


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"])
def test_real_messages_in_other_encodings(message: bytes, encoding: str) -> None:
    decode_with_all(message.decode().encode(encoding))


MILLION = 1_000_000
TAGS = xml.MAX_TAGS - 100
ATTRIBUTES = xml.MAX_ATTRIBUTES - 100


def status(content: bytes) -> bytes:
    return b"<Status>" + content + b"</Status>"


def text(content: bytes) -> bytes:
    return status(b"<a>" + content + b"</a>")


def repeated(pattern: bytes, count: int) -> bytes:
    return b"".join(pattern.replace(b"#", b"%d" % number) for number in range(count))


BOMBS: dict[str, Callable[[], bytes]] = {
    "nested tags": lambda: b"<a>" * 3 * MILLION,
    "nested and closed tags": lambda: b"<a>" * (MILLION * 10 // 7) + b"</a>" * (MILLION * 10 // 7),
    "nested tags under the cap": lambda: status(b"<a>" * (TAGS // 2) + b"</a>" * (TAGS // 2)),
    "a million siblings": lambda: status(b"<a/>" * MILLION),
    "siblings under the cap": lambda: status(b"<a/>" * TAGS),
    "siblings of different names": lambda: status(repeated(b"<a#/>", TAGS)),
    "siblings with indexes": lambda: status(repeated(b"<a item='#'/>", TAGS)),
    "siblings below a long path": lambda: status(
        b"<abcdefghij>" * 15 + b"<b/>" * TAGS + b"</abcdefghij>" * 15
    ),
    "a million attributes": lambda: b"<Status " + repeated(b"a#='' ", MILLION) + b"/>",
    "attributes under the cap": lambda: b"<Status " + repeated(b"a#='' ", ATTRIBUTES) + b"/>",
    "one long name": lambda: b"<" + b"a" * 9 * MILLION + b"/>",
    "long names": lambda: status(repeated(b"<" + b"a" * 900 + b"#/>", 9_000)),
    "one long text": lambda: text(b"x" * 9 * MILLION),
    "a text of line breaks": lambda: text(b"\r\n" * 4 * MILLION),
    "a text of entities": lambda: text(b"&amp;" * MILLION),
    "a text of references": lambda: text(b"&#65;" * MILLION),
    "a text of broken references": lambda: text(b"&#1;" * 2 * MILLION),
    "broken references under the cap": lambda: text(b"&#1;" * (mending.MAX_REFERENCES - 1)),
    "a reference of zeros": lambda: text(b"&#" + b"0" * 9 * MILLION + b";"),
    "control bytes": lambda: text(b"\x01" * 9 * MILLION),
    "broken utf-8": lambda: text(b"\xff" * 3 * MILLION),
    "noncharacters": lambda: text(b"\xef\xbf\xbe" * 3 * MILLION),
    "comments": lambda: status(b"<!---->" * TAGS),
    "one long comment": lambda: status(b"<!--" + b"- " * 4 * MILLION + b"-->"),
    "an unfinished comment": lambda: b"<Status><!--" + b"-" * 9 * MILLION,
    "cdata": lambda: text(b"<![CDATA[]]]]>" * TAGS),
    "an unfinished tag": lambda: b"<Status " + b"a" * 9 * MILLION,
    "an unfinished name": lambda: b"<Status" + b"a" * 9 * MILLION,
    "unfinished quotation marks": lambda: status(b"<a b='" * TAGS),
    "attributes without values": lambda: status(b"<a =" + b"b " * 4 * MILLION + b"></c></a>"),
    "an unfinished declaration": lambda: b"<?xml " + b" " * 9 * MILLION,
    "white space": lambda: b" " * 9 * MILLION,
    "byte order marks": lambda: b"\xef\xbb\xbf" * 3 * MILLION,
    "processing instructions": lambda: b"<?a?>" * TAGS + b"<Status/>",
    "wrappers": lambda: b"<Envelope>" + b"<Body></Body>" * (TAGS // 2) + b"</Envelope>",
    "wrappers in wrappers": lambda: (
        b"<PostedDocument>" * 60 + b"<Body/>" * (TAGS - 120) + b"</PostedDocument>" * 60
    ),
    "namespaces": lambda: b"<Status " + repeated(b"xmlns:a#='u#' ", ATTRIBUTES) + b"/>",
    "json lists": lambda: b'{"Status":' + b"[" * 9 * MILLION,
    "json objects": lambda: b'{"Status":' + b'{"a":' * MILLION,
    "json members": lambda: b'{"Status":{' + repeated(b'"a#":1,', 59_000) + b'"a":1}}',
    "json items": lambda: b'{"Status":{"a":[' + b"1," * 59_000 + b"1]}}",
    "a long json number": lambda: b'{"Status":{"a":' + b"9" * 9 * MILLION + b"}}",
    "a long json text": lambda: b'{"Status":{"a":"' + b"\\u0000" * MILLION + b'"}}',
    "billion laughs": lambda: (
        b'<!DOCTYPE a [<!ENTITY a0 "ha">'
        + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
        + b"]><Status>&a9;</Status>"
    ),
    "quadratic entities": lambda: (
        b'<!DOCTYPE a [<!ENTITY a "' + b"x" * 100_000 + b'">]>' + status(b"&a;" * 100_000)
    ),
    "fifty megabytes": lambda: status(b" " * 50 * MILLION),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_within_the_time_of_the_suite(name: str) -> None:
    decode_with_all(BOMBS[name](), DOOR)


@pytest.mark.parametrize(
    ("decode", "root", "content"),
    [
        (decode_status, b"Status", b"<a item='1'/>"),
        (decode_configuration, b"Configuration", b"<a/>"),
        (decode_configuration_result, b"Configuration", b"<Error/>"),
        (decode_command_document, b"Command", b"<a command='True'/>"),
        (decode_command_result, b"Command", b"<a/>"),
        (decode_valuespace, b"Valuespace", b"<a/>"),
        (decode_search, b"Search", b"<a/>"),
        (decode_answer, b"PostEventResponse", b"<PostEventResult/>"),
    ],
)
def test_a_bomb_for_one_kind_of_document_ends_too(decode: Decoder, root: bytes, content: bytes) -> None:
    decode(b"<" + root + b">" + content * TAGS + b"</" + root + b">")


def measure_peak(decode: Decoder, data: bytes) -> int:
    """Bytes that were in use at once while decoding."""
    tracemalloc.start()
    try:
        decode(data)
    except ProtocolError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize(
    "name",
    [
        "nested tags under the cap",
        "siblings of different names",
        "attributes under the cap",
        "long names",
        "one long text",
        "control bytes",
        "json items",
    ],
)
def test_a_bomb_takes_little_more_memory_than_its_bytes(name: str) -> None:
    data = BOMBS[name]()
    assert measure_peak(read_feedback, data) < 35_000_000 + 7 * len(data)


def test_names_that_nobody_uses_are_not_remembered() -> None:
    def parse_invented(turn: int) -> None:
        xml.parse(b"<a>" + b"".join(b"<n%dx%d/>" % (turn, n) for n in range(8_000)) + b"</a>")

    parse_invented(0)
    tracemalloc.start()
    try:
        parse_invented(1)
        before, _ = tracemalloc.get_traced_memory()
        for turn in range(2, 6):
            parse_invented(turn)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000


@pytest.mark.parametrize("leaf", [b"<a>1</a>", b'<a item="7"><b/></a>', b"<a>\r\n&amp;</a>"])
def test_twice_the_document_takes_about_twice_the_memory(leaf: bytes) -> None:
    small, large = (b"<Status>" + leaf * count + b"</Status>" for count in (5_000, 10_000))
    assert measure_peak(decode_status, large) < 3 * measure_peak(decode_status, small)
