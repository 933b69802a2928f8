"""What the API and the page say of the calls that a system is in."""

from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.systems.documents import calls
from roomkeeper.systems.models import Contact, System


@pytest.fixture
def calling(boardroom: System) -> System:
    now = datetime.now(UTC)
    found = calls.of_status(
        {
            "Call[31]/Status": "Connected",
            "Call[31]/RemoteNumber": "aula@uni.invalid",
            "Call[31]/Direction": "Outgoing",
            "Call[31]/Protocol": "SIP",
            "Call[31]/Duration": "60",
            "Call[32]/Status": "Ringing",
        },
        at=now,
    )
    boardroom.in_call, boardroom.calls = True, calls.encode(found)
    boardroom.save()
    Contact.objects.update_or_create(
        system=boardroom, defaults={"is_alive": True, "overdue_at": now + timedelta(hours=1)}
    )
    return boardroom


def test_the_call_that_goes_on_for_longest_is_told(calling: System, client, administrator, as_user) -> None:
    client.force_login(administrator)
    ask = as_user(administrator)
    found = ask("GET", f"systems/{calling.pk}").json()
    assert found["in_call"] is True
    call = found["call"]
    assert (call["remote_uri"], call["direction"], call["protocol"]) == (
        "aula@uni.invalid",
        "outgoing",
        "SIP",
    )
    assert found["call"]["status"] == "Connected"
    page = client.get(f"/systems/{calling.pk}/").content.decode()
    assert "with aula@uni.invalid" in page


def test_of_a_silent_system_no_call_is_told(calling: System, client, administrator, as_user) -> None:
    Contact.objects.filter(system=calling).update(overdue_at=datetime.now(UTC) - timedelta(seconds=1))
    client.force_login(administrator)
    ask = as_user(administrator)
    found = ask("GET", f"systems/{calling.pk}").json()
    assert (found["in_call"], found["call"], found["alive"]) == (False, None, "no")
    listed = {
        wanted: [one["id"] for one in ask("GET", f"systems?in_call={wanted}").json()["items"]]
        for wanted in ("true", "false")
    }
    assert calling.pk not in listed["true"]
    assert calling.pk in listed["false"]
    assert "aula@uni.invalid" not in client.get(f"/systems/{calling.pk}/").content.decode()
