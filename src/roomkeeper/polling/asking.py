"""One poll: a system is asked for its status, and now and then for its configuration. Nothing is stored here."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from roomkeeper.devices import errors
from roomkeeper.polling.claiming import PollTask
from roomkeeper.provisioning.reading import Fetched
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_PHRASES: Final[tuple[tuple[type[errors.DeviceError], str], ...]] = (
    (errors.NameNotResolved, noop("its name was not resolved")),
    (errors.ConnectionRefused, noop("the connection was refused")),
    (errors.ConnectTimedOut, noop("the connection timed out")),
    (errors.ReadTimedOut, noop("it took too long to answer")),
    (errors.ConnectionCutOff, noop("the answer broke off")),
    (errors.TlsFailed, noop("the TLS handshake failed")),
    (errors.CertificateChanged, noop("it shows another TLS key")),
    (errors.CertificateRefused, noop("its certificate was not accepted")),
    (errors.NotAdministrator, noop("the account has no administrator rights")),
    (errors.WrongDevice, noop("another device answered")),
    (errors.DeviceBusy, noop("it was busy: its own request limit was reached")),
    (errors.ServerError, noop("it had an internal error")),
    (errors.SignInPage, noop("a sign-in page answered")),
    (errors.UnexpectedAnswer, noop("the answer could not be used")),
)


@dataclass(slots=True)
class AskedSystem:
    """What a system was asked, and what came of it. `error` is what went wrong, in the status or after it."""

    system_id: int
    whom: str
    duration_ms: int = 0
    fetched: list[Fetched] = field(default_factory=list)
    error: errors.DeviceError | None = None
    tls_key: str = ""
    proof_is_news: bool = False


async def ask(task: PollTask) -> AskedSystem:
    """Read the system's status, and its configuration where that is wanted. Raises nothing of the device."""
    asked = AskedSystem(task.system_id, task.target.whom)
    started = time.monotonic()
    kinds = ("status", "configuration") if task.wants_configuration else ("status",)
    try:
        async with device_access.conversation(task.system_id, task.target, task.family) as driver:
            for kind in kinds:
                asked_at = datetime.now(UTC)
                payload = await driver.fetch_document(kind)
                asked.fetched.append(Fetched(task.system_id, kind, payload, asked_at))
            asked.tls_key = driver.client.seen_key if driver.client.scheme == "https" else ""
            asked.proof_is_news = task.login_is_news or (task.key_is_news and bool(asked.tls_key))
    except errors.DeviceError as error:
        asked.error = error
    except System.DoesNotExist:
        # Deleted while it was asked; nothing is kept of it.
        asked.fetched.clear()
    asked.duration_ms = round((time.monotonic() - started) * 1000)
    return asked


def phrase(error: errors.DeviceError) -> str:
    """What went wrong, short enough to stand in a reason."""
    return next((_(words) for kind, words in _PHRASES if isinstance(error, kind)), _("it could not be asked"))
