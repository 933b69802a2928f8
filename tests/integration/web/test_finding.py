"""How does an endpoint find us: the values and snippets of Network settings, as the page gives them."""

import html
import re

import pytest
from django.test import Client
from tests.integration.web.conftest import text_of

from roomkeeper.accounts.models import User
from roomkeeper.adding.dhcp import snippets
from roomkeeper.provisioning.server_addresses import manager_values
from roomkeeper.systems import network_settings


@pytest.fixture
def addresses(administrator: User) -> None:
    """A name and an address inside, another name outside."""
    found = network_settings.get()
    found.internal_fqdn, found.internal_ipv4 = "rooms.example.org", "10.0.0.5"
    found.internal_ipv6, found.public_fqdn = "2001:db8::5", "rooms.example.com"
    found.save()


def shown(page: str) -> dict[str, str]:
    """The snippets as a browser copies them."""
    return {
        key: html.unescape(text)
        for key, text in re.findall(r'<pre class="text" id="snippet-(\w+)">(.*?)</pre>', page, re.DOTALL)
    }


def test_the_values_to_type_stand_by_mode(client: Client, addresses: None) -> None:
    page = text_of(client.get("/add-systems/?tab=finding"))
    assert "rooms.example.org" in page
    assert "rooms.example.com" in page
    assert "tms/public/external/management/SystemManagementService.asmx" in page
    assert "not checked automatically" in page


@pytest.mark.parametrize(
    ("option", "address", "is_text"),
    [
        ("", "rooms.example.org", True),
        ("internal-fqdn-text", "rooms.example.org", True),
        ("internal-bytes", "10.0.0.5", False),
        ("internal-ipv4-text", "10.0.0.5", True),
        ("public-fqdn-text", "rooms.example.com", True),
        ('"><script>', "rooms.example.org", True),
    ],
)
def test_the_page_gives_the_snippets_that_are_checked(
    client: Client, addresses: None, option: str, address: str, is_text: bool
) -> None:
    answer = client.get("/add-systems/", {"tab": "finding", "option": option})
    assert shown(text_of(answer)) == {one.key: one.text for one in snippets(address, is_text=is_text)}


def test_without_an_address_a_placeholder_is_told_as_one(client: Client) -> None:
    found = network_settings.get()
    found.internal_fqdn, found.internal_ipv4 = "", None
    found.save()
    page = text_of(client.get("/add-systems/?tab=finding"))
    assert "192.0.2.10 is used as an example" in page
    assert shown(page)["dnsmasq"] == "dhcp-option=242,192.0.2.10"


def test_an_ipv6_address_is_written_in_brackets_before_a_port(administrator: User) -> None:
    found = network_settings.get()
    found.internal_fqdn, found.internal_ipv4, found.internal_ipv6 = "", None, "2001:db8::5"
    values = manager_values(found)
    assert values.address == "[2001:db8::5]"
    found.outside_internal_http_port = 8080
    assert manager_values(found).address == "[2001:db8::5]:8080"
