"""Documents that are read are kept exactly as posted ones are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceTransport
from roomkeeper.devices.http import Seen
from roomkeeper.provisioning import planning, reading
from roomkeeper.provisioning.models import DeliveryState
from roomkeeper.provisioning.reading import Fetched, read_and_keep
from roomkeeper.systems import documents
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.contact.connectivity import ProbeResult
from roomkeeper.systems.contact.device_access import talking_to
from roomkeeper.systems.contact.probing import judge
from roomkeeper.systems.models import ConfigurationVersion, Contact, FactChange, StoredDocument, System
from roomkeeper.virtual.endpoint import VirtualEndpoint

Start = Callable[..., Awaitable[VirtualEndpoint]]
Manage = Callable[..., Awaitable[System]]
STATUS = b"""<Status product="Cisco Codec" version="ce9.6.1" apiVersion="4"><SystemUnit>
<Hardware><Module><SerialNumber>%s</SerialNumber></Module></Hardware>
<ProductId>%s</ProductId></SystemUnit></Status>"""


async def test_what_is_read_is_stored_and_learnt_from(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    endpoint = await start(profile="room-kit-roomos10")
    system = await manage(endpoint)
    before = await Contact.objects.aget(pk=system.pk)
    async with talking_to(system.pk) as driver:
        kept = await read_and_keep(driver, system.pk)
    assert set(kept.documents) == {"status", "configuration", "valuespace", "command"}
    assert await sync_to_async(documents.status_values)(system) == kept.documents["status"].values
    configuration = await sync_to_async(documents.reported_configuration)(system)
    assert configuration is not None
    assert configuration.is_whole
    assert await StoredDocument.objects.filter(system=system).acount() == 3
    await system.arefresh_from_db()
    assert system.product == "Cisco Webex Room Kit"
    assert system.software_version == endpoint.device.version
    assert system.reported_name == endpoint.device.name
    # Reading is evidence and no check-in.
    after = await Contact.objects.aget(pk=system.pk)
    assert after.status_at is not None
    assert after.configuration_at is not None
    same = (
        "last_seen_at",
        "next_contact_due_at",
        "overdue_at",
        "interval",
        "last_event",
        "documents_asked_at",
    )
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]


async def test_reading_confirms_wishes_and_counts_drift(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    endpoint = await start()
    system = await manage(endpoint)

    def wish() -> int:
        now = datetime.now(UTC)
        wanted = {"SystemUnit/Name": "Attic", "Audio/DefaultVolume": "71"}
        change_set = planning.create_change_set([system], wanted, user=None, now=now, is_persistent=True)
        items = change_set.changes.get().items.all()
        items.update(state=DeliveryState.DELIVERED, delivered_at=now - timedelta(minutes=1), rounds=1)
        return int(change_set.pk)

    endpoint.configuration.set("Audio/DefaultVolume", "71")
    await sync_to_async(wish)()
    async with talking_to(system.pk) as driver:
        await read_and_keep(driver, system.pk, ["configuration"])
    from roomkeeper.provisioning.models import ChangeItem

    states = {item.path: item.state async for item in ChangeItem.objects.all()}
    assert states == {
        "Audio/DefaultVolume": DeliveryState.CONFIRMED,
        "SystemUnit/Name": DeliveryState.WAITING,
    }
    # What is in progress is no drift; what was confirmed and differs again is.
    endpoint.configuration.set("Audio/DefaultVolume", "72")
    async with talking_to(system.pk) as driver:
        await read_and_keep(driver, system.pk, ["configuration"])
    await system.arefresh_from_db()
    assert system.drift_count == 1


async def test_our_secrets_are_not_kept(transport: DeviceTransport, start: Start, manage: Manage) -> None:
    endpoint = await start()
    system = await manage(endpoint)
    secret = await sync_to_async(secrets.issue_pending)(system, now=datetime.now(UTC), source="127.1.79.1")
    text = secrets.text_of(secret)
    endpoint.configuration.set("Provisioning/ExternalManager/Path", f"strange/place/{text.upper()}")
    async with talking_to(system.pk) as driver:
        await read_and_keep(driver, system.pk, ["configuration"])
    configuration = await sync_to_async(documents.reported_configuration)(system)
    assert configuration is not None
    assert configuration.settings["Provisioning/ExternalManager/Path"] == "strange/place/[secret]"


async def test_a_serial_number_that_was_typed_in_other_letters_is_its_own(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    endpoint = await start()
    system = await manage(endpoint, serial_number=endpoint.device.identity.serial.lower())
    async with talking_to(system.pk) as driver:
        await read_and_keep(driver, system.pk, ["status"])
    assert await StoredDocument.objects.filter(system=system).aexists()
    seen = Seen("https", is_device=True, serial_number=endpoint.device.identity.serial, is_logged_in=True)
    assert judge(seen, serial_number=system.serial_number, pinned_key="") is ProbeResult.ITSELF


async def test_another_device_at_the_address_changes_nothing(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    system = await manage(await start(), serial_number="FTT99999999")
    async with talking_to(system.pk) as driver:
        with pytest.raises(errors.WrongDevice, match="expected FTT99999999"):
            await read_and_keep(driver, system.pk, ["status"])
        with pytest.raises(errors.WrongDevice):
            await read_and_keep(driver, system.pk, ["configuration"])
    assert not await StoredDocument.objects.filter(system=system).aexists()
    assert not await ConfigurationVersion.objects.filter(system=system).aexists()


async def test_what_was_read_before_a_failure_is_kept(
    transport: DeviceTransport, start: Start, manage: Manage
) -> None:
    endpoint = await start()
    system = await manage(endpoint)
    async with talking_to(system.pk) as driver:
        await driver.identify()
        with pytest.raises(errors.Unsupported):
            await read_and_keep(_Forgetful(driver.family, driver.client), system.pk, ["status", "command"])
    assert [one.kind async for one in StoredDocument.objects.filter(system=system)] == ["status"]


def test_documents_of_many_systems_are_kept_set_wise(
    boardroom: System, lobby: System, django_assert_max_num_queries: Callable[..., object]
) -> None:
    now = datetime.now(UTC)
    fetched = [
        Fetched(boardroom.pk, "status", STATUS % (b"FTT00000001", b"Cisco One"), now),
        Fetched(lobby.pk, "status", STATUS % (b"FTT00000003", b"Cisco Two"), now),
        Fetched(lobby.pk, "configuration", b"<Status>", now),
        Fetched(4_000_000, "status", STATUS % (b"", b"Nobody"), now),
    ]
    with django_assert_max_num_queries(30):
        kept = reading.keep(fetched, now=now)
    assert {system_id for system_id, one in kept.items() if one.documents} == {boardroom.pk, lobby.pk}
    assert isinstance(kept[lobby.pk].failures["configuration"], errors.NotXml)
    boardroom.refresh_from_db()
    lobby.refresh_from_db()
    assert (boardroom.product, lobby.product) == ("Cisco One", "Cisco Two")
    reading.keep([Fetched(lobby.pk, "status", STATUS % (b"FTT00000003", b"Cisco Three"), now)], now=now)
    change = FactChange.objects.get(path="SystemUnit/ProductId")
    assert (change.old_value, change.new_value) == ("Cisco Two", "Cisco Three")


class _Forgetful(reading.Driver):
    """Can read its status and nothing else."""

    async def fetch_document(self, kind: str) -> bytes:
        if kind == "status":
            return await self.client.get("/status.xml", doing="reading its status")
        return await super().fetch_document(kind)
