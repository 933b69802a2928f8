"""The answer to a PostEvent: what the manager wants of an endpoint that has just spoken. Not here: wanting it.

Members stand in the order of the service's WSDL (protocol notes A.5); those without content are empty elements.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Final

from roomkeeper.protocols import soap
from roomkeeper.protocols.booking import Booking, encode_bookings
from roomkeeper.protocols.post_event import SERVICE_NAMESPACE
from roomkeeper.protocols.xapi.command import CommandCall, encode_calls
from roomkeeper.protocols.xapi.configuration import encode_settings
from roomkeeper.protocols.xapi.dialect import CUIL_2, Dialect
from roomkeeper.protocols.xapi.paths import SettingPath
from roomkeeper.protocols.xml import encode_element
from roomkeeper.words import gettext as _

_MAX_INTERVAL: Final = 10**9  # seconds


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """Ask for a document (`/Status`, `/Configuration`, ...) to be posted to a URL of ours."""

    location: str
    url: str


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One setting to write: a canonical path (R7) and its value, "" to set it empty."""

    path: SettingPath
    value: str


@dataclass(frozen=True, slots=True)
class SoftwareOffer:
    """A package to install, and where its progress is to be posted (protocol notes G)."""

    url: str
    version_id: str = ""
    session_id: str = ""
    release_key: str = ""
    username: str = ""
    password: str = ""
    feedback_url: str = ""


@dataclass(frozen=True, slots=True)
class FileToDownload:
    """A file for the endpoint to fetch; `size` in bytes. Known from the WSDL only (protocol notes A.5)."""

    client_path: str
    url: str
    crc: str = ""
    size: int = 0
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything one answer can carry. Without any content it is what an unknown system gets (R5).

    `heartbeat_interval` None says nothing about the next heartbeat; whole seconds otherwise.
    `bookings` None leaves the endpoint's list alone, an empty tuple clears it.
    """

    heartbeat_interval: timedelta | None = None
    settings: tuple[SettingValue, ...] = ()
    commands: tuple[CommandCall, ...] = ()
    documents: tuple[DocumentRequest, ...] = ()
    bookings: tuple[Booking, ...] | None = None
    software: SoftwareOffer | None = None
    files: tuple[FileToDownload, ...] = ()
    soap_version: str = soap.SOAP_11


def encode_answer(answer: Answer, *, dialect: Dialect) -> bytes:
    """The SOAP answer. Where there is nothing to say but the interval, it comes from a cache.

    Raises ValueError, naming the place, for characters that XML cannot hold, paths that are none, and an
    interval below a second.
    """
    if not (
        answer.settings
        or answer.commands
        or answer.documents
        or answer.files
        or answer.software
        or answer.bookings is not None
    ):
        return _encode_quiet_answer(answer.heartbeat_interval, answer.soap_version)
    head, tail = _frame(answer.heartbeat_interval, answer.soap_version)
    parts = [
        head,
        _encode_configuration(answer.settings, dialect),
        _encode_commands(answer.commands),
        _wrap("Calendar", encode_bookings(answer.bookings) if answer.bookings is not None else ""),
        _wrap("FilesToDownload", "".join(_encode_file(file) for file in answer.files)),
        _encode_software(answer.software),
        _encode_documents(answer.documents),
        tail,
    ]
    return "".join(parts).encode("utf-8")


@lru_cache(maxsize=256)
def _encode_quiet_answer(heartbeat_interval: timedelta | None, soap_version: str) -> bytes:
    head, tail = _frame(heartbeat_interval, soap_version)
    members = "<Configuration/><Command/><Calendar/><FilesToDownload/><Software/><DocumentsToPost/>"
    return (head + members + tail).encode("utf-8")


@lru_cache(maxsize=256)
def _frame(heartbeat_interval: timedelta | None, soap_version: str) -> tuple[str, str]:
    """What stands before and after the members of Management."""
    interval = ""
    if heartbeat_interval is not None:
        seconds = int(heartbeat_interval.total_seconds())
        if not 1 <= seconds <= _MAX_INTERVAL:
            raise ValueError(_("A heartbeat interval of {seconds} seconds cannot be sent.", seconds=seconds))
        interval = f"<HeartBeatInterval>{seconds}</HeartBeatInterval>"
    head = (
        f'{soap.envelope_head(soap_version)}<PostEventResponse xmlns="{SERVICE_NAMESPACE}">'
        f"<PostEventResult>{interval}<Management><Directory/>"
    )
    return head, f"</Management></PostEventResult></PostEventResponse>{soap.ENVELOPE_TAIL}"


def _wrap(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>" if content else f"<{name}/>"


def _encode_configuration(settings: tuple[SettingValue, ...], dialect: Dialect) -> str:
    if not settings:
        return "<Configuration/>"
    attributes = f'xmlns="{CUIL_2}"' if dialect is Dialect.TC else 'xmlns="" internal="true"'
    content = encode_settings({setting.path: setting.value for setting in settings})
    return f"<Configuration><Configuration {attributes}>{content}</Configuration></Configuration>"


def _encode_commands(commands: tuple[CommandCall, ...]) -> str:
    if not commands:
        return "<Command/>"
    return f'<Command><Command xmlns="">{encode_calls(commands)}</Command></Command>'


def _encode_members(name: str, members: Iterable[tuple[str, str]]) -> str:
    content = "".join(encode_element(member, text, f"{name}/{member}") for member, text in members)
    return f"<{name}>{content}</{name}>"


def _encode_file(file: FileToDownload) -> str:
    members = (
        ("ClientPath", file.client_path),
        ("CRC", file.crc),
        ("Size", str(file.size)),
        ("FileURL", file.url),
        ("Comment", file.comment),
    )
    return _encode_members("FileToDownload", members)


def _encode_software(offer: SoftwareOffer | None) -> str:
    if offer is None:
        return "<Software/>"
    package = (
        ("VersionId", offer.version_id),
        ("URL", offer.url),
        ("Username", offer.username),
        ("Password", offer.password),
    )
    feedback = (("URL", offer.feedback_url), ("Username", ""), ("Password", ""))
    return (
        "<Software>"
        + encode_element("ReleaseKey", offer.release_key, "Software/ReleaseKey")
        + encode_element("SessionId", offer.session_id, "Software/SessionId")
        + _encode_members("Package", package)
        + (_encode_members("Feedback", feedback) if offer.feedback_url else "")
        + "</Software>"
    )


def _encode_documents(documents: tuple[DocumentRequest, ...]) -> str:
    return _wrap(
        "DocumentsToPost",
        "".join(
            _encode_members("DocumentToPost", (("Location", document.location), ("URL", document.url)))
            for document in documents
        ),
    )
