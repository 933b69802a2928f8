"""The answer to a PostEvent (protocol notes A.5)."""

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.external_manager import (
    Answer,
    Booking,
    BookingCall,
    CommandCall,
    Dialect,
    DocumentRequest,
    FileToDownload,
    SettingValue,
    SoftwareOffer,
    decode_answer,
    encode_answer,
)

SERVICE = "{http://www.tandberg.net/2004/11/SystemManagementService/}"
FULL = Answer(
    heartbeat_interval=timedelta(seconds=30),
    settings=(
        SettingValue("SystemUnit/Name", "Home Office"),
        SettingValue("SIP/Proxy[1]/Address", ""),
        SettingValue("SIP/Proxy[2]/Address", "sip.example.org"),
    ),
    commands=(
        CommandCall(
            "HttpFeedback/Register",
            (("FeedbackSlot", "3"), ("Expression", ("/Status/Call", "/Event/CallDisconnect"))),
        ),
        CommandCall("UserInterface/Extensions/Set", (("ConfigId", "1"),), "<Extensions>\r\n</Extensions>"),
    ),
    documents=(DocumentRequest("/Status", "https://manager.example/d"),),
    bookings=(
        Booking(
            id="101",
            title="Planning",
            starts_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
            ends_at=datetime(2026, 1, 5, 10, tzinfo=UTC),
            calls=(BookingCall("meet@example.org", call_rate=4096),),
        ),
    ),
    software=SoftwareOffer("https://manager.example/s.pkg", feedback_url="https://manager.example/f"),
    files=(FileToDownload("/tmp/x", "https://manager.example/x", size=7),),
)


def answering(content: str) -> str:
    return f"<PostEventResponse><PostEventResult>{content}</PostEventResult></PostEventResponse>"


def members(data: bytes) -> tuple[list[str], list[str]]:
    """Names below the result, and below its Management, read by a parser that is not ours."""
    result = etree.fromstring(data)[0][0][0]
    management = result.find(f"{SERVICE}Management")
    return [child.tag for child in result], [child.tag for child in management]


@pytest.mark.parametrize("answer", [Answer(timedelta(seconds=900)), FULL])
@pytest.mark.parametrize("dialect", Dialect)
def test_members_stand_in_the_order_of_the_service(answer: Answer, dialect: Dialect) -> None:
    result, management = members(encode_answer(answer, dialect=dialect))
    assert result == [f"{SERVICE}HeartBeatInterval", f"{SERVICE}Management"]
    assert management == [
        f"{SERVICE}{name}"
        for name in (
            "Directory",
            "Configuration",
            "Command",
            "Calendar",
            "FilesToDownload",
            "Software",
            "DocumentsToPost",
        )
    ]


def test_an_answer_with_nothing_to_say_has_empty_members_and_no_interval() -> None:
    data = encode_answer(Answer(), dialect=Dialect.CE)
    assert b"HeartBeatInterval" not in data
    assert b"<Directory/><Configuration/><Command/><Calendar/>" in data
    assert decode_answer(data) == Answer()


def test_empty_answers_are_the_same_bytes_whoever_asks() -> None:
    assert encode_answer(Answer(), dialect=Dialect.CE) == encode_answer(Answer(), dialect=Dialect.TC)


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("soap_version", ["1.1", "1.2"])
def test_everything_that_is_written_is_read(dialect: Dialect, soap_version: str) -> None:
    answer = Answer(*(getattr(FULL, name) for name in Answer.__slots__[:-1]), soap_version=soap_version)
    assert decode_answer(encode_answer(answer, dialect=dialect)) == answer


def test_ce_is_told_its_configuration_without_namespace_and_as_internal() -> None:
    data = encode_answer(FULL, dialect=Dialect.CE)
    assert (
        b'<Configuration><Configuration xmlns="" internal="true"><SystemUnit><Name>Home Office</Name>' in data
    )


def test_tc_is_told_its_configuration_in_its_namespace() -> None:
    data = encode_answer(FULL, dialect=Dialect.TC)
    assert b'<Configuration xmlns="http://www.tandberg.com/XML/CUIL/2.0"><SystemUnit>' in data
    assert b"internal" not in data


