"""Diagnosing as a job: the rows of each system are looked at, and written down as they come.

1. Our record is read, and the family's table is planned for the system's mode.
2. The rows towards the system are tried, as far as its mode allows any contact.
3. What it says of itself, or said last, is held against our record.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from django.db import transaction

from roomkeeper.devices import errors, registry
from roomkeeper.devices.client import Target
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.manifest import Manifest
from roomkeeper.diagnosis import inbound, itself, outbound, signed_in, snmp_look
from roomkeeper.diagnosis.findings import DiagnosisFinding, Level, found
from roomkeeper.diagnosis.models import Diagnosis
from roomkeeper.diagnosis.record import DeviceView, Record, read_record, read_view
from roomkeeper.diagnosis.rows import THE_SYSTEM, DiagnosisRow, plan_rows
from roomkeeper.diagnosis.sheet import FactSheet
from roomkeeper.diagnosis.steps import Looking, Stopped
from roomkeeper.diagnosis.tuning import ORDINARY, Tuning
from roomkeeper.jobs.models import JobItem
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.jobs.running import Item, ItemOutcome, RunningJob
from roomkeeper.provisioning import management
from roomkeeper.systems import live, network_settings, timeline
from roomkeeper.systems.addresses import port_of
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.documents.redaction import redact_text
from roomkeeper.systems.models import Connectivity, System
from roomkeeper.words import gettext as _

KIND: Final = "diagnose"
AT_ONCE: Final = 20
KEPT: Final = 10
# Open pages see rows as they come, but not a write for each.
WRITE_EVERY: Final = 0.4

Keep = Callable[[FactSheet], Awaitable[None]]


async def run(job: RunningJob) -> str:
    """Diagnose every system of the job."""

    async def diagnose(item: Item) -> ItemOutcome:
        return await _diagnose(job, item)

    await job.each(diagnose, at_once=AT_ONCE)
    return await off_loop(_conclude, job.job_id)


async def _diagnose(job: RunningJob, item: Item) -> ItemOutcome:
    system_id = int(item.parameters["system"])
    diagnosis_id = await off_loop(_begin, job.job_id, system_id)
    if diagnosis_id is None:
        return ItemOutcome(JobItem.State.SKIPPED, _("The system was deleted."))
    written_at = time.monotonic()

    async def keep(sheet: FactSheet) -> None:
        nonlocal written_at
        if time.monotonic() - written_at >= WRITE_EVERY:
            written_at = time.monotonic()
            await off_loop(_write, diagnosis_id, system_id, sheet)

    try:
        sheet = await examine(system_id, keep=keep, tries_login=bool(job.parameters.get("tries_login")))
    except System.DoesNotExist:
        return ItemOutcome(JobItem.State.SKIPPED, _("The system was deleted."))
    except Exception:
        await off_loop(_fail, diagnosis_id, system_id)
        raise
    await off_loop(_finish, diagnosis_id, system_id, sheet)
    worst = sheet.worst
    return ItemOutcome(
        JobItem.State.DONE if worst is None else JobItem.State.WARNING,
        sheet.summary,
        worst.next_step if worst is not None else "",
        system_id,
        {"diagnosis": diagnosis_id, "level": sheet.level.value},
    )


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is known before anything is tried. `refused_at`: when the login was refused, if it was."""

    record: Record
    rows: tuple[DiagnosisRow, ...]
    family: Manifest
    refused_at: datetime | None
    community: str
    software_version: str


async def examine(
    system_id: int, *, keep: Keep, tuning: Tuning = ORDINARY, tries_login: bool = False
) -> FactSheet:
    """Look at one system. `keep` is called whenever something was found. `tries_login`: a person wants the refused
    login to be sent once more. Raises `System.DoesNotExist`."""
    prepared = await off_loop(_prepare, system_id)
    record = prepared.record
    sheet = FactSheet(record.name, prepared.rows)

    async def tell(row: DiagnosisRow, finding: DiagnosisFinding) -> None:
        sheet.add(row, _redacted(finding, record.secret.texts))
        await keep(sheet)

    for row in prepared.rows:
        if row.why:
            await tell(row, found(row.why, record.name, service=row.service, port=row.port))
    examination = _Examination(system_id, prepared, sheet, tell, tuning, tries_login)
    await examination.look()
    await examination.judge(await off_loop(read_record, system_id))
    return sheet


