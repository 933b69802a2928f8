"""What can go wrong when we call a device.

DeviceError
├── ConnectionFailed              no exchange took place
│   ├── NameNotResolved
│   ├── ConnectionRefused
│   ├── ConnectTimedOut
│   ├── TlsFailed                 a handshake that did not come to an end
│   └── ConnectionCutOff
├── CertificateChanged            the key is not the pinned one; nothing was sent
├── LoginRefused                  never retried in a loop: RoomOS 26 locks an account after five
├── NotAdministrator
└── UnexpectedAnswer              something answered, but not as one of these devices does

An exception's docstring is its default message; `can_retry` says whether trying again later can help.
"""

import inspect


class DeviceError(Exception):
    """The device could not be asked."""

    can_retry = True

    def __init__(self, message: str = "", *, detail: str = "") -> None:
        super().__init__(message or inspect.getdoc(type(self)) or "")
        self.detail = detail


class ConnectionFailed(DeviceError):
    """No connection to the device came about."""


class NameNotResolved(ConnectionFailed):
    """The device's host name could not be resolved. Check the name and the server's DNS."""


class ConnectionRefused(ConnectionFailed):
    """The device refused the connection. Check the port, and that its web service is on."""


class ConnectTimedOut(ConnectionFailed):
    """The device did not answer in time. It is off, or a firewall stands between."""


class TlsFailed(ConnectionFailed):
    """The TLS handshake with the device failed."""


class ConnectionCutOff(ConnectionFailed):
    """The connection ended before the answer was complete."""


class CertificateChanged(DeviceError):
    """The device shows another TLS key than the pinned one. Nothing was sent; a person must accept the new key."""

    can_retry = False


class LoginRefused(DeviceError):
    """The device refused the login. Check the credentials under System > Connection."""

    can_retry = False


class NotAdministrator(DeviceError):
    """The account has no administrator rights on the device."""

    can_retry = False


class UnexpectedAnswer(DeviceError):
    """Something answered, but not as one of these devices does."""

    can_retry = False
