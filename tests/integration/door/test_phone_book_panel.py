"""A person at a virtual endpoint's touch panel searches the phone books of the real service, and calls."""

import html
import re
from pathlib import Path

import pytest
from tests.acceptance.processes import Fleet, eventually
from tests.integration.door.conftest import DoorProcess
from tests.integration.door.test_phone_books import filled

from roomkeeper.accounts.models import User
from roomkeeper.phonebooks import editing, setting
from roomkeeper.systems import admission, inventory
from roomkeeper.systems.models import System

SERIAL = "FTTPANEL0001"


@pytest.mark.one_database
def test_a_person_searches_opens_a_folder_and_calls(door: DoorProcess, person: User, tmp_path: Path) -> None:
    root = inventory.root_folder()
    rooms = filled(editing.create_book("Rooms & more", root), 3, "Room")
    for book in (filled(editing.create_book("Corporate", root), 60), rooms):
        setting.set_on_folder(book, root)
    plan = {
        "name": "Home Office",
        "serial": SERIAL,
        "mac": "02:5A:00:00:09:01",
        "mode": "behind-firewall",
        "address": "127.3.88.1",
        "manager": door.http,
        "http_port": 0,
        "https_port": 0,
    }
    fleet = Fleet(tmp_path, [plan])
    try:
        system = eventually(lambda: System.objects.filter(serial_number=SERIAL).first(), "its first post")
        assert "No phone book server" in fleet.panel(SERIAL, "?q=room")
        admission.approve(system, user=person, now=door.clock())

        def is_told() -> bool:
            fleet.act(SERIAL, "post")
            return "Rooms &amp; more" in fleet.panel(SERIAL, "?q=")

        eventually(is_told, "the phone book's address and a proof of its secret")
        top = fleet.panel(SERIAL, "?q=")
        assert re.findall(r"'>([^<]+)</a> \(folder\)", top) == ["Corporate", "Rooms &amp; more"]
        [folder] = re.findall(r"href='/panel/\w+(\?[^']+)'>Rooms", top)
        inside = fleet.panel(SERIAL, html.unescape(folder))
        assert re.findall(r"<li>(Room \d+)", inside) == ["Room 000", "Room 001", "Room 002"]
        found = fleet.panel(SERIAL, "?q=person+042")
        assert re.findall(r"<li>(\w+ \d+)", found) == ["Person 042"]
        [number] = re.findall(r"name='number' value='(person[^']+)'", found)
        assert "person42@example.org: " in fleet.panel(SERIAL, pressed={"act": "dial", "number": number})
        listed = {"PhonebookType": "Corporate", "ContactType": "Folder"}
        fleet.act(SERIAL, "command", {"path": "Phonebook/Search", "arguments": listed})
    finally:
        fleet.stop()
