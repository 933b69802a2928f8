"""The wanted configuration of a system, each value with the layer that won and why; and drift from it (idea 2)."""

from dataclasses import dataclass

from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning import management
from roomkeeper.provisioning.models import ChangeItem, DeliveryState
from roomkeeper.provisioning.planning import NAME_PATH
from roomkeeper.systems import network_settings
from roomkeeper.systems.documents import HIDDEN, ReportedConfiguration, reported_configuration
from roomkeeper.systems.models import Contact, NetworkSettings, State, System
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
    contact = Contact.objects.filter(system=system).first()
    values = _management(system, contact, network_settings.get())
    taken = {match_key(value.path) for value in values}
    if system.name and match_key(NAME_PATH) not in taken:
        values.append(WantedValue(NAME_PATH, system.name[:50], "system", "the system's name in Roomkeeper"))
        taken.add(match_key(NAME_PATH))
    for item in persistent_items([system.pk]):
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
    if reported is None:
        return []
    found = []
    for wanted in wanted_values(system):
        own = reported.find(wanted.path)
        if wanted.is_secret or (own is not None and own[1] == HIDDEN):
            continue
        if own is None:
            if wanted.layer == "persistent":
                found.append(Drift(wanted.path, wanted.value, None))
        elif MARK not in wanted.value and not _is_so(wanted, own[1]):
            found.append(Drift(own[0], wanted.value, own[1]))
    return found


def _is_so(wanted: WantedValue, found: str) -> bool:
    """Management settings are words of the device's own, which it may spell in other letter case."""
    if wanted.layer == "management":
        return found.casefold() == wanted.value.casefold()
    return found == wanted.value


def _management(system: System, contact: Contact | None, settings: NetworkSettings) -> list[WantedValue]:
    address = management.server_address(
        system.connectivity,
        is_secure_only=system.is_secure_only,
        used_host=contact.used_host if contact else "",
        used_scheme=contact.scheme if contact else "",
        settings=settings,
    )
    if not address.authority:
        return []
    side = "internal" if system.connectivity == "reachable_on_lan" else "public"
    why = {
        "Provisioning/ExternalManager/Address": f"the {side} address of Network settings, or the one the system uses",
        "Provisioning/ExternalManager/Protocol": "HTTPS in Secure-Only, else what the system uses",
    }
    return [
        WantedValue(
            setting.path,
            setting.value,
            "management",
            why.get(setting.path, "needed to manage the system"),
            MARK in setting.value,
        )
        for setting in management.management_settings(address, MARK)
    ]
