"""Where the secret of an admitted system goes, activation codes, and conflicts in the inbox, by the API."""

import pytest
from django.utils import timezone
from tests.cast import add_system
from tests.integration.api.conftest import Caller

from roomkeeper.systems.models import Claim, Folder, State, System


@pytest.fixture
def waiting(root_folder: Folder) -> System:
    """A system in the inbox."""
    return add_system("Unknown", root_folder, 50, state=State.PENDING)


def test_where_several_posted_as_it_approval_and_readmission_name_them(call: Caller, waiting: System) -> None:
    Claim.objects.create(
        system=waiting, service="events", reason="says", source_address="192.0.2.66", last_at=timezone.now()
    )
    first = waiting.contact.source_address
    for act in ("approve", "readmit"):
        refused = call("POST", f"systems/{waiting.pk}/{act}")
        assert refused.status_code == 409
        told = {error["message"] for error in refused.json()["errors"]}
        assert told == {first, "192.0.2.66"}
        assert {error["field"] for error in refused.json()["errors"]} == {"body.source"}
    many = call("POST", "systems/approve", {"systems": [waiting.pk]}).json()["items"]
    assert [(item["status"], len(item["problem"]["errors"])) for item in many] == [(409, 2)]
    chosen = {"system": waiting.pk, "source": "192.0.2.66"}
    items = call("POST", "systems/approve", {"systems": [chosen]}).json()["items"]
    assert [item["status"] for item in items] == [200]
    assert waiting.secrets.get().bound_source == "192.0.2.66"
    assert call("POST", f"systems/{waiting.pk}/readmit", {"source": first}).status_code == 200
    assert waiting.secrets.get().bound_source == first


def test_activation_code_is_told_when_it_is_made(call: Caller, oslo: Folder, boardroom: System) -> None:
    made = call(
        "POST", "systems", {"serial_number": "FTT7", "folder": oslo.pk, "activation_code": True}
    ).json()
    code = made["activation_code"]["code"]
    assert made["activation_code"]["path"].endswith(f"SystemManagementService.asmx/{code}")
    again = call("POST", f"systems/{made['id']}/activation-code", {"hours": 1})
    assert again.status_code == 201
    assert again.json()["code"] != code
    told = str(call.get(f"systems/{made['id']}")) + str(call.get(f"systems/{made['id']}/timeline"))
    assert code not in told
    assert again.json()["code"] not in told
    assert call("POST", f"systems/{boardroom.pk}/activation-code").status_code == 409


def test_conflict_of_one_in_the_inbox_is_named(call: Caller, waiting: System, boardroom: System) -> None:
    System.objects.filter(pk=waiting.pk).update(mac_address=boardroom.mac_address)
    told = call.get(f"systems/{waiting.pk}")["conflict"]
    assert told == "It says the MAC address of Boardroom. Admit it by its own serial number."
    assert call.get(f"systems/{boardroom.pk}")["conflict"] == ""
