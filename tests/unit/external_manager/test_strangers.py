"""Forwarding headers of somebody who is not trusted: not believed, remembered, and no reason for any exception."""

import pytest

from roomkeeper.accounts.source import came_through_a_stranger
from roomkeeper.external_manager import proxies, strangers
from roomkeeper.external_manager.strangers import AGAIN_AFTER, Strangers
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
def test_headers_of_a_stranger_are_marked_and_change_nothing(name, told_by):
    found = proxies.resolve(scope("127.0.0.1", name), TRUSTED, told_by)
    assert came_through_a_stranger(found)
    assert (found["client"], found["scheme"]) == (("127.0.0.1", 1), "http")
    assert strangers.NOTED.take() == ["127.0.0.1"]


def test_who_is_trusted_or_tells_nothing_is_no_stranger():
    assert not came_through_a_stranger(proxies.resolve(scope("10.0.0.9", b"x-forwarded-for"), TRUSTED))
    assert not came_through_a_stranger(proxies.resolve(scope("127.0.0.1"), TRUSTED))
    assert strangers.NOTED.take() == []


def test_no_more_than_the_newest_are_remembered():
    for number in range(100):
        proxies.resolve(scope(f"127.0.1.{number}", b"forwarded"), TRUSTED)
    assert strangers.NOTED.take() == [f"127.0.1.{number}" for number in range(80, 100)]


def test_who_goes_on_is_written_again_only_after_a_while():
    moments = iter((0.0, 1.0, AGAIN_AFTER - 1, AGAIN_AFTER))
    noted = Strangers(lambda: next(moments))
    noted.note("10.0.0.8")
    assert noted.take() == ["10.0.0.8"]
    noted.note("10.0.0.8")
    noted.note("10.0.0.8")
    assert noted.take() == []
    noted.note("10.0.0.8")
    assert noted.take() == ["10.0.0.8"]


def test_what_could_not_be_written_is_given_again():
    noted = Strangers()
    noted.note("10.0.0.8")
    noted.give_back(noted.take())
    assert noted.take() == ["10.0.0.8"]
