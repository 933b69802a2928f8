"""What can go wrong when we call a device.

DeviceError
├── ContactForbidden              connectivity or Secure-Only forbids it; no socket was opened
│   ├── AddressForbidden          loopback, link-local or our own, in no network that is allowed
│   └── PasswordNeedsTls
├── ConnectionFailed              no whole exchange took place
│   ├── NameNotResolved
│   ├── ConnectionRefused
│   ├── ConnectTimedOut
│   ├── TlsFailed                 a handshake that did not come to an end
│   │   ├── TlsVersionRefused     no version in common; tells what each side offers
│   │   ├── LegacyTlsNeeded       a version in common, and ciphers, keys or a stack that are too old
│   │   └── NoCipherInCommon      it speaks TLS, and not even legacy TLS helps
│   ├── ConnectionCutOff          the answer stopped in the middle
│   ├── ReadTimedOut              connected, and then too slow
│   └── SnmpNoAnswer              silence: no agent and a wrong community look the same
├── CertificateRefused            nothing was sent
│   ├── CertificateUntrusted
│   ├── CertificateExpired
│   ├── CertificateNameMismatch
│   ├── CertificateTooWeak
│   └── CertificateChanged        the key is not the pinned one
├── LoginRefused                  never retried in a loop: RoomOS 26 locks an account after five
│   ├── LockedOut
│   └── SnmpLoginRefused          SNMPv3 only; older versions are silent
│       └── SnmpPrivacyRefused    it knows the user, and is silent to what is encrypted
├── NotAdministrator
├── WrongDevice                   another serial number than the expected one; nothing was written
├── ServerError                   an answer of 500 and above
│   └── DeviceBusy                503: its own limit of requests is reached
├── UnexpectedAnswer              something answered, but not as one of these devices does
│   ├── SignInPage
│   ├── NotXml
│   ├── AnswerTooLarge
│   └── SnmpUnreadable            SNMP, and then nothing that can be used
├── Rejected                      a setting or command, with the device's own words
├── ProtocolOff                   it may not call its manager by what we would have it use; nothing was written
├── NoAddressToTell               nobody listens where it could call us; nothing was written
└── Unsupported                   by the family's manifest, or by this release

An exception's docstring is its default message: "The device <what happened>. <What the administrator can do>."
Told about a device (`about`) the same sentence names it and says what was being done. `can_retry` says whether
trying again later can help.
"""

import inspect
from typing import Self

from roomkeeper.words import gettext as _

FIRST_BYTES = 200


class DeviceError(Exception):
    """The device could not be asked. See its connection page."""

    can_retry = True

    def __init__(self, message: str = "", *, detail: str = "", evidence: str = "") -> None:
        super().__init__(message)
        self.detail = detail
        self.evidence = evidence
        self.whom = ""
        self.doing = ""

    def about(self, whom: str, doing: str = "") -> Self:
        """The same error, told about a device (`Boardroom SX20 (10.1.2.3)`) and what was done (`reading its status`).

        What an inner layer has said stays.
        """
        self.whom = self.whom or whom
        self.doing = self.doing or doing
        return self

    @property
    def what_happened(self) -> str:
        """One sentence, with the device's name and what was being done where they are known."""
        sentence = self._sentences()[0]
        if self.whom:
            sentence = sentence.replace(_("The device"), self.whom, 1)
        if self.doing:
            sentence = _("{sentence} while {doing}.", sentence=sentence.removesuffix("."), doing=self.doing)
        return f"{sentence} {self.evidence}".strip()

    @property
    def advice(self) -> str:
        """What the administrator can do."""
        return self._sentences()[1]

    def _sentences(self) -> tuple[str, str]:
        text = str(self.args[0]) or _(" ".join((inspect.getdoc(type(self)) or "").split()))
        first, dot, rest = text.partition(". ")
        return (first + "." if dot else first), rest

    def __str__(self) -> str:
        return f"{self.what_happened} {self.advice}".strip()


