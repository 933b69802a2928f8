"""The probe of rule R1 as background work: who answers at the address a post came from?"""

import asyncio
from datetime import datetime

import structlog
from django.db import transaction

from roomkeeper.devices import errors
from roomkeeper.devices.client import Target
from roomkeeper.devices.http import Seen, look
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.protocols.identification import same_serial
from roomkeeper.systems import network_settings, timeline
from roomkeeper.systems.contact import connectivity, connectivity_changes, device_access
from roomkeeper.systems.contact.connectivity import ProbeResult
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Probe, System
from roomkeeper.systems.network_settings import former_addresses
from roomkeeper.words import gettext as _

log = structlog.get_logger(__name__)

AT_ONCE = 40


async def probe_due(*, now: datetime) -> int:
    """Run the probes that are due, a bounded number at a time. Returns how many there were."""
    probes = await off_loop(_claim, now)
    await asyncio.gather(*(_probe(probe, now) for probe in probes))
    return len(probes)


async def _probe(probe: Probe, now: datetime) -> None:
    try:
        target = await off_loop(_prepare, probe)
        result, seen = await _look(target)
        await off_loop(_conclude, probe, result, seen, now)
    except errors.DeviceBusy as error:
        # Nothing was learnt: it is tried again when the claim is over.
        log.info("probe found a busy device", system=probe.system_id, error=str(error))
    except Exception:
        log.exception("probe failed", system=probe.system_id)


def _claim(now: datetime) -> list[Probe]:
    due = Probe.objects.filter(not_before__lte=now).order_by("asked_at")
    return connectivity_changes.PROBES.claim(due, AT_ONCE, now=now)


def _prepare(probe: Probe) -> Target:
    system = System.objects.get(pk=probe.system_id)
    # Rule R1 asks who is at the address that the post came from, whatever the connectivity was so far.
    return device_access.target_of(system, is_first_contact=True, address=probe.source_address)


async def _look(target: Target) -> tuple[ProbeResult, Seen | errors.DeviceError]:
    try:
        seen = await look(device_access.transport(), target)
    except errors.DeviceBusy:
        raise
    except errors.ConnectionFailed as error:
        return ProbeResult.SILENT, error
    except errors.DeviceError as error:
        return ProbeResult.OTHER, error
    return judge(seen, serial_number=target.serial_number, pinned_key=target.tls.pinned_key), seen


def judge(seen: Seen, *, serial_number: str, pinned_key: str) -> ProbeResult:
    """What the answer proves: itself by its pinned key or by its serial read after login (rule R1)."""
    if not seen.is_device:
        return ProbeResult.OTHER
    if seen.serial_number and serial_number:
        if not same_serial(seen.serial_number, serial_number):
            return ProbeResult.OTHER
        if seen.is_logged_in:
            return ProbeResult.ITSELF
    if pinned_key and seen.key == pinned_key:
        return ProbeResult.ITSELF
    return ProbeResult.UNPROVEN


def _conclude(probe: Probe, result: ProbeResult, seen: Seen | errors.DeviceError, now: datetime) -> None:
    with transaction.atomic():
        lock_contacts([probe.system_id])
        current = Probe.objects.filter(pk=probe.pk, asked_at=probe.asked_at).first()
        if current is None:
            # A newer post asked anew while we looked; its own probe decides.
            return
        _keep(probe.system_id, result, seen)
        system = System.objects.select_related("folder").get(pk=probe.system_id)
        _note(system, result, seen, probe, now)
        comparison = connectivity.compare(probe.reported_address, probe.source_address)
        host = connectivity.match_host(probe.used_host, network_settings.get(), former_addresses.by_side())
        decision = connectivity.decide(comparison, result, host, was_proven=system.is_proven_by_probe)
        connectivity_changes.apply_probe(system, probe, result, decision, now=now)


def _keep(system_id: int, result: ProbeResult, seen: Seen | errors.DeviceError) -> None:
    """What the probe teaches about login and key: the first proven login pins the key (rule R6)."""
    trouble = seen if isinstance(seen, errors.DeviceError) else seen.refusal
    if isinstance(trouble, errors.LoginRefused | errors.CertificateChanged):
        device_access.keep_refusal(system_id, trouble)
    elif isinstance(seen, Seen) and result is ProbeResult.ITSELF and seen.is_logged_in and seen.serial_number:
        device_access.keep_proof(system_id, seen.key)


def _note(
    system: System, result: ProbeResult, seen: Seen | errors.DeviceError, probe: Probe, now: datetime
) -> None:
    if isinstance(seen, errors.DeviceError):
        words = str(seen)
    elif seen.refusal is not None:
        words = _("a device answered but refused the stored login")
    else:
        words = _("answered by {scheme}", scheme=seen.scheme.upper())
    timeline.add(
        system,
        "probe",
        _(
            "Probe of {source_address}: {result} ({words})",
            source_address=probe.source_address,
            result=result,
            words=words,
        ),
        now=now,
        details={"reported_address": probe.reported_address, "source_address": probe.source_address},
    )
