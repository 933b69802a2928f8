"""What the door hands to the batcher and gets back: one device post and its reply."""

import enum
from dataclasses import dataclass, field

from roomkeeper.protocols.external_manager import PostEvent
from roomkeeper.protocols.feedback import Feedback
from roomkeeper.protocols.identification import Identification
from roomkeeper.protocols.phonebook import Search
from roomkeeper.protocols.posted_document import PostedDocument
from roomkeeper.systems.checkin import Arrival

XML = b"text/xml; charset=utf-8"
PLAIN = b"text/plain; charset=utf-8"


class Service(enum.StrEnum):
    """The device services (contract page, 6.2)."""

    EVENTS = "events"
    FEEDBACK = "feedback"
    DOCUMENTS = "documents"
    PHONE_BOOK = "phone book"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer for a device. `is_proven`: it went to a system that proved itself, so no rate applies."""

    status: int
    body: bytes = b""
    content_type: bytes = XML
    is_proven: bool = False


@dataclass(slots=True)
class Post:
    """One post of a device: parsed already (`message` None where it could not be), not yet answered."""

    service: Service
    secret: str
    arrival: Arrival
    raw: bytes
    message: PostEvent | Feedback | PostedDocument | Search | None
    reply: Reply | None = field(default=None)
    serial: str = field(default="", init=False)
    mac: str = field(default="", init=False)

    def __post_init__(self) -> None:
        """What the body claims, in the form in which it is stored (rule R3)."""
        self.serial = self.identification.serial_number[:64]
        self.mac = self.identification.normalized_mac

    @property
    def identification(self) -> Identification:
        """Who the body says it is from; all blank where it could not be read."""
        return self.message.identification if self.message is not None else _NOBODY


_NOBODY = Identification()