class _Examination:
    """The look at one system."""

    def __init__(
        self,
        system_id: int,
        prepared: _Prepared,
        sheet: FactSheet,
        tell: Callable[[DiagnosisRow, DiagnosisFinding], Awaitable[None]],
        tuning: Tuning,
        tries_login: bool,
    ) -> None:
        self._system_id = system_id
        self._prepared = prepared
        self._sheet = sheet
        self._tell = tell
        self._tuning = tuning
        self._tries_login = tries_login
        self._view: DeviceView | None = None

    async def look(self) -> None:
        """Try the rows towards the system, and keep in mind what it says of itself."""
        rows = {service: self._sheet.find("inbound", service) for service in ("HTTPS", "HTTP", "SNMP")}
        first = next((row for row in rows.values() if row is not None), None)
        if first is None:
            return
        # What was refused is kept in mind by whoever gave the driver, and told already.
        known = (Stopped, errors.LoginRefused, errors.CertificateChanged)
        try:
            with contextlib.suppress(*known):
                async with device_access.talking_to(self._system_id) as driver:
                    await self._try(driver, rows["HTTPS"], rows["HTTP"], rows["SNMP"])
        except device_access.NoAddress:
            label = Connectivity(self._prepared.record.connectivity).label
            await self._tell(first, found("address-unknown", self._prepared.record.name, connectivity=label))

    async def _try(
        self, driver: Driver, https: DiagnosisRow | None, http: DiagnosisRow | None, snmp: DiagnosisRow | None
    ) -> None:
        looking = Looking(
            _named(driver.client.target, self._prepared.record.name),
            self._tuning,
            self._tell,
            datetime.now(UTC),
        )
        asking = None
        if snmp is not None:
            asking = asyncio.ensure_future(snmp_look.ask(looking, self._prepared.community))
        try:
            await self._by_http(looking, driver.family, https, http)
        except asyncio.CancelledError:
            if asking is not None:
                asking.cancel()
            raise
        finally:
            if asking is not None and snmp is not None and not asking.cancelled():
                asked = await asking
                await snmp_look.tell(looking, snmp, asked, await self._newest_view())
                if object_id := asked.object_id(looking.target.serial_number):
                    await off_loop(_keep_object_id, self._system_id, object_id)

    async def _by_http(
        self, looking: Looking, family: Manifest, https: DiagnosisRow | None, http: DiagnosisRow | None
    ) -> None:
        transport = device_access.transport()
        row, client = await inbound.find_road(looking, transport, https, http)
        if self._tries_login:
            client.forget_refusal()
        driver = registry.create_driver(family, client)
        self._view = await signed_in.examine(
            looking,
            row,
            driver,
            transport,
            self._system_id,
            refused_at=self._prepared.refused_at,
            software_version=self._prepared.software_version,
        )

    async def _newest_view(self) -> DeviceView:
        """What it said just now, else what it said last."""
        if self._view is not None:
            return self._view
        return await off_loop(read_view, self._system_id)

    async def judge(self, record: Record) -> None:
        """What it says and what we know, held against each other."""
        now = datetime.now(UTC)
        view = await self._newest_view()
        row = self._outbound_row(record, view)
        for spare in self._sheet.rows:
            if spare.direction == "outbound" and not spare.why and spare != row:
                await self._tell(spare, found("road-not-used", record.name, service=spare.service))
        for finding in outbound.judge(record, view, now):
            await self._tell(row, finding)
        keys = {finding.key for finding in self._sheet.all()}
        for finding in itself.judge(
            record,
            view,
            self._prepared.family,
            now,
            has_answered=bool(keys & {"port-open", "snmp-answers"}),
            was_tried=bool(keys & {"connection-refused", "connection-timed-out", "connection-failed"}),
        ):
            await self._tell(THE_SYSTEM, finding)

    def _outbound_row(self, record: Record, view: DeviceView) -> DiagnosisRow:
        scheme = outbound.scheme_in_use(record, view)
        other = "HTTP" if scheme == "HTTPS" else "HTTPS"
        row = self._sheet.find("outbound", scheme) or self._sheet.find("outbound", other)
        return row or THE_SYSTEM


def _named(target: Target, name: str) -> Target:
    return replace(target, name=name)


