"""What a job of adding does with one of its items: who is there, is it known, and then all that makes it managed.

1. Look who answers; nothing secret is sent. 2. Log in and read who it is. 3. Find or make its system, which from then
on is remembered by the item, so that a job that is begun again goes on here. 4. Push, read, name (`finishing`).
"""

import asyncio
import socket
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from roomkeeper.adding import finishing, keeping
from roomkeeper.adding.keeping import ADDED, HERE, ResultEntry, Who
from roomkeeper.adding.plan import AddingPlan, ItemRequest
from roomkeeper.adding.proving import NoLogin, NoTryLeft, Proven, prove
from roomkeeper.devices import errors, registry
from roomkeeper.devices.client import DeviceTransport
from roomkeeper.devices.discovery import Found, Nothing, look_at
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.devices.snmp import SnmpUser
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.jobs.running import Item, ItemOutcome
from roomkeeper.protocols.identification import normalize_mac, same_serial
from roomkeeper.systems import admission
from roomkeeper.systems.addresses import parse_address
from roomkeeper.systems.contact import credential_list, device_access
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext, noop

NEW_DEVICE_HINT = noop(
    "If it is new or was reset: RoomOS 11.27 and newer let nobody sign in until the first passphrase is"
    " set on the"
    " device."
)
DONE, WARNING, FAILED, SKIPPED = "done", "warning", "failed", "skipped"


async def add_one(
    plan: AddingPlan, item: Item, looking: DeviceTransport, places: asyncio.Semaphore
) -> ItemOutcome:
    """Add what the item asks for. `looking`: the transport for looking who is there; `places`: for the last step."""
    asked = plan.asked(item)
    if not asked.host:
        return await off_loop(_register, plan, asked)
    if item.system_id is not None:
        # Begun before and not ended: the system is made, and perhaps not whole.
        async with places:
            return await _finish(plan, asked, item.system_id)
    try:
        return await _meet(plan, asked, looking, places)
    except errors.DeviceError as error:
        return _failed(error)


async def _meet(
    plan: AddingPlan, asked: ItemRequest, looking: DeviceTransport, places: asyncio.Semaphore
) -> ItemOutcome:
    found = await look_at(looking, asked.host, plan.search(asked), reach=plan.reach(asked), tls=plan.tls())
    if isinstance(found, Nothing):
        return _nothing(plan, asked, found)
    await _keep_stretching(plan, found)
    address = await _address_of(asked.host)
    family = registry.get_family(found.family)
    if found.family and not family.can("identify"):
        who = Who(
            family=family.name,
            product=found.product,
            software_version=found.software_version,
            name=found.name,
            sys_object_id=found.sys_object_id,
            address=address,
        )
    else:
        try:
            proven = await prove(device_access.transport(), plan, asked, found)
        except errors.LoginRefused as error:
            return _refused(error, found)
        who = _who(proven, found, address)
        if asked.serial_number and not same_serial(who.serial_number, asked.serial_number):
            raise errors.WrongDevice(expected=asked.serial_number, found=who.serial_number).about(asked.host)
        if asked.mac_address and who.mac_address and who.mac_address != asked.mac_address:
            sentence = _("The device's MAC address differs from the one that you entered. Check its address.")
            raise errors.WrongDevice(sentence, expected=asked.mac_address, found=who.mac_address).about(
                asked.host
            )
    entry = await off_loop(keeping.enter, plan, asked, who, now=datetime.now(UTC))
    if entry.result != ADDED or entry.system_id is None:
        return _told(entry, who)
    async with places:
        return await _finish(plan, asked, entry.system_id, found)


async def _keep_stretching(plan: AddingPlan, found: Found) -> None:
    """How the key of an SNMP user had to be stretched is kept with the user, and tried first from then on."""
    if found.snmp_login is None or not found.snmp_stretching:
        return
    login = plan.snmp_logins[found.snmp_login]
    if isinstance(login, SnmpUser) and login.stretching != found.snmp_stretching:
        row = plan.snmp_credential_ids[found.snmp_login]
        await off_loop(credential_list.keep_stretching, row, login, found.snmp_stretching)


