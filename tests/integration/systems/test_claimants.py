"""Where the secret goes of a system that a person admits: to the address that was seen, or to none (rule R4)."""

from datetime import timedelta

import pytest
from tests.integration.systems.test_admission import NOW, waiting

from roomkeeper.systems import admission
from roomkeeper.systems.admission import AdmissionRefused, SourceUnclear
from roomkeeper.systems.models import Claim, Contact, State


def claimed(system, source, at=NOW, serial="", mac=""):
    return Claim.objects.create(
        system=system,
        service="events",
        reason="says",
        source_address=source,
        serial_number=serial,
        mac_address=mac,
        first_at=at,
        last_at=at,
    )


@pytest.mark.parametrize("act", [admission.approve, admission.readmit])
class TestWhereTheSecretGoes:
    def test_where_all_posts_of_a_day_came_from(self, oslo, act):
        system = waiting(oslo)
        claimed(system, "192.0.2.66", at=NOW - timedelta(hours=24, seconds=1))
        assert act(system, user=None, now=NOW).secrets.get().bound_source == "10.1.2.3"

    def test_nowhere_while_several_claim_to_be_it_and_all_are_named(self, oslo, act):
        system = waiting(oslo)
        claimed(system, "192.0.2.66", at=NOW - timedelta(hours=23))
        with pytest.raises(SourceUnclear, match=r"10\.1\.2\.3 and 192\.0\.2\.66 posted as") as refusal:
            act(system, user=None, now=NOW)
        assert refusal.value.addresses == ["10.1.2.3", "192.0.2.66"]
        system.refresh_from_db()
        assert (system.state, system.secrets.count()) == (State.PENDING, 0)

    def test_to_the_address_that_a_person_chose(self, oslo, act):
        system = waiting(oslo)
        claimed(system, "192.0.2.66")
        act(system, user=None, now=NOW, source="::ffff:192.0.2.66")
        assert system.secrets.get().bound_source == "192.0.2.66"

    def test_nowhere_where_nobody_posted_lately(self, oslo, act):
        system = waiting(oslo)
        Contact.objects.filter(system=system).update(last_seen_at=NOW - timedelta(hours=25))
        with pytest.raises(SourceUnclear, match="Nobody posted") as refusal:
            act(system, user=None, now=NOW)
        assert refusal.value.addresses == []

    def test_not_to_what_is_no_address(self, oslo, act):
        with pytest.raises(AdmissionRefused, match="not an IP address"):
            act(waiting(oslo), user=None, now=NOW, source="den.example")
