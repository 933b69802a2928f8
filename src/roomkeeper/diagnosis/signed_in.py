"""The live checks that need a login: the login itself, who it is, administrator rights, its whole documents.

A wrong password touches the device once (rule R6): one that was refused is not sent again, and that is told.
"""

import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from roomkeeper.devices import errors
from roomkeeper.devices.client import FIRST_READ, DeviceTransport
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.devices.registry import create_driver
from roomkeeper.devices.tls import Trust
from roomkeeper.diagnosis import words
from roomkeeper.diagnosis.record import DeviceView
from roomkeeper.diagnosis.rows import DiagnosisRow
from roomkeeper.diagnosis.steps import Looking, Stopped, evidence_of, since
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.mending import CONTROLS_MENDED
from roomkeeper.protocols.text import decode_text
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.protocols.xapi.configuration import decode_configuration
from roomkeeper.protocols.xapi.status import decode_status
from roomkeeper.provisioning import reading
from roomkeeper.systems.contact import device_access
from roomkeeper.words import gettext as _

_ROLE: Final = re.compile(r"(^|/)Role(\[\d+\])?$")
# What XML forbids, as seen in names of HDMI devices (protocol notes B).
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


async def examine(
    looking: Looking,
    row: DiagnosisRow,
    driver: Driver,
    transport: DeviceTransport,
    system_id: int,
    *,
    refused_at: datetime | None,
    software_version: str = "",
) -> DeviceView:
    """Everything that needs a login; gives what the device said of itself.

    `software_version` is what it told last, "" for nothing. Raises `LoginRefused` as well as telling it, so that it is
    kept in mind, and `Stopped`.
    """
    if not driver.family.can("identify"):
        await looking.stop(row, "not-asked", family=driver.family.title)
    try:
        await _sign_in(looking, row, driver, refused_at)
    except errors.LoginRefused:
        if quirks_of(software_version, driver.family.name).wants_first_passphrase:
            await looking.say(row, "first-passphrase")
        raise
    try:
        software = await _identify(looking, row, driver, system_id)
        await _ask_rights(looking, row, driver, software)
        return await _read_documents(looking, row, _patient(looking, driver, transport), system_id)
    except errors.LoginRefused as error:
        await looking.say(row, "login-lost", username=_username(looking), evidence=evidence_of(error))
        raise


async def _sign_in(looking: Looking, row: DiagnosisRow, driver: Driver, refused_at: datetime | None) -> None:
    """The first read with the login. One that was refused before is not sent."""
    login = looking.target.login
    if login is None:
        await looking.stop(row, "login-missing")
    if ":" in login.username:
        await looking.stop(row, "login-unusable")
    if driver.client.was_refused(login):
        ago = words.ago(refused_at, looking.now) if refused_at else "before"
        await looking.stop(row, "login-refused-before", username=login.username, ago=ago)
    began = time.monotonic()
    try:
        await driver.client.get(FIRST_READ, doing="signing in")
    except errors.LoginRefused as error:
        key = "login-locked" if isinstance(error, errors.LockedOut) else "login-refused"
        await looking.say(
            row, key, username=login.username, milliseconds=since(began), evidence=evidence_of(error)
        )
        raise
    except errors.NotAdministrator as error:
        await _tell_missing(looking, row, driver, _("it is not even allowed to read"), evidence_of(error))
    except errors.DeviceError as error:
        await looking.tell_answer(row, error, began, looking.tuning.first)
        raise Stopped from error
    await looking.say(row, "login-accepted", username=login.username, milliseconds=since(began))


async def _identify(looking: Looking, row: DiagnosisRow, driver: Driver, system_id: int) -> str:
    """Make sure that it is the device that is meant; gives its software version."""
    began = time.monotonic()
    try:
        facts = await device_access.identify(driver, system_id)
    except errors.WrongDevice as error:
        await looking.stop(
            row,
            "wrong-device",
            milliseconds=since(began),
            address=looking.target.address,
            serial=error.expected,
            found=error.found or "none",
        )
    except errors.LoginRefused:
        raise
    except errors.DeviceError as error:
        await looking.tell_answer(row, error, began, looking.tuning.first)
        raise Stopped from error
    await looking.say(
        row,
        "identity-right",
        milliseconds=since(began),
        serial=facts.serial_number or _("none told"),
        product=facts.product or _("unknown product"),
        version=facts.software_version or _("unknown software"),
    )
    return facts.software_version


