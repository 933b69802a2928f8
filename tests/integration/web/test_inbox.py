"""The inbox: who waits, and what a person decides about one or many."""

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.web.conftest import text_of

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.models import ActivationCode, Claim, Contact, Folder, System


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
    # One that was chosen in the list is asked alone.
    question = client.get(
        "/inbox/do/approve/", {"row": unknown[1].pk, "filter": "?state=pending"}, follow=True
    )
    assert 'name="name" value="Unit"' in text_of(question)
    address, query = question.redirect_chain[0][0].split("?")
    assert query == "next=%2Finbox%2F%3Fstate%3Dpending"
    answer = client.post(address, {"name": "Kitchen", "folder": bergen.pk, "next": "/inbox/?state=pending"})
    assert answer["Location"] == "/inbox/?state=pending"
    unknown[1].refresh_from_db()
    assert (unknown[1].state, unknown[1].name, unknown[1].folder) == ("managed", "Kitchen", bergen)
    assert AuditEntry.objects.get(act="approve system").object_id == unknown[1].pk


def test_many_are_admitted_at_once_and_keep_their_own_names(client: Client, unknown: list[System]) -> None:
    keys = [system.pk for system in unknown]
    question = text_of(client.get("/inbox/do/approve/", {"row": keys}))
    assert "3 systems" in question
    client.post("/inbox/do/approve/", {"step": "confirm", "row": keys, "name": "Kitchen"})
    assert System.objects.filter(state="managed").count() == 3
    assert not System.objects.filter(name="Kitchen").exists()


@pytest.mark.parametrize(
    ("act", "state", "show"), [("ignore", "ignored", "ignored"), ("block", "blocked", "blocked")]
)
def test_ignored_and_blocked_have_lists_of_their_own_and_come_back(
    client: Client, unknown: list[System], act: str, state: str, show: str
) -> None:
    client.post(f"/inbox/do/{act}/", {"step": "confirm", "row": unknown[0].pk})
    unknown[0].refresh_from_db()
    assert unknown[0].state == state
    assert unknown[0] not in [row for row, *_ in client.get("/inbox/").context["rows"]]
    assert unknown[0] in [row for row, *_ in client.get(f"/inbox/?show={show}").context["rows"]]
    client.post("/inbox/do/readmit/", {"step": "confirm", "row": unknown[0].pk})
    unknown[0].refresh_from_db()
    assert unknown[0].state == "managed"


def test_an_empty_inbox_teaches(client: Client) -> None:
    page = text_of(client.get("/inbox/"))
    assert "SystemManagementService.asmx" in page
    # What can be done appears with the first that waits, without a new page.
    assert '<div id="inbox-bulk" data-live="inbox systems"></div>' in page


def test_the_count_stands_in_the_navigation(client: Client, unknown: list[System]) -> None:
    assert 'id="count-inbox" data-live="inbox systems">3<' in text_of(client.get("/help/"))


def claimed(system: System, source: str) -> Claim:
    return Claim.objects.create(
        system=system, service="events", reason="says", source_address=source, last_at=timezone.now()
    )


@pytest.mark.parametrize("act", ["approve", "readmit"])
def test_claimants_are_listed_and_one_is_chosen(client: Client, unknown: list[System], act: str) -> None:
    system = unknown[1]
    claimed(system, "192.0.2.66")
    for address in (f"/systems/{system.pk}/act/{act}/", f"/inbox/{system.pk}/{act}/"):
        question = text_of(client.get(address))
        assert "198.51.100.7" in question
        assert "192.0.2.66" in question
        seen = {"shown": ["", "198.51.100.7", "192.0.2.66"]}
        page = text_of(client.post(address, seen, follow=True))
        assert "posted as" in page
        # Another joins while the person looks.
        late = claimed(system, "203.0.113.9")
        page = text_of(client.post(address, {**seen, "source": "192.0.2.66"}, follow=True))
        assert "Meanwhile 203.0.113.9 posted as" in page
        assert not system.secrets.exists()
        late.delete()
    client.post(address, {**seen, "source": "192.0.2.66"})
    assert system.secrets.get().bound_source == "192.0.2.66"


def test_of_many_each_goes_where_it_was_seen_and_unclear_ones_stay(
    client: Client, unknown: list[System]
) -> None:
    keys = [system.pk for system in unknown]
    claimed(unknown[2], "192.0.2.66")
    question = text_of(client.get("/inbox/do/approve/", {"row": keys}))
    assert f'name="source-{keys[0]}" value="198.51.100.7"' in question
    assert f'name="source-{keys[2]}"' not in question
    seen = {f"source-{keys[0]}": "198.51.100.7", f"shown-{keys[0]}": "198.51.100.7"}
    client.post("/inbox/do/approve/", {"step": "confirm", "row": keys, **seen})
    states = [System.objects.get(pk=key).state for key in keys]
    assert states == ["managed", "managed", "pending"]


def test_conflict_is_named_in_the_inbox(client: Client, unknown: list[System], boardroom: System) -> None:
    System.objects.filter(pk=unknown[1].pk).update(serial_number=boardroom.serial_number)
    assert "It says the serial number of Boardroom." in text_of(client.get("/inbox/"))


def test_activation_codes_of_announced_systems(client: Client, root_folder: Folder) -> None:
    page = text_of(
        client.post(
            "/add-systems/?tab=one",
            {"serial_number": "FTT7", "folder": root_folder.pk, "activation_code": "1"},
            follow=True,
        )
    )
    assert "SystemManagementService.asmx/" in page
    answer = client.post(
        "/add-systems/?tab=list",
        {"list": "FTT8\nFTT9", "folder": root_folder.pk, "activation_code": "1", "step": "register"},
    )
    lines = answer.content.decode("utf-8-sig").split()
    assert [line.split(",")[1] for line in lines] == ["serial", "FTT8", "FTT9"]
    code = lines[1].split(",")[3]
    system = ActivationCode.objects.get(digest=secrets.digest(code)).system
    assert system.serial_number == "FTT8"
    page = text_of(client.post(f"/systems/{system.pk}/act/activation-code/", follow=True))
    assert "Activation code of" in page
    assert code not in page
    assert not ActivationCode.objects.filter(digest=secrets.digest(code)).exists()


def test_one_that_never_posted_stands_under_pre_registered(client: Client, oslo: Folder) -> None:
    System.objects.create(folder=oslo, state="pre_registered", serial_number="FTT0", name="Study")
    page = text_of(client.get("/inbox/?show=awaited"))
    assert "Study" in page
    assert "Oslo</div>" in page
