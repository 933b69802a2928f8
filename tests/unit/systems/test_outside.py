"""Where the world outside finds this server, row by row: what a system is told, and what nobody is ever told."""

import pytest

from roomkeeper.systems.models import NetworkSettings
from roomkeeper.systems.network_settings.outside import (
    Place,
    address,
    is_for_this_machine_alone,
    told_hosts,
)

DIRECT = Place(("0.0.0.0:8080",), ("0.0.0.0:8443",), False)
PAIR = Place(("10.0.0.5:80", "192.0.2.5:8080"), ("10.0.0.5:443", "192.0.2.5:8443"), False)
HIDDEN = Place(("127.0.0.1:8080",), (), True)
OPEN_PROXIED = Place(("0.0.0.0:8080",), ("0.0.0.0:8443",), True)
ALONE = Place(("127.0.0.1:8080", "127.0.0.2:8081"), ("127.0.0.1:8443",), False)
PLAIN = Place(("10.0.0.5:80",), (), False)

GUESSED = {"internal_ipv4": "127.0.0.1"}
NAMED = {"internal_fqdn": "rooms.example.org", "internal_ipv4": "10.0.0.5"}
LAN, HERE = "10.7.7.7", "127.1.0.9"


def told(place, fields, *, scheme="http", used="", by="", source="", side="internal"):
    found = address(
        NetworkSettings(**fields),
        place,
        side=side,
        scheme=scheme,
        used_host=used,
        used_scheme=by,
        source=source,
    )
    return found.authority


@pytest.mark.parametrize(
    ("place", "fields", "post", "expected"),
    [
        # What was guessed from a listener behind the proxy is told to nobody; what the system used is kept.
        (HIDDEN, GUESSED, {"used": "rooms.example.org", "by": "http", "source": LAN}, "rooms.example.org"),
        (HIDDEN, GUESSED, {"used": "rooms.example.org:8081", "by": "http", "source": LAN}, "rooms.example.org:8081"),
        (HIDDEN, {}, {"used": "10.0.0.5", "by": "https", "source": LAN, "scheme": "https"}, "10.0.0.5"),
        (HIDDEN, GUESSED, {"used": "127.4.0.1:20080", "by": "http", "source": HERE}, "127.4.0.1:20080"),
        (ALONE, GUESSED, {"used": "10.0.0.5:81", "by": "http", "source": LAN}, "10.0.0.5:81"),
        # A Host that the proxy made up is no address of ours, nor is the port in it.
        (HIDDEN, {}, {"used": "127.0.0.1:8080", "by": "http", "source": LAN}, ""),
        (HIDDEN, GUESSED, {"used": "localhost:8080", "by": "http", "source": LAN}, ""),
        (HIDDEN, NAMED, {"used": "127.0.0.1:8080", "by": "http", "source": LAN}, "rooms.example.org"),
        (DIRECT, {}, {"used": "0.0.0.0:8080", "by": "http", "source": LAN}, ""),
        (DIRECT, {"internal_ipv6": "::"}, {"used": "[::1]", "by": "http", "source": "2001:db8::7"}, ""),
        # A system that never posted is told where it is listened on, behind a proxy the usual ports.
        (DIRECT, NAMED, {}, "rooms.example.org:8080"),
        (DIRECT, {}, {"used": "10.0.0.5", "source": LAN}, "10.0.0.5:8080"),
        (DIRECT, {}, {"used": "10.0.0.5", "source": LAN, "scheme": "https"}, "10.0.0.5:8443"),
        (PAIR, {"internal_ipv4": "192.0.2.5"}, {"source": LAN}, "192.0.2.5:8080"),
        (PAIR, {"internal_ipv4": "10.0.0.5"}, {"source": LAN}, "10.0.0.5"),
        (HIDDEN, NAMED, {"source": LAN}, "rooms.example.org"),
        (OPEN_PROXIED, NAMED, {"source": LAN, "scheme": "https"}, "rooms.example.org"),
        (OPEN_PROXIED, {}, {"used": "10.0.0.5", "source": LAN}, "10.0.0.5"),
        # Only loopback is listened on: a name that a person set is told, a guess of ours is not.
        (ALONE, NAMED, {"source": LAN}, "rooms.example.org"),
        (ALONE, {}, {"used": "10.0.0.5", "source": LAN}, ""),
        (ALONE, GUESSED, {"used": "10.0.0.5", "source": LAN}, ""),
        # Nobody listens by that scheme.
        (PLAIN, NAMED, {"source": LAN, "scheme": "https"}, ""),
        (PLAIN, {}, {"used": "10.0.0.5", "by": "http", "source": LAN, "scheme": "https"}, ""),
        # A fleet on this machine is told loopback addresses, with the port of that listener.
        (ALONE, GUESSED, {"used": "127.0.0.1", "source": HERE}, "127.0.0.1:8080"),
        (ALONE, {"internal_ipv4": "127.0.0.2"}, {"used": "127.0.0.1", "source": HERE}, "127.0.0.2:8081"),
        (ALONE, GUESSED, {"used": "127.0.0.1", "source": HERE, "scheme": "https"}, "127.0.0.1:8443"),
        (ALONE, {}, {"used": "127.0.0.1:8080", "by": "http", "source": HERE}, "127.0.0.1:8080"),
        (HIDDEN, {"internal_ipv4": "127.4.0.1"}, {"source": HERE}, "127.4.0.1"),
        (ALONE, GUESSED, {"used": "[::1]:8080", "by": "http", "source": "::1"}, "127.0.0.1:8080"),
    ],
)  # fmt: skip
def test_nobody_is_told_an_address_on_which_nobody_listens(place, fields, post, expected):
    assert told(place, fields, **post) == expected