async def _ask_rights(looking: Looking, row: DiagnosisRow, driver: Driver, software: str) -> None:
    """Ask for what only administrators are told."""
    # For administrators alone, and changes nothing (protocol notes J).
    command = quirks_of(software, driver.family.name).account_command
    if not driver.family.can("run_command"):
        return
    began, username = time.monotonic(), _username(looking)
    if not command:
        evidence = _("{software} has no command that tells the roles of an account.", software=software)
        await looking.say(row, "rights-unknown", username=username, evidence=evidence)
        return
    try:
        result = await driver.run_command(CommandCall(command, (("Username", username),)))
    except errors.NotAdministrator as error:
        await _tell_missing(looking, row, driver, error.evidence or _("it says so"), error.detail)
    except (errors.Unsupported, errors.Rejected) as error:
        await looking.say(row, "rights-unknown", username=username, evidence=evidence_of(error))
        return
    except errors.LoginRefused:
        raise
    except errors.DeviceError as error:
        await looking.tell_answer(row, error, began, looking.tuning.first)
        raise Stopped from error
    roles = tuple(value for path, value in result.values.items() if _ROLE.search(path))
    if roles and "Admin" not in roles:
        await _tell_missing(looking, row, driver, _("its roles are {listed}", listed=words.listed(roles)), "")
    await looking.say(row, "rights-admin", username=username, milliseconds=since(began))


async def _tell_missing(
    looking: Looking, row: DiagnosisRow, driver: Driver, missing: str, evidence: str
) -> None:
    limit = next((limit for limit in driver.family.limits if limit.name == "admin_account"), None)
    blocked = [act.replace("_", " ") for act in limit.blocks] if limit else [_("everything that is written")]
    await looking.stop(
        row,
        "rights-missing",
        username=_username(looking),
        missing=_lower(missing),
        blocked=words.listed(blocked),
        evidence=evidence,
    )


def _lower(sentence: str) -> str:
    return (sentence[:1].lower() + sentence[1:]).rstrip(".")


async def _read_documents(looking: Looking, row: DiagnosisRow, driver: Driver, system_id: int) -> DeviceView:
    """Its whole status and configuration, kept as polled ones are."""
    status_asked_at = datetime.now(UTC)
    status = await _fetch(looking, row, driver, "status")
    try:
        decoded = decode_status(status)
    except ProtocolError as error:
        evidence = f"{error} {decode_text(status[: errors.FIRST_BYTES]).text}"
        await looking.stop(row, "status-not-xml", evidence=evidence)
    if count := len(_CONTROLS.findall(status)):
        await looking.say(row, "status-control-bytes", count=count)
    if mended := "; ".join(note for note in decoded.mended if note != CONTROLS_MENDED):
        await looking.say(row, "status-mended", mended=mended[:400])
    configuration_asked_at = datetime.now(UTC)
    configuration = await _fetch(looking, row, driver, "configuration")
    try:
        settings = {path: leaf.value for path, leaf in decode_configuration(configuration).settings.items()}
    except ProtocolError as error:
        await looking.stop(row, "not-xml", evidence=str(error))
    at = datetime.now(UTC)
    documents = [
        reading.Fetched(system_id, "status", status, status_asked_at),
        reading.Fetched(system_id, "configuration", configuration, configuration_asked_at),
    ]
    await off_loop(reading.keep, documents, now=at)
    return DeviceView(decoded.values, settings, at, is_live=True)


async def _fetch(looking: Looking, row: DiagnosisRow, driver: Driver, kind: str) -> bytes:
    began, patience = time.monotonic(), looking.tuning.whole
    try:
        document = await driver.fetch_document(kind)
    except errors.LoginRefused:
        raise
    except errors.DeviceError as error:
        await looking.stop(row, "status-failed", milliseconds=since(began), evidence=str(error))
    if kind == "status":
        took = since(began)
        key = "status-slow" if looking.is_slow(took, patience) else "status-read"
        await looking.say(
            row,
            key,
            milliseconds=took,
            took=words.span(took),
            limit=words.span(round(patience.read * 1_000)),
            size=words.size(len(document)),
        )
    return document


def _patient(looking: Looking, driver: Driver, transport: DeviceTransport) -> Driver:
    """The same driver with the patience that whole documents need, held to the key that was seen."""
    target, seen = looking.target, driver.client.seen_key
    if target.tls.trust is Trust.PIN and seen:
        target = replace(target, tls=replace(target.tls, pinned_key=seen))
    return create_driver(driver.family, transport.client(target, patience=looking.tuning.whole))


def _username(looking: Looking) -> str:
    return looking.target.login.username if looking.target.login else ""
