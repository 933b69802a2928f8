"""Reading a device's SNMP system group, v1, v2c and v3: who is it? Nothing is ever written by SNMP.

It stands on gufo-snmp, whose own words end here. What the group says is made facts in `snmp_facts`.
"""

import asyncio
import socket
import time
from dataclasses import dataclass, field, replace
from typing import Final

from gufo.snmp import (
    Aes128Key,
    Aes192Key,
    Aes256Key,
    DesKey,
    KeyExpansion,
    Md5Key,
    NoSuchInstance,
    Sha1Key,
    Sha224Key,
    Sha256Key,
    Sha384Key,
    Sha512Key,
    SnmpAuthError,
    SnmpError,
    SnmpVersion,
    User,
)
from gufo.snmp.aio import SnmpSession
from gufo.snmp.user import BaseAuthKey, BasePrivKey

from roomkeeper.devices import errors
from roomkeeper.devices.client import Target
from roomkeeper.devices.contactable import addresses_of
from roomkeeper.devices.snmp_facts import OBJECTS, SnmpFacts, facts_of
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

AUTHENTICATION: Final[dict[str, type[BaseAuthKey]]] = {
    "MD5": Md5Key,
    "SHA-1": Sha1Key,
    "SHA-224": Sha224Key,
    "SHA-256": Sha256Key,
    "SHA-384": Sha384Key,
    "SHA-512": Sha512Key,
}
PRIVACY: Final[dict[str, type[BasePrivKey]]] = {
    "DES": DesKey,
    "AES": Aes128Key,
    "AES-192": Aes192Key,
    "AES-256": Aes256Key,
}
# How a key that is shorter than AES-192 or AES-256 needs is stretched: two drafts that never became a standard, and
# agents have one of them. The order is that in which they are tried.
STRETCHINGS: Final[dict[str, KeyExpansion]] = {
    "blumenthal": KeyExpansion.Blumenthal,
    "reeder": KeyExpansion.Cisco,
}
SNMP_PORT: Final = 161
# RFC 3414 wants eight characters; devices take up to 255 (protocol notes K).
_PASSWORD_LENGTHS: Final = range(8, 256)
_NAME_LENGTHS: Final = range(1, 33)
_DOING: Final = noop("reading its SNMP system group")


@dataclass(frozen=True, slots=True)
class Community:
    """A login of version `1` or `2c`. It travels in the clear. Raises `ValueError` with a sentence."""

    community: str = field(repr=False)
    version: str = "2c"

    def __post_init__(self) -> None:
        if self.version not in ("1", "2c"):
            raise ValueError(_("The version of a community is 1 or 2c."))
        if not 1 <= len(self.community.encode()) <= 255:
            raise ValueError(_("A community has 1 to 255 characters."))


@dataclass(frozen=True, slots=True)
class SnmpUser:
    """A user of SNMPv3: without passwords, with one to authenticate, or with both (`AUTHENTICATION`, `PRIVACY`).

    `stretching` is the way of `STRETCHINGS` that worked before: it is tried first, and the other after it. Raises
    `ValueError` with a sentence.
    """

    name: str
    authentication_protocol: str = ""
    authentication_password: str = field(default="", repr=False)
    privacy_protocol: str = ""
    privacy_password: str = field(default="", repr=False)
    stretching: str = ""

    def __post_init__(self) -> None:
        if len(self.name.encode()) not in _NAME_LENGTHS:
            raise ValueError(_("The name of an SNMPv3 user has 1 to 32 characters."))
        if self.stretching and self.stretching not in STRETCHINGS:
            raise ValueError(
                _(
                    "{stretching} is not one of {stretchings}.",
                    stretching=self.stretching,
                    stretchings=", ".join(STRETCHINGS),
                )
            )
        if self.privacy_protocol and not self.authentication_protocol:
            raise ValueError(_("An SNMPv3 user with privacy needs authentication too."))
        for known, protocol, password in (
            (AUTHENTICATION, self.authentication_protocol, self.authentication_password),
            (PRIVACY, self.privacy_protocol, self.privacy_password),
        ):
            if not protocol:
                continue
            if protocol not in known:
                raise ValueError(
                    _("{protocol} is not one of {known}.", protocol=protocol, known=", ".join(known))
                )
            if len(password.encode()) not in _PASSWORD_LENGTHS:
                raise ValueError(_("The passwords of an SNMPv3 user have 8 to 255 characters."))

    @property
    def stretchings(self) -> tuple[str, ...]:
        """The ways in which its key may have to be stretched, in the order to try; just "" where it is long enough."""
        if not self.privacy_protocol:
            return ("",)
        if (
            PRIVACY[self.privacy_protocol].KEY_LENGTH
            <= AUTHENTICATION[self.authentication_protocol].KEY_LENGTH
        ):
            return ("",)
        return tuple(sorted(STRETCHINGS, key=lambda way: way != self.stretching))


SnmpLogin = Community | SnmpUser


@dataclass(frozen=True, slots=True)
class SnmpPatience:
    """How many seconds an answer may take, how often silence is asked again, and how long it all may take."""

    answer: float = 1.5
    tries: int = 2
    total: float = 8.0


SNMP_ORDINARY: Final = SnmpPatience()


