"""What the door hands to the batcher and gets back: one device post and its reply."""

import enum
from dataclasses import dataclass, field, replace
from datetime import datetime

from roomkeeper.protocols.external_manager import PostEvent
from roomkeeper.protocols.feedback import Feedback
from roomkeeper.protocols.identification import FIELD_NAMES, Identification, normalize_serial
from roomkeeper.protocols.phonebook import Search
from roomkeeper.protocols.posted_document import PostedDocument
from roomkeeper.systems.check_ins.checkin import Arrival
from roomkeeper.systems.documents.redaction import redact_text

XML = b"text/xml; charset=utf-8"
PLAIN = b"text/plain; charset=utf-8"


class Service(enum.StrEnum):
    """The device services (docs: device addresses)."""

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
    """One post of a device: parsed already (`message` None where it could not be), not yet answered.

    `arrived_at` is when its head had come, before its body was read: what is in it is no younger. `is_sample`: of
    posts that come by the hundred, one that goes onto the timeline.
    """

    service: Service
    secret: str
    arrival: Arrival
    raw: bytes
    message: PostEvent | Feedback | PostedDocument | Search | None
    arrived_at: datetime | None = None
    is_sample: bool = True
    reply: Reply | None = field(default=None)
    serial: str = field(default="", init=False)
    mac: str = field(default="", init=False)

    def __post_init__(self) -> None:
        """What the body claims, in the form in which it is stored (rules R3 and R4)."""
        if self.secret and isinstance(self.message, PostEvent):
            self.message = _without_secret(self.message, self.secret)
        self.serial = normalize_serial(self.identification.serial_number)[:64]
        self.mac = self.identification.normalized_mac

    @property
    def identification(self) -> Identification:
        """Who the body says it is from; all blank where it could not be read."""
        return self.message.identification if self.message is not None else _NOBODY


_NOBODY = Identification()


def _without_secret(event: PostEvent, secret: str) -> PostEvent:
    """The event as it may be stored, should the device quote the secret of its path in what it says of itself."""
    claimed = event.identification
    words = [getattr(claimed, name) for name in FIELD_NAMES]
    if secret not in " ".join((event.event_word, *words)).lower():
        return event
    known = (secret,)
    return replace(
        event,
        event_word=redact_text(event.event_word, known),
        identification=Identification(*(redact_text(word, known) for word in words)),
    )
