"""What the live checks share: where findings go, and when a look ends early."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

from roomkeeper.devices import errors
from roomkeeper.devices.client import Patience, Target
from roomkeeper.diagnosis import words
from roomkeeper.diagnosis.findings import DiagnosisFinding, found
from roomkeeper.diagnosis.rows import DiagnosisRow
from roomkeeper.diagnosis.tuning import Tuning
from roomkeeper.protocols.text import decode_text

Tell = Callable[[DiagnosisRow, DiagnosisFinding], Awaitable[None]]

ANSWERS: Final[tuple[tuple[type[errors.DeviceError], str], ...]] = (
    (errors.SignInPage, "sign-in-page"),
    (errors.AnswerTooLarge, "too-large"),
    (errors.NotXml, "not-xml"),
    (errors.UnexpectedAnswer, "not-a-video-system"),
    (errors.DeviceBusy, "device-busy"),
    (errors.ServerError, "server-error"),
    (errors.ConnectionCutOff, "answer-cut-off"),
    (errors.ReadTimedOut, "answer-silent"),
)


class Stopped(Exception):
    """The next steps would find the same again, so they are left out."""


@dataclass(frozen=True, slots=True)
class Looking:
    """One look at one device: whom, when, how patiently, and who is told."""

    target: Target
    tuning: Tuning
    tell: Tell
    now: datetime

    async def say(self, row: DiagnosisRow, key: str, **figures: Any) -> None:
        """Tell a finding about the system; `milliseconds` and `evidence` may be among the figures."""
        await self.tell(row, found(key, self.target.name or self.target.address, **figures))

    async def stop(self, row: DiagnosisRow, key: str, **figures: Any) -> NoReturn:
        """Tell a finding after which nothing more can be found on this road. Raises `Stopped`."""
        await self.say(row, key, **figures)
        raise Stopped

    async def tell_answer(
        self, row: DiagnosisRow, error: errors.DeviceError, began: float, patience: Patience
    ) -> None:
        """Tell what is wrong with an answer, whatever was asked."""
        took = since(began)
        if isinstance(error, errors.ReadTimedOut) and is_trickle(took, patience):
            await self.say(row, "answer-trickles", milliseconds=took, took=words.span(took))
            return
        key = next((key for kind, key in ANSWERS if isinstance(error, kind)), "connection-failed")
        await self.say(
            row,
            key,
            milliseconds=took,
            evidence=evidence_of(error),
            took=words.span(took),
            address=self.target.address,
            service=row.service,
            port=row.port,
            status=getattr(error, "status", 0),
        )

    def is_slow(self, took: int, patience: Patience) -> bool:
        """Whether an answer that came took a good part of the time that is waited for one."""
        return took > patience.read * 1_000 * self.tuning.slow_part


def is_trickle(took: int, patience: Patience) -> bool:
    """Whether the time of a whole answer was up, and not that of a single wait: it came in drops."""
    return took > (patience.read + patience.total) / 2 * 1_000


def evidence_of(error: errors.DeviceError) -> str:
    """What the error rests on: its own evidence, the first bytes, the library's words."""
    first = getattr(error, "first_bytes", b"")
    parts = [error.evidence, error.detail, decode_text(first).text]
    return " · ".join(part for part in parts if part)


def since(began: float) -> int:
    """Milliseconds since a moment of the monotonic clock."""
    return round((time.monotonic() - began) * 1_000)
