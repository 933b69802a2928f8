"""Binding listeners, and the words where that fails."""

import multiprocessing
import os
import socket
from pathlib import Path

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
        pytest.raises(
            SettingsError, match=r"Cannot listen on 127\.0\.0\.1:\d+.*another program listens there"
        ),
    ):
        listeners.bind(listeners.bound_address(made))


@pytest.mark.parametrize("address", ["127.0.0.1:http", "127.0.0.1:99999", "192.0.2.1:0", "no port"])
def test_address_that_cannot_be_bound_is_refused_by_its_name(address):
    with pytest.raises(SettingsError, match=f"Cannot listen on {address}"):
        listeners.bind(address)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("192.0.2.77:8080", "does not have that address"),
        ("no-such-host.invalid:8080", "that host is unknown"),
        ("127.0.0.1:70000", "there is no port 70000"),
    ],
)
def test_listener_that_cannot_be_says_what_to_do(address, sentence):
    with pytest.raises(SettingsError, match=f"Cannot listen on .*{sentence}"):
        listeners.bind(address)


def bind_as_nobody(address, told):
    os.setuid(65_534)
    try:
        listeners.bind(address)
    except SettingsError as error:
        told.put(str(error))


@pytest.mark.skipif(
    os.geteuid() != 0
    or int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) < listeners.FREE_PORTS,
    reason="needs root to become somebody who may not have low ports",
)
def test_low_port_needs_a_capability_or_another_port():
    context = multiprocessing.get_context("fork")
    told = context.Queue()
    process = context.Process(target=bind_as_nobody, args=("127.0.0.1:443", told))
    process.start()
    sentence = told.get(timeout=30)
    process.join(30)
    assert "capability" in sentence
    assert "1024 or more" in sentence