class ContactForbidden(DeviceError):
    """The device must not be contacted in its mode. Nothing was sent; what waits is sent when it next
    posts."""

    can_retry = False


class AddressForbidden(ContactForbidden):
    """The device is not contacted at a loopback or link-local address or at one of this server. An administrator of the
    server can allow it under Network settings > Contactable networks."""


class PasswordNeedsTls(ContactForbidden):
    """The device has no HTTPS, and its password may not use HTTP. Turn HTTPS on there, or allow it for this system."""


class ConnectionFailed(DeviceError):
    """The device could not be connected to. Check its address, and the network between."""


class NameNotResolved(ConnectionFailed):
    """The device has a host name that could not be resolved. Check the name and the server's DNS."""


class ConnectionRefused(ConnectionFailed):
    """The device refused the connection. Check the port, and that its web service is on."""


class ConnectTimedOut(ConnectionFailed):
    """The device did not answer in time. It is off, or a firewall stands between."""


class TlsFailed(ConnectionFailed):
    """The device did not complete the TLS handshake. Check that its HTTPS service is on at this port."""


class TlsVersionRefused(TlsFailed):
    """The device offers no TLS version that is allowed. Raise its minimum TLS version, or choose legacy TLS for it."""

    can_retry = False

    def __init__(
        self,
        message: str = "",
        *,
        ours: tuple[str, ...] = (),
        theirs: tuple[str, ...] = (),
        agreed: str = "",
        detail: str = "",
    ) -> None:
        evidence = ""
        if ours:
            found = (
                _("It offers {theirs}", theirs=" and ".join(theirs)) if theirs else _("It names no version")
            )
            evidence = _("{found}; Roomkeeper offered {ours}.", found=found, ours=" and ".join(ours))
        if agreed:
            evidence += _(" With legacy TLS it agreed on {agreed}.", agreed=agreed)
        super().__init__(message, detail=detail, evidence=evidence)
        self.ours = ours
        self.theirs = theirs
        self.agreed = agreed


class LegacyTlsNeeded(TlsFailed):
    """The device offers only TLS that is too old to be safe. Update its software, or choose legacy TLS for it."""

    can_retry = False

    def __init__(self, message: str = "", *, why: str = "", agreed: str = "", detail: str = "") -> None:
        sentences = []
        if agreed:
            sentences.append(_("With legacy TLS it agreed on {agreed}.", agreed=agreed))
        if why:
            sentences.append(_("What is old: {why}.", why=why))
        super().__init__(message, detail=detail, evidence=" ".join(sentences))
        self.why = why
        self.agreed = agreed


class NoCipherInCommon(TlsFailed):
    """The device has no TLS cipher that this server knows, not even an old one. Update its software."""

    can_retry = False


class ConnectionCutOff(ConnectionFailed):
    """The device ended the connection before the answer was complete. It may be restarting."""


class ReadTimedOut(ConnectionFailed):
    """The device accepted the connection but took too long to answer. It is busy, or the network between is slow."""


class SnmpNoAnswer(ConnectionFailed):
    """The device gave no answer by SNMP. Being off and a wrong community look the same: check both, and UDP 161."""


class CertificateRefused(DeviceError):
    """The device shows a certificate that cannot be accepted. Nothing was sent."""

    can_retry = False


class CertificateUntrusted(CertificateRefused):
    """The device shows a certificate that is not signed by any of your authorities. Have it signed, or pin its
    key instead."""


class CertificateExpired(CertificateRefused):
    """The device shows a certificate that is not valid today. Renew it, and check the clocks of both sides."""


class CertificateNameMismatch(CertificateRefused):
    """The device shows a certificate for another name. Use the name in it, or have it issued for this address."""


class CertificateTooWeak(CertificateRefused):
    """The device shows a certificate with a weak key or signature. Renew it, or choose legacy TLS for it."""


