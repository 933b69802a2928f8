"""What variables are filled from, read for many systems in a few statements."""

from collections.abc import Collection, Sequence

from roomkeeper.configuration_templates.variables import SystemFacts
from roomkeeper.devices.quirks import quirks_of
from roomkeeper.systems.documents import reported_configurations
from roomkeeper.systems.inventory import folder_names, tags_of
from roomkeeper.systems.models import System

_CHUNK = 500


def facts_of(system_ids: Sequence[int], names: Collection[str]) -> dict[int, SystemFacts]:
    """The facts of these systems that the variables named (in lower case) need; nothing where none is named."""
    if not names:
        return dict.fromkeys(system_ids, SystemFacts(""))
    tags = tags_of(system_ids) if any(name == "room" or name.startswith("tag.") for name in names) else {}
    rows: list[tuple[int, str, str, str, str, str]] = []
    for start in range(0, len(system_ids), _CHUNK):
        part = System.objects.filter(pk__in=system_ids[start : start + _CHUNK])
        rows += part.values_list("pk", "name", "folder__path", "time_zone", "software_version", "family")
    zones: dict[int, str] = {}
    if "time_zone" in names:
        zones = {pk: zone for pk, _, _, zone, _, _ in rows if zone}
        software = {pk: (version, family) for pk, _, _, zone, version, family in rows if not zone}
        # A zone that this server does not know stands in the configuration alone.
        for pk, reported in reported_configurations(list(software)).items():
            path = quirks_of(*software[pk]).time_zone_path
            if path and (found := reported.find(path)):
                zones[pk] = found[1]
    labels = folder_names({"/", *(path for _, _, path, _, _, _ in rows)})
    return {
        pk: SystemFacts(name, labels[path], labels["/"][0], tags.get(pk, ()), zones.get(pk))
        for pk, name, path, _, _, _ in rows
    }
