"""Models that have no manager's mode: told in words wherever they are met, and managed where they can be reached."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from tests.cast import add_system
from tests.integration.adding.conftest import at
from tests.integration.api.conftest import Caller

from roomkeeper.secure_only import planning
from roomkeeper.systems.models import State, System

pytestmark = pytest.mark.django_db(transaction=True)
NAVIGATOR = "room-navigator-roomos26"


async def test_room_navigator_alone_is_added_and_told_to_be_reachable_only(add, start):
    endpoint = await start(profile=NAVIGATOR)
    added = await add(at(endpoint))
    item = added.item
    assert item.state == "done", item.summary
    assert "never calls Roomkeeper" in item.summary
    assert "managed only where Roomkeeper" in item.summary
    assert "calls this server" not in item.summary
    assert "sends its feedback to this server by HTTPS" in item.summary
    system = await System.objects.select_related("folder").aget()
    assert (system.family, system.management_is_due) == ("room_navigator", False)
    # Nothing that it has not was asked of it; its feedback is registered all the same.
    assert endpoint.device.configuration.find("Provisioning/Mode") == "Auto"
    assert list(endpoint.device.slots) == [3]
    plan = await sync_to_async(planning.plan)([system], is_secure=True, trust="trusted")
    assert plan.members[0].verdict == "cannot"
    assert "never calls" in plan.members[0].reason


async def test_another_model_without_the_mode_is_known_by_its_value_space(add, start):
    endpoint = await start(profile=NAVIGATOR)
    endpoint.device.status.set(
        {"SystemUnit/ProductId": "Cisco New Panel", "SystemUnit/Software/Name": "s53999"}
    )
    added = await add(at(endpoint))
    assert added.item.state == "done", added.item.summary
    assert "Mode has no TMS" in added.item.summary
    system = await System.objects.aget()
    assert (system.product, system.family) == ("Cisco New Panel", "room_navigator")
    assert not system.management_is_due
    # The next status does not make it one that calls.
    again = await add(at(endpoint))
    assert again.item.summary
    assert (await System.objects.aget()).family == "room_navigator"


def test_page_and_inbox_and_api_say_it(administrator, root_folder):
    client = Client()
    client.force_login(administrator)
    managed = add_system("Panel", root_folder, 1, family="room_navigator")
    waiting = add_system("Other panel", root_folder, 2, family="room_navigator", state=State.PENDING)
    usual = add_system("Boardroom", root_folder, 3, family="roomos")
    page = client.get(f"/systems/{managed.pk}/connection/").content.decode()
    assert "It never calls this server." in page
    assert "never calls Roomkeeper" in client.get("/inbox/").content.decode()
    assert "Other panel" in str(waiting)
    for system, words in ((managed, "never calls Roomkeeper"), (usual, "")):
        told = Caller(administrator).get(f"systems/{system.pk}")
        assert words in told["never_calls"]
        assert bool(told["never_calls"]) is bool(words)
