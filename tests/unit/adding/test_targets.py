"""From typed text to targets: every way to write addresses, and what is refused with which words."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.adding.targets import MOST, AddingTarget, NotUnderstood, TooMany, parse_host, parse_targets


def hosts(text: str) -> list[str]:
    found = parse_targets(text)
    assert not found.problems, found.problems
    return [target.host for target in found.targets]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("10.1.2.3", ["10.1.2.3"]),
        (" 10.1.2.3,10.1.2.4;10.1.2.5\n10.1.2.6\t10.1.2.7 ", [f"10.1.2.{n}" for n in range(3, 8)]),
        ("Codec-1.Example.ORG.", ["codec-1.example.org"]),
        ("localhost", ["localhost"]),
        ("127.0.0.1", ["127.0.0.1"]),
        ("10.1.2.3-10.1.2.5", ["10.1.2.3", "10.1.2.4", "10.1.2.5"]),
        ("10.1.2.3-5", ["10.1.2.3", "10.1.2.4", "10.1.2.5"]),
        ("10.1.2.3 - 10.1.2.4", ["10.1.2.3", "10.1.2.4"]),
        ("10.1.2.3 – 4", ["10.1.2.3", "10.1.2.4"]),
        ("10.1.2.254-3.1", ["10.1.2.254", "10.1.2.255", "10.1.3.0", "10.1.3.1"]),
        ("10.1.2.3-3", ["10.1.2.3"]),
        ("10.1.2.0/30", ["10.1.2.1", "10.1.2.2"]),
        ("10.1.2.76/30", ["10.1.2.77", "10.1.2.78"]),
        ("10.1.2.0/31", ["10.1.2.0", "10.1.2.1"]),
        ("10.1.2.9/32", ["10.1.2.9"]),
        ("2001:DB8::1", ["2001:db8::1"]),
        ("[2001:db8::1]", ["2001:db8::1"]),
        ("2001:db8::1-3", ["2001:db8::1", "2001:db8::2", "2001:db8::3"]),
        ("2001:db8::fffe-2001:db8::1:0", ["2001:db8::fffe", "2001:db8::ffff", "2001:db8::1:0"]),
        ("2001:db8::/126", ["2001:db8::1", "2001:db8::2", "2001:db8::3"]),
        ("::ffff:10.1.2.3", ["10.1.2.3"]),
        ("10.1.2.3 10.1.2.3 10.1.2.2-4", ["10.1.2.3", "10.1.2.2", "10.1.2.4"]),
        ("", []),
        (" ,;\n", []),
    ],
)
def test_ways_to_write_addresses(text: str, wanted: list[str]) -> None:
    assert hosts(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("codec.example.org:8443", AddingTarget("codec.example.org", https_port=8443)),
        ("10.1.2.3:8443", AddingTarget("10.1.2.3", https_port=8443)),
        ("[2001:db8::1]:8443", AddingTarget("2001:db8::1", https_port=8443)),
        ("10.1.2.3:80", AddingTarget("10.1.2.3", http_port=80)),
        ("https://10.1.2.3:8443/web/signin", AddingTarget("10.1.2.3", https_port=8443)),
        ("http://10.1.2.3:8080", AddingTarget("10.1.2.3", http_port=8080)),
        ("https://[2001:db8::1]/", AddingTarget("2001:db8::1")),
    ],
)
def test_ports(text: str, wanted: AddingTarget) -> None:
    assert parse_targets(text).targets == (wanted,)
    assert parse_targets(str(wanted)).targets[0].host == wanted.host


def test_one_address_behind_two_ports_is_two_targets() -> None:
    assert len(parse_targets("192.0.2.1:8443 192.0.2.1:9443 192.0.2.1:8443").targets) == 2


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("10.1.2.999", "each of its four numbers must be from 0 to 255"),
        ("10.1.2", "it needs four numbers"),
        ("-codec", "not an IP address and not a host name"),
        ("codec!", "not an IP address and not a host name"),
        ("10.1.2.3/33", "not a network"),
        ("codec/24", "not a network"),
        ("10.1.2.77/30", "Enter 10.1.2.76/30 for the network, or 10.1.2.77 for the address alone"),
        ("2001:db8::5/64", "Enter 2001:db8::/64 for the network"),
        ("10.1.2.9-3", "ends before it begins"),
        ("10.1.2.3-codec", "not a range"),
        ("10.1.2.3-2001:db8::1", "not a range"),
        ("10.1.2.3:0", "not a number from 1 to 65535"),
        ("10.1.2.3:99999", "not a number from 1 to 65535"),
        ("10.1.2.3:x", "not a number from 1 to 65535"),
        ("[2001:db8::1", "not an address such as"),
        ("224.0.0.5", "a multicast address"),
        ("ff02::1", "a multicast address"),
        ("0.0.0.0", "the address of no device"),
        ("::", "the address of no device"),
        ("255.255.255.255", "the broadcast address"),
        ("240.0.0.1", "a reserved address"),
        ("224.0.0.0/30", "a multicast address"),
        ("ftp://10.1.2.3", "not a device's address"),
        ("https://admin:secret@10.1.2.3", "not a device's address"),
        ("a" * 400, "too long"),
    ],
)
def test_what_cannot_be_is_told_and_the_rest_is_kept(word: str, said: str) -> None:
    found = parse_targets(f"10.9.9.9\n{word}\n10.9.9.8")
    assert [target.host for target in found.targets] == ["10.9.9.9", "10.9.9.8"]
    (problem,) = found.problems
    assert problem.line == 2
    assert said in problem.sentence
    assert "secret" not in problem.sentence + problem.text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10.0.0.0/8", 16_777_214),
        ("10.0.0.0/20 10.1.0.0", 4095),
        ("2001:db8::/64", 2**64 - 1),
        ("10.0.0.1-10.0.16.1", 4097),
    ],
)
def test_too_many_are_refused_with_their_number_and_not_written_out(text: str, number: int) -> None:
    if number <= MOST:
        assert len(parse_targets(text).targets) == number
        return
    with pytest.raises(TooMany, match=f"{number:,} addresses") as refused:
        parse_targets(text)
    assert refused.value.number == number


def test_range_is_told_from_a_list() -> None:
    assert parse_targets("10.1.2.3-4").is_range
    assert parse_targets("10.1.2.0/24").is_range
    assert not parse_targets("10.1.2.3 10.1.2.4 10.1.2.5/32 10.1.2.6-6").is_range


def test_lines_are_counted() -> None:
    found = parse_targets("10.1.2.3\n\n10.1.2.4-5, codec")
    assert [target.line for target in found.targets] == [1, 3, 3, 3]


@pytest.mark.parametrize("word", ["10.1.2.3-4", "10.1.2.0/24"])
def test_single_address_is_asked_for(word: str) -> None:
    with pytest.raises(NotUnderstood, match="more than one address"):
        parse_host(word)


@given(st.text(max_size=200))
def test_any_text_gives_targets_or_sentences(text: str) -> None:
    try:
        found = parse_targets(text)
    except TooMany:
        return
    assert len(found.targets) <= MOST
    assert all(target.host for target in found.targets)
    assert all(problem.sentence for problem in found.problems)
    assert len({(t.host, t.http_port, t.https_port) for t in found.targets}) == len(found.targets)


@given(st.integers(2**24, 2**31), st.integers(0, 500))
def test_range_holds_every_address_from_first_to_last(first: int, more: int) -> None:
    start, end = ipaddress.IPv4Address(first), ipaddress.IPv4Address(first + more)
    assert hosts(f"{start}-{end}") == [str(start + step) for step in range(more + 1)]


@given(st.integers(2**24, 2**31), st.integers(21, 32))
def test_network_holds_its_hosts(number: int, length: int) -> None:
    network = ipaddress.ip_network((number, length), strict=False)
    assert hosts(str(network)) == [str(address) for address in network.hosts()]


@given(st.ip_addresses(), st.integers(1, 65_535))
def test_what_is_written_is_read_again(address: object, port: int) -> None:
    try:
        target = parse_host(f"[{address}]:{port}")
    except NotUnderstood:
        return
    assert parse_host(str(target)) == target
