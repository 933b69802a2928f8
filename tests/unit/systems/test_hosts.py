"""One host, one spelling, whoever writes it where; and what is refused is told with what to enter."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.adding import targets
from roomkeeper.bulk_editing.values import NotUsable, read_value
from roomkeeper.systems.inventory.hosts import HostRefused, parse_host
from roomkeeper.systems.inventory.records import AddressRefused, usable_address


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("", ""),
        ("  ", ""),
        (" 10.1.2.3\t", "10.1.2.3"),
        ("10.1.2.3.", "10.1.2.3"),
        ("[10.1.2.3]", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("[2001:DB8:0::0001]", "2001:db8::1"),
        (" [ 2001:db8::1 ] ", "2001:db8::1"),
        ("Codec-1.Example.ORG.", "codec-1.example.org"),
        ("[codec]", "codec"),
        ("room_4", "room_4"),
        ("Saal.Köln.example", "saal.xn--kln-sna.example"),
        ("１０.1.2.3", "10.1.2.3"),
        ("codec\u200b.example.org\ufeff", "codec.example.org"),
        ("\u00a0codec\u00a0", "codec"),
        ("127.0.0.1", "127.0.0.1"),
        ("1.codec", "1.codec"),
    ],
)
def test_ways_to_write_one_host(typed: str, stored: str) -> None:
    assert parse_host(typed) == stored
    assert parse_host(stored) == stored


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("10.0.0.256", "from 0 to 255"),
        ("999.1.1.1", "from 0 to 255"),
        ("10.0.0", "needs four numbers"),
        ("10.0.0.1.2", "needs four numbers"),
        ("3232235777", "needs four numbers"),
        ("010.1.2.3", "without leading zeros"),
        ("10.1.2.3:443", "Enter 10.1.2.3 as the host, and 443 as its HTTP or HTTPS port"),
        ("codec.example.org:8443", "Enter codec.example.org as the host, and 8443"),
        ("[2001:db8::1]:8443", "Enter 2001:db8::1 as the host, and 8443"),
        ("codec:", "has a port"),
        ("https://codec.example.org/web", "a web address"),
        ("http://10.1.2.3", "a web address"),
        ("https://admin:hunter2@codec", "a login"),
        ("admin:hunter2@codec", "a login"),
        ("10.1.2.0/24", "a path or a network"),
        ("codec/web", "a path or a network"),
        ("10.1.2.3 10.1.2.4", "contains a space"),
        ("board room", "contains a space"),
        ("codec\nboardroom", "contains a space"),
        ("codec..example.org", "two dots in a row"),
        (".codec", "two dots in a row"),
        ("codec.example..", "two dots in a row"),
        (".", "two dots in a row"),
        ("-codec", "not an IP address and not a host name"),
        ("codec-.example.org", "not an IP address and not a host name"),
        ("codec,boardroom", "not an IP address and not a host name"),
        ("codec!", "not an IP address and not a host name"),
        ("codec?x", "not an IP address and not a host name"),
        ("codec.42", "its last part is a number"),
        ("0x7f000001", "its last part is a number"),
        ("a" * 64, "too long"),
        (".".join(["abcdefgh"] * 30), "too long"),
        ("2001:db8::g", "not an IPv6 address"),
        ("fe80::1%eth0", "not an IPv6 address"),
        ("[2001:db8::1", "an unmatched bracket"),
        ("2001:db8::1]", "an unmatched bracket"),
        ("224.0.0.5", "multicast"),
        ("0.0.0.0", "no device"),
        ("::", "no device"),
        ("255.255.255.255", "broadcast"),
        ("240.0.0.1", "reserved"),
    ],
)
def test_what_is_not_a_host_is_named_with_what_to_enter(typed: str, said: str) -> None:
    with pytest.raises(HostRefused, match=r"Enter|such as|as in|Write it as|must be from|at most") as refused:
        parse_host(typed)
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)
    for road in (by_record, by_spreadsheet):
        with pytest.raises(ValueError, match=r"\S") as same:
            road(typed)
        assert str(same.value) == str(refused.value)


def by_record(text: str) -> str:
    """PATCH, the Connection tab and pre-registration."""
    try:
        return usable_address(text, None, None)
    except AddressRefused as refusal:
        raise ValueError(str(refusal)) from refusal


def by_spreadsheet(text: str) -> str:
    """Bulk editing."""
    try:
        return str(read_value("host", text))
    except NotUsable as refusal:
        raise ValueError(str(refusal)) from refusal


def by_list(text: str) -> str:
    """Adding, by a list or a CSV file; there, a port may stand behind."""
    try:
        return targets.parse_host(text).host
    except targets.NotUnderstood as refusal:
        raise ValueError(str(refusal)) from refusal


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}[A-Za-z](\.[A-Za-z]{2,8}){0,3}\.?", fullmatch=True)
ADDRESSES = st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="2001:db8::/32")
TYPED = (
    NAMES
    | ADDRESSES.map(str)
    | st.ip_addresses(network="2001:db8::/32").map(lambda address: f"[{address.exploded.upper()}]")
    | st.text(st.sampled_from("ab1.-:[]/ @0xü"), max_size=12)
)


@given(TYPED, st.sampled_from(["", " ", "\t", "\u00a0"]))
def test_every_road_stores_the_same(typed: str, blank: str) -> None:
    try:
        stored = parse_host(blank + typed + blank)
    except HostRefused:
        stored = None
    for road in (by_record, by_spreadsheet):
        try:
            assert road(typed) == stored
        except ValueError:
            assert stored is None
    if stored:
        assert stored == parse_host(stored)
        assert stored.isascii()
        assert by_list(stored) == stored
        if "-" not in typed and ":" not in typed:
            assert by_list(typed) == stored


@given(ADDRESSES)
def test_an_address_is_stored_in_its_shortest_form(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    for spelling in (address.exploded, address.exploded.upper(), f"[{address}]", str(address)):
        assert parse_host(spelling) == str(address)
