"""Rule R3, row by row: who is posting, over a real socket."""

import pytest
from django.utils import timezone
from tests.acceptance.device import Device, Reply
from tests.integration.door.conftest import DoorProcess, Systems

from roomkeeper.accounts.models import User
from roomkeeper.systems import admission, network_settings
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

    def test_with_another_mac_it_is_that_system_and_the_card_is_noted_once(self, systems: Systems) -> None:
        device, system = systems.proven()
        before, mac = contacts(system), system.mac_address
        device.mac = "02:AB:FF:FF:FF:01"
        for word in ("Boot", "Beat", "Boot"):
            assert device.event(word).status == 200
        assert contacts(system) == before + 3
        assert not is_empty(device.event("Boot"))
        assert open_tickets(system) == set()
        system.refresh_from_db()
        assert (system.mac_address, [str(card) for card in system.cards.all()]) == (mac, ["02ABFFFFFF01"])
        assert system.timeline.filter(kind="identity").count() == 1

    def test_with_another_mac_and_no_serial_a_person_is_asked(self, systems: Systems) -> None:
        device, system = systems.proven()
        device.serial, device.mac = "", "02:AB:FF:FF:FF:01"
        assert is_empty(device.event("Boot"))
        assert open_tickets(system) == {"identity changed"}

    def test_macs_of_its_own_status_belong_to_it(self, systems: Systems) -> None:
        device, system = systems.proven()
        serial, secret = device.serial, device.secret
        cards = (
            f"<Network item='1'><Ethernet><MacAddress>{device.mac}</MacAddress></Ethernet></Network>"
            "<Network item='2'><Ethernet><MacAddress>02:AB:FF:FF:FF:02</MacAddress></Ethernet></Network>"
        )
        status = device.status().replace("</Status>", cards + "</Status>")
        assert device.document("/Status", status).status == 200
        device.serial, device.mac = "", "02:AB:FF:FF:FF:02"
        before = contacts(system)
        assert device.event("Boot", secret=secret).status == 200
        assert contacts(system) == before + 1
        assert open_tickets(system) == set()
        # And without the secret whoever names it claims to be this system: no other box.
        device.serial = serial
        assert is_empty(device.event("Boot", secret="", obey=False))
        assert not System.objects.filter(state="pending").exists()
        assert Claim.objects.filter(system=system).exists()

    def test_with_another_serial_its_answer_is_withheld_and_a_person_asked(
        self, systems: Systems, person: User
    ) -> None:
        device, system = systems.proven()
        before = contacts(system)
        device.serial = "FTT29998887"
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
        for device.serial, device.mac in ((serial, ""), ("", mac)):
            assert is_empty(device.event("Boot", secret="", obey=False))
        assert Claim.objects.filter(system=system).count() == 2
        assert System.objects.count() == 1

    def test_another_box_with_one_of_its_numbers_waits_in_the_inbox(self, systems: Systems) -> None:
        device, system = systems.proven()
        serial, mac = device.serial, device.mac
        network_settings.update(
            {"admission_by_hand": False, "admission_networks": ["127.0.0.0/8"]}, user=None, now=timezone.now()
        )
        for device.serial, device.mac in ((serial.lower(), "02:00:00:00:00:77"), ("FTT29997777", mac)):
            for _ in range(2):
                assert is_empty(device.event("Boot", secret="", obey=False))
        boxes = System.objects.exclude(pk=system.pk)
        assert [box.state for box in boxes] == ["pending", "pending"]

    def test_that_box_is_admitted_by_the_number_that_is_its_own(self, systems: Systems, person: User) -> None:
        known, _ = systems.proven()
        for serial, mac in (("FTT29997777", known.mac), (known.serial, "02:00:00:00:00:77")):
            box = Device(known.server, serial=serial, mac=mac, source="127.3.9.9")
            assert is_empty(box.event("Boot"))
            waiting = System.objects.get(state="pending")
            admission.approve(waiting, user=person, now=timezone.now())
            assert box.event("Boot").orders.path_secret
            assert box.event("Boot").status == 200
            assert waiting.secrets.get().stage == "current"
            assert not is_empty(known.event("Boot"))
        assert System.objects.filter(state="managed").count() == 3