class CertificateChanged(CertificateRefused):
    """The device shows a TLS key other than the pinned one. Nothing was sent; a person must accept the new key."""


class LoginRefused(DeviceError):
    """The device refused the login. Check the credentials under System > Connection."""

    can_retry = False
    # False where the refusal is remembered and the device was not asked again.
    was_tried = True


class LockedOut(LoginRefused):
    """The device refused a login that is locked or was changed on it. Unlock it, or store the new password."""


class SnmpLoginRefused(LoginRefused):
    """The device refused the SNMPv3 user. Check its name, passwords, and protocols against those set there."""


class SnmpPrivacyRefused(SnmpLoginRefused):
    """The device knows the SNMPv3 user but does not answer encrypted requests. Check
    the privacy protocol and password."""


class NotAdministrator(DeviceError):
    """The device lets the account in without administrator rights. Give it the role Admin there."""

    can_retry = False


class WrongDevice(DeviceError):
    """The device has a serial number other than this system's. Nothing was written; check its address."""

    can_retry = False

    def __init__(self, message: str = "", *, expected: str = "", found: str = "", detail: str = "") -> None:
        evidence = (
            _("It reports {found}, expected {expected}.", found=found or "none", expected=expected)
            if expected
            else ""
        )
        super().__init__(message, detail=detail, evidence=evidence)
        self.expected = expected
        self.found = found


class ServerError(DeviceError):
    """The device had an internal error. Try again later; if this continues, restart it."""

    def __init__(self, message: str = "", *, status: int = 0, detail: str = "") -> None:
        super().__init__(
            message, detail=detail, evidence=_("It answered {status}.", status=status) if status else ""
        )
        self.status = status


class DeviceBusy(ServerError):
    """The device is busy: its own limit of requests is reached. Try again in a minute, or see what asks it so often."""

    def __init__(self, message: str = "", *, retry_after: float | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.status = 503
        self.retry_after = retry_after
        if retry_after:
            self.evidence = _("It asks to wait {retry_after:.0f} seconds.", retry_after=retry_after)


class UnexpectedAnswer(DeviceError):
    """The device answered, but not as one of these devices does. Check that the address is the system's own."""

    can_retry = False

    def __init__(
        self, message: str = "", *, first_bytes: bytes = b"", detail: str = "", evidence: str = ""
    ) -> None:
        super().__init__(message, detail=detail, evidence=evidence)
        self.first_bytes = first_bytes[:FIRST_BYTES]


class SignInPage(UnexpectedAnswer):
    """The device answered with a sign-in page instead of XML. Look for a proxy or portal that asks for a login."""


class NotXml(UnexpectedAnswer):
    """The device answered with something that is not its XML. Look for a proxy between, and update its software."""


class AnswerTooLarge(UnexpectedAnswer):
    """The device sent more than is read of an answer. It is probably no video system."""


class SnmpUnreadable(UnexpectedAnswer):
    """The device answered SNMP with nothing that can be read. Check that this login may read the system group there."""


class Rejected(DeviceError):
    """The device rejected what was written or run. Check it against what the device accepts."""

    can_retry = False

    def __init__(self, message: str = "", *, path: str = "", words: str = "", detail: str = "") -> None:
        default = (
            _("The device rejected {path}. Check the value against what it accepts.", path=path)
            if path
            else ""
        )
        evidence = _("It says: {words}.", words=words.rstrip(".")) if words else ""
        super().__init__(message or default, detail=detail, evidence=evidence)
        self.path = path
        self.words = words


class ProtocolOff(DeviceError):
    """The device has the protocol of its manager turned off. Nothing was written; turn it on, or use the other."""

    can_retry = False


class NoAddressToTell(DeviceError):
    """The device was told nothing, since no address is known at which it could call this server. Set the outside
    address in Network settings, then enforce its settings."""

    can_retry = False


class Unsupported(DeviceError):
    """The device cannot do this. See what its family and its release support."""

    can_retry = False
