"""The systems list: filters in the address, sorting, pages, columns, CSV, empty state."""

import html
import re
import warnings
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from tests.cast import add_system
from tests.integration.api.conftest import Caller
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import User
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.models import Change
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Connectivity, Contact, Folder, System
from roomkeeper.tickets.models import Ticket


@pytest.fixture
def fleet(boardroom: System, home_office: System, lobby: System, vault: System) -> list[System]:
    """The cast's systems."""
    return [boardroom, home_office, lobby, vault]


def names(client: Client, query: str = "") -> list[str]:
    """The names of the rows, in their order."""
    return [system.name for system, *_ in client.get("/systems/" + query).context["rows"]]


def csv_lines(client: Client, query: str = "") -> list[str]:
    """The lines of the CSV, streamed to its end."""
    with warnings.catch_warnings():
        # The test client reads an asynchronous stream synchronously, and is told so.
        warnings.simplefilter("ignore")
        return b"".join(client.get("/systems/" + (query or "?") + "&format=csv")).decode().splitlines()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Boardroom", "Home Office", "Lobby", "Vault"]),
        ("?q=home", ["Home Office"]),
        ("?q=FTT00000003", ["Lobby"]),
        ("?q=00:11:22:33:00:04", ["Vault"]),
        ("?q=sx10+bo", ["Boardroom"]),
        ("?connectivity=behind_firewall", ["Home Office"]),
        ("?mode=secure_only", ["Vault"]),
        ("?mode=traditional", ["Boardroom", "Lobby"]),
        ("?state=blocked", []),
        ("?sort=-name", ["Vault", "Lobby", "Home Office", "Boardroom"]),
        ("?sort=-last_contact&in_call=false", ["Vault", "Lobby", "Home Office", "Boardroom"]),
        ("?has_drift=true", []),
        ("?has_tickets=false&login=missing", ["Boardroom", "Home Office", "Lobby", "Vault"]),
        ("?silent_for=never", []),
        ("?state=any&software_version=", ["Boardroom", "Home Office", "Lobby", "Vault"]),
        ("?page=77", ["Boardroom", "Home Office", "Lobby", "Vault"]),
    ],
)
def test_the_address_decides_what_is_listed(
    client: Client, fleet: list[System], query: str, expected: list[str]
) -> None:
    assert names(client, query) == expected


@pytest.mark.parametrize("query", ["?sort=nonsense", "?alive=nonsense", "?colour=red", "?drift_count=many"])
def test_what_is_no_filter_is_refused_as_by_programs(
    client: Client, administrator: User, fleet: list[System], query: str
) -> None:
    answer = client.get("/systems/" + query)
    assert answer.status_code == 400
    assert "Show the whole list" in text_of(answer)
    assert Caller(administrator)("GET", "systems" + query).status_code == 422


def test_a_folder_that_is_none_is_not_found(client: Client, fleet: list[System]) -> None:
    assert client.get("/systems/?folder=999999").status_code == 404


def test_a_folder_lists_what_is_in_and_below_it(client: Client, fleet: list[System], oslo: Folder) -> None:
    floor = inventory.create_folder(oslo, "4th floor")
    add_system("Attic", floor, 9)
    assert names(client, f"?folder={oslo.pk}") == ["Attic", "Boardroom", "Vault"]


def test_alive_and_not_alive(client: Client, fleet: list[System]) -> None:
    Contact.objects.filter(system=fleet[0]).update(overdue_at=timezone.now() - timedelta(minutes=1))
    assert names(client, "?alive=no") == ["Boardroom"]
    assert "Boardroom" not in names(client, "?alive=yes")
    assert "not alive" in text_of(client.get("/systems/?alive=no"))


def test_tags_and_products_are_filters(client: Client, fleet: list[System]) -> None:
    inventory.set_tags(fleet[1], ["court"])
    assert names(client, "?tag=court") == ["Home Office"]
    assert names(client, "?product=Cisco+TelePresence+SX10") == [system.name for system in fleet]


def test_fifty_a_page_and_the_filters_stay_in_the_links(client: Client, oslo: Folder) -> None:
    for number in range(60):
        add_system(f"Room {number:02}", oslo, 100 + number)
    first = client.get("/systems/?q=room&sort=-name")
    assert len(first.context["rows"]) == 50
    assert first.context["pager"]["after"] == "?search=room&sort=-name&page=2"
    assert names(client, "?q=room&sort=-name&page=2")[-1] == "Room 00"


