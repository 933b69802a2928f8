"""Rule R4: how a device's secret is handed over, withheld, proven, replaced and forgotten, over a real socket."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from tests.acceptance.device import Device
from tests.integration.door.conftest import DoorProcess, Systems
from tests.integration.door.test_identity import is_empty, open_tickets

from roomkeeper.accounts.models import User
from roomkeeper.systems import admission, network_settings
from roomkeeper.systems.admission import activation, secrets
from roomkeeper.systems.models import ActivationCode, Exchange, Folder, System, SystemSecret


def stages(system: System) -> set[str]:
    """The stages of the system's secrets."""
    return set(SystemSecret.objects.filter(system=system).values_list("stage", flat=True))


class TestHandingOver:
    def test_the_same_pending_secret_is_in_every_answer_until_it_is_used(self, systems: Systems) -> None:
        device, system = systems.admitted()
        for word in ("Beat", "Beat", "Boot", "Register"):
            assert device.event(word, obey=False).orders.path_secret
        assert len(set(device.handed_over)) == 1
        assert stages(system) == {"pending"}
        device.event(secret=device.handed_over[0])
        assert stages(system) == {"current"}
        assert device.event(secret=device.handed_over[0]).orders.path_secret in ("", device.handed_over[0])

    def test_it_is_long_lower_case_and_fits_into_the_path(self, systems: Systems) -> None:
        device, _ = systems.admitted()
        orders = device.event().orders
        assert len(device.secret) * 5 >= 128
        assert set(device.secret) <= set("abcdefghijklmnopqrstuvwxyz234567")
        assert len(orders.settings["Provisioning/ExternalManager/Path"]) <= 255
        assert all(len(url) <= 255 for _, url in orders.documents)
        register = orders.commands["HttpFeedback/Register"]
        assert (register["FeedbackSlot"], len(register["ServerUrl"][0]) <= 255) == (["3"], True)
        assert orders.interval == 10

    def test_it_is_stored_neither_in_the_clear_nor_as_a_plain_hash(self, systems: Systems) -> None:
        device, system = systems.proven()
        row = system.secrets.get()
        assert device.secret.encode() not in bytes(row.ciphertext) + bytes(row.digest)
        assert secrets.text_of(row) == device.secret

    def test_another_source_address_withholds_it_and_asks_a_person(
        self, systems: Systems, person: User
    ) -> None:
        device, system = systems.admitted()
        fake = Device(
            device.server, serial=device.serial, mac=device.mac, source="127.9.9.9", reported="10.9.9.9"
        )
        assert is_empty(fake.event("Boot"))
        assert open_tickets(system) == {"secret withheld"}
        # Where the admitter saw it, it still gets it; and a person may follow it to the other place.
        assert device.event(obey=False).orders.path_secret
        admission.approve(system, user=person, now=timezone.now(), source="127.9.9.9")
        assert fake.event().orders.path_secret
        assert open_tickets(system) == set()

    def test_after_24_hours_it_is_not_handed_out_any_more(
        self, door: DoorProcess, systems: Systems, person: User
    ) -> None:
        device, system = systems.admitted()
        door.clock.passed = timedelta(hours=23, minutes=59)
        assert device.event(obey=False).orders.path_secret
        door.clock.passed = timedelta(hours=24, minutes=1)
        assert is_empty(device.event(obey=False))
        assert open_tickets(system) == {"secret withheld"}
        admission.approve(system, user=person, now=door.clock())
        assert device.event().orders.path_secret != device.handed_over[0]

    def test_a_secret_that_ran_out_proves_nothing(self, door: DoorProcess, systems: Systems) -> None:
        device, system = systems.admitted()
        device.event(obey=False)
        door.clock.passed = timedelta(hours=25)
        assert is_empty(device.event(secret=device.handed_over[0], obey=False))
        assert stages(system) <= {"pending"}


