"""Looking for devices at many addresses: who is there, by SNMP, HTTPS and HTTP. No device's login is ever sent.

Only looks; what becomes of what was found (recognised, added) is not here.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceClient, DeviceTransport, Patience, Target
from roomkeeper.devices.errors import DeviceError
from roomkeeper.devices.http import find_serial_number
from roomkeeper.devices.limits import Limits
from roomkeeper.devices.reach import Reach
from roomkeeper.devices.snmp import SNMP_PORT, SnmpLogin, SnmpPatience, identify
from roomkeeper.devices.snmp_facts import SnmpFacts
from roomkeeper.devices.tls import TlsPolicy
from roomkeeper.words import gettext as _

AT_ONCE: Final = 64
# How many SNMP logins are tried on one address at the same time, so that its sockets are few.
_LOGINS_AT_ONCE: Final = 4
_UNKNOWN: Final = Reach("", is_first_contact=True)
_ANY_KEY: Final = TlsPolicy()


@dataclass(frozen=True, slots=True)
class AddressSearch:
    """What is looked for at each address; a port of 0 is not looked at. Durations in seconds.

    A black hole costs `connect` or the SNMP answers' time, whichever is longer; nothing costs more than `total`.
    Communities travel in the clear to every address that is looked at.
    """

    snmp_logins: tuple[SnmpLogin, ...] = ()
    https_port: int = 443
    http_port: int = 80
    snmp_port: int = SNMP_PORT
    connect: float = 2.0
    read: float = 3.0
    total: float = 8.0
    snmp_answer: float = 1.0
    snmp_tries: int = 2


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody who says who he is. `is_device`: one of our devices; else a machine that SNMP alone has named.

    `family` is "" for a device that shows its mark by HTTP(S) and answers no SNMP: its login will tell. `https` and
    `http` say where the mark was shown, so where a login may go. `snmp_login` is the index of the login that was
    answered, `snmp_stretching` how its key is stretched there. `serial_number` is what the device itself said, to
    anybody, and proves nothing. `errors` has why a road (`snmp`, `https`, `http`) led nowhere.
    """

    address: str
    is_device: bool
    family: str = ""
    product: str = ""
    software_version: str = ""
    serial_number: str = ""
    name: str = ""
    sys_object_id: str = ""
    snmp_login: int | None = None
    snmp_stretching: str = ""
    https: bool = False
    http: bool = False
    tls_key: str = ""
    errors: Mapping[str, DeviceError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nobody there who could be added, and why, in a sentence; `errors` by road."""

    address: str
    why: str
    errors: Mapping[str, DeviceError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Web:
    """What HTTPS or HTTP showed."""

    shows_mark: bool
    serial_number: str = ""
    tls_key: str = ""


def transport_for(at_once: int = AT_ONCE) -> DeviceTransport:
    """A transport for looking at that many addresses at a time, all of one network if need be.

    The limits of polling would let a range that is mostly empty wait for its own silence.
    """
    limits = Limits(per_network=at_once, at_once=at_once)
    return DeviceTransport(limits=limits, keeps_connections=False)


async def look_at(
    transport: DeviceTransport,
    address: str,
    search: AddressSearch,
    *,
    reach: Reach = _UNKNOWN,
    tls: TlsPolicy = _ANY_KEY,
) -> Found | Nothing:
    """Who is at the address? Waits for a place in the transport's limits; raises nothing but `CancelledError`.

    `reach` is that of a system that is known to be there: towards one that is Secure-Only neither SNMP nor HTTP is
    used, towards one that is not reachable nothing at all. `tls`: for old ones that need legacy TLS.
    """
    target = Target("", address, reach, tls=tls, https_port=search.https_port, http_port=search.http_port)
    patience = Patience(search.connect, search.read, search.total, answer_limit=1_000_000)
    client = transport.client(target, patience=patience)
    roads: dict[str, Coroutine[Any, Any, Any]] = {}
    if search.https_port:
        roads["https"] = _look(client, "https")
    if search.http_port:
        roads["http"] = _look(client, "http")
    if search.snmp_logins and search.snmp_port:
        roads["snmp"] = _ask_snmp(target, search)
    try:
        async with client.lane():
            outcomes = await _within(search.total, roads)
    finally:
        for road in roads.values():
            road.close()
    return _judge(address, outcomes)


async def _within(seconds: float, roads: Mapping[str, Coroutine[Any, Any, Any]]) -> dict[str, Any]:
    """What came of each road; what takes longer is given up and the rest kept."""
    tasks = {name: asyncio.create_task(road) for name, road in roads.items()}
    try:
        if tasks:
            await asyncio.wait(tasks.values(), timeout=seconds)
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    return {
        name: errors.ReadTimedOut() if task.cancelled() else task.result() for name, task in tasks.items()
    }


async def _look(client: DeviceClient, scheme: str) -> _Web | DeviceError:
    try:
        answer = await client.look(scheme)
    except DeviceError as error:
        return _bare(error)
    serial = find_serial_number(answer) if answer.status == 200 else None
    key = client.seen_key if scheme == "https" else ""
    return _Web(answer.shows_mark or serial is not None, serial or "", key)


async def _ask_snmp(target: Target, search: AddressSearch) -> tuple[int, SnmpFacts] | DeviceError:
    """The first login that is answered, a few at a time; else what is most worth telling of the others."""
    patience = SnmpPatience(search.snmp_answer, search.snmp_tries, search.total)
    trouble: DeviceError = errors.SnmpNoAnswer()

    async def ask(index: int) -> tuple[int, SnmpFacts] | DeviceError:
        try:
            login = search.snmp_logins[index]
            return index, await identify(target, login, port=search.snmp_port, patience=patience)
        except DeviceError as error:
            return _bare(error)

    for start in range(0, len(search.snmp_logins), _LOGINS_AT_ONCE):
        some = range(start, min(start + _LOGINS_AT_ONCE, len(search.snmp_logins)))
        tasks = [asyncio.create_task(ask(index)) for index in some]
        try:
            for task in asyncio.as_completed(tasks):
                outcome = await task
                if not isinstance(outcome, DeviceError):
                    return outcome
                if isinstance(trouble, errors.SnmpNoAnswer):
                    trouble = outcome
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return trouble


def _bare(error: DeviceError) -> DeviceError:
    """The error without what it was caught in: results are kept, and frames hold sockets."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _judge(address: str, outcomes: Mapping[str, Any]) -> Found | Nothing:
    troubles = {road: one for road, one in outcomes.items() if isinstance(one, DeviceError)}
    web = {road: one for road, one in outcomes.items() if isinstance(one, _Web)}
    marked = {road: one for road, one in web.items() if one.shows_mark}
    snmp = outcomes.get("snmp")
    index, facts = snmp if isinstance(snmp, tuple) else (None, None)
    if facts is None and not marked:
        return Nothing(address, _why_nothing(bool(web), troubles), troubles)
    if facts is None:
        facts = SnmpFacts(family="", is_device=True)
    serials = [facts.serial_number, *(one.serial_number for one in marked.values())]
    return Found(
        address,
        is_device=bool(marked) or facts.is_device,
        # A mark is believed more than an agent that says to be none of our devices.
        family=facts.family if facts.is_device or not marked else "",
        product=facts.product,
        software_version=facts.software_version,
        serial_number=next(filter(None, serials), ""),
        name=facts.name,
        sys_object_id=facts.sys_object_id,
        snmp_login=index,
        snmp_stretching=facts.stretching,
        https="https" in marked,
        http="http" in marked,
        tls_key=marked["https"].tls_key if "https" in marked else "",
        errors=troubles,
    )


def _why_nothing(is_web: bool, troubles: Mapping[str, DeviceError]) -> str:
    if is_web:
        return _("A web server answers, but it is not a video system.")
    forbidden = next((one for one in troubles.values() if isinstance(one, errors.ContactForbidden)), None)
    if forbidden is not None and len(set(map(type, troubles.values()))) == 1:
        return str(forbidden)
    heard = [one for one in troubles.values() if not isinstance(one, errors.ConnectionFailed)]
    if heard:
        return str(heard[0])
    if any(isinstance(one, errors.ConnectionRefused) for one in troubles.values()):
        return _("The address is in use, but nothing listens on the ports that were tried.")
    return _("Nothing answers.")
