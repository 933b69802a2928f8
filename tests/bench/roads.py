"""A fleet on both roads, as it is in the midst of its heartbeats, half of it reachable and half behind a firewall; and
what became of a change for all of it. Runs inside an installation (`inside.py`).
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction
from django.utils import timezone

from roomkeeper import keys
from roomkeeper.devices.driver import DOCUMENT_KINDS
from roomkeeper.provisioning import management, reading
from roomkeeper.provisioning.models import Change, ChangeItem, DeliveryState
from roomkeeper.systems import documents, inventory
from roomkeeper.systems.models import (
    ConfigurationVersion,
    Connectivity,
    Contact,
    NetworkSettings,
    State,
    StoredDocument,
    System,
    SystemSecret,
)
from roomkeeper.systems.network_settings.outside import ServerAddress
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.identity import BEHIND_FIREWALL, LAN
from tests.bench import roads_fleet
from tests.bench.roads_fleet import LOGIN, SECRET_MARK, Member

AT_ONCE = 500
CONNECTIVITIES = {LAN: Connectivity.REACHABLE_ON_LAN, BEHIND_FIREWALL: Connectivity.BEHIND_FIREWALL}
HOSTS = {LAN: "127.0.0.1", BEHIND_FIREWALL: "127.0.0.2"}


def seed(count: str, interval: str, server_port: str, http_port: str, https_port: str, told: str) -> int:
    """So many managed, proven systems, of whom everything is known; what such systems were told on their admission
    goes to the file `told`, for `roads_fleet`. The server listens at `server_port` on both of its addresses."""
    NetworkSettings.objects.update(
        internal_ipv4=HOSTS[LAN],
        public_ipv4=HOSTS[BEHIND_FIREWALL],
        contactable_networks=["127.0.0.0/8"],
        device_http_port=int(http_port),
        device_https_port=int(https_port),
        heartbeat_idle=int(interval),
        heartbeat_waiting=int(interval),
        # Polls have a benchmark of their own.
        polling=False,
    )
    ports = {"http_port": int(http_port), "https_port": int(https_port)}
    words = {mode: _told(mode, server_port) for mode in HOSTS}
    Path(told).write_text(json.dumps({"interval": int(interval), **ports, **words}), "utf-8")
    first = VirtualEndpoint(roads_fleet.plan_of(Member(1), interval=int(interval), **ports))
    roads_fleet.obey(first, Member(1).claims.secret, words[LAN])
    numbers = range(1, int(count) + 1)
    for start in range(0, len(numbers), AT_ONCE):
        _add(
            [Member(number) for number in numbers[start : start + AT_ONCE]], first, int(interval), server_port
        )
    _describe(first)
    return System.objects.count()


def _told(mode: str, server_port: str) -> dict[str, Any]:
    address = ServerAddress("http", f"{HOSTS[mode]}:{server_port}")
    settings = management.management_settings(address, SECRET_MARK, family="roomos")
    (feedback,) = management.management_commands(
        address, SECRET_MARK, software_version="RoomOS 10.19", family="roomos"
    )
    return {"settings": {one.path: one.value for one in settings}, "feedback": dict(feedback.arguments)}


def _add(members: list[Member], like: VirtualEndpoint, interval: int, server_port: str) -> None:
    folder, now = inventory.root_folder(), timezone.now()
    store = keys.load(django_settings.OPTIONS.data)
    password = store.encrypt(LOGIN[1])
    with transaction.atomic():
        systems = System.objects.bulk_create(
            System(
                name=member.claims.name,
                reported_name=member.claims.name,
                folder=folder,
                state=State.MANAGED,
                family="roomos",
                product=like.profile.product,
                software_version=like.device.version,
                serial_number=member.claims.serial,
                mac_address=member.claims.mac,
                connectivity=CONNECTIVITIES[member.mode],
                is_proven_by_probe=True,
                username=LOGIN[0],
                password_ciphertext=password,
                login_worked_at=now,
            )
            for member in members
        )
        Contact.objects.bulk_create(
            Contact(
                system=system,
                first_seen_at=now,
                last_seen_at=now,
                next_contact_due_at=now + timedelta(seconds=interval),
                overdue_at=now + timedelta(days=1),
                interval=interval,
                last_event="heartbeat",
                reported_address=member.reported_address,
                source_address=member.address,
                used_host=f"{HOSTS[member.mode]}:{server_port}",
                scheme="http",
                software_version=like.device.version,
                reported_name=member.claims.name,
                status_at=now,
                configuration_at=now,
                is_alive=True,
            )
            for member, system in zip(members, systems, strict=True)
        )
        SystemSecret.objects.bulk_create(
            SystemSecret(
                system=system,
                stage=SystemSecret.Stage.CURRENT,
                digest=store.digest(member.claims.secret),
                ciphertext=store.encrypt(member.claims.secret),
                proven_at=now,
            )
            for member, system in zip(members, systems, strict=True)
        )


def _describe(first: VirtualEndpoint) -> None:
    """Give every system the documents of the first one, which are kept as if it had been read."""
    one = System.objects.get(serial_number=first.plan.identity.serial)
    fetched = [
        reading.Fetched(one.pk, kind, first.device.document(kind.capitalize()).encode(), timezone.now())
        for kind in DOCUMENT_KINDS
    ]
    kept = reading.keep(fetched, now=timezone.now())[one.pk]
    assert not kept.failures, kept.failures
    others = list(System.objects.exclude(pk=one.pk).values_list("pk", flat=True))
    for model in (StoredDocument, ConfigurationVersion):
        for row in model.objects.filter(system=one):
            values = {
                field.attname: getattr(row, field.attname)
                for field in model._meta.concrete_fields
                if field.attname not in ("id", "system_id")
            }
            for start in range(0, len(others), AT_ONCE):
                part = others[start : start + AT_ONCE]
                model.objects.bulk_create(model(system_id=pk, **values) for pk in part)


def in_flight(change_set: str) -> dict[str, Any]:
    """How a change set stands in the rows: how many changes in each state, and whose settings are on their way."""
    changes = Change.objects.filter(change_set=change_set)
    on_their_way = ChangeItem.objects.filter(
        change__change_set=change_set, state__in=(DeliveryState.DELIVERED,)
    )
    return {
        "counts": {state: changes.filter(state=state).count() for state in DeliveryState.values},
        "serials": list(on_their_way.values_list("system__serial_number", flat=True)),
    }


def result(change_set: str, path: str) -> dict[str, Any]:
    """What became of a change set: seconds from its making to the delivery and to the end, and rounds, by serial; and
    what the systems themselves report for the path."""
    items = ChangeItem.objects.filter(change__change_set=change_set).select_related(
        "change__change_set", "system"
    )
    found = {}
    for item in items:
        began = item.change.change_set.created_at
        assert item.delivered_at is not None
        assert item.ended_at is not None
        found[item.system.serial_number] = {
            "mode": LAN if item.system.connectivity == Connectivity.REACHABLE_ON_LAN else BEHIND_FIREWALL,
            "delivered": (item.delivered_at - began).total_seconds(),
            "confirmed": (item.ended_at - began).total_seconds(),
            "rounds": item.rounds,
            "other_values": item.other_values,
        }
    reported: dict[str, int] = {}
    ids = list(System.objects.values_list("pk", flat=True))
    for start in range(0, len(ids), AT_ONCE):
        for one in documents.reported_configurations(ids[start : start + AT_ONCE]).values():
            value = one.settings.get(path, "")
            reported[value] = reported.get(value, 0) + 1
    return {"items": found, "reported": reported}
