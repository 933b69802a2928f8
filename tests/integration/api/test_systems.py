"""`systems`: what a system is told as, the list's filters, changing, adding, deleting, the export."""

import csv
import io
import warnings

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.cast import add_system
from tests.integration.api.conftest import Caller, CallerOf

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.systems import inventory
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Connectivity, ConnectivityChange, Folder, State, System
from roomkeeper.tickets.models import Ticket

CONTRACT = {
    "id",
    "name",
    "family",
    "product",
    "software_version",
    "serial_number",
    "mac_address",
    "host",
    "http_port",
    "https_port",
    "connectivity",
    "connectivity_is_locked",
    "is_secure_only",
    "reported_name",
    "state",
    "alive",
    "last_seen_at",
    "next_contact_due_at",
    "in_call",
    "folder",
    "tags",
    "drift_count",
    "ticket_count",
}


def names(call: Caller, query: str) -> list[str]:
    return [system["name"] for system in call.get(f"systems?{query}")["items"]]


def test_a_system_is_told_with_all_fields_of_the_contract(
    call: Caller, boardroom: System, oslo: Folder
) -> None:
    inventory.set_tags(boardroom, ["executive"])
    Ticket.objects.create(system=boardroom, kind="identity changed", reason="swapped")
    Ticket.objects.create(system=boardroom, kind="old", reason="done", state=Ticket.State.CLOSED)
    told = call.get(f"systems/{boardroom.pk}")
    assert told.keys() >= CONTRACT
    assert told["mac_address"] == "001122330001"
    assert told["connectivity"] == "reachable_on_lan"
    assert told["state"] == "managed"
    assert told["alive"] == "yes"
    assert told["folder"] == oslo.pk
    assert told["folder_path"] == "Oslo"
    assert told["tags"] == ["executive"]
    assert told["ticket_count"] == 1
    assert told["next_contact_due_at"].endswith("Z")
    assert not {"password", "username"} & told.keys()


def test_undecided_connectivity_is_null(call: Caller, oslo: Folder) -> None:
    system = add_system("New", oslo, 9, connectivity=Connectivity.UNDECIDED)
    assert call.get(f"systems/{system.pk}")["connectivity"] is None
    assert names(call, "connectivity=undecided") == ["New"]


def test_the_list_shows_every_state_or_those_asked_for(
    call: Caller,
    boardroom: System,
    root_folder: Folder,
) -> None:
    for number, state in enumerate(State.values, start=10):
        add_system(state, root_folder, number, state=state)
    assert names(call, "") == names(call, "state=all") == sorted(["Boardroom", *State.values], key=str.lower)
    assert names(call, "state=managed,pre_registered") == ["Boardroom", "managed", "pre_registered"]
    assert names(call, "state=pending,ignored&state=blocked") == ["blocked", "ignored", "pending"]
    assert names(call, "state=pending") == ["pending"]
    assert names(call, "state=pending&state=ignored&sort=-name") == ["pending", "ignored"]
    assert len(names(call, "state=all")) == 6


@pytest.mark.parametrize(
    "query",
    [
        "name=boardroom",
        "serial_number=FTT00000001",
        "mac_address=00:11:22:33:00:01",
        "mac_address=0011.2233.0001",
        "mac_address=00-11-22-33-00-01",
        "host=10.0.0.1",
        "search=board",
        "search=00:11:22:33:00:01",
        "search=executive",
        "search=boardroom+sx10",
        "tags=executive",
        "tags=executive&tags=floor+4",
        "has_tickets=true",
        "ticket_count=1",
        "drift_count=3",
        "has_drift=true",
        "source_address=10.0.0.1",
        "product=cisco+telepresence+sx10&in_call=true",
        "https_port=8443",
        "connectivity_is_locked=true",
    ],
)
def test_filters_find_the_boardroom_alone(
    query: str,
    call: Caller,
    boardroom: System,
    home_office: System,
    lobby: System,
    vault: System,
) -> None:
    System.objects.filter(pk=boardroom.pk).update(
        drift_count=3, in_call=True, https_port=8443, connectivity_is_locked=True
    )
    inventory.set_tags(boardroom, ["executive", "floor 4"])
    inventory.set_tags(vault, ["floor 4"])
    Ticket.objects.create(system=boardroom, kind="identity changed", reason="swapped")
    assert names(call, query) == ["Boardroom"]


