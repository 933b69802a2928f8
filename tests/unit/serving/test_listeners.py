"""Binding listeners, and the words where that fails."""

import socket

import pytest

from roomkeeper.serving import listeners
from roomkeeper.settings.options import SettingsError


def test_bound_socket_tells_the_port_that_was_chosen():
    with listeners.bind("127.0.0.1:0") as made:
        host, _, port = listeners.bound_address(made).rpartition(":")
        assert host == "127.0.0.1"
        assert int(port) == made.getsockname()[1]
        with socket.create_connection((host, int(port)), timeout=5):
            pass


def test_address_of_version_6_stands_in_brackets():
    with listeners.bind("[::1]:0") as made:
        assert listeners.bound_address(made).startswith("[::1]:")


def test_taken_port_is_refused_in_words():
    with (
        listeners.bind("127.0.0.1:0") as made,
        pytest.raises(SettingsError, match=r"Cannot listen on 127\.0\.0\.1:\d+.*another server"),
    ):
        listeners.bind(listeners.bound_address(made))


@pytest.mark.parametrize("address", ["127.0.0.1:http", "127.0.0.1:99999", "192.0.2.1:0", "no port"])
def test_address_that_cannot_be_bound_is_refused_by_its_name(address):
    with pytest.raises(SettingsError, match=f"Cannot listen on {address}"):
        listeners.bind(address)


@pytest.mark.parametrize(
    ("addresses", "is_so"),
    [
        (["127.0.0.1:8080", "[::1]:8443", "localhost:80", "127.8.8.8:80"], True),
        (["127.0.0.1:8080", "0.0.0.0:8443"], False),
        (["10.0.0.5:80"], False),
        ([":8080"], False),
        ([], True),
    ],
)
def test_listeners_for_this_machine_alone_are_recognised(addresses, is_so):
    assert listeners.all_loopback(addresses) is is_so
