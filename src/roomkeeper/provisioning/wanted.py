"""The wanted configuration of a system, each value with the layer that won and why; and drift from it (idea 2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning import management
from roomkeeper.provisioning.models import ChangeItem, DeliveryState
from roomkeeper.provisioning.planning import NAME_PATH
from roomkeeper.systems import network_settings
from roomkeeper.systems.documents import HIDDEN, ReportedConfiguration, reported_configuration
from roomkeeper.systems.models import Connectivity, Contact, State, System
from roomkeeper.systems.redaction import MARK


@dataclass(frozen=True, slots=True)
class WantedValue:
    """One wanted setting. `layer` is management, system or change; a secret is shown as a mark."""

    path: str
    value: str
    layer: str
    why: str
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Drift:
    """A wanted value that the system does not have; `found` is None where the device lacks the setting."""

    path: str
    wanted: str
    found: str | None


def wanted_values(system: System) -> list[WantedValue]:
    """What should be true of the system: management settings, its name, and persistent settings."""
    if system.state != State.MANAGED:
        return []
    contact = Contact.objects.filter(system=system).first() or Contact(system=system)
    address = management.server_address(
        system.connectivity,
        is_secure_only=system.is_secure_only,
        used_host=contact.used_host,
        used_scheme=contact.scheme,
        settings=network_settings.get(),
    )
    return merge(system.name, system.connectivity, address, persistent_items([system.pk]))


def merge(
    name: str, connectivity: str, address: management.ServerAddress, persistent: Iterable[ChangeItem]
) -> list[WantedValue]:
    """The layers merged, the first that names a setting winning: management, the name, persistent (newest first)."""
    values = _management(connectivity, address)
    if name:
        values.append(WantedValue(NAME_PATH, name[:50], "system", "the system's name in Roomkeeper"))
    taken = {match_key(value.path) for value in values}
    for item in persistent:
        if item.match_key not in taken:
            taken.add(item.match_key)
            why = f"persistent setting of change set {item.change.change_set_id}"
            values.append(
                WantedValue(item.path, item.value or "", "persistent", why, bool(item.secret_value))
            )
    return values


def persistent_items(system_ids: list[int]) -> list[ChangeItem]:
    """The wishes of persistent change sets in force for these systems, newest first."""
    return list(
        ChangeItem.objects.filter(system_id__in=system_ids, change__change_set__is_persistent=True)
        .exclude(state__in=[DeliveryState.CANCELLED, DeliveryState.SUPERSEDED])
        .exclude(value=None)
        .select_related("change")
        .order_by("-id")
    )


def drift_of(system: System, reported: ReportedConfiguration | None = None) -> list[Drift]:
    """Where the newest reported configuration differs from what is wanted; empty while none was reported."""
    reported = reported or reported_configuration(system)
    return differences(wanted_values(system), reported.settings) if reported else []


def differences(wanted: Iterable[WantedValue], reported: Mapping[str, str]) -> list[Drift]:
    """Wanted values that a reported configuration does not show. What cannot be read back is no drift."""
    by_key = {match_key(path): (path, value) for path, value in reported.items()}
    found = []
    for one in wanted:
        path, value = by_key.get(match_key(one.path), (one.path, None))
        if one.is_secret or value == HIDDEN or (value is None and one.layer != "persistent"):
            continue
        if value is None or not _is_so(one, value):
            found.append(Drift(path, one.value, value))
    return found


def _is_so(wanted: WantedValue, found: str) -> bool:
    """Management settings are words of the device's own, which it may spell in other letter case."""
    if wanted.layer == "management":
        return found.casefold() == wanted.value.casefold()
    return found == wanted.value


def _management(connectivity: str, address: management.ServerAddress) -> list[WantedValue]:
    if not address.authority:
        return []
    side = "internal" if connectivity == Connectivity.REACHABLE_ON_LAN else "public"
    why = {
        "Provisioning/ExternalManager/Address": f"the {side} address of Network settings, or the one it uses",
        "Provisioning/ExternalManager/Protocol": "HTTPS in Secure-Only, else what the system uses",
    }
    return [
        WantedValue(
            setting.path,
            setting.value,
            "management",
            why.get(setting.path, "needed to manage the system"),
            is_secret=MARK in setting.value,
        )
        for setting in management.management_settings(address, MARK)
    ]