class TestUnprovenRecords:
    def test_a_pre_registered_system_is_met_where_both_agree(self, systems: Systems) -> None:
        device = systems.device()
        system = systems.pre_registered(device)
        assert device.event("Boot").orders.path_secret
        system.refresh_from_db()
        assert system.state == "managed"

    def test_a_blank_counts_as_agreeing_and_is_filled_in(self, systems: Systems) -> None:
        by_serial, by_mac = systems.device(), systems.device()
        one = systems.pre_registered(by_serial, mac_address="")
        two = systems.pre_registered(by_mac, serial_number="")
        for device, system in ((by_serial, one), (by_mac, two)):
            assert device.event("Boot").orders.path_secret
            assert device.event().status == 200
            system.refresh_from_db()
            assert system.serial_number == device.serial
            assert system.mac_address
            assert system.secrets.get().stage == "current"

    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.parametrize("named", ["serial", "mac"])
    def test_nobody_takes_over_by_naming_one_number(
        self, door: DoorProcess, systems: Systems, named: str, scheme: str
    ) -> None:
        """From within the network of the list, and by HTTPS: the true device is admitted all the same."""
        device = systems.device()
        system = systems.pre_registered(device)
        thief = Device(
            getattr(door, scheme),
            source="127.3.9.9",
            **{"serial": "", "mac": "", named: getattr(device, named)},
        )
        for _ in range(2):
            assert is_empty(thief.event("Boot"))
        system.refresh_from_db()
        assert (system.state, system.secrets.count()) == ("pre_registered", 0)
        assert Claim.objects.get(system=system).count == 2
        assert device.event("Boot").orders.path_secret

    def test_the_words_for_no_number_are_blank(self, systems: Systems) -> None:
        device = systems.device()
        system = systems.pre_registered(device)
        mac = device.mac
        for device.serial in ("N/A", "0", "999999999", "0000"):
            assert is_empty(device.event("Boot"))
        device.serial, device.mac = "0", "FF:FF:FF:FF:FF:FF"
        assert is_empty(device.event("Boot"))
        assert System.objects.get() == system
        assert Claim.objects.filter(
            system=system, serial_number="", mac_address=mac.replace(":", "")
        ).exists()

    def test_a_second_claimant_of_a_system_admitted_by_rule_opens_a_ticket(self, systems: Systems) -> None:
        device = systems.device()
        system = systems.pre_registered(device, serial_number="")
        thief = Device(device.server, serial="", mac=device.mac, source="127.3.9.9")
        assert thief.event("Boot").orders.path_secret
        assert thief.event().status == 200
        assert open_tickets(system) == set()
        assert is_empty(device.event("Boot"))
        assert open_tickets(system) == {"second claimant"}
        reason = Ticket.objects.get(kind="second claimant").reason
        assert device.source in reason
        assert thief.source in reason

    def test_so_does_one_that_was_turned_away_before(self, systems: Systems) -> None:
        device = systems.device(source="127.4.0.9")
        system = systems.pre_registered(device, network="127.3.0.0/16")
        assert is_empty(device.event("Boot"))
        assert device.event("Boot", source="127.3.0.9").orders.path_secret
        assert open_tickets(system) == {"second claimant"}

    def test_one_that_disagrees_is_another_box(self, systems: Systems) -> None:
        device = systems.device()
        system = systems.pre_registered(device)
        for serial, mac in ((device.serial, "02:00:00:00:00:77"), ("FTT29997777", device.mac)):
            fake = Device(device.server, serial=serial, mac=mac)
            assert is_empty(fake.event("Boot"))
        system.refresh_from_db()
        assert system.state == "pre_registered"
        assert System.objects.filter(state="pending").count() == 2
        assert device.event("Boot").orders.path_secret

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