def _redacted(finding: DiagnosisFinding, secrets: tuple[str, ...]) -> DiagnosisFinding:
    """Devices have our secrets in their settings, and could say them anywhere (rule R4)."""
    return replace(
        finding,
        sentence=redact_text(finding.sentence, secrets),
        next_step=redact_text(finding.next_step, secrets),
        evidence=redact_text(finding.evidence, secrets),
    )


def _prepare(system_id: int) -> _Prepared:
    system = System.objects.get(pk=system_id)
    record = read_record(system_id)
    settings = network_settings.get()
    # A system that has said nothing of itself yet is taken for an endpoint, as on its connection tab.
    family = registry.presumed_family(system.family)
    ports = {
        "https": system.https_port or settings.device_https_port,
        "http": system.http_port or settings.device_http_port,
    }
    # The port of ours that brought its last post.
    called = port_of(record.posts.used_host)
    rows = plan_rows(
        family,
        connectivity=system.connectivity,
        is_secure_only=system.is_secure_only,
        ports=ports,
        called={record.posts.scheme: called} if called else {},
    )
    community = management.written_values(settings)["snmp_community"]
    return _Prepared(record, rows, family, system.login_refused_at, community, system.software_version)


def _keep_object_id(system_id: int, object_id: str) -> None:
    System.objects.filter(pk=system_id).update(sys_object_id=object_id[:128])


# Rows of ours


def _begin(job_id: int, system_id: int) -> int | None:
    with transaction.atomic():
        diagnosis = Diagnosis.objects.filter(job_id=job_id, system_id=system_id).first()
        if diagnosis is None:
            return None
        diagnosis.state, diagnosis.rows = Diagnosis.State.RUNNING, []
        diagnosis.started_at = datetime.now(UTC)
        diagnosis.save(update_fields=["state", "rows", "started_at"])
        _publish(system_id)
        return diagnosis.pk


def _write(diagnosis_id: int, system_id: int, sheet: FactSheet) -> None:
    with transaction.atomic():
        Diagnosis.objects.filter(pk=diagnosis_id).update(rows=sheet.as_json())
        _publish(system_id)


def _finish(diagnosis_id: int, system_id: int, sheet: FactSheet) -> None:
    with transaction.atomic():
        Diagnosis.objects.filter(pk=diagnosis_id).update(
            rows=sheet.as_json(),
            state=Diagnosis.State.DONE,
            level=sheet.level.value,
            summary=sheet.summary[:500],
            ended_at=datetime.now(UTC),
        )
        old = Diagnosis.objects.filter(system_id=system_id).order_by("-id").values_list("pk", flat=True)
        Diagnosis.objects.filter(pk__in=list(old[KEPT:])).delete()
        diagnosis = Diagnosis.objects.select_related("system__folder", "user").get(pk=diagnosis_id)
        timeline.add(
            diagnosis.system,
            "diagnosis",
            _("Diagnosed. {summary}", summary=sheet.summary),
            now=datetime.now(UTC),
            user=diagnosis.user,
        )
        live.publish("system", diagnosis.system)


def _fail(diagnosis_id: int, system_id: int) -> None:
    with transaction.atomic():
        Diagnosis.objects.filter(pk=diagnosis_id).update(
            state=Diagnosis.State.FAILED,
            summary=_("The diagnosis itself failed. See the server's log."),
            ended_at=datetime.now(UTC),
        )
        _publish(system_id)


def _conclude(job_id: int) -> str:
    """Those that were not looked at any more are cancelled; a sentence on the others."""
    with transaction.atomic():
        unfinished = Diagnosis.objects.filter(job_id=job_id, state__in=Diagnosis.OPEN)
        live.publish_many(
            [("system", pk, path) for pk, path in unfinished.values_list("system_id", "system__folder__path")]
        )
        unfinished.update(state=Diagnosis.State.CANCELLED, ended_at=datetime.now(UTC))
        done = Diagnosis.objects.filter(job_id=job_id, state=Diagnosis.State.DONE)
        levels = list(done.values_list("level", flat=True))
    if len(levels) == 1:
        return done.get().summary
    faults = levels.count(Level.FAULT.value)
    warnings = levels.count(Level.WARNING.value)
    return _(
        "{count} systems diagnosed: {faults} with faults, {warnings} with warnings only.",
        count=len(levels),
        faults=faults,
        warnings=warnings,
    )


def _publish(system_id: int) -> None:
    system = System.objects.select_related("folder").filter(pk=system_id).first()
    if system is not None:
        live.publish("system", system)
