"""Rule R3, row by row: who is posting, over a real socket."""

from tests.acceptance.device import Device, Reply
from tests.integration.door.conftest import DoorProcess, Systems

from roomkeeper.accounts.models import User
from roomkeeper.systems import admission
from roomkeeper.systems.models import Claim, System
from roomkeeper.tickets.models import Ticket


def is_empty(reply: Reply) -> bool:
    """Whether the answer tells the device nothing (what an unknown one gets)."""
    assert reply.status == 200
    orders = reply.orders
    return not (orders.settings or orders.commands or orders.documents)


def open_tickets(system: System) -> set[str]:
    """The kinds of the system's open tickets."""
    return set(Ticket.objects.filter(system=system).exclude(state="closed").values_list("kind", flat=True))


def contacts(system: System) -> int:
    """How often the system itself was seen: its timeline's events."""
    rows = system.timeline.filter(kind__in=("boot", "register", "heartbeat"))
    return sum(rows.values_list("count", flat=True))


class TestSecretOfASystem:
    def test_with_its_own_serial_and_mac_it_is_that_system(self, systems: Systems) -> None:
        device, system = systems.proven()
        before = contacts(system)
        assert not is_empty(device.event("Boot"))
        assert contacts(system) == before + 1

    def test_either_may_be_blank_and_both(self, systems: Systems) -> None:
        device, system = systems.proven()
        serial, mac = device.serial, device.mac
        for device.serial, device.mac in (("", mac), (serial, ""), ("", "")):
            before = contacts(system)
            assert not is_empty(device.event("Boot"))
            assert contacts(system) == before + 1
        system.refresh_from_db()
        assert (system.serial_number, system.mac_address) == (serial, mac.replace(":", ""))

    def test_with_another_mac_its_answer_is_withheld_and_a_person_asked(
        self, systems: Systems, person: User
    ) -> None:
        device, system = systems.proven()
        before = contacts(system)
        device.mac = "02:AB:FF:FF:FF:01"
        assert is_empty(device.event("Boot"))
        assert contacts(system) == before
        assert open_tickets(system) == {"identity changed"}
        admission.accept_identity(
            system, user=person, now=system.created_at, serial_number=device.serial, mac_address=device.mac
        )
        assert not is_empty(device.event("Boot"))
        assert open_tickets(system) == set()

    def test_with_another_serial_too(self, systems: Systems) -> None:
        device, system = systems.proven()
        device.serial = "FTT29998888"
        assert is_empty(device.event("Boot"))
        assert open_tickets(system) == {"identity changed"}
        assert device.document("/Status", device.status()).status == 200
        assert not system.documents.exists()

    def test_with_the_identity_of_another_system_it_is_nobody_and_both_are_told(
        self, systems: Systems
    ) -> None:
        (device, one), (other, two) = systems.proven(), systems.proven()
        before = contacts(one), contacts(two)
        device.serial, device.mac = other.serial, other.mac
        assert is_empty(device.event("Boot"))
        assert (contacts(one), contacts(two)) == before
        assert open_tickets(one) == open_tickets(two) == {"identity conflict"}
        # A half of another's identity is no better.
        device.serial = ""
        assert is_empty(device.event("Boot"))


class TestNoSecretOrAWrongOne:
    def test_claiming_a_proven_system_is_a_claim(self, systems: Systems) -> None:
        device, system = systems.proven()
        before = contacts(system)
        for secret in ("", "b" * 32):
            assert is_empty(device.event("Boot", secret=secret, obey=False))
        assert contacts(system) == before
        assert Claim.objects.get(system=system).count == 2
        assert System.objects.count() == 1

    def test_claiming_a_part_of_it_is_one_too(self, systems: Systems) -> None:
        device, system = systems.proven()
        serial, mac = device.serial, device.mac
        for device.serial, device.mac in (
            (serial, ""),
            ("", mac),
            (serial, "02:00:00:00:00:77"),
            ("FTT29997777", mac),
        ):
            assert is_empty(device.event("Boot", secret="", obey=False))
        assert Claim.objects.filter(system=system).count() == 4
        assert System.objects.count() == 1


