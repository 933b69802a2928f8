"""Software that knows no HTTPS towards its manager is told before a move, by what the system reported."""

import pytest
from tests.cast import add_system
from tests.integration.provisioning.conftest import report_configuration

from roomkeeper.secure_only import planning
from roomkeeper.secure_only.models import Move
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Connectivity, System, SystemSecret


@pytest.fixture
def system(db) -> System:
    """A proven system Behind Firewall."""
    made = add_system("Room 1", inventory.root_folder(), 1, connectivity=Connectivity.BEHIND_FIREWALL)
    System.objects.filter(pk=made.pk).update(family="roomos", software_version="TC4.2.0")
    SystemSecret.objects.create(system=made, stage="current", digest=bytes(32), ciphertext=b"")
    return System.objects.get(pk=made.pk)


def judged(system: System, *, is_secure: bool = True) -> tuple[str, str]:
    (member,) = planning.plan([system], is_secure=is_secure, trust=Move.Trust.TRUSTED).members
    return member.verdict, member.reason


def test_without_the_setting_it_cannot_move(system):
    report_configuration(system, {"Provisioning/ExternalManager/Address": "10.0.0.5"})
    verdict, reason = judged(system)
    assert verdict == "cannot"
    assert "TC4.2.0 is too old" in reason
    assert "not on this device" in reason


@pytest.mark.parametrize("value", ["HTTP", "HTTPS"])
def test_with_it_or_before_anything_was_reported_it_can(system, value):
    assert judged(system)[0] == "move"
    report_configuration(system, {planning.PROTOCOL_PATH: value})
    assert judged(system)[0] == "move"


def test_back_it_always_can(system):
    report_configuration(system, {})
    System.objects.filter(pk=system.pk).update(is_secure_only=True)
    system.refresh_from_db()
    assert judged(system, is_secure=False)[0] == "move"
