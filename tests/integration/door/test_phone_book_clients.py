"""Clients that others wrote, made from our description at a system's own address: zeep, and soap from npm."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from tests.acceptance.device import PHONE_BOOK, Device
from tests.installed import node_with
from tests.integration.door.conftest import Systems
from tests.integration.door.test_phone_books import filled
from tests.integration.door.test_soap_clients import load
from zeep.helpers import serialize_object

from roomkeeper.phonebooks import editing, setting
from roomkeeper.phonebooks.models import PhoneBook
from roomkeeper.systems import inventory

Call = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Calls an operation with those members; the result as the client understood it."""

# Reads calls as lines of JSON, answers each with a line.
SOAP_OF_NPM = """
const soap = require('soap');
const [address, version] = process.argv.slice(1);
(async () => {
  const client = await soap.createClientAsync(address, {forceSoap12Headers: version === '1.2'});
  const port = client.PhoneBookSearch['PhoneBookSearchSoap' + (version === '1.2' ? '12' : '')];
  for await (const line of require('readline').createInterface({input: process.stdin})) {
    const [operation, members] = JSON.parse(line);
    port[operation](members, (error, result) => console.log(
      JSON.stringify(error ? {error: String(error)} : result[operation + 'Result'])));
  }
})().catch((error) => { console.log(JSON.stringify({error: String(error)})); process.exit(1); });
"""


def zeep_call(address: str, version: str, _stack: ExitStack) -> Call:
    client = load(address)
    service = client.bind("PhoneBookSearch", "PhoneBookSearchSoap" + ("12" if version == "1.2" else ""))
    return lambda operation, members: serialize_object(service[operation](**members), dict)


def npm_call(address: str, version: str, stack: ExitStack) -> Call:
    words = [*node_with("soap"), "-e", SOAP_OF_NPM, "--", f"{address}?wsdl", version]
    node = stack.enter_context(
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    )
    assert node.stdin is not None
    assert node.stdout is not None
    stack.callback(node.stdin.close)

    def call(operation: str, members: dict[str, Any]) -> dict[str, Any]:
        print(json.dumps([operation, members]), file=node.stdin, flush=True)
        found = json.loads(node.stdout.readline())
        assert "error" not in found, found
        return found

    return call


CLIENTS = {"zeep": zeep_call, "soap of npm": npm_call}


@pytest.fixture(params=[(name, version) for name in CLIENTS for version in ("1.1", "1.2")], ids=" ".join)
def make_call(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Call]]:
    """Makes a client from the description at an address."""
    name, version = request.param
    with ExitStack() as stack:
        yield lambda address: CLIENTS[name](address, version, stack)


@pytest.fixture
def books(transactional_db: None) -> tuple[PhoneBook, PhoneBook, PhoneBook]:
    """Corporate with 3 people, and Rooms with 2 rooms and a book Inner of one."""
    root = inventory.root_folder()
    rooms = filled(editing.create_book("Rooms", root), 2, "Room")
    made = filled(editing.create_book("Corporate", root), 3), rooms
    inner = filled(editing.create_book("Inner", root, rooms), 1, "Inner")
    for book in made:
        setting.set_on_folder(book, root)
    return *made, inner


def all_claims(device: Device) -> dict[str, str]:
    return {
        "SystemName": device.name,
        "MACAddress": device.mac,
        "IPAddress": device.reported,
        "ProductType": "Cisco Codec",
        "ProductID": "Cisco Webex Room Kit",
        "SWVersion": device.software,
        "HWBoard": "",
        "SerialNumber": device.serial,
        "IPAddressV6": "fe80::1",
    }


def folders(result: dict[str, Any]) -> list[tuple[str, str, int, bool, bool]]:
    return [
        (one["Name"], one["Id"], one["NoOfEntries"], one["IsFirst"], one["IsLast"])
        for one in result.get("Catalog") or []
    ]


def entries(result: dict[str, Any]) -> list[tuple[str, bool, bool]]:
    return [(one["Name"], one["IsFirst"], one["IsLast"]) for one in result.get("Entry") or []]


def test_folders_entries_routes_and_flags_are_read(
    systems: Systems, books: tuple[PhoneBook, PhoneBook, PhoneBook], make_call: Callable[[str], Call]
) -> None:
    corporate, rooms, inner = books
    device, _ = systems.proven()
    call = make_call(f"{device.server}{PHONE_BOOK}/{device.secret}")
    only_mac = {"MACAddress": device.mac}
    at_top = [
        ("Corporate", f"c_{corporate.pk}", 3, True, False),
        ("Rooms", f"c_{rooms.pk}", 3, False, True),
    ]
    for claims in (only_mac, all_claims(device)):
        assert folders(call("Search", {"Identification": claims})) == at_top
        assert folders(call("GetPhonebooks", {"SystemIdentifier": claims})) == at_top
    everything = {
        "Identification": all_claims(device),
        "CaseSensitiveSearch": False,
        "SearchPath": f"c_{rooms.pk}",
        "SearchString": "",
        "SearchType": "Free",
        "Scope": "SingleLevel",
        "MaxResult": 2,
        "RangeInclusive": False,
    }
    inside = call("Search", everything)
    assert (inside["Name"], inside["Id"], inside["NoOfEntries"]) == ("Rooms", f"c_{rooms.pk}", 3)
    assert (inside["FolderExists"], inside["IsFirst"], inside["IsLast"]) == (True, False, False)
    assert folders(inside) == [("Inner", f"c_{inner.pk}", 1, True, False)]
    assert entries(inside) == [("Room 000", False, False)]
    [room] = inside["Entry"]
    assert [(one["Protocol"], one["DialString"], one["Description"]) for one in room["Route"]] == [
        ("SIP", "room0@example.org", "room0@example.org (SIP)"),
        ("H323", "475111", "475111 (H.323)"),
    ]
    assert {(one["CallType"], one["Restrict"]) for one in room["Route"]} == {("384", "Norestrict")}
    behind = call("Search", {**everything, "StartFromId": room["Id"]})
    assert (folders(behind), entries(behind)) == ([], [("Room 001", False, True)])
    again = call("Search", {**everything, "StartFromId": room["Id"], "RangeInclusive": True})
    assert entries(again) == [("Room 000", False, False), ("Room 001", False, True)]
    found = call("Search", {**everything, "SearchPath": "", "SearchString": "person 00", "Scope": "SubTree"})
    assert entries(found) == [("Person 000", True, False), ("Person 001", False, False)]
    nowhere = call("Search", {**everything, "SearchPath": "c_999999"})
    assert (nowhere["FolderExists"], folders(nowhere), entries(nowhere)) == (False, [], [])


def test_at_the_bare_address_a_proven_system_finds_nothing(
    systems: Systems, books: tuple[PhoneBook, PhoneBook, PhoneBook], make_call: Callable[[str], Call]
) -> None:
    device, _ = systems.proven()
    call = make_call(f"{device.server}{PHONE_BOOK}")
    for operation, member in (("Search", "Identification"), ("GetPhonebooks", "SystemIdentifier")):
        result = call(operation, {member: all_claims(device)})
        assert (result["NoOfEntries"], folders(result), entries(result)) == (0, [], [])