class TestUnprovenRecords:
    def test_a_pre_registered_system_is_met_where_both_agree(self, systems: Systems) -> None:
        device = systems.device()
        system = systems.pre_registered(device)
        assert device.event("Boot").orders.path_secret
        system.refresh_from_db()
        assert system.state == "managed"

    def test_a_blank_counts_as_agreeing_and_is_filled_in(self, systems: Systems) -> None:
        by_serial, by_mac, says_less = systems.device(), systems.device(), systems.device()
        one = systems.pre_registered(by_serial, mac_address="")
        two = systems.pre_registered(by_mac, serial_number="")
        three = systems.pre_registered(says_less)
        says_less.mac = ""
        for device, system in ((by_serial, one), (by_mac, two), (says_less, three)):
            assert device.event("Boot").orders.path_secret
            assert device.event().status == 200
            system.refresh_from_db()
            assert system.serial_number == device.serial
            assert system.mac_address
            assert system.secrets.get().stage == "current"

    def test_one_that_disagrees_is_a_claim(self, systems: Systems) -> None:
        device = systems.device()
        system = systems.pre_registered(device)
        for serial, mac in ((device.serial, "02:00:00:00:00:77"), ("FTT29997777", device.mac)):
            fake = Device(device.server, serial=serial, mac=mac)
            assert is_empty(fake.event("Boot"))
        system.refresh_from_db()
        assert (system.state, Claim.objects.filter(system=system).count()) == ("pre_registered", 2)

    def test_two_blanks_never_agree(self, systems: Systems) -> None:
        systems.pre_registered(systems.device(), mac_address="")
        systems.pre_registered(systems.device(), serial_number="")
        nobody = Device(systems.device().server, serial="", mac="")
        assert is_empty(nobody.event("Boot"))
        assert set(System.objects.values_list("state", flat=True)) == {"pre_registered"}
        assert Claim.objects.get().reason.startswith("gives neither")

    def test_an_admitted_system_is_met_as_long_as_it_has_proven_nothing(self, systems: Systems) -> None:
        device, _ = systems.admitted()
        assert device.event(obey=False).orders.path_secret
        assert device.event(obey=False).orders.path_secret
        assert not is_empty(device.event(secret=device.handed_over[0]))
        assert is_empty(device.event(secret="", obey=False))


class TestUnknown:
    def test_it_waits_in_the_inbox_once(self, systems: Systems) -> None:
        device = systems.device()
        for _ in range(3):
            assert is_empty(device.event("Boot"))
        system = System.objects.get()
        assert (system.state, system.serial_number, system.mac_address, system.name) == (
            "pending",
            device.serial,
            device.mac.replace(":", ""),
            device.name,
        )

    def test_the_spelling_of_a_mac_does_not_count(self, systems: Systems) -> None:
        device = systems.device(mac="02:ab:cd:ef:00:01")
        device.event("Boot")
        for device.mac in ("02-AB-CD-EF-00-01", "02abcdef0001", "02AB.CDEF.0001"):
            device.event("Boot")
        assert System.objects.get().mac_address == "02ABCDEF0001"

    def test_feedback_and_documents_of_a_stranger_add_no_system(self, systems: Systems) -> None:
        device = systems.device()
        device.document("/Status", device.status())
        device.feedback("Event", "<BootEvent/>")
        device.search()
        assert not System.objects.exists()

    def test_an_address_identifies_nobody(self, systems: Systems) -> None:
        device, system = systems.proven()
        other = systems.device(source=device.source, reported=device.reported)
        assert is_empty(other.event("Boot"))
        assert System.objects.exclude(pk=system.pk).get().state == "pending"

    def test_somebody_else_in_the_inbox_does_not_stop_a_registration(
        self, systems: Systems, person: User
    ) -> None:
        device, _ = systems.pending()
        # The same serial number with another MAC address: which of them is it?
        Device(device.server, serial=device.serial, mac="02:00:00:00:00:77", source="127.3.9.9").event("Boot")
        assert System.objects.filter(state="pending").count() == 2
        systems.pre_registered(device)
        assert device.event("Boot").orders.path_secret


def test_the_body_never_overrides_the_secret_of_the_path(door: DoorProcess, systems: Systems) -> None:
    """A post with A's secret that says it is B never gets what is B's, whatever B's standing is."""
    device, _ = systems.proven()
    victim = systems.device()
    record = systems.pre_registered(victim)
    device.serial, device.mac = victim.serial, victim.mac
    assert is_empty(device.event("Boot"))
    record.refresh_from_db()
    assert record.state == "pre_registered"
    assert "identity conflict" in open_tickets(record)