async def _finish(
    plan: AddingPlan, asked: ItemRequest, system_id: int, found: Found | None = None
) -> ItemOutcome:
    try:
        finished = await finishing.finish(
            asked.item_id, system_id, user=plan.user, when_http_is_off=plan.when_http_is_off
        )
    except System.DoesNotExist:
        return ItemOutcome(
            FAILED, _("It was added, and has since been deleted."), _("Add it again if it should stay.")
        )
    details: dict[str, Any] = {
        "result": ADDED,
        "family": finished.family,
        "product": finished.product,
        "name": finished.name,
        "warnings": [{"sentence": one.sentence, "advice": one.advice} for one in finished.warnings],
        "notes": list(finished.notes),
    }
    if found is not None and plan.snmp_logins and not plan.is_secure(asked) and found.snmp_login is None:
        details["notes"].append(_("It did not answer SNMP: its agent is off or uses a different community."))
    words = ", ".join(word for word in (finished.product, finished.software_version) if word)
    label = f"{finished.name} ({words})" if words else finished.name
    if not finished.warnings:
        notes = " ".join(finished.notes)
        return ItemOutcome(DONE, f"Added: {label}. {notes}".strip(), system_id=system_id, details=details)
    number = len(finished.warnings)
    sentences = " ".join(one.sentence for one in finished.warnings)
    advice = " ".join(dict.fromkeys(one.advice for one in finished.warnings if one.advice))
    summary = ngettext(
        "Added with {count} warning: {label}. {sentences}",
        "Added with {count} warnings: {label}. {sentences}",
        number,
        label=label,
        sentences=sentences,
    )
    return ItemOutcome(WARNING, summary, advice, system_id, details)


def _register(plan: AddingPlan, asked: ItemRequest) -> ItemOutcome:
    """A row without an address: registered before it phones home."""
    login = asked.own_login
    try:
        system = admission.pre_register(
            user=plan.user,
            now=datetime.now(UTC),
            mac_address=asked.mac_address,
            serial_number=asked.serial_number,
            name=asked.name,
            folder=asked.folder,
            tags=asked.tags,
            http_port=asked.http_port,
            https_port=asked.https_port,
            username=login.username if login else "",
            password=login.password if login else "",
            is_secure_only=plan.is_secure_only,
        )
    except admission.AdmissionRefused as error:
        return ItemOutcome(FAILED, str(error), _("Look for it under Systems, and in the inbox."))
    details = {"result": "registered", "name": system.name}
    sentence = _("Pre-registered: it is managed from its first post on.")
    return ItemOutcome(DONE, sentence, system_id=system.pk, details=details)


def _nothing(plan: AddingPlan, asked: ItemRequest, nothing: Nothing) -> ItemOutcome:
    if plan.is_range:
        return ItemOutcome(SKIPPED, nothing.why, details={"result": "nothing"})
    trouble = next(
        (nothing.errors[road] for road in ("https", "http", "snmp") if road in nothing.errors), None
    )
    if trouble is not None:
        return _failed(trouble.about(asked.host, _("looking who answers")), result="nothing")
    return ItemOutcome(
        FAILED, nothing.why, _("Check that the address is the system's own."), details={"result": "nothing"}
    )


def _failed(error: errors.DeviceError, *, result: str = "refused") -> ItemOutcome:
    details = {"result": result, "error": type(error).__name__, "can_retry": error.can_retry}
    return ItemOutcome(FAILED, error.what_happened, error.advice, details=details)


def _refused(error: errors.LoginRefused, found: Found) -> ItemOutcome:
    """A refused login; one that is new looks the same before its first passphrase is set (protocol notes P.3)."""
    outcome = _failed(error)
    if (
        isinstance(error, NoLogin | NoTryLeft)
        or not quirks_of(found.software_version, found.family).wants_first_passphrase
    ):
        return outcome
    return replace(outcome, advice=f"{outcome.advice} {_(NEW_DEVICE_HINT)}")


def _told(entry: ResultEntry, who: Who) -> ItemOutcome:
    details = {"result": entry.result.replace(" ", "_"), "family": who.family, "product": who.product}
    state = DONE if entry.result == HERE else FAILED
    return ItemOutcome(state, entry.sentence, entry.advice, entry.system_id, details)


def _who(proven: Proven, found: Found, address: str) -> Who:
    facts = proven.facts
    family = registry.recognise(
        product_type=facts.product_type,
        product_id=facts.product,
        software_version=facts.software_version,
        sys_object_id=found.sys_object_id,
    )
    return Who(
        # It speaks their language, so it is one of them, whatever it calls itself.
        family=facts.family if family.is_fallback else family.name,
        product=(facts.product or facts.platform)[:255],
        software_version=facts.software_version[:255],
        serial_number=facts.serial_number.strip()[: admission.SERIAL_LIMIT],
        mac_address=normalize_mac(facts.mac_address),
        name=found.name,
        tls_key=facts.tls_key if proven.scheme == "https" else "",
        sys_object_id=found.sys_object_id,
        login=proven.login,
        address=address,
    )


async def _address_of(host: str) -> str:
    """The IP address behind a name, "" where it is not known: from there its first post is expected (rule R4)."""
    if parse_address(host) is not None:
        return host
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ""
    return str(found[0][4][0])
