"""The inbox: who waits, and what a person decides about one or many."""

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.web.conftest import text_of

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.systems.models import Contact, Folder, System


@pytest.fixture
def unknown(root_folder: Folder) -> list[System]:
    """Three systems that nobody announced."""
    found = []
    for number in range(3):
        system = System.objects.create(
            folder=root_folder,
            state="pending",
            serial_number=f"FOC{number}",
            mac_address=f"AABBCCDDEE0{number}",
            reported_name="<b>Kitchen</b>" if number == 0 else "Unit",
        )
        Contact.objects.create(
            system=system,
            first_seen_at=timezone.now(),
            last_seen_at=timezone.now(),
            source_address="198.51.100.7",
            reported_address="192.168.0.9",
            scheme="http",
        )
        found.append(system)
    return found


def test_it_says_who_from_where_and_what_they_claim(client: Client, unknown: list[System]) -> None:
    page = text_of(client.get("/inbox/"))
    for words in ("FOC0", "AA:BB:CC:DD:EE:00", "198.51.100.7", "192.168.0.9", "&lt;b&gt;Kitchen"):
        assert words in page
    assert "<b>Kitchen" not in page


def test_one_is_admitted_with_a_name_and_a_folder(
    client: Client, unknown: list[System], bergen: Folder
) -> None:
    client.post(
        "/inbox/decide/", {"act": "approve", "system": unknown[1].pk, "name": "Kitchen", "folder": bergen.pk}
    )
    unknown[1].refresh_from_db()
    assert (unknown[1].state, unknown[1].name, unknown[1].folder) == ("managed", "Kitchen", bergen)
    assert AuditEntry.objects.get(act="approve").object_id == unknown[1].pk


def test_many_are_admitted_at_once_and_keep_their_own_names(client: Client, unknown: list[System]) -> None:
    keys = [system.pk for system in unknown]
    assert "3 systems" in text_of(client.get("/inbox/decide/", {"act": "approve", "system": keys}))
    client.post("/inbox/decide/", {"act": "approve", "system": keys, "name": "Kitchen"})
    assert System.objects.filter(state="managed").count() == 3
    assert not System.objects.filter(name="Kitchen").exists()


@pytest.mark.parametrize(
    ("act", "state", "show"), [("ignore", "ignored", "ignored"), ("block", "blocked", "blocked")]
)
def test_ignored_and_blocked_have_lists_of_their_own_and_come_back(
    client: Client, unknown: list[System], act: str, state: str, show: str
) -> None:
    client.post("/inbox/decide/", {"act": act, "system": unknown[0].pk})
    unknown[0].refresh_from_db()
    assert unknown[0].state == state
    assert unknown[0] not in client.get("/inbox/").context["page"].object_list
    assert unknown[0] in client.get(f"/inbox/?show={show}").context["page"].object_list
    client.post("/inbox/decide/", {"act": "readmit", "system": unknown[0].pk})
    unknown[0].refresh_from_db()
    assert unknown[0].state == "managed"


def test_an_empty_inbox_teaches(client: Client) -> None:
    assert "SystemManagementService.asmx" in text_of(client.get("/inbox/"))


def test_the_count_stands_in_the_navigation(client: Client, unknown: list[System]) -> None:
    assert 'id="count-inbox" data-live="inbox systems">3<' in text_of(client.get("/help/"))
