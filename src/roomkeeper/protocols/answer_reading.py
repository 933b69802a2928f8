"""Reading the answer to a PostEvent, as an endpoint does: for clients and for proving the encoder.

Not here: obeying it.
"""

from datetime import timedelta
from typing import Final
from xml.etree.ElementTree import Element

from roomkeeper.protocols import soap
from roomkeeper.protocols.answer import Answer, DocumentRequest, FileToDownload, SettingValue, SoftwareOffer
from roomkeeper.protocols.booking import Booking, decode_bookings
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.command import CommandCall, decode_calls
from roomkeeper.protocols.xapi.document import read_leaves
from roomkeeper.protocols.xml import children, find_child, parse, text_at
from roomkeeper.words import gettext as _

_MAX_DIGITS: Final = 9


def decode_answer(data: bytes) -> Answer:
    """The answer in a response body, members in any order (the real service puts the interval first, others
    last).

    Values of settings and arguments are kept to the last space. Raises ProtocolError for anything that is no
    answer.
    """
    root = parse(data)
    content = soap.get_content(root)
    result = find_child(content, "PostEventResult")
    if content.tag != "PostEventResponse" or result is None:
        raise ProtocolError(
            _("This is a {tag} message where PostEventResponse was expected.", tag=content.tag[:40])
        )
    interval = _read_number(text_at(result, "HeartBeatInterval"), "HeartBeatInterval")
    management = find_child(result, "Management")
    if management is None:
        management = Element("Management")
    return Answer(
        heartbeat_interval=timedelta(seconds=interval) if interval else None,
        settings=_read_settings(management),
        commands=_read_commands(management),
        documents=tuple(
            DocumentRequest(text_at(element, "Location"), text_at(element, "URL"))
            for element in _members(management, "DocumentsToPost", "DocumentToPost")
        ),
        bookings=_read_bookings(management),
        software=_read_software(management),
        files=tuple(
            _read_file(element) for element in _members(management, "FilesToDownload", "FileToDownload")
        ),
        soap_version=soap.find_version(root),
    )


def _members(management: Element, name: str, member: str) -> list[Element]:
    outer = find_child(management, name)
    return list(children(outer, member)) if outer is not None else []


def _read_settings(management: Element) -> tuple[SettingValue, ...]:
    settings: list[SettingValue] = []
    for configuration in _members(management, "Configuration", "Configuration"):
        leaves = read_leaves(configuration, first_index="always")
        if leaves.lost:
            raise ProtocolError(
                _("The answer sets {lost!r}, a name that no device uses.", lost=leaves.lost[0])
            )
        settings.extend(SettingValue(path, element.text or "") for path, element in leaves.found)
    return tuple(settings)


def _read_commands(management: Element) -> tuple[CommandCall, ...]:
    return tuple(
        call for command in _members(management, "Command", "Command") for call in decode_calls(command)
    )


def _read_bookings(management: Element) -> tuple[Booking, ...] | None:
    lists = _members(management, "Calendar", "Bookings")
    return decode_bookings(lists[0]) if lists else None


def _read_software(management: Element) -> SoftwareOffer | None:
    software = find_child(management, "Software")
    if software is None or not len(software):
        return None
    return SoftwareOffer(
        url=text_at(software, "Package", "URL"),
        version_id=text_at(software, "Package", "VersionId"),
        session_id=text_at(software, "SessionId"),
        release_key=text_at(software, "ReleaseKey"),
        username=text_at(software, "Package", "Username"),
        password=text_at(software, "Package", "Password"),
        feedback_url=text_at(software, "Feedback", "URL"),
    )


def _read_file(element: Element) -> FileToDownload:
    return FileToDownload(
        client_path=text_at(element, "ClientPath"),
        url=text_at(element, "FileURL"),
        crc=text_at(element, "CRC"),
        size=_read_number(text_at(element, "Size"), "Size"),
        comment=text_at(element, "Comment"),
    )


def _read_number(text: str, name: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise ProtocolError(_("{name} is {text!r}, which is not a number.", name=name, text=text[:40]))
    return int(text)
