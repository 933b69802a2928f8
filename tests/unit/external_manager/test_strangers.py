"""Forwarding headers of somebody who is not trusted: not believed, remembered, and no reason for any exception."""

import pytest

from roomkeeper.accounts.source import came_through_a_stranger
from roomkeeper.external_manager import proxies
from roomkeeper.systems.addresses import parse_networks

TRUSTED = parse_networks(["10.0.0.9/32"])


def scope(client, *names):
    return {
        "type": "http",
        "client": (client, 1),
        "scheme": "http",
        "headers": [(name, b"10.7.7.7") for name in names],
    }


@pytest.mark.parametrize("told_by", ["x-forwarded", "forwarded", "proxy-protocol"])
@pytest.mark.parametrize(
    "name", [b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"]
)
def test_headers_of_a_stranger_are_marked_and_change_nothing(name, told_by, monkeypatch):
    monkeypatch.setattr(proxies, "_strangers", {})
    found = proxies.resolve(scope("127.0.0.1", name), TRUSTED, told_by)
    assert came_through_a_stranger(found)
    assert (found["client"], found["scheme"]) == (("127.0.0.1", 1), "http")
    assert proxies.strangers() == ["127.0.0.1"]


def test_who_is_trusted_or_tells_nothing_is_no_stranger(monkeypatch):
    monkeypatch.setattr(proxies, "_strangers", {})
    assert not came_through_a_stranger(proxies.resolve(scope("10.0.0.9", b"x-forwarded-for"), TRUSTED))
    assert not came_through_a_stranger(proxies.resolve(scope("127.0.0.1"), TRUSTED))
    assert proxies.strangers() == []


def test_no_more_than_some_are_remembered(monkeypatch):
    monkeypatch.setattr(proxies, "_strangers", {})
    for number in range(100):
        proxies.resolve(scope(f"127.0.1.{number}", b"forwarded"), TRUSTED)
    assert len(proxies.strangers()) == 20
