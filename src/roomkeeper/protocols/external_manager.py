"""SystemManagementService: PostEvent, its answer, and the WSDL that describes both (protocol notes A).

The names that the rest of the product uses; each is written in the module it is imported from.
"""

from importlib.resources import files

from roomkeeper.protocols.answer import (
    Answer,
    DocumentRequest,
    FileToDownload,
    SettingValue,
    SoftwareOffer,
    encode_answer,
)
from roomkeeper.protocols.answer_reading import decode_answer
from roomkeeper.protocols.booking import Booking, BookingCall
from roomkeeper.protocols.identification import Identification, normalize_mac
from roomkeeper.protocols.post_event import Beat, PostEvent, decode_post_event, encode_post_event
from roomkeeper.protocols.soap import encode_wsdl
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.protocols.xapi.dialect import Dialect

WSDL = files(__package__).joinpath("system_management_service.wsdl").read_text(encoding="utf-8")


def wsdl(address: str) -> bytes:
    """The service's description, naming the address at which it was asked for."""
    return encode_wsdl(WSDL, address)


__all__ = [
    "WSDL",
    "Answer",
    "Beat",
    "Booking",
    "BookingCall",
    "CommandCall",
    "Dialect",
    "DocumentRequest",
    "FileToDownload",
    "Identification",
    "PostEvent",
    "SettingValue",
    "SoftwareOffer",
    "decode_answer",
    "decode_post_event",
    "encode_answer",
    "encode_post_event",
    "normalize_mac",
    "wsdl",
]
