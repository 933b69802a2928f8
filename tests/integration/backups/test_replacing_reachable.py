"""New hardware that can be reached takes over a record, over real sockets."""

from datetime import timedelta

import pytest
from django.utils import timezone

from roomkeeper.backups import keeping, replacement_plan, replacing
from roomkeeper.backups.models import Reason
from roomkeeper.backups.reading import FoundPart
from roomkeeper.jobs import running
from roomkeeper.jobs.off_loop import off_loop
from roomkeeper.provisioning.push_pump import pump
from roomkeeper.provisioning.reading import read_and_keep
from roomkeeper.systems.contact import device_access
from roomkeeper.systems.models import Contact, System, SystemSecret
from roomkeeper.virtual.endpoint import VirtualEndpoint
from tests.integration.backups.room import report
from tests.integration.batch.conftest import START
from tests.integration.provisioning import reachable

pytestmark = pytest.mark.django_db(transaction=True)


def test_parts_of_the_old_hardware_are_put_on_a_reachable_new_one(transactional_db: None) -> None:
    """The old device is dead; what its last backup held goes to the new one, which has a record of its own."""
    record = reachable.make_system()
    System.objects.filter(pk=record.pk).update(name="New one", management_is_due=False)
    room = System.objects.create(
        name="Boardroom",
        folder=record.folder,
        state="managed",
        family="roomos",
        serial_number="DEAD1",
        connectivity="reachable_on_lan",
    )
    Contact.objects.create(system=room)
    report(room, {"Standby/Delay": "77"}, at=START - timedelta(days=2))
    parts = [FoundPart("extension", "lights", "<Extensions/>")]
    keeping.store(room, parts, reason=Reason.SCHEDULED, missing=[], user=None, now=START - timedelta(days=1))

    async def act(endpoint: VirtualEndpoint) -> VirtualEndpoint:
        async with device_access.talking_to(record.pk) as driver:
            await read_and_keep(driver, record.pk)

        def take_over() -> int:
            hardware = replacement_plan.find_hardware(room, record=System.objects.get(pk=record.pk))
            _, restoration = replacing.replace(room, hardware, user=None, now=timezone.now())
            assert restoration is not None
            assert restoration.job_id is not None
            return restoration.job_id

        job_id = await off_loop(take_over)
        await running.perform(job_id, "test")
        while await pump.push_due(now=timezone.now()):
            pass
        return endpoint

    endpoint = reachable.with_device(record, act)
    room.refresh_from_db()
    assert room.serial_number == reachable.SERIAL
    assert endpoint.device.configuration.find("Standby/Delay") == "77"
    assert list(endpoint.device.shelf.panels) == ["lights"]
    # Its secret was pushed.
    assert SystemSecret.objects.filter(system=room).exists()
    assert "SystemManagementService" in endpoint.device.configuration.find(
        "Provisioning/ExternalManager/Path"
    )