class TestPlainHttp:
    def test_it_is_flagged_and_replaced_at_the_first_check_in_by_https(
        self, door: DoorProcess, systems: Systems
    ) -> None:
        device, system = systems.proven()
        old = device.secret
        assert system.secrets.get().was_sent_over_http
        device.server = door.https
        device.event()
        assert device.secret != old
        device.event()
        assert stages(system) == {"current"}
        assert not system.secrets.get().was_sent_over_http
        assert is_empty(device.event(secret=old, obey=False))

    def test_over_https_it_stays(self, door: DoorProcess, systems: Systems) -> None:
        device, system = systems.proven(server=door.https)
        for word in ("Boot", "Beat", "Beat"):
            device.event(word)
        assert len(set(device.handed_over)) == 1
        assert not system.secrets.get().was_sent_over_http

    def test_where_the_setting_forbids_it_https_is_waited_for(
        self, transactional_db: None, systems: Systems, door: DoorProcess
    ) -> None:
        network_settings.update({"secrets_may_use_http": False}, user=None, now=timezone.now())
        device, system = systems.admitted()
        assert not device.event().orders.path_secret
        assert open_tickets(system) == {"secret needs https"}
        device.server = door.https
        assert device.event().orders.path_secret
        assert device.event().status == 200
        assert open_tickets(system) == set()

    def test_a_secure_only_system_never_gets_it_by_http(self, systems: Systems, door: DoorProcess) -> None:
        device = systems.device()
        systems.pre_registered(device, is_secure_only=True)
        Folder.objects.update(has_phone_book=True)
        assert not device.event("Boot").orders.path_secret
        device.server = door.https
        orders = device.event("Boot").orders
        assert orders.path_secret
        assert orders.settings["Provisioning/ExternalManager/Protocol"] == "HTTPS"
        assert orders.settings["Phonebook/Server[1]/URL"].startswith("https://")


class TestAdmissionByAList:
    def test_it_needs_a_network_as_well_and_https_proves_nothing(
        self, door: DoorProcess, systems: Systems
    ) -> None:
        device = systems.device()
        system = systems.pre_registered(device, network="")
        assert is_empty(device.event("Boot"))
        system.refresh_from_db()
        assert system.state == "pre_registered"
        device.server = door.https
        assert is_empty(device.event("Boot"))
        system.refresh_from_db()
        assert system.state == "pre_registered"

    def test_another_network_does_not_do(self, systems: Systems) -> None:
        device = systems.device()
        systems.pre_registered(device, network="127.4.0.0/16")
        assert is_empty(device.event("Boot"))
        assert device.event("Boot", source="127.4.0.1").orders.path_secret

    @pytest.mark.parametrize("by_hand", [True, False])
    def test_unknown_ones_are_admitted_by_network_only_where_that_is_wished(
        self, systems: Systems, by_hand: bool
    ) -> None:
        network_settings.update(
            {"admission_by_hand": by_hand, "admission_networks": ["127.3.0.0/16"]},
            user=None,
            now=timezone.now(),
        )
        inside, outside = systems.device(), systems.device(source="127.4.0.1")
        assert bool(inside.event("Boot").orders.path_secret) is not by_hand
        assert is_empty(outside.event("Boot"))


class TestRotation:
    def test_both_serve_until_the_next_one_is_used(self, systems: Systems) -> None:
        device, system = systems.proven()
        old = device.secret
        secrets.rotate(system, now=timezone.now())
        for _ in range(2):
            assert device.event(secret=old, obey=False).orders.path_secret not in ("", old)
        new = device.handed_over[-1]
        assert device.document("/Status", device.status(), secret=old).status == 200
        assert system.documents.exists()
        assert stages(system) == {"current", "next"}
        assert not is_empty(device.event("Boot", secret=new))
        assert stages(system) == {"current"}
        assert is_empty(device.event("Boot", secret=old, obey=False))
        assert not is_empty(device.event("Boot", secret=new))

    def test_without_a_proven_secret_there_is_nothing_to_rotate(self, systems: Systems) -> None:
        _, system = systems.admitted()
        with pytest.raises(secrets.RotationRefused):
            secrets.rotate(system, now=timezone.now())


