"""The header Forwarded (RFC 7239), well formed and hostile."""

import pytest

from roomkeeper.external_manager.proxies import read_forwarded, resolve
from roomkeeper.systems.addresses import parse_networks

TRUSTED = parse_networks(["10.0.0.0/8"])


@pytest.mark.parametrize(
    ("header", "hops"),
    [
        ("for=192.0.2.7", [{"for": "192.0.2.7"}]),
        (
            'For="[2001:db8::7]:4711"; Proto=HTTPS;host="a:80"',
            [{"for": "[2001:db8::7]:4711", "proto": "HTTPS", "host": "a:80"}],
        ),
        ("for=192.0.2.7, for=10.0.0.1", [{"for": "192.0.2.7"}, {"for": "10.0.0.1"}]),
        ('for="a\\"b,c"', [{"for": 'a"b,c'}]),
        ("", []),
        ("for", []),
        ('for="192.0.2.7', []),
        ("for=1;for=2", []),
        ("for=1,", []),
        ("for=1 2", []),
        ("for=" + "1" * 5_000, []),
    ],
)  # fmt: skip
def test_its_hops(header, hops):
    assert read_forwarded(header.encode("latin-1")) == hops


@pytest.mark.parametrize(
    ("headers", "client", "scheme"),
    [
        (["for=192.0.2.7;proto=https"], "192.0.2.7", "https"),
        (["for=203.0.113.9, for=192.0.2.7"], "192.0.2.7", "http"),
        (["for=203.0.113.9", "for=192.0.2.7, for=10.0.0.2"], "192.0.2.7", "http"),
        (['for="[2001:db8::7]:1"'], "2001:db8::7", "http"),
        (["for=203.0.113.9, for=_hidden"], "10.0.0.1", "http"),
        (["for=203.0.113.9, for=unknown"], "10.0.0.1", "http"),
        (["for=192.0.2.7;proto=gopher"], "192.0.2.7", "http"),
    ],
)
def test_whom_it_names(headers, client, scheme):
    told = [(b"forwarded", text.encode()) for text in headers]
    scope = {
        "client": ("10.0.0.1", 5),
        "scheme": "http",
        "headers": [*told, (b"x-forwarded-for", b"198.51.100.1")],
    }
    resolved = resolve(scope, TRUSTED, "forwarded")
    assert (resolved["client"][0], resolved["scheme"]) == (client, scheme)
    assert resolve({**scope, "client": ("192.0.2.99", 5)}, TRUSTED, "forwarded")["client"][0] == "192.0.2.99"
    assert resolve(scope, TRUSTED, "proxy-protocol") is scope
