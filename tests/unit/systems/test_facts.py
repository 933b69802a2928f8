"""Which values of a status are facts, and which changes are worth a row."""

import os
from pathlib import Path

import pytest

from roomkeeper.protocols.xapi.status import decode_status
from roomkeeper.systems.documents import facts

CAPTURES = Path(__file__).resolve().parents[4] / "shared" / "captures"


def test_facts_of_real_devices_are_few_and_telling():
    if not CAPTURES.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the captures of real devices are missing")
        pytest.skip("no captures of real devices beside this checkout")
    for folder in ("roomkit_ce10.9.1", "sx10_ce9.6.1"):
        values = decode_status((CAPTURES / folder / "status.xml").read_bytes()).values
        found = facts.read_facts(values)
        assert found["SystemUnit/ProductId"].startswith("Cisco")
        assert "SystemUnit/Software/Version" in found
        assert 10 < len(found) < 100
        assert not facts.is_in_call(values)


def test_a_change_of_uptime_or_temperature_tells_nobody_anything():
    old = {"SystemUnit/Uptime": "1", "Standby/State": "Off", "SystemUnit/Hardware/Temperature": "40"}
    new = {"SystemUnit/Uptime": "9", "Standby/State": "Standby", "SystemUnit/Hardware/Temperature": "41"}
    assert facts.changed_facts(old, new) == [("Standby/State", "Off", "Standby")]


def test_a_fact_that_goes_is_a_change():
    assert facts.changed_facts({"Standby/State": "Off"}, {}) == [("Standby/State", "Off", "")]


def test_calls_are_seen_by_count_and_by_node():
    assert facts.is_in_call({"SystemUnit/State/NumberOfActiveCalls": "1"})
    assert facts.is_in_call({"Call[8]/Status": "Connected"})
    assert not facts.is_in_call({"Call[8]/Status": "Idle", "SystemUnit/State/NumberOfActiveCalls": "0"})


def test_a_hostile_status_cannot_make_endless_facts():
    values = {f"Diagnostics/Message[{number}]/Type": "x" for number in range(5000)}
    assert len(facts.read_facts(values)) == facts.FACT_LIMIT
