"""Documents that we read from systems, kept exactly as posted ones are. Not here: when to read them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from django.db import transaction

from roomkeeper.devices import errors
from roomkeeper.devices.driver import DOCUMENT_KINDS, Driver
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.identification import same_serial
from roomkeeper.protocols.xapi.command import decode_command_document
from roomkeeper.protocols.xapi.status import first_value
from roomkeeper.protocols.xapi.valuespace import decode_valuespace
from roomkeeper.provisioning import confirmation
from roomkeeper.systems import network_settings
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.check_ins.roster import Known, Roster
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.documents import reports, storing
from roomkeeper.systems.documents.reports import Document, Report
from roomkeeper.systems.models import NetworkSettings, SystemSecret
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

# A transaction that keeps so many stays under 50 ms on SQLite (rule R9).
KEPT_AT_ONCE: Final = 40
_TITLES: Final = {
    "configuration": noop("its configuration"),
    "valuespace": noop("its value spaces"),
    "command": noop("its commands"),
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document as a system gave it; `kind` is one of `devices.driver.DOCUMENT_KINDS`. `asked_at` is when it was
    asked for, at the latest: everything that happened on the device before is in it."""

    system_id: int
    kind: str
    payload: bytes
    asked_at: datetime


@dataclass(slots=True)
class Kept:
    """What was kept of one system's documents, by kind. `failures` are why others were not: not readable, or of
    another device. A system that is gone, or lacks its contact row, has neither."""

    system_id: int
    documents: dict[str, Document] = field(default_factory=dict)
    asked_at: dict[str, datetime] = field(default_factory=dict)
    failures: dict[str, errors.DeviceError] = field(default_factory=dict)


# Called inside the transaction that keeps the reports, with those that stand; what it writes stands or falls with them.
Alongside = Callable[[Mapping[int, Known], Sequence[Report], NetworkSettings, Writes], None]


async def read_and_keep(driver: Driver, system_id: int, kinds: Sequence[str] = tuple(DOCUMENT_KINDS)) -> Kept:
    """Read documents of a system, one after the other, and keep them. Raises `DeviceError`; what was read before
    the error is kept."""
    fetched: list[Fetched] = []
    target = driver.client.target
    try:
        if "status" not in kinds and target.serial_number:
            demand_serial((await driver.identify()).serial_number, target.serial_number, target.whom)
        for kind in kinds:
            asked_at = datetime.now(UTC)
            fetched.append(Fetched(system_id, kind, await driver.fetch_document(kind), asked_at))
    finally:
        kept = await off_loop(keep, fetched, now=datetime.now(UTC)) if fetched else {}
    found = kept.get(system_id) or Kept(system_id)
    for kind, error in found.failures.items():
        raise error.about(target.whom, _("reading its {kind}", kind=kind))
    return found


def demand_serial(found: str, expected: str, whom: str) -> None:
    """Raises `WrongDevice` where a device has another serial number than the expected one."""
    if found and expected and not same_serial(found, expected):
        raise errors.WrongDevice(expected=expected, found=found).about(whom, _("reading its documents"))


def keep(fetched: Iterable[Fetched], *, now: datetime, alongside: Alongside | None = None) -> dict[int, Kept]:
    """Keep documents of any number of systems, some in each transaction; by system id, what was kept.

    What is read is evidence of being alive and no check-in: whose times stay. The rest is as with posted documents.
    """
    found = prepare(fetched)
    order = sorted(found)
    for start in range(0, len(order), KEPT_AT_ONCE):
        store([found[system_id] for system_id in order[start : start + KEPT_AT_ONCE]], now, alongside)
    return found


def prepare(fetched: Iterable[Fetched]) -> dict[int, Kept]:
    """Decode and redact, which takes time, outside of any transaction. Raises nothing: see `Kept.failures`."""
    by_system: dict[int, list[Fetched]] = defaultdict(list)
    for one in fetched:
        by_system[one.system_id].append(one)
    texts = _known_secrets(list(by_system))
    found: dict[int, Kept] = {}
    for system_id, documents in by_system.items():
        found[system_id] = Kept(system_id)
        for one in documents:
            try:
                document = _decode(one, texts[system_id])
            except ProtocolError as error:
                unreadable = errors.NotXml(first_bytes=one.payload, detail=str(error))
                found[system_id].failures[one.kind] = unreadable
            else:
                document.prepare()
                found[system_id].documents[one.kind] = document
                found[system_id].asked_at[one.kind] = one.asked_at
    return found


def store(
    kept: Sequence[Kept], now: datetime, alongside: Alongside | None = None, *, is_read_back: bool = False
) -> None:
    """Store prepared documents in one transaction; the caller hands over few enough (`KEPT_AT_ONCE`). `is_read_back`:
    after writing what the systems are told, which the caller judges by it."""
    settings = network_settings.get()
    with transaction.atomic():
        roster, writes = Roster(now), Writes(now)
        roster.load_ids([one.system_id for one in kept])
        taken: list[Report] = []
        for one in kept:
            known = roster.by_id.get(one.system_id)
            if known is None:
                one.documents.clear()
                continue
            _turn_away_stranger(one, known.serial_number)
            for kind, document in one.documents.items():
                at = min(one.asked_at[kind], now)
                product_type = first_value(document.values, "SystemUnit/ProductType")
                taken.append(Report(known, document, at, product_type))
                if document.kind in _TITLES:
                    size = f"{len(document.payload) / 1000:.0f} kB"
                    writes.note(
                        known,
                        "document",
                        _("Read {what} ({size})", what=_(_TITLES[document.kind]), size=size),
                    )
        standing = storing.store_reports(taken, writes)
        confirmation.confirm(standing, settings=settings, writes=writes, is_read_back=is_read_back)
        if alongside is not None:
            alongside(roster.by_id, standing, settings, writes)
        writes.flush()


def _decode(one: Fetched, texts: tuple[str, ...]) -> Document:
    notes: tuple[str, ...] = ()
    if one.kind == "command":
        notes = decode_command_document(one.payload).mended
    elif one.kind == "valuespace":
        decode_valuespace(one.payload)
    return reports.decode_document(one.kind, one.payload, texts, notes=notes)


def _turn_away_stranger(kept: Kept, expected: str) -> None:
    """Nothing of another device is kept: who else answers at the address says nothing of the system (rule R6)."""
    status = kept.documents.get("status")
    serial = first_value(status.values, "SystemUnit/Hardware/Module/SerialNumber") if status else ""
    if serial and expected and not same_serial(serial, expected):
        for kind in kept.documents:
            kept.failures[kind] = errors.WrongDevice(expected=expected, found=serial)
        kept.documents.clear()


def _known_secrets(system_ids: list[int]) -> dict[int, tuple[str, ...]]:
    texts: dict[int, tuple[str, ...]] = defaultdict(tuple)
    for start in range(0, len(system_ids), 500):
        for secret in SystemSecret.objects.filter(system_id__in=system_ids[start : start + 500]):
            texts[secret.system_id] += (secrets.text_of(secret),)
    return texts
