"""A system's page: tabs, drawing, acts that ask first, text that stays text."""

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.web.conftest import text_of

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.operations.acts import Act
from roomkeeper.provisioning.models import Action, ChangeItem
from roomkeeper.systems import timeline
from roomkeeper.systems.contact.credentials import password_of
from roomkeeper.systems.documents import calls
from roomkeeper.systems.models import ConnectivityChange, Contact, Exchange, Folder, System
from roomkeeper.web.system_page import TABS

ACTS = [act for act in SYSTEMS.acts if act.on == "one" and act.is_mounted and act.page.is_asked]


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_stands_at_its_address(client: Client, boardroom: System, tab: str) -> None:
    assert "Boardroom" in text_of(client.get(f"/systems/{boardroom.pk}/{tab}/"))


def test_no_other_tab_does(client: Client, boardroom: System) -> None:
    assert client.get(f"/systems/{boardroom.pk}/calls/").status_code == 404


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.slug)
def test_every_act_asks_what_it_does_and_whether_it_can_be_undone(
    client: Client, boardroom: System, act: Act
) -> None:
    address = f"/systems/{boardroom.pk}/act/{act.slug}/"
    for headers in ({}, {"HX-Request": "true"}):
        question = text_of(client.get(address, headers=headers))
        assert act.button in question
        assert "Cancel" in question
    assert not AuditEntry.objects.filter(act=act.audit_word("system")).exists()


def test_looking_at_a_system_shortens_its_heartbeat(client: Client, boardroom: System) -> None:
    client.get(f"/systems/{boardroom.pk}/")
    watched = Contact.objects.get(system=boardroom).watched_until
    assert watched is not None
    assert watched > timezone.now()


def test_a_live_fragment_is_no_new_look(client: Client, boardroom: System) -> None:
    client.get(f"/systems/{boardroom.pk}/", headers={"X-Live": "1"})
    assert Contact.objects.get(system=boardroom).watched_until is None
    assert client.post(f"/systems/{boardroom.pk}/watch/").status_code == 204
    assert Contact.objects.get(system=boardroom).watched_until is not None


def test_renaming_changes_the_record_asks_the_device_and_is_audited(
    client: Client, home_office: System
) -> None:
    page = f"/systems/{home_office.pk}/"
    answer = client.post(f"{page}act/rename/", {"name": "Study", "next": page}, follow=True)
    home_office.refresh_from_db()
    assert home_office.name == "Study"
    item = ChangeItem.objects.get()
    assert (item.path, item.value, item.state) == ("SystemUnit/Name", "Study", "waiting")
    assert "WAITING" in text_of(answer)
    assert AuditEntry.objects.get(act="rename system").object_id == home_office.pk


def test_a_name_that_is_too_long_is_refused_in_words(client: Client, home_office: System) -> None:
    answer = client.post(f"/systems/{home_office.pk}/act/rename/", {"name": "x" * 60}, follow=True)
    assert answer.status_code == 422
    assert "at most 50 characters" in text_of(answer)
    home_office.refresh_from_db()
    assert home_office.name == "Home Office"
    assert not AuditEntry.objects.filter(act="rename system").exists()


def test_restart_waits_for_the_next_post(client: Client, home_office: System) -> None:
    client.post(f"/systems/{home_office.pk}/act/restart/")
    assert Action.objects.get().command == "SystemUnit/Boot"
    assert "SystemUnit/Boot" in text_of(client.get(f"/systems/{home_office.pk}/changes/"))


def test_an_action_is_cancelled_while_it_waits(client: Client, home_office: System) -> None:
    client.post(f"/systems/{home_office.pk}/act/restart/")
    action = Action.objects.get()
    client.post(f"/actions/{action.pk}/cancel/")
    action.refresh_from_db()
    assert action.state == "cancelled"


def test_deleting_wants_the_name_typed(client: Client, boardroom: System) -> None:
    address = f"/systems/{boardroom.pk}/act/delete/"
    client.post(address, {"word": "boardroom"})
    assert System.objects.filter(pk=boardroom.pk).exists()
    client.post(address, {"word": "Boardroom"})
    assert not System.objects.filter(pk=boardroom.pk).exists()
    assert AuditEntry.objects.get(act="delete system").object_label == "Boardroom"


def test_rows_of_the_drawing_are_struck_out_by_mode(
    client: Client, boardroom: System, home_office: System, vault: System
) -> None:
    def struck(system: System) -> set[tuple[str, bool]]:
        roads = client.get(f"/systems/{system.pk}/connection/").context["roads"]
        return {(road.service, road.inbound) for road in roads if road.is_struck}

    assert struck(boardroom) == set()
    assert struck(home_office) == {("HTTPS", True), ("HTTP", True), ("SNMP", True)}
    assert struck(vault) == {("HTTP", True), ("SNMP", True), ("HTTP", False)}


