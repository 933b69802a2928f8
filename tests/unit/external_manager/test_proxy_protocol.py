"""The PROXY protocol by hand-made bytes: what proxies send, cut off, and hostile."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.external_manager.proxy_protocol import MOST, SIGNATURE, NotProxied, ProxyHeader, decode


def binary(
    source: str = "192.0.2.7",
    port: int = 51_000,
    *,
    command: int = 0x21,
    family: int | None = None,
    extensions: bytes = b"",
) -> bytes:
    one, other = (
        ipaddress.ip_address(source),
        ipaddress.ip_address("198.51.100.1" if "." in source else "2001:db8::1"),
    )
    addresses = one.packed + other.packed + port.to_bytes(2, "big") + (443).to_bytes(2, "big")
    kind = family if family is not None else (0x11 if one.version == 4 else 0x21)
    rest = addresses + extensions
    return SIGNATURE + bytes([command, kind]) + len(rest).to_bytes(2, "big") + rest


TLS = b"\x20\x00\x05\x01\x00\x00\x00\x00"
NO_TLS = b"\x20\x00\x05\x00\x00\x00\x00\x00"
NOTHING = b"\x04\x00\x03abc"

GOOD = [
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\r\n", "192.0.2.7", 51_000, False),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 51000 443\r\n", "2001:db8::7", 51_000, False),
    (b"PROXY UNKNOWN\r\n", "", 0, False),
    (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "", 0, False),
    (binary(), "192.0.2.7", 51_000, False),
    (binary("2001:db8::7"), "2001:db8::7", 51_000, False),
    (binary(extensions=NOTHING + TLS), "192.0.2.7", 51_000, True),
    (binary(extensions=NO_TLS), "192.0.2.7", 51_000, False),
    (binary(command=0x20), "", 0, False),
    (binary(family=0x00), "", 0, False),
    (binary(family=0x12), "", 0, False),
]


@pytest.mark.parametrize(("data", "address", "port", "is_tls"), GOOD)
def test_what_proxies_send(data, address, port, is_tls):
    assert decode(data + b"GET / HTTP/1.1\r\n") == ProxyHeader(address, port, is_tls, len(data))
    for cut in range(len(data)):
        assert decode(data[:cut]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01",
        b"proxy TCP4 192.0.2.7 198.51.100.1 51000 443\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 51000\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 51000 443\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 510000 443\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 -1 443\r\n",
        b"PROXY TCP4 192.0.2.7  198.51.100.1 51000 443\r\n",
        b"PROXY TCP4 evil 198.51.100.1 51000 443\r\n",
        b"PROXY UDP4 192.0.2.7 198.51.100.1 51000 443\r\n",
        b"PROXY TCP4 " + b"1" * 200,
        binary(command=0x11),
        binary(command=0x22),
        SIGNATURE + b"\x21\x11\xff\xff",
        SIGNATURE + b"\x21\x11\x00\x04" + b"\x01\x02\x03\x04",
        binary(extensions=b"\x20\x00\xff\x01"),
    ],
)
def test_what_is_no_header_is_refused(data):
    with pytest.raises(NotProxied):
        decode(data)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"PROXY ", SIGNATURE, SIGNATURE + b"\x21\x11", SIGNATURE + b"\x21\x21\x00\x24"]),
)
def test_any_bytes_give_a_header_a_wait_or_a_refusal(data, beginning):
    try:
        found = decode(beginning + data)
    except NotProxied:
        return
    if found is None:
        assert len(beginning + data) < MOST
    else:
        assert 0 < found.size <= len(beginning + data)
