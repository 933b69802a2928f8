"""Where a system is told to call us (docs: management modes), and the settings and commands that say so."""

from dataclasses import replace

import pytest
from django.conf import settings as django_settings

from roomkeeper.provisioning.management import (
    family_of,
    management_commands,
    management_settings,
    server_address,
)
from roomkeeper.systems.models import Connectivity, NetworkSettings
from roomkeeper.systems.network_settings.outside import ServerAddress

LAN, PUBLIC = Connectivity.REACHABLE_ON_LAN, Connectivity.REACHABLE_ON_PUBLIC_INTERNET
FIREWALL, UNDECIDED, AWAY = Connectivity.BEHIND_FIREWALL, Connectivity.UNDECIDED, Connectivity.INACCESSIBLE

BOTH = {"internal_ipv4": "10.0.0.5", "public_ipv4": "192.0.2.5"}
NAMED = {**BOTH, "internal_fqdn": "rk.corp.example", "public_fqdn": "rk.example.org"}
SIX = {"internal_ipv6": "2001:db8::5", "public_ipv6": "2001:db8:1::5"}


def address(connectivity, sides, used_host="10.9.9.9:8080", scheme="http", is_secure_only=False):
    found = server_address(
        connectivity,
        is_secure_only=is_secure_only,
        used_host=used_host,
        used_scheme=scheme,
        source="10.7.7.7",
        settings=NetworkSettings(**sides),
    )
    return f"{found.scheme}://{found.authority}"


@pytest.mark.parametrize(
    ("connectivity", "sides", "expected"),
    [
        (LAN, BOTH, "http://10.0.0.5:8080"),
        (PUBLIC, BOTH, "http://192.0.2.5:8080"),
        (FIREWALL, BOTH, "http://192.0.2.5:8080"),
        (LAN, NAMED, "http://rk.corp.example:8080"),
        (PUBLIC, NAMED, "http://rk.example.org:8080"),
        (FIREWALL, NAMED, "http://rk.example.org:8080"),
        (LAN, SIX, "http://[2001:db8::5]:8080"),
        (FIREWALL, SIX, "http://[2001:db8:1::5]:8080"),
        (LAN, {**BOTH, **SIX}, "http://10.0.0.5:8080"),
        (LAN, {"public_ipv4": "192.0.2.5"}, "http://10.9.9.9:8080"),
        (PUBLIC, {"internal_ipv4": "10.0.0.5"}, "http://10.9.9.9:8080"),
        (LAN, {}, "http://10.9.9.9:8080"),
        (UNDECIDED, NAMED, "http://10.9.9.9:8080"),
        (AWAY, NAMED, "http://10.9.9.9:8080"),
    ],
)
def test_side_follows_from_connectivity_and_a_name_wins_over_addresses(connectivity, sides, expected):
    assert address(connectivity, sides) == expected


@pytest.mark.parametrize(
    ("used_host", "scheme", "expected"),
    [
        ("10.9.9.9", "http", "http://10.0.0.5"),
        ("10.9.9.9:80", "http", "http://10.0.0.5"),
        ("10.9.9.9:443", "https", "https://10.0.0.5"),
        ("10.9.9.9", "https", "https://10.0.0.5"),
        ("10.9.9.9:8443", "https", "https://10.0.0.5:8443"),
        ("10.9.9.9:443", "http", "http://10.0.0.5:443"),
        ("10.9.9.9:80", "https", "https://10.0.0.5:80"),
        ("[2001:db8::9]:8080", "http", "http://10.0.0.5:8080"),
        ("10.9.9.9:999999", "http", "http://10.0.0.5"),
    ],
)
def test_port_that_brought_the_post_is_kept(used_host, scheme, expected):
    assert address(LAN, BOTH, used_host, scheme) == expected


def test_https_is_never_taken_back():
    assert address(LAN, BOTH, "10.9.9.9:8443", "https").startswith("https://")


@pytest.fixture
def listening(monkeypatch):
    """A server that listens on the network at unusual ports."""
    options = replace(django_settings.OPTIONS, http=("0.0.0.0:8080",), https=("0.0.0.0:8443",))
    monkeypatch.setattr(django_settings, "OPTIONS", options)


def test_secure_only_moves_to_the_port_that_we_listen_on_for_https(listening):
    port = 8443
    assert address(LAN, BOTH, is_secure_only=True) == f"https://10.0.0.5:{port}"
    assert address(FIREWALL, NAMED, "rk.example.org", is_secure_only=True) == f"https://rk.example.org:{port}"


def test_secure_only_keeps_the_https_port_that_is_in_use():
    assert address(LAN, BOTH, "10.9.9.9:4443", "https", is_secure_only=True) == "https://10.0.0.5:4443"


def test_system_that_was_never_seen_is_told_the_port_that_we_listen_on(listening):
    port = 8080
    assert address(LAN, BOTH, "", "") == f"http://10.0.0.5:{port}"


def test_address_of_version_6_in_use_keeps_its_brackets():
    assert address(UNDECIDED, {}, "[2001:db8::9]:8080") == "http://[2001:db8::9]:8080"
    assert address(UNDECIDED, {}, "[2001:db8::9]") == "http://[2001:db8::9]"


SECRET = "a" * 32


def test_management_settings_carry_address_protocol_and_secret():
    address = ServerAddress("https", "rk.example.org")
    found = {s.path: s.value for s in management_settings(address, SECRET, has_phone_book=True)}
    assert found["Provisioning/Mode"] == "TMS"
    assert found["Provisioning/ExternalManager/Address"] == "rk.example.org"
    assert found["Provisioning/ExternalManager/Protocol"] == "HTTPS"
    assert found["Provisioning/ExternalManager/Path"].endswith(f"SystemManagementService.asmx/{SECRET}")
    assert found["Phonebook/Server[1]/URL"].startswith("https://rk.example.org/tms/public/")


def test_without_a_phone_book_the_phone_book_server_of_a_system_is_left_alone():
    found = management_settings(ServerAddress("https", "rk.example.org"), SECRET)
    assert not [setting for setting in found if setting.path.startswith("Phonebook/")]


def test_addresses_of_all_device_services_fit_into_255_characters():
    longest = ServerAddress("https", "a" * 63 + ".example.org:65535")
    for setting in management_settings(longest, SECRET):
        assert len(setting.value) <= 255
    ((_, url),) = [
        pair
        for pair in management_commands(longest, SECRET, software_version="ce9")[0].arguments
        if pair[0] == "ServerUrl"
    ]
    assert len(url) <= 255


@pytest.mark.parametrize(
    ("version", "has_format"), [("TC7.3.3.c84180a", False), ("tc6.0", False), ("ce9.6.1", True), ("", True)]
)
def test_feedback_registration_names_a_format_where_the_software_has_one(version, has_format):
    (call,) = management_commands(ServerAddress("http", "10.0.0.5"), SECRET, software_version=version)
    arguments = dict(call.arguments)
    assert call.path == "HttpFeedback/Register"
    assert ("Format" in arguments) is has_format
    assert arguments["FeedbackSlot"] == "3"
    assert arguments["ServerUrl"].endswith(f"code.aspx/{SECRET}")


def test_codec_takes_no_more_than_fifteen_expressions():
    expressions = family_of("roomos").feedback.expressions
    assert len(expressions) == len(set(expressions)) <= 15