def test_filters_by_folder_mode_and_life(
    call: Caller,
    boardroom: System,
    home_office: System,
    lobby: System,
    vault: System,
    oslo: Folder,
) -> None:
    below = inventory.create_folder(oslo, "HQ")
    System.objects.filter(pk=vault.pk).update(folder=below)
    assert names(call, f"folder={oslo.pk}") == ["Boardroom", "Vault"]
    assert names(call, f"folder={below.pk}") == ["Vault"]
    assert names(call, "connectivity=behind_firewall&connectivity=reachable_on_public_internet") == [
        "Home Office",
        "Lobby",
    ]
    assert names(call, "is_secure_only=true") == ["Vault"]
    assert names(call, "alive=no") == []
    assert len(names(call, "alive=yes&last_seen_after=2020-01-01T00:00:00Z")) == 4
    assert names(call, "last_seen_before=2020-01-01T00:00:00") == []


def test_a_page_takes_the_same_number_of_queries_whatever_its_length(
    call: Caller,
    oslo: Folder,
    bergen: Folder,
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            call.get("systems?limit=500")
        return len(found)

    def add(first: int, last: int) -> None:
        for number in range(first, last):
            system = add_system(f"Room {number}", oslo if number % 2 else bergen, number)
            inventory.set_tags(system, [f"tag {number % 7}"])

    add(1, 4)
    call.get("me")
    few = queries()
    add(4, 60)
    assert queries() == few <= 8


def test_the_site_administrator_sees_her_folder_alone(
    site_administrator: User,
    boardroom: System,
    home_office: System,
    as_user: CallerOf,
) -> None:
    call = as_user(site_administrator)
    assert names(call, "state=all") == ["Boardroom"]
    assert call("GET", f"systems?folder={home_office.folder_id}").status_code == 404


def test_the_inbox_is_for_whom_may_view_it(
    viewer: User,
    operator: User,
    root_folder: Folder,
    as_user: CallerOf,
) -> None:
    waiting = add_system("Unknown", root_folder, 5, state=State.PENDING)
    assert names(as_user(operator), "state=pending") == ["Unknown"]
    assert names(as_user(operator), "") == ["Unknown"]
    assert names(as_user(operator), f"serial_number={waiting.serial_number}") == ["Unknown"]
    assert names(as_user(viewer), "state=pending") == names(as_user(viewer), "") == []
    assert as_user(viewer)("GET", f"systems/{waiting.pk}").status_code == 404


def test_patch_changes_the_record_and_says_so_in_the_audit_trail(
    call: Caller,
    boardroom: System,
    bergen: Folder,
) -> None:
    answer = call(
        "PATCH",
        f"systems/{boardroom.pk}",
        {
            "folder": bergen.pk,
            "tags": ["court", "floor 2"],
            "host": "room.example.org",
            "http_port": 8081,
            "https_port": None,
            "notes": "By the door",
            "username": "admin",
            "password": "s3cret-in-the-clear",
            "password_may_use_http": True,
            "connectivity": "behind_firewall",
            "connectivity_is_locked": True,
        },
    )
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["folder_path"] == "Bergen"
    assert told["tags"] == ["court", "floor 2"]
    assert (told["host"], told["http_port"], told["https_port"]) == ("room.example.org", 8081, None)
    assert told["connectivity"] == "behind_firewall"
    assert told["connectivity_is_locked"] is True
    assert told["has_credentials"] is True
    assert told["change_set"] is None
    boardroom.refresh_from_db()
    assert credentials.password_of(boardroom) == "s3cret-in-the-clear"
    assert ConnectivityChange.objects.filter(system=boardroom, new="behind_firewall").exists()
    entries = AuditEntry.objects.filter(object_id=boardroom.pk).order_by("pk")
    assert [entry.act for entry in entries] == [
        "move system",
        "set tags of system",
        "set notes of system",
        "set address of system",
        "set credentials of system",
        "set connectivity of system",
        "lock connectivity of system",
    ]
    assert {(entry.road, entry.user_name) for entry in entries} == {("api", "administrator")}
    details = [entry.details for entry in entries]
    assert "s3cret-in-the-clear" not in str(details) + answer.content.decode()


def test_a_new_name_is_handed_to_the_device(call: Caller, home_office: System) -> None:
    told = call("PATCH", f"systems/{home_office.pk}", {"name": "Den"}).json()
    assert told["name"] == "Den"
    assert told["reported_name"] == "Home Office"
    made = call.get(f"change-sets/{told['change_set']}")
    assert made["state"] == "waiting"
    assert made["changes"][0]["items"][0]["path"] == "SystemUnit/Name"


def test_an_operator_renames_and_does_not_move(
    operator: User, home_office: System, as_user: CallerOf
) -> None:
    call = as_user(operator)
    assert call("PATCH", f"systems/{home_office.pk}", {"name": "Den"}).status_code == 200
    assert call("PATCH", f"systems/{home_office.pk}", {"host": "10.1.1.1"}).status_code == 403


def test_a_system_is_not_moved_where_one_may_not_manage(
    site_administrator: User,
    boardroom: System,
    bergen: Folder,
    as_user: CallerOf,
) -> None:
    answer = as_user(site_administrator)("PATCH", f"systems/{boardroom.pk}", {"folder": bergen.pk})
    assert answer.status_code == 404
    boardroom.refresh_from_db()
    assert boardroom.folder_id != bergen.pk


@pytest.mark.parametrize(
    "body",
    [
        {"nmae": "x"},
        {"name": None},
        {"name": ""},
        {"name": "x" * 51},
        {"http_port": 0},
        {"http_port": 70_000},
        {"connectivity": "near"},
        {"tags": "court"},
        {"folder": None},
        [],
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(
    body: object, call: Caller, boardroom: System
) -> None:
    before = call.get(f"systems/{boardroom.pk}")
    answer = call("PATCH", f"systems/{boardroom.pk}", body)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert call.get(f"systems/{boardroom.pk}") == before


def test_delete_removes_the_record_for_good(call: Caller, boardroom: System) -> None:
    assert call("DELETE", f"systems/{boardroom.pk}").status_code == 204
    assert call("GET", f"systems/{boardroom.pk}").status_code == 404
    assert AuditEntry.objects.filter(act="delete system", object_label="Boardroom").exists()


@pytest.mark.parametrize(("query", "headers"), [("?format=csv", {}), ("", {"Accept": "text/csv"})])
def test_the_export_holds_every_system_as_csv(
    query: str, headers: dict[str, str], call: Caller, oslo: Folder
) -> None:
    for number in range(1, 8):
        add_system(f"Room {number}", oslo, number)
    add_system('=HYPERLINK("http://x")', oslo, 100)
    answer = call("GET", f"systems{query}", headers=headers)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    with warnings.catch_warnings():
        # The test client reads an asynchronous stream synchronously, and is told so.
        warnings.simplefilter("ignore")
        rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert len(rows) == 8
    assert rows[0]["name"] == '\'=HYPERLINK("http://x")'
    assert rows[1]["mac_address"] == "001122330001"
    assert rows[1]["connectivity_is_locked"] == "no"


def test_trust_and_login_state_are_told_and_changed(call: Caller, boardroom: System) -> None:
    credentials.set_credentials(boardroom, "admin", "x")
    System.objects.filter(pk=boardroom.pk).update(login_refused_at=timezone.now())
    path = f"systems/{boardroom.pk}"
    before = call.get(path)
    assert (before["login"], before["tls_trust"], before["tls_is_legacy"]) == ("refused", "pin", False)
    assert call("POST", f"{path}/try-login").json()["login"] == "untried"
    changed = call("PATCH", path, {"tls_trust": "off", "tls_is_legacy": True}).json()
    assert (changed["tls_trust"], changed["tls_is_legacy"]) == ("off", True)
    refused = call("PATCH", path, {"tls_trust": "authority"})
    assert refused.status_code == 409
    assert "no authority" in refused.json()["detail"]


def test_host_is_stored_in_one_spelling_and_what_is_none_is_refused_in_words(
    call: Caller, boardroom: System
) -> None:
    path = f"systems/{boardroom.pk}"
    told = call("PATCH", path, {"host": " [2001:DB8::0001] ", "https_port": 8443}).json()
    assert (told["host"], told["https_port"]) == ("2001:db8::1", 8443)
    assert call("PATCH", path, {"host": "Codec.Example.ORG."}).json()["host"] == "codec.example.org"
    for typed, words in (
        ("10.0.0.256", "from 0 to 255"),
        ("10.0.0", "needs four numbers"),
        ("10.1.2.3:8443", "8443 as its HTTP or HTTPS port"),
        ("https://codec.example.org/", "a web address"),
        ("board room", "contains a space"),
        ("codec..example.org", "two dots in a row"),
    ):
        answer = call("PATCH", path, {"host": typed})
        assert answer.status_code == 422
        assert words in answer.json()["detail"]
        assert answer.json()["errors"][0]["field"] == "body.host"
    boardroom.refresh_from_db()
    assert boardroom.host == "codec.example.org"


def test_a_port_can_change_beside_a_host_that_would_not_be_taken_today(
    call: Caller, boardroom: System
) -> None:
    System.objects.filter(pk=boardroom.pk).update(host="codec.42")
    assert call("PATCH", f"systems/{boardroom.pk}", {"http_port": 8080}).status_code == 200
