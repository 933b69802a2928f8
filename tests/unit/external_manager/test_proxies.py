"""Forwarded headers are believed from trusted proxies only."""

from roomkeeper.external_manager.proxies import resolve
from roomkeeper.systems.addresses import parse_networks

TRUSTED = parse_networks(["10.0.0.0/24"])


def scope(client, **headers):
    return {
        "client": (client, 1),
        "scheme": "http",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }


def host_in(resolved):
    return dict(resolved["headers"])[b"host"]


def test_a_stranger_cannot_forward():
    untouched = scope("192.0.2.1", host="a", x_forwarded_for="198.51.100.7", x_forwarded_proto="https")
    found = resolve(untouched, TRUSTED)
    # Noted, so that it is not taken for a program of this machine.
    assert found == {**untouched, "roomkeeper.through_a_stranger": True}


def test_a_trusted_proxy_is_believed():
    found = resolve(
        scope(
            "10.0.0.9",
            host="inner",
            x_forwarded_for="198.51.100.7",
            x_forwarded_proto="https",
            x_forwarded_host="tms.example.org",
        ),
        TRUSTED,
    )
    assert found["client"][0] == "198.51.100.7"
    assert found["scheme"] == "https"
    assert host_in(found) == b"tms.example.org"


def test_what_a_client_made_up_before_the_first_proxy_is_not_believed():
    found = resolve(scope("10.0.0.9", host="a", x_forwarded_for="1.1.1.1, 198.51.100.7, 10.0.0.8"), TRUSTED)
    assert found["client"][0] == "198.51.100.7"


def test_nonsense_in_the_header_leaves_what_is_known():
    found = resolve(scope("10.0.0.9", host="a", x_forwarded_for="<script>, 198.51.100.7"), TRUSTED)
    assert found["client"][0] == "198.51.100.7"
    found = resolve(scope("10.0.0.9", host="a", x_forwarded_for="nonsense"), TRUSTED)
    assert found["client"][0] == "10.0.0.9"