async def identify(
    target: Target, login: SnmpLogin, *, port: int = SNMP_PORT, patience: SnmpPatience = SNMP_ORDINARY
) -> SnmpFacts:
    """Who answers by SNMP at the target's address. Only reads; waits for no place in the limits.

    Raises `ContactForbidden` before anything is sent, `SnmpNoAnswer` for silence, `SnmpLoginRefused` where an
    agent refuses an SNMPv3 user, `SnmpUnreadable` for everything that is no system group, `NameNotResolved`.
    """
    # An outcome, and not an exception on its way: a traceback would keep the session, and with it its socket.
    outcome = await _ask(target, login, port, patience)
    if isinstance(outcome, errors.DeviceError):
        raise outcome.about(target.whom, _(_DOING))
    values, stretching = outcome
    facts = facts_of(values)
    if facts is None:
        raise errors.SnmpUnreadable(evidence=_("Its system group is empty.")).about(target.whom, _(_DOING))
    return replace(facts, stretching=stretching)


async def _ask(
    target: Target, login: SnmpLogin, port: int, patience: SnmpPatience
) -> tuple[dict[str, object], str] | errors.DeviceError:
    """The objects, and the way of stretching keys that the agent has; "" where none was needed."""
    ways = login.stretchings if isinstance(login, SnmpUser) else ("",)
    found: dict[str, object] | errors.DeviceError = errors.SnmpNoAnswer()
    way = ""
    try:
        # Before the name is asked for; `_open` asks again.
        target.reach.demand("snmp")
        async with asyncio.timeout(patience.total):
            host = await _resolve(target)
            for way in ways:
                for _rest in range(patience.tries):
                    found = await _read(target, host, port, login, way, patience.answer)
                    if not isinstance(found, errors.SnmpNoAnswer):
                        break
                # net-snmp is silent to what it cannot decrypt, pysnmp refuses it as if the user were wrong.
                if not isinstance(found, errors.SnmpLoginRefused):
                    break
    except errors.DeviceError as error:
        return error.with_traceback(None)
    except TimeoutError:
        # Datagrams that are no answer may come without end.
        pass
    return found if isinstance(found, errors.DeviceError) else (found, way)


async def _resolve(target: Target) -> str:
    target.demand_address()
    return (await addresses_of(target.address, target.reach.contactable, kind=socket.SOCK_DGRAM))[0]


async def _read(
    target: Target, host: str, port: int, login: SnmpLogin, way: str, seconds: float
) -> dict[str, object] | errors.DeviceError:
    """Ask once. Whatever the agent sends ends as values or as one of our errors."""
    began = time.monotonic()
    session: SnmpSession | None = None
    try:
        session = _open(target, host, port, login, way, seconds)
        async with session:
            return await _read_objects(session)
    except TimeoutError:
        is_private = isinstance(login, SnmpUser) and login.privacy_protocol
        if session is not None and is_private and session.get_engine_id():
            # It has said who it is, and would have told that the user or his first password is wrong.
            return errors.SnmpPrivacyRefused()
        # A port that nobody listens at is told by ICMP, long before the time is up.
        is_closed = time.monotonic() - began < seconds / 2
        return errors.SnmpNoAnswer(evidence=_("Nothing listens at its SNMP port.") if is_closed else "")
    except SnmpAuthError as error:
        return errors.SnmpLoginRefused(detail=str(error))
    except OSError as error:
        return errors.SnmpNoAnswer(detail=str(error))
    except (SnmpError, ValueError, RuntimeError) as error:
        return errors.SnmpUnreadable(detail=str(error))
    except BaseException as error:
        # An assertion of the library's native part that somebody's bytes have hit: no `Exception`, and no name.
        if type(error).__module__ != "pyo3_runtime":
            raise
        return errors.SnmpUnreadable(detail=str(error))


def _open(target: Target, host: str, port: int, login: SnmpLogin, way: str, seconds: float) -> SnmpSession:
    """The only place that opens a socket for SNMP, and so the place that forbids it."""
    target.reach.demand("snmp")
    target.reach.contactable.demand(host)
    if isinstance(login, SnmpUser):
        return SnmpSession(host, port, user=_user(login, way), version=SnmpVersion.v3, timeout=seconds)
    version = SnmpVersion.v1 if login.version == "1" else SnmpVersion.v2c
    return SnmpSession(host, port, community=login.community, version=version, timeout=seconds)


def _user(login: SnmpUser, way: str) -> User:
    if not login.authentication_protocol:
        return User(login.name)
    authentication = AUTHENTICATION[login.authentication_protocol](login.authentication_password.encode())
    if not login.privacy_protocol:
        return User(login.name, auth_key=authentication)
    privacy = PRIVACY[login.privacy_protocol](login.privacy_password.encode())
    if not way:
        return User(login.name, auth_key=authentication, priv_key=privacy)
    return User(login.name, auth_key=authentication, priv_key=privacy, key_expansion=STRETCHINGS[way])


async def _read_objects(session: SnmpSession) -> dict[str, object]:
    values: dict[str, object] = dict(await session.get_many(OBJECTS))
    if values:
        return values
    # A v1 agent answers nothing where it lacks one of the objects: each is asked for by itself.
    for name in OBJECTS:
        try:
            values[name] = await session.get(name)
        except NoSuchInstance:
            continue
    return values
