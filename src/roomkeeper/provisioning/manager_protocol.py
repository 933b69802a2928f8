"""By which protocol a system may be told to call us, and what has to be done before it is told (protocol notes P.4).

The vendor's text: the protocol of the external manager must be enabled in `NetworkServices HTTP Mode`, which a device
is shipped with at HTTPS. Nothing with a secret in it is written for a protocol that the device does not speak.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from roomkeeper.devices import errors
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.devices.services import HTTP, HTTPS, http_switch, spoken_protocols
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.provisioning import authorities
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.documents.reports import Report
from roomkeeper.systems.models import Contact
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

# How long a web service may be away that is told to listen elsewhere, too.
SERVICE_SECONDS: Final = 15.0
_LOOK_AGAIN: Final = 0.5


class WhenHttpIsOff(StrEnum):
    """What is done for a system that has plain HTTP turned off, where HTTPS was not asked for."""

    USE_HTTPS = "use_https"
    TURN_HTTP_ON = "turn_http_on"


CHOICES: Final = {
    WhenHttpIsOff.USE_HTTPS: noop("Have it call by HTTPS; this server's authority is installed on it first"),
    WhenHttpIsOff.TURN_HTTP_ON: noop("Turn on plain HTTP on the system"),
}


def calls_by_http(scheme: str, overdue_at: datetime | None, now: datetime) -> bool:
    """Whether a system's own posts show that it speaks plain HTTP, whatever its settings say."""
    return scheme == HTTP and overdue_at is not None and overdue_at > now


def lacks_http(services: Mapping[str, str], family: str = "") -> bool:
    """Whether a device's settings leave plain HTTP out; those that do not tell leave nothing out."""
    spoken = spoken_protocols(services, family)
    return spoken is not None and HTTP not in spoken


def check(services: Mapping[str, str], scheme: str, wish: WhenHttpIsOff, family: str = "") -> None:
    """Raises `ProtocolOff` where the device may not call its manager by that scheme, and is not to be changed so that
    it may."""
    spoken = spoken_protocols(services, family)
    if spoken is None or scheme in spoken or (scheme == HTTP and wish is WhenHttpIsOff.TURN_HTTP_ON):
        return
    if scheme == HTTPS:
        raise errors.ProtocolOff(
            _(
                "The device has HTTPS turned off, which it should use to call this server. Nothing "
                "was written; set NetworkServices HTTP Mode on it to HTTPS or HTTP+HTTPS (TC: HTTPS "
                "Mode to On), then enforce."
            )
        )
    raise errors.ProtocolOff(
        _(
            "The device has plain HTTP turned off (NetworkServices HTTP Mode). Nothing was "
            "written. Have it call by HTTPS with this server's authority, or turn plain HTTP on."
        )
    )


async def turn_http_on(driver: Driver, services: Mapping[str, str]) -> str:
    """Turn plain HTTP on beside what is on; a sentence for people. Raises `DeviceError`.

    A device may restart its web service for it: that it is back is waited for.
    """
    path, value = http_switch(services, driver.family.name)
    outcome = await driver.write_configuration({path: value})
    if outcome.rejected:
        raise outcome.rejected[0]
    until = time.monotonic() + SERVICE_SECONDS
    while True:
        try:
            if not lacks_http(await driver.read_services(), driver.family.name):
                break
        except errors.ConnectionFailed:
            if time.monotonic() > until:
                raise
        if time.monotonic() > until:
            raise errors.ProtocolOff(
                _(
                    "The device was told to turn plain HTTP on, but it is still off. Nothing else was "
                    "written; check NetworkServices HTTP Mode on it."
                )
            )
        await asyncio.sleep(_LOOK_AGAIN)
    return _("Plain HTTP was off on it and was turned on ({path}).", path=path)


async def make_trusted(driver: Driver, software_version: str) -> str:
    """Have the device trust the authority that signs this server's certificate, before it is told to call by HTTPS; a
    sentence for people. Raises `DeviceError`; nothing else was written then.

    Over HTTPS to its pinned key alone (rule R6). Releases without a command for it check no certificates as shipped
    (protocol notes O).
    """
    command = quirks_of(software_version, driver.family.name).authority_command
    does = _("sends its feedback to") if driver.family.never_calls else _("calls")
    begin = _("Plain HTTP is off on it, so it {does} this server by HTTPS", does=does)
    if not command:
        return _(
            "{begin}; its release has no command to install an authority, and checks "
            "certificates only where told to.",
            begin=begin,
        )
    try:
        pem = authorities.own()
    except authorities.AuthorityRefused as error:
        return f"{begin}. {error}"
    if driver.client.scheme != HTTPS:
        raise errors.ProtocolOff(
            _(
                "The device was not reached by HTTPS, and an authority is sent by HTTPS only. "
                "Nothing was written; open its HTTPS port for this server."
            )
        )
    try:
        await driver.run_command(CommandCall(command, body=pem))
    except errors.Rejected as error:
        if authorities.ALREADY_THERE not in str(error).lower():
            raise
    return _("{begin}; this server's authority was installed on it first.", begin=begin)


def learn(configurations: Iterable[Report], writes: Writes) -> None:
    """Note of each system whether plain HTTP is off on it, and have those that call us no more be told to use HTTPS."""
    # Feedback and short documents say nothing of it.
    told = [
        report
        for report in configurations
        if spoken_protocols(report.document.values, report.known.family) is not None
    ]
    lacking = [report.known for report in told if lacks_http(report.document.values, report.known.family)]
    by_http = [known.system_id for known in lacking if known.scheme == HTTP]
    overdue = dict(Contact.objects.filter(pk__in=by_http).values_list("pk", "overdue_at")) if by_http else {}
    for report in told:
        known = report.known
        is_off = known in lacking and not calls_by_http(
            known.scheme, overdue.get(known.system_id), writes.now
        )
        if is_off == bool(known.has_http_off):
            continue
        known.has_http_off = is_off
        writes.columns[known.system_id]["has_http_off"] = is_off
        if is_off and known.is_proven and known.scheme == HTTP and not known.management_is_due:
            _write_anew(known, writes)


def _write_anew(known: Known, writes: Writes) -> None:
    known.management_is_due = known.has_work = True
    writes.columns[known.system_id]["management_is_due"] = True
    Contact.objects.filter(pk=known.system_id).update(has_work=True)
    writes.note(known, "management", _("Plain HTTP was turned off on it; it is to be told to call by HTTPS"))
