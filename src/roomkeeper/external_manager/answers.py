"""The bytes of answers to devices (rule R5)."""

from datetime import timedelta
from functools import lru_cache

from roomkeeper.devices.quirks import quirks_of
from roomkeeper.external_manager.posts import PLAIN, Reply
from roomkeeper.protocols.external_manager import Answer, Dialect, encode_answer
from roomkeeper.protocols.soap import get_content_type
from roomkeeper.provisioning.delivery import Delivery

# What an endpoint gets for feedback and documents; the body is not evaluated (protocol notes B).
STORED = b"<OK/>"
BLOCKED = Reply(403, b"This system is blocked. Ask the administrator of Roomkeeper.\n", PLAIN)
HTTPS_ONLY = Reply(403, b"This system has moved to Secure-Only; use HTTPS.\n", PLAIN)
NOT_PARSABLE = Reply(400, b"The body is no PostEvent.\n", PLAIN)
UNAVAILABLE = Reply(503, b"The store is unavailable; try again.\n", PLAIN)
TOO_MANY = Reply(429, b"Too many posts without a proven secret from this address; try again later.\n", PLAIN)
TOO_LARGE = Reply(413, b"The body is too large.\n", PLAIN)
KEPT_CLAIM = Reply(200, STORED)
KEPT = Reply(200, STORED, is_proven=True)


@lru_cache(maxsize=256)
def beat_reply(interval: int, soap_version: str) -> Reply:
    """The answer that carries nothing but the next interval (seconds)."""
    return _reply(
        Answer(heartbeat_interval=timedelta(seconds=interval), soap_version=soap_version), is_proven=True
    )


@lru_cache(maxsize=16)
def empty_reply(interval: int, soap_version: str) -> Reply:
    """The one answer of an unknown, ignored or unproven caller, identical in all these cases."""
    return _reply(Answer(heartbeat_interval=timedelta(seconds=interval), soap_version=soap_version))


def delivery_reply(
    delivery: Delivery, *, software_version: str, soap_version: str, is_proven: bool, family: str = ""
) -> Reply:
    """The answer with what the system is handed, in the dialect of its software (protocol notes A.5, D.7)."""
    dialect = quirks_of(software_version, family).dialect
    answer = Answer(
        heartbeat_interval=timedelta(seconds=delivery.interval),
        settings=tuple(delivery.settings),
        commands=tuple(delivery.commands),
        documents=tuple(delivery.documents),
        soap_version=soap_version,
    )
    return _reply(answer, dialect, is_proven=is_proven)


def _reply(answer: Answer, dialect: Dialect = Dialect.CE, *, is_proven: bool = False) -> Reply:
    content_type = get_content_type(answer.soap_version).encode()
    return Reply(200, encode_answer(answer, dialect=dialect), content_type, is_proven)