FAR = {"public_fqdn": "far.example.org"}
OUTSIDE = {
    "outside_internal_host": "proxy.example.org", "outside_internal_http_port": 8000,
    "outside_internal_https_port": 8001, "outside_public_https_port": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("place", "fields", "post", "expected"),
    [
        (HIDDEN, OUTSIDE, {"used": "10.0.0.5:81", "by": "http", "source": LAN}, "proxy.example.org:8000"),
        (HIDDEN, {**NAMED, **OUTSIDE}, {"source": LAN, "scheme": "https"}, "proxy.example.org:8001"),
        (DIRECT, {"outside_internal_http_port": 80}, {"used": "10.0.0.5", "source": LAN}, "10.0.0.5"),
        (ALONE, OUTSIDE, {"source": LAN}, "proxy.example.org:8000"),
        (DIRECT, OUTSIDE | FAR, {"side": "public", "source": LAN}, "far.example.org:8080"),
        (DIRECT, OUTSIDE | FAR, {"side": "public", "scheme": "https"}, ""),
        # One on loopback is for this machine alone, whoever set it.
        (HIDDEN, {"outside_internal_host": "127.0.0.1"}, {"source": HERE}, "127.0.0.1"),
        (HIDDEN, {"outside_internal_host": "127.0.0.1"}, {"source": LAN, "used": "10.0.0.5", "by": "http"}, "10.0.0.5"),
    ],
)  # fmt: skip
def test_the_outside_address_of_network_settings_wins(place, fields, post, expected):
    assert told(place, fields, **post) == expected


@pytest.mark.parametrize("place", [DIRECT, HIDDEN, ALONE, OPEN_PROXIED])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0", "::", "127.9.9.9", "::ffff:127.0.0.1"])
def test_such_an_address_is_never_suggested(place, host):
    field = "internal_ipv6" if ":" in host else "internal_ipv4"
    assert told_hosts(NetworkSettings(**{field: host}), place, "internal") == []
    assert told(place, {field: host}) == ""


@pytest.mark.parametrize(
    ("http", "is_proxied", "fields", "is_alone"),
    [
        (("127.0.0.1:8080", "[::1]:8443", "localhost:80", "127.8.8.8:80"), False, {}, True),
        ((), False, {}, True),
        (("127.0.0.1:8080", "0.0.0.0:8443"), False, {}, False),
        (("10.0.0.5:80",), False, {}, False),
        ((":8080",), False, {}, False),
        # A proxy is trusted, or a person said by which host others find it: somebody hands calls on.
        (("127.0.0.1:8080",), True, {}, False),
        (("127.0.0.1:8080",), False, {"outside_public_host": "rooms.example.org"}, False),
        (("127.0.0.1:8080",), False, {"outside_internal_host": "127.0.0.1"}, True),
        # An address that was suggested or typed for another time says nothing of who hands on.
        (("127.0.0.1:8080",), False, {"internal_ipv4": "10.0.0.5"}, True),
    ],
)
def test_who_reaches_it(http, is_proxied, fields, is_alone):
    assert is_for_this_machine_alone(NetworkSettings(**fields), Place(http, (), is_proxied)) is is_alone