def test_why_connectivity_is_what_it_is_and_undoing_it(client: Client, boardroom: System) -> None:
    change = ConnectivityChange.objects.create(
        system=boardroom,
        old="behind_firewall",
        new="reachable_on_lan",
        reported_address="10.1.2.3",
        source_address="10.1.2.3",
        probe="itself",
        reason="it answered there as itself",
    )
    page = text_of(client.get(f"/systems/{boardroom.pk}/connection/"))
    assert "reported 10.1.2.3, seen 10.1.2.3" in page
    client.post(f"/systems/{boardroom.pk}/act/undo-connectivity/", {"change": change.pk})
    boardroom.refresh_from_db()
    assert boardroom.connectivity == "behind_firewall"


def test_locking_and_unlocking(client: Client, boardroom: System) -> None:
    client.post(f"/systems/{boardroom.pk}/act/lock/")
    boardroom.refresh_from_db()
    assert boardroom.connectivity_is_locked
    client.post(f"/systems/{boardroom.pk}/act/unlock/")
    boardroom.refresh_from_db()
    assert not boardroom.connectivity_is_locked


def test_a_stored_password_is_never_shown(client: Client, boardroom: System) -> None:
    client.post(
        f"/systems/{boardroom.pk}/act/credentials/", {"username": "admin", "password": "hunter2hunter2"}
    )
    boardroom.refresh_from_db()
    assert boardroom.username == "admin"
    for part in ("", "connection/", "act/credentials/", "log/", "timeline/"):
        assert "hunter2hunter2" not in text_of(client.get(f"/systems/{boardroom.pk}/{part}"))


def test_an_empty_password_keeps_the_stored_one(client: Client, boardroom: System) -> None:
    address = f"/systems/{boardroom.pk}/act/credentials/"
    client.post(address, {"username": "admin", "password": "hunter2hunter2"})
    client.post(address, {"username": "integrator", "password": ""})
    boardroom.refresh_from_db()
    assert (boardroom.username, password_of(boardroom)) == ("integrator", "hunter2hunter2")


@pytest.mark.parametrize(
    ("host", "http", "https", "expected"),
    [
        ("10.9.9.9", "", "8443", ("10.9.9.9", None, 8443)),
        ("room.example.org", "80", "", ("room.example.org", 80, None)),
        ("a b", "", "", None),
        ("10.9.9.9", "0", "", None),
        ("10.9.9.9", "x", "", None),
        ("10.9.9.9", "70000", "", None),
    ],
)
def test_the_address_is_changed_or_refused(
    client: Client, boardroom: System, host: str, http: str, https: str, expected: tuple[object, ...] | None
) -> None:
    before = (boardroom.host, None, None)
    client.post(
        f"/systems/{boardroom.pk}/act/address/", {"host": host, "http_port": http, "https_port": https}
    )
    boardroom.refresh_from_db()
    assert (boardroom.host, boardroom.http_port, boardroom.https_port) == (expected or before)


def test_moving_to_another_folder(client: Client, boardroom: System, bergen: Folder) -> None:
    client.post(f"/systems/{boardroom.pk}/act/move/", {"folder": bergen.pk})
    boardroom.refresh_from_db()
    assert boardroom.folder == bergen


def test_an_exchange_is_shown_as_text(client: Client, boardroom: System) -> None:
    entry = timeline.add(boardroom, "boot", "<i>Boot</i>", now=timezone.now(), source_address="10.0.0.1")
    Exchange.objects.create(
        entry=entry,
        system=boardroom,
        path="/x",
        scheme="http",
        request=timeline.pack(b"<Envelope><script>alert(1)</script></Envelope>"),
        answer=timeline.pack(b"<ok/>"),
    )
    page = text_of(client.get(f"/systems/{boardroom.pk}/timeline/{entry.pk}/"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "<i>Boot" not in text_of(client.get(f"/systems/{boardroom.pk}/timeline/"))


def test_an_exchange_of_another_system_is_not_there(client: Client, boardroom: System, vault: System) -> None:
    entry = timeline.add(boardroom, "boot", "Boot", now=timezone.now())
    Exchange.objects.create(entry=entry, system=boardroom, path="/x", scheme="http", request=b"")
    assert client.get(f"/systems/{vault.pk}/timeline/{entry.pk}/").status_code == 404


def test_a_restart_tells_of_the_call_and_waits_for_it_unless_another_moment_is_chosen(
    client: Client, boardroom: System
) -> None:
    address = f"/systems/{boardroom.pk}/act/restart/"
    assert "It is in a call" not in text_of(client.get(address))
    call = calls.Call("Connected", timezone.now(), remote_uri="helpdesk@example.org")
    System.objects.filter(pk=boardroom.pk).update(in_call=True, calls=calls.encode(calls.Calls({1: call})))
    asked = text_of(client.get(address))
    assert "It is in a call" in asked
    assert "helpdesk@example.org" in asked
    for when, care in (
        ({}, (False, False)),
        ({"only_in_window": "1"}, (False, True)),
        ({"during_calls": "1"}, (True, False)),
    ):
        client.post(address, when)
        action = Action.objects.latest("id")
        assert (action.during_calls, action.only_in_window) == care
    many = "/systems/do/restart/"
    assert "It is in a call" in text_of(client.get(many, {"row": boardroom.pk}))
    client.post(many, {"row": boardroom.pk, "only_in_window": "1", "step": "confirm"})
    assert Action.objects.latest("id").only_in_window
