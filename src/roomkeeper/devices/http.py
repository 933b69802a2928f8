"""A first look at a device by HTTP(S): does it answer, and as whom? What is asked of it after that: drivers."""

from dataclasses import dataclass
from typing import Final

from roomkeeper.devices import errors
from roomkeeper.devices.answers import DeviceAnswer
from roomkeeper.devices.client import FIRST_READ, DeviceClient, DeviceTransport, Patience, Target
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.status import decode_status, first_value

PATIENCE: Final = Patience(read=7.0, total=10.0, answer_limit=1_000_000)
_SERIAL_PATH: Final = "SystemUnit/Hardware/Module/SerialNumber"


@dataclass(frozen=True, slots=True)
class Seen:
    """What answered: is it one of these devices, by which key, which serial number it gave, and whether for a login.

    `refusal` is why the login did not work, None where none was sent or it was accepted.
    """

    scheme: str
    is_device: bool
    key: str = ""
    serial_number: str = ""
    refusal: errors.DeviceError | None = None
    is_logged_in: bool = False


async def look(transport: DeviceTransport, target: Target) -> Seen:
    """Look who answers at the target's address, by HTTPS and, where nothing does and it may be, by HTTP.

    The password goes only to something that shows the mark of these devices, over TLS unless opted in, and one
    that was refused does not go again. Raises `ContactForbidden` before anything is sent, a `ConnectionFailed`
    where nothing answers, `CertificateChanged` before anything but the handshake, and `DeviceBusy`.
    """
    client = transport.client(target, patience=PATIENCE)
    async with client.lane():
        scheme, answer, may_sign_in = await _look_first(client)
    key = client.seen_key if scheme == "https" else ""
    if not answer.shows_mark:
        serial = find_serial_number(answer) if answer.status == 200 else None
        return Seen(scheme, is_device=serial is not None, key=key, serial_number=serial or "")
    # Basic authentication has no way to carry a name with a colon (RFC 7617).
    if not may_sign_in or target.login is None or ":" in target.login.username:
        return Seen(scheme, is_device=True, key=key)
    try:
        body = await client.get(FIRST_READ, doing="reading who it is")
    except (errors.LoginRefused, errors.NotAdministrator) as error:
        return Seen(scheme, is_device=True, key=key, refusal=error)
    except errors.DeviceBusy:
        # It has shown its mark, and who it is was not told.
        raise
    except (errors.ServerError, errors.UnexpectedAnswer):
        return Seen(scheme, is_device=False, key=key)
    serial = find_serial_number(DeviceAnswer(200, body))
    return Seen(scheme, serial is not None, key, serial or "", is_logged_in=serial is not None)


async def _look_first(client: DeviceClient) -> tuple[str, DeviceAnswer, bool]:
    """The scheme by which somebody answers, the answer, and whether a password may follow."""
    target = client.target
    is_absent = True
    if target.https_port:
        try:
            answer = await client.look("https")
        except errors.ConnectionFailed as error:
            if not target.http_port or not target.reach.allows("http"):
                raise
            # HTTPS that is there and fails: whoever may have made it fail gets no password in the clear.
            is_absent = isinstance(error, errors.ConnectionRefused | errors.ConnectTimedOut)
        else:
            return "https", answer, bool(client.scheme)
    answer = await client.look("http")
    return "http", answer, is_absent and bool(client.scheme)


def find_serial_number(answer: DeviceAnswer) -> str | None:
    """The serial number in a status document, "" where it has none; None for what is no status document."""
    try:
        return first_value(decode_status(answer.body).values, _SERIAL_PATH)
    except ProtocolError:
        return None
