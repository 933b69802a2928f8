"""The drawing on the connection tab is the table of the system's own family."""

import pytest
from django.test import Client

from roomkeeper.devices.registry import get_family, load_families
from roomkeeper.systems.models import System

pytestmark = pytest.mark.django_db


def rows(client: Client, system: System, family: str) -> list[tuple[str, str, bool, bool]]:
    System.objects.filter(pk=system.pk).update(family=family)
    roads = client.get(f"/systems/{system.pk}/connection/").context["roads"]
    return [(road.service, road.port, road.inbound, road.is_struck) for road in roads]


@pytest.mark.parametrize("family", sorted(load_families()))
def test_there_is_a_row_for_every_requirement_of_the_family(
    client: Client, boardroom: System, family: str
) -> None:
    wanted = [(one.service, one.direction.value == "inbound") for one in get_family(family).requirements]
    assert [(service, inbound) for service, _, inbound, _ in rows(client, boardroom, family)] == wanted


def test_secure_only_changes_nothing_for_mxp(client: Client, vault: System) -> None:
    found = rows(client, vault, "mxp")
    assert ("SNMP traps", "162", False, False) in found
    assert ("Telnet", "23", True, False) in found
    assert not any(is_struck for *_, is_struck in found)


def test_nothing_inbound_behind_a_firewall(client: Client, home_office: System) -> None:
    found = rows(client, home_office, "mxp")
    assert all(is_struck is inbound for _, _, inbound, is_struck in found)


def test_a_system_of_no_known_family_yet_is_drawn_as_an_endpoint(client: Client, boardroom: System) -> None:
    assert rows(client, boardroom, "") == rows(client, boardroom, "roomos")
