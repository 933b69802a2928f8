"""The probe of rule R1 as background work: who answers at the address a post came from?"""

import asyncio
from datetime import datetime, timedelta

import structlog
from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.db.models import Q

from roomkeeper.devices import errors
from roomkeeper.devices import http as device_http
from roomkeeper.systems import (
    connectivity,
    connectivity_changes,
    credentials,
    findings,
    network_settings,
    timeline,
)
from roomkeeper.systems.addresses import is_within, parse_networks
from roomkeeper.systems.connectivity import ProbeResult
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Probe, System

log = structlog.get_logger(__name__)

AT_ONCE = 40
# A process that died while probing has its probes taken over after this time.
CLAIM = timedelta(seconds=60)


async def probe_due(*, now: datetime) -> int:
    """Run the probes that are due, a bounded number at a time. Returns how many there were."""
    probes = await sync_to_async(_claim, thread_sensitive=False)(now)
    await asyncio.gather(*(_probe(probe, now) for probe in probes))
    return len(probes)


async def _probe(probe: Probe, now: datetime) -> None:
    try:
        plan = await sync_to_async(_prepare, thread_sensitive=False)(probe)
        result, seen = await _look(probe, plan)
        await sync_to_async(_conclude, thread_sensitive=False)(probe, result, seen, now)
    except Exception:
        log.exception("probe failed", system=probe.system_id)


def _claim(now: datetime) -> list[Probe]:
    try:
        with transaction.atomic():
            free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
            due = Probe.objects.filter(free, not_before__lte=now).order_by("asked_at")
            if connection.vendor == "postgresql":
                due = due.select_for_update(skip_locked=True)
            probes = list(due[:AT_ONCE])
            Probe.objects.filter(pk__in=[probe.pk for probe in probes]).update(claimed_until=now + CLAIM)
        return probes
    finally:
        connection.close()


class _Plan:
    """Everything the network part needs, read beforehand."""

    def __init__(self, system: System) -> None:
        settings = network_settings.get()
        self.http_port = system.http_port or settings.device_http_port
        self.https_port = system.https_port or settings.device_https_port
        self.login = None
        if credentials.has_credentials(system):
            self.login = device_http.Login(system.username, credentials.password_of(system))
        self.pinned_key = system.pinned_key
        self.serial_number = system.serial_number
        self.is_secure_only = system.is_secure_only
        self.password_may_use_http = system.password_may_use_http
        self.networks = parse_networks(settings.password_over_http_networks)


def _prepare(probe: Probe) -> _Plan:
    try:
        return _Plan(System.objects.get(pk=probe.system_id))
    finally:
        connection.close()


async def _look(probe: Probe, plan: _Plan) -> tuple[ProbeResult, device_http.Seen | errors.DeviceError]:
    over_http = plan.password_may_use_http or is_within(probe.source_address, plan.networks)
    try:
        seen = await device_http.look(
            probe.source_address,
            http_port=plan.http_port,
            https_port=plan.https_port,
            login=plan.login,
            pinned_key=plan.pinned_key,
            password_may_use_http=over_http,
            is_secure_only=plan.is_secure_only,
        )
    except errors.ConnectionFailed as error:
        return ProbeResult.SILENT, error
    except errors.DeviceError as error:
        return ProbeResult.OTHER, error
    return judge(seen, serial_number=plan.serial_number, pinned_key=plan.pinned_key), seen


def judge(seen: device_http.Seen, *, serial_number: str, pinned_key: str) -> ProbeResult:
    """What the answer proves: itself by its pinned key or by its serial read after login (rule R1)."""
    if not seen.is_device:
        return ProbeResult.OTHER
    if seen.serial_number and serial_number:
        if seen.serial_number != serial_number:
            return ProbeResult.OTHER
        if seen.is_logged_in:
            return ProbeResult.ITSELF
    if pinned_key and seen.key == pinned_key:
        return ProbeResult.ITSELF
    return ProbeResult.UNPROVEN


def _conclude(
    probe: Probe, result: ProbeResult, seen: device_http.Seen | errors.DeviceError, now: datetime
) -> None:
    try:
        with transaction.atomic():
            lock_contacts([probe.system_id])
            current = Probe.objects.filter(pk=probe.pk, asked_at=probe.asked_at).first()
            if current is None:
                # A newer post asked anew while we looked; its own probe decides.
                return
            system = System.objects.select_related("folder").get(pk=probe.system_id)
            _note(system, result, seen, probe, now)
            _pin(system, result, seen)
            comparison = connectivity.compare(probe.reported_address, probe.source_address)
            host = connectivity.match_host(probe.used_host, network_settings.get())
            decision = connectivity.decide(comparison, result, host, was_proven=system.is_proven_by_probe)
            connectivity_changes.apply_probe(system, probe, result, decision, now=now)
    finally:
        connection.close()


def _pin(system: System, result: ProbeResult, seen: device_http.Seen | errors.DeviceError) -> None:
    """The key is pinned on the first proven login; from then on it belongs to the system (rule R6)."""
    if isinstance(seen, errors.CertificateChanged):
        findings.report(
            findings.Finding(
                "certificate changed",
                system,
                str(seen),
                "If it was replaced on purpose, accept the new key.",
            )
        )
        return
    if (
        isinstance(seen, device_http.Seen)
        and result is ProbeResult.ITSELF
        and seen.serial_number
        and seen.key
    ):
        if not system.pinned_key:
            system.pinned_key = seen.key
            system.save(update_fields=["pinned_key"])
        findings.clear("certificate changed", system, "The pinned key answered.")


def _note(
    system: System,
    result: ProbeResult,
    seen: device_http.Seen | errors.DeviceError,
    probe: Probe,
    now: datetime,
) -> None:
    if isinstance(seen, errors.DeviceError):
        words = str(seen)
    elif seen.login_refused:
        words = "a device answered and refused the stored login"
    else:
        words = f"answered by {seen.scheme.upper()}"
    timeline.add(
        system,
        "probe",
        f"Probe of {probe.source_address}: {result} ({words})",
        now=now,
        details={"reported_address": probe.reported_address, "source_address": probe.source_address},
    )
