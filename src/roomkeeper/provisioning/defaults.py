"""What Network settings want of every system for which nothing else is wanted there: time servers and the time zone.

The weakest layer: a template of a folder, or a persistent setting, says otherwise for its systems.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from roomkeeper.devices.quirks import Quirks, quirks_of
from roomkeeper.provisioning import drift, regaining
from roomkeeper.provisioning.sources import Offer
from roomkeeper.provisioning.wanted import differences, wanted_of
from roomkeeper.systems import network_settings
from roomkeeper.systems.documents import reported_configurations
from roomkeeper.systems.models import NetworkSettings, System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

LAYER: Final = "default"
ORDER: Final = 90
WHY: Final = noop("for all systems, in Network settings")
MODE_PATH: Final = "NetworkServices/NTP/Mode"
AT_ONCE: Final = 100


def offers_of(system_ids: Sequence[int]) -> Mapping[int, list[Offer]]:
    """The same for every system, as its release spells it."""
    settings = network_settings.get()
    if not settings.ntp_servers and not settings.device_time_zone:
        return {}
    versions = System.objects.filter(pk__in=system_ids).values_list("pk", "software_version", "family")
    return {pk: _offers(settings, quirks_of(version, family)) for pk, version, family in versions}


def _offers(settings: NetworkSettings, quirks: Quirks) -> list[Offer]:
    found: dict[str, str] = {}
    if settings.ntp_servers:
        found[MODE_PATH] = "Manual"
        found |= dict(zip(quirks.time_server_paths, settings.ntp_servers, strict=False))
    if settings.device_time_zone and quirks.time_zone_path:
        found[quirks.time_zone_path] = settings.device_time_zone
    return [Offer(path, value, _(WHY)) for path, value in found.items()]


def compare_some(*, now: datetime) -> int:
    """Scheduled until it returns 0: after a change of the defaults, hold the next systems against them by what they
    reported last. What differs is drift, and set back like any other."""
    with network_settings.next_portion(network_settings.COMPARED, AT_ONCE) as ids:
        if ids:
            _compare(list(System.objects.filter(pk__in=ids)), now)
    return len(ids)


def _compare(systems: Sequence[System], now: datetime) -> None:
    wanted = wanted_of(systems)
    reported = reported_configurations([system.pk for system in systems])
    found = {
        pk: [one for one in differences(wanted[pk], reported[pk]) if one.layer not in regaining.LAYERS]
        for pk in reported
    }
    being_managed = {system.pk for system in systems if system.management_is_due}
    counts = drift.note(
        found, noticed_by="report", now=now, being_managed=being_managed, but_not=regaining.LAYERS
    )
    changed = [
        system for system in systems if counts.get(system.pk, system.drift_count) != system.drift_count
    ]
    for system in changed:
        system.drift_count = counts[system.pk]
    System.objects.bulk_update(changed, ["drift_count"], batch_size=AT_ONCE)