def test_settings_of_one_list_share_a_branch_and_carry_their_item() -> None:
    data = encode_answer(FULL, dialect=Dialect.CE)
    assert (
        b'<SIP><Proxy item="1"><Address/></Proxy>'
        b'<Proxy item="2"><Address>sip.example.org</Address></Proxy></SIP>'
    ) in data


def test_commands_are_marked_and_arguments_with_several_values_are_numbered() -> None:
    data = encode_answer(FULL, dialect=Dialect.CE)
    assert (
        b'<Command><Command xmlns=""><HttpFeedback><Register command="True"><FeedbackSlot>3</FeedbackSlot>'
        b'<Expression item="1">/Status/Call</Expression>'
        b'<Expression item="2">/Event/CallDisconnect</Expression>'
        b"</Register></HttpFeedback>"
    ) in data
    assert b"<body>&lt;Extensions&gt;&#13;\n&lt;/Extensions&gt;</body>" in data


def test_no_bookings_leave_the_list_alone_and_an_empty_list_clears_it() -> None:
    cleared = encode_answer(Answer(bookings=()), dialect=Dialect.CE)
    assert (
        b'<Calendar><Bookings xmlns="http://www.cisco.com/TelePresence/Bookings/1.0"></Bookings></Calendar>'
        in cleared
    )
    assert decode_answer(cleared).bookings == ()
    left_alone = encode_answer(Answer(documents=FULL.documents), dialect=Dialect.CE)
    assert b"<Calendar/>" in left_alone
    assert decode_answer(left_alone).bookings is None


def test_an_interval_after_management_is_read_too() -> None:
    data = encode_answer(FULL, dialect=Dialect.CE)
    interval = b"<HeartBeatInterval>30</HeartBeatInterval>"
    moved = data.replace(interval, b"").replace(b"</Management>", b"</Management>" + interval)
    assert decode_answer(moved) == FULL


@pytest.mark.parametrize("seconds", [0, -1, 0.5, 10**10])
def test_an_interval_that_no_device_could_keep_is_not_sent(seconds: float) -> None:
    with pytest.raises(ValueError, match="heartbeat interval"):
        encode_answer(Answer(timedelta(seconds=seconds)), dialect=Dialect.CE)


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        (Answer(settings=(SettingValue("SIP/Proxy[2]/Address", "\x00"),)), r"SIP/Proxy\[2\]/Address"),
        (Answer(settings=(SettingValue("SIP/<Proxy>", "x"),)), "<Proxy>"),
        (Answer(commands=(CommandCall("Dial", (("Number", "\x01"),)),)), "Dial Number"),
        (Answer(commands=(CommandCall("Dial", (("a b", "1"),)),)), "argument"),
        (Answer(commands=(CommandCall("Dial", (("body", "1"),)),)), "argument"),
        (Answer(commands=(CommandCall("Dial", (), "\x01"),)), "Dial body"),
        (Answer(documents=(DocumentRequest("/Status", "\ud800"),)), "DocumentToPost/URL"),
        (Answer(software=SoftwareOffer("\x02")), "Package/URL"),
        (Answer(soap_version="1.3"), "1.3"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_place(answer: Answer, place: str) -> None:
    with pytest.raises(ValueError, match=place):
        encode_answer(answer, dialect=Dialect.CE)


def test_a_booking_without_time_zone_is_refused() -> None:
    naive = datetime(2026, 1, 5, 9)  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        encode_answer(Answer(bookings=(Booking("1", "x", naive, naive),)), dialect=Dialect.CE)


@pytest.mark.parametrize(
    "content",
    [
        "<PostEvent/>",
        "<PostEventResponse/>",
        answering("<HeartBeatInterval>soon</HeartBeatInterval>"),
        answering("<Management><Calendar><Bookings><Booking/></Bookings></Calendar></Management>"),
        answering(
            "<Management><Configuration><Configuration><\xf8/></Configuration></Configuration></Management>"
        ),
        "<Envelope/>",
        "<Envelope><Body/></Envelope>",
    ],
)
def test_what_is_no_answer_is_refused(content: str) -> None:
    with pytest.raises(ProtocolError):
        decode_answer(content.encode())


def test_an_answer_of_a_manager_that_says_little_is_read() -> None:
    data = b"<PostEventResponse><PostEventResult/></PostEventResponse>"
    assert decode_answer(data) == Answer()
