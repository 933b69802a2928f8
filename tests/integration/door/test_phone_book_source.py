"""Roomkeeper reads the phone books of Roomkeeper: the source against the service, through the real door."""

from django.utils import timezone
from tests.acceptance.device import PHONE_BOOK
from tests.integration.door.conftest import DoorProcess, Systems

from roomkeeper.phonebooks import editing, setting, syncing
from roomkeeper.phonebooks.mapping import entry_of
from roomkeeper.phonebooks.models import Source
from roomkeeper.phonebooks.sources import Reading
from roomkeeper.phonebooks.sources.tms import TMS
from roomkeeper.phonebooks.writing import Entry
from roomkeeper.systems import inventory


def people(word: str, count: int) -> list[Entry]:
    return [
        Entry(
            str(number),
            f"{word} {number:03}",
            (
                ("sip", f"{word.lower()}{number}@example.org", ""),
                ("h323", f"{word.lower()}-{number}", "768"),
                ("e164", f"47{5000 + number}", ""),
                ("ip", f"10.1.{number // 250}.{number % 250 + 1}", ""),
                ("isdn", f"0047 22 {number:06}", ""),
                ("telephone", f"+47 22 {number:06}", ""),
            ),
        )
        for number in range(count)
    ]


def test_every_entry_of_every_folder_is_read_with_its_addresses(systems: Systems, door: DoorProcess) -> None:
    root = inventory.root_folder()
    corporate, rooms = editing.create_book("Corporate", root), editing.create_book("Rooms", root)
    inner = editing.create_book("Inner", root, rooms)
    told = {corporate: people("Person", 230), rooms: people("Room", 100), inner: people("Inner", 3)}
    for book, entries in told.items():
        source = Source.objects.create(book=book, kind="test", name="People")
        syncing.apply(source, entries, may_shrink=True, now=timezone.now())
    device, system = systems.proven()
    setting.set_on_folder(corporate, root)
    setting.set_on_system(rooms, system)

    assert TMS.read is not None
    url = f"{door.http}{PHONE_BOOK}/{device.secret}"
    reading = Reading({"url": url, "mac": device.mac})
    records = list(TMS.read(reading))
    read = {entry.name: entry for entry in (entry_of(record, TMS.mapping) for record in records)}

    wanted = {entry.name: entry for entries in told.values() for entry in entries}
    assert reading.warnings == []
    assert read.keys() == wanted.keys()
    for name, entry in wanted.items():
        kinds = [(kind, address.replace(" ", "")) for kind, address, _class in entry.methods]
        assert [(kind, address) for kind, address, _class in read[name].methods] == kinds
    folders = {record.fields["name"][0].split()[0]: record.fields["path"] for record in records}
    assert folders == {"Person": ["Corporate"], "Room": ["Rooms"], "Inner": ["Rooms / Inner"]}

    # A system whose phone books are its own finds nothing by the secret of another.
    other = Reading({"url": f"{door.http}{PHONE_BOOK}", "mac": device.mac})
    assert list(TMS.read(other)) == []
    assert len(other.warnings) == 1
