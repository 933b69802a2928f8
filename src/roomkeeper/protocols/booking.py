"""Bookings as an endpoint keeps them to dial with one button (protocol notes H.1). Not here: who booked what."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from xml.etree.ElementTree import Element

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xml import children, encode_element, find_child, text_at
from roomkeeper.words import gettext as _

BOOKINGS_NAMESPACE: Final = "http://www.cisco.com/TelePresence/Bookings/1.0"

_ITEM: Final = ' item="1"'  # every element of a booking carries it (protocol notes H.1)
_MAX_SECONDS: Final = 10**9
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class BookingCall:
    """One address that the button dials. `call_rate` is in kbit/s, 0 leaves it to the endpoint."""

    number: str
    protocol: str = "SIP"
    call_rate: int = 0
    call_type: str = "Video"


@dataclass(frozen=True, slots=True)
class Booking:
    """One meeting on an endpoint's list. Times are aware; on the wire they are UTC with whole seconds."""

    id: str
    title: str
    starts_at: datetime
    ends_at: datetime
    calls: tuple[BookingCall, ...] = ()
    agenda: str = ""
    privacy: str = "Public"
    organizer_first_name: str = ""
    organizer_last_name: str = ""
    organizer_email: str = ""
    start_buffer: timedelta = timedelta(seconds=300)
    end_buffer: timedelta = timedelta(0)
    maximum_extension: timedelta = timedelta(minutes=5)
    status: str = "OK"
    status_message: str = ""
    has_webex: bool = False
    encryption: str = "BestEffort"
    role: str = "Master"
    recording: str = "Disabled"
    connect_mode: str = "OBTP"


def encode_bookings(bookings: tuple[Booking, ...]) -> str:
    """The whole list, which replaces the endpoint's; an empty one clears it. Raises ValueError for naive times."""
    content = "".join(_encode_booking(booking, place) for place, booking in enumerate(bookings, 1))
    return f'<Bookings xmlns="{BOOKINGS_NAMESPACE}">{content}</Bookings>'


def _encode_booking(booking: Booking, place: int) -> str:
    def leaf(name: str, text: str) -> str:
        return encode_element(name, text, f"Booking[{place}]/{name}", _ITEM)

    def branch(name: str, *members: str) -> str:
        return f"<{name}{_ITEM}>{''.join(members)}</{name}>"

    calls = "".join(
        f'<Call item="{number}">'
        + leaf("Number", call.number)
        + leaf("Protocol", call.protocol)
        + (leaf("CallRate", str(call.call_rate)) if call.call_rate else "")
        + leaf("CallType", call.call_type)
        + "</Call>"
        for number, call in enumerate(booking.calls, 1)
    )
    return "".join(
        (
            f'<Booking item="{place}">',
            leaf("Id", booking.id),
            leaf("Title", booking.title),
            leaf("Agenda", booking.agenda),
            leaf("Privacy", booking.privacy),
            branch(
                "Organizer",
                leaf("FirstName", booking.organizer_first_name),
                leaf("LastName", booking.organizer_last_name),
                leaf("Email", booking.organizer_email),
            ),
            branch(
                "Time",
                leaf("StartTime", _encode_time(booking.starts_at)),
                leaf("StartTimeBuffer", str(int(booking.start_buffer.total_seconds()))),
                leaf("EndTime", _encode_time(booking.ends_at)),
                leaf("EndTimeBuffer", str(int(booking.end_buffer.total_seconds()))),
            ),
            leaf("MaximumMeetingExtension", str(booking.maximum_extension // _MINUTE)),
            leaf("BookingStatus", booking.status),
            leaf("BookingStatusMessage", booking.status_message),
            branch("Webex", leaf("Enabled", str(booking.has_webex))),
            leaf("Encryption", booking.encryption),
            leaf("Role", booking.role),
            leaf("Recording", booking.recording),
            branch("DialInfo", branch("Calls", calls), leaf("ConnectMode", booking.connect_mode)),
            "</Booking>",
        )
    )


def _encode_time(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError(_("A booking's time has no time zone."))
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def decode_bookings(bookings: Element) -> tuple[Booking, ...]:
    """The list below a Bookings element. Raises ProtocolError for times and numbers that are none."""
    return tuple(_decode_booking(element) for element in children(bookings, "Booking"))


def _decode_booking(element: Element) -> Booking:
    found_calls: list[BookingCall] = []
    dial_info = find_child(element, "DialInfo")
    if dial_info is not None:
        list_of_calls = find_child(dial_info, "Calls")
        if list_of_calls is not None:
            found_calls = [_decode_call(call) for call in children(list_of_calls, "Call")]
    return Booking(
        id=text_at(element, "Id"),
        title=text_at(element, "Title"),
        starts_at=_decode_time(text_at(element, "Time", "StartTime")),
        ends_at=_decode_time(text_at(element, "Time", "EndTime")),
        calls=tuple(found_calls),
        agenda=text_at(element, "Agenda"),
        privacy=text_at(element, "Privacy"),
        organizer_first_name=text_at(element, "Organizer", "FirstName"),
        organizer_last_name=text_at(element, "Organizer", "LastName"),
        organizer_email=text_at(element, "Organizer", "Email"),
        start_buffer=timedelta(seconds=_decode_number(text_at(element, "Time", "StartTimeBuffer"))),
        end_buffer=timedelta(seconds=_decode_number(text_at(element, "Time", "EndTimeBuffer"))),
        maximum_extension=timedelta(minutes=_decode_number(text_at(element, "MaximumMeetingExtension"))),
        status=text_at(element, "BookingStatus"),
        status_message=text_at(element, "BookingStatusMessage"),
        has_webex=text_at(element, "Webex", "Enabled").lower() == "true",
        encryption=text_at(element, "Encryption"),
        role=text_at(element, "Role"),
        recording=text_at(element, "Recording"),
        connect_mode=text_at(element, "DialInfo", "ConnectMode"),
    )


def _decode_call(element: Element) -> BookingCall:
    return BookingCall(
        number=text_at(element, "Number"),
        protocol=text_at(element, "Protocol"),
        call_rate=_decode_number(text_at(element, "CallRate")),
        call_type=text_at(element, "CallType"),
    )


def _decode_time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        # Endpoints and their managers write UTC, with or without saying so.
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ProtocolError(_("A booking has the time {text!r}.", text=text[:40])) from None


def _decode_number(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ProtocolError(_("A booking has the number {text!r}.", text=text[:40]))
    return min(int(text), _MAX_SECONDS)