def test_the_number_of_queries_does_not_grow_with_the_rows(
    client: Client, oslo: Folder, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(50):
        inventory.set_tags(add_system(f"Room {number:02}", oslo, 100 + number), ["a", "b"])
    with django_assert_max_num_queries(16):
        client.get("/systems/")


def test_columns_are_chosen_in_the_address_and_remembered(client: Client, fleet: list[System]) -> None:
    assert "FTT00000001" not in text_of(client.get("/systems/"))
    assert "FTT00000001" in text_of(client.get("/systems/?column=serial"))
    assert "FTT00000001" in text_of(client.get("/systems/"))


def test_csv_holds_the_whole_filtered_list_and_no_formula(client: Client, oslo: Folder) -> None:
    for number in range(55):
        add_system(f"Room {number:02}", oslo, 100 + number)
    add_system("=HYPERLINK(evil)", oslo, 7)
    lines = csv_lines(client)
    assert len(lines) == 57
    assert any(",'=HYPERLINK(evil)," in line for line in lines)
    assert len(csv_lines(client, "?q=room")) == 56


def test_text_of_devices_is_text(client: Client, oslo: Folder) -> None:
    add_system("<script>alert(1)</script>", oslo, 7, product="<img src=x>", software_version='"><b>')
    page = text_of(client.get("/systems/?column=reported_name&column=product&column=software"))
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_empty_list_teaches_three_ways(client: Client) -> None:
    page = text_of(client.get("/systems/"))
    assert "three ways" in page
    assert "tms/public/external/management/SystemManagementService.asmx" in page
    assert "242" in page


def test_a_filter_without_a_match_says_so_and_teaches_nothing(client: Client, boardroom: System) -> None:
    page = text_of(client.get("/systems/?q=nothing-like-it"))
    assert "No system matches" in page
    assert "three ways" not in page


@pytest.mark.parametrize("who", ["administrator", "site_administrator"])
def test_every_number_of_the_overview_leads_to_the_list_behind_it(
    request: pytest.FixtureRequest, signed_in: SignedIn, fleet: list[System], oslo: Folder, who: str
) -> None:
    browser = signed_in(request.getfixturevalue(who))
    System.objects.filter(pk=fleet[0].pk).update(drift_count=2, in_call=True)
    add_system("Unknown", oslo, 77, state="pending")
    Contact.objects.filter(system=fleet[1]).update(overdue_at=timezone.now() - timedelta(minutes=1))
    for system in (*fleet, None):
        Ticket.objects.create(system=system, kind="identity changed", reason="Another MAC address")
    Ticket.objects.create(system=fleet[3], kind="no contact", reason="Silent", state="acknowledged")
    for value in ("On", "Off"):
        planning.create_change_set(fleet[:2], {"Standby/Control": value}, user=None, now=timezone.now())
    Change.objects.filter(system=fleet[0]).update(state="failed")
    page = text_of(browser.get("/")).split("<main")[1]
    links = re.findall(r'<a [^>]*href="(/[a-z-]+/(?:\?[^"]*)?)"[^>]*>(.*?)</a>', page)
    counted = [(html.unescape(address), number) for address, text in links if (number := _first_number(text))]
    assert len(counted) >= 15
    for address, number in counted:
        assert browser.get(address).context["pager"]["total"] == int(number), address
    # No number stands there that leads nowhere.
    rest = re.sub(r"<a .*?</a>|<time.*?</time>", "", page)
    assert not re.findall(r"<strong>\d+|class=\"amount\">\d+", rest)
    lists = {address.split("/")[1] for address, _ in counted}
    assert lists == {"systems", "change-sets", "tickets"} | ({"inbox"} if who == "administrator" else set())


def _first_number(text: str) -> str:
    found = re.search(r"\d+", re.sub(r"<[^>]*>", " ", text))
    return found.group() if found else ""


def test_tickets_of_the_overview_name_the_room(client: Client, boardroom: System) -> None:
    Ticket.objects.create(system=boardroom, kind="identity changed", reason="Another MAC address")
    section = text_of(client.get("/")).split('id="overview-tickets"')[1].split("</section>")[0]
    assert f'<a href="/systems/{boardroom.pk}/">Boardroom</a>' in section


# The tree


def branches(client: Client, query: str = "") -> list[tuple[str, int, bool]]:
    """(name, depth, is open) of the folders that the tree shows."""
    tree = client.get("/systems/" + query).context["tree"]
    return [(node["folder"].name, node["depth"], node["is_open"]) for node in tree]


def test_the_tree_folds_and_remembers(client: Client, fleet: list[System], oslo: Folder) -> None:
    floor = inventory.create_folder(oslo, "4th floor")
    assert branches(client) == [("All systems", 0, True), ("Bergen", 1, False), ("Oslo", 1, False)]
    client.post("/systems/tree/", {"open": oslo.pk, "next": "/systems/"})
    assert ("4th floor", 2, False) in branches(client)
    client.post("/systems/tree/", {"close": oslo.pk})
    assert ("4th floor", 2, False) not in branches(client)
    # The way to the folder that is looked at is always open.
    assert ("4th floor", 2, False) in branches(client, f"?folder={floor.pk}")


def test_the_page_stays_small_with_hundreds_of_folders(client: Client, root_folder: Folder) -> None:
    for number in range(20):
        house = inventory.create_folder(root_folder, f"House {number}")
        for floor in range(15):
            inventory.create_folder(house, f"Floor {floor}")
    for number in range(60):
        room = add_system(
            f"Meeting room {number:02}",
            house,
            100 + number,
            connectivity=Connectivity.REACHABLE_ON_LAN,
            drift_count=int(number % 3 == 0),
        )
        inventory.set_tags(room, ["boardrooms"])
        if not number % 5:
            Ticket.objects.create(system=room, kind="identity changed", reason="Another MAC address")
    assert Folder.objects.count() == 321
    page = client.get("/systems/")
    assert (len(page.context["rows"]), len(page.context["tree"])) == (50, 21)
    assert len(page.content) <= 40_000


def test_the_tree_counts_only_what_one_may_see(
    site_administrator: User, signed_in: SignedIn, fleet: list[System], oslo: Folder
) -> None:
    tree = signed_in(site_administrator).get("/systems/").context["tree"]
    assert [(node["folder"].name, node["count"]) for node in tree] == [("Oslo", 2)]