class TestAdmittingAgain:
    def test_after_a_factory_reset_a_person_admits_it_again(self, systems: Systems, person: User) -> None:
        device, system = systems.proven()
        old, device.secret = device.secret, ""
        assert is_empty(device.event("Boot"))
        admission.readmit(system, user=person, now=timezone.now())
        assert device.event("Boot").orders.path_secret not in ("", old)
        assert device.event().status == 200
        assert stages(system) == {"current"}
        assert is_empty(device.event("Boot", secret=old, obey=False))
        assert System.objects.count() == 1

    def test_after_a_block_too(self, systems: Systems, person: User) -> None:
        device = systems.blocked()
        system = System.objects.get(serial_number=device.serial)
        assert device.event("Boot").status == 403
        admission.readmit(system, user=person, now=timezone.now())
        device.secret = ""
        assert device.event("Boot").orders.path_secret
        assert not is_empty(device.event("Boot"))


class TestActivationCodes:
    """A one-time code in the address admits one pre-registered system, from anywhere (rule R4)."""

    def awaited(self, systems: Systems, device: Device, **values: str) -> tuple[System, str]:
        system = systems.pre_registered(device, **{"network": "", **values})
        return system, activation.make_code(system, user=None, now=timezone.now())[1]

    def test_it_admits_its_system_once(self, systems: Systems) -> None:
        device = systems.device(source="127.4.0.9")
        system, code = self.awaited(systems, device)
        assert is_empty(device.event("Boot"))
        assert is_empty(device.event("Boot", secret="a" * 16, obey=False))
        assert device.event("Boot", secret=code.upper()).orders.path_secret
        assert device.event().status == 200
        system.refresh_from_db()
        assert (system.state, system.secrets.get().stage) == ("managed", "current")
        assert system.activation_code.used_source == device.source
        # Used up: whoever reads it off the device's menu later gets nothing.
        assert is_empty(device.event("Boot", secret=code, obey=False))
        assert not Exchange.objects.filter(request__contains=code.encode()).exists()

    def test_it_admits_nobody_else(self, systems: Systems) -> None:
        device = systems.device()
        system, code = self.awaited(systems, device)
        known, _ = systems.proven()
        for serial, mac in ((device.serial, ""), ("", device.mac), ("FTT2999", device.mac),
                            (known.serial, known.mac), ("", "")):  # fmt: skip
            thief = Device(device.server, serial=serial, mac=mac, source="127.4.0.9")
            assert is_empty(thief.event("Boot", secret=code, obey=False))
        system.refresh_from_db()
        assert system.state == "pre_registered"
        assert device.event("Boot", secret=code).orders.path_secret

    def test_one_that_ran_out_or_was_made_anew_admits_nobody(self, systems: Systems) -> None:
        device = systems.device()
        system, code = self.awaited(systems, device)
        system.refresh_from_db()
        newer = activation.make_code(system, user=None, now=timezone.now())[1]
        assert is_empty(device.event("Boot", secret=code, obey=False))
        ActivationCode.objects.update(expires_at=timezone.now())
        assert is_empty(device.event("Boot", secret=newer, obey=False))

    def test_a_system_known_by_its_address_alone_shows_itself_by_the_code(self, systems: Systems) -> None:
        device = systems.device()
        system, code = self.awaited(
            systems, device, serial_number="", mac_address="", hint_address="192.0.2.77"
        )
        assert device.event("Boot", secret=code).orders.path_secret
        assert device.event().status == 200
        system.refresh_from_db()
        assert (system.serial_number, system.secrets.get().stage) == (device.serial, "current")

    def test_guesses_pay_the_rate_of_the_unproven(self, open_door: Any, person: User) -> None:
        door = open_door(unproven_rate=1, unproven_burst=5)
        device = Systems(door, person).device()
        statuses = [device.event("Boot", secret=f"{n:016d}", obey=False).status for n in range(8)]
        assert statuses.count(429) >= 2
