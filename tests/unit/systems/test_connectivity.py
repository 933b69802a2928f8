"""Rule R1, row by row."""

import pytest

from roomkeeper.systems.contact.connectivity import (
    Comparison,
    ConnectivityStep,
    HostMatch,
    ProbeResult,
    compare,
    decide,
    match_host,
    next_step,
    reported_of,
)
from roomkeeper.systems.models import Connectivity, NetworkSettings

LAN, PUBLIC = Connectivity.REACHABLE_ON_LAN, Connectivity.REACHABLE_ON_PUBLIC_INTERNET
BEHIND, INACCESSIBLE, UNSET = Connectivity.BEHIND_FIREWALL, Connectivity.INACCESSIBLE, Connectivity.UNDECIDED
EQUAL, DIFFERENT, UNDECIDED = Comparison.EQUAL, Comparison.DIFFERENT, Comparison.UNDECIDED


@pytest.mark.parametrize(
    ("reported", "source", "expected"),
    [
        ("192.0.2.1", "192.0.2.1", EQUAL),
        ("192.0.2.1", "192.0.2.2", DIFFERENT),
        ("192.0.2.1", "::ffff:192.0.2.1", EQUAL),
        ("2001:db8::1", "2001:DB8:0::1", EQUAL),
        ("2001:db8::1", "192.0.2.1", DIFFERENT),
        ("", "192.0.2.1", UNDECIDED),
        ("not an address", "192.0.2.1", UNDECIDED),
    ],
)
def test_addresses_are_compared_after_unmapping(reported, source, expected):
    assert compare(reported, source) is expected


@pytest.mark.parametrize(
    ("address", "address_v6", "source", "expected"),
    [
        ("192.0.2.1", "", "2001:db8::1", "192.0.2.1"),
        ("192.0.2.1", "2001:db8::1", "192.0.2.9", "192.0.2.1"),
        ("192.0.2.1", "2001:DB8::1", "2001:db8::1", "2001:DB8::1"),
        ("192.0.2.1", "fe80::1", "2001:db8::1", "fe80::1"),
        ("", "2001:db8::1", "192.0.2.1", "2001:db8::1"),
        ("192.0.2.1", "none", "2001:db8::1", "192.0.2.1"),
        ("", "none", "2001:db8::1", ""),
        ("192.0.2.1", "2001:db8::1", "", "192.0.2.1"),
    ],
)
def test_of_two_reported_addresses_the_one_that_fits_counts(address, address_v6, source, expected):
    assert reported_of(address, address_v6, source) == expected


@pytest.mark.parametrize(
    ("comparison", "state", "expected"),
    [
        (EQUAL, LAN, ConnectivityStep.KEEP),
        (EQUAL, PUBLIC, ConnectivityStep.KEEP),
        (EQUAL, UNSET, ConnectivityStep.PROBE),
        (EQUAL, INACCESSIBLE, ConnectivityStep.PROBE),
        (EQUAL, BEHIND, ConnectivityStep.PROBE),
        *[(DIFFERENT, state, ConnectivityStep.PROBE) for state in Connectivity],
        *[(UNDECIDED, state, ConnectivityStep.NOTHING) for state in Connectivity],
    ],
)
def test_first_table_of_r1(comparison, state, expected):
    assert next_step(state, comparison, policy_is_on=True) is expected
    assert next_step(state, comparison, policy_is_on=False) is ConnectivityStep.NOTHING


@pytest.mark.parametrize("was_proven", [True, False])
@pytest.mark.parametrize(
    ("comparison", "host", "expected"),
    [
        (EQUAL, HostMatch.INTERNAL, LAN),
        (EQUAL, HostMatch.PUBLIC, LAN),
        (EQUAL, HostMatch.NEITHER, LAN),
        (DIFFERENT, HostMatch.INTERNAL, LAN),
        (DIFFERENT, HostMatch.PUBLIC, PUBLIC),
        (DIFFERENT, HostMatch.NEITHER, None),
    ],
)
def test_itself_leads_to_lan_or_public_by_the_address_it_used(comparison, host, expected, was_proven):
    decision = decide(comparison, ProbeResult.ITSELF, host, was_proven=was_proven)
    assert decision.new == expected
    assert not decision.is_unproven
    assert decision.asks_attention is (expected is None)


@pytest.mark.parametrize(
    ("comparison", "host", "expected"),
    [
        (EQUAL, HostMatch.NEITHER, LAN),
        (DIFFERENT, HostMatch.INTERNAL, LAN),
        (DIFFERENT, HostMatch.PUBLIC, PUBLIC),
        (DIFFERENT, HostMatch.NEITHER, None),
    ],
)
def test_unproven_counts_only_for_a_system_that_was_never_proven(comparison, host, expected):
    decision = decide(comparison, ProbeResult.UNPROVEN, host, was_proven=False)
    assert decision.new == expected
    assert decision.is_unproven
    kept = decide(comparison, ProbeResult.UNPROVEN, host, was_proven=True)
    assert kept.new is None
    assert kept.asks_attention


@pytest.mark.parametrize("result", [ProbeResult.OTHER, ProbeResult.SILENT])
@pytest.mark.parametrize("comparison", [EQUAL, DIFFERENT])
@pytest.mark.parametrize("host", list(HostMatch))
@pytest.mark.parametrize("was_proven", [True, False])
def test_another_device_or_silence_is_behind_firewall(result, comparison, host, was_proven):
    assert decide(comparison, result, host, was_proven=was_proven).new == BEHIND


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("tms.example.org", HostMatch.INTERNAL),
        ("TMS.Example.ORG.:8080", HostMatch.INTERNAL),
        ("10.0.0.5", HostMatch.INTERNAL),
        ("10.0.0.5:80", HostMatch.INTERNAL),
        ("[2001:db8::5]:443", HostMatch.INTERNAL),
        ("tms.example.com", HostMatch.PUBLIC),
        ("192.0.2.5:8443", HostMatch.PUBLIC),
        ("elsewhere.example.org", HostMatch.NEITHER),
        ("", HostMatch.NEITHER),
    ],
)
def test_host_matches_any_filled_address_of_a_side(host, expected):
    settings = NetworkSettings(
        internal_fqdn="tms.example.org",
        internal_ipv4="10.0.0.5",
        internal_ipv6="2001:db8::5",
        public_fqdn="tms.example.com",
        public_ipv4="192.0.2.5",
    )
    assert match_host(host, settings) is expected


def test_one_address_on_both_sides_is_internal():
    settings = NetworkSettings(internal_ipv4="10.0.0.5", public_ipv4="10.0.0.5")
    assert match_host("10.0.0.5", settings) is HostMatch.INTERNAL
