"""A network is taken as it is meant, or refused with what to enter."""

import pytest

from roomkeeper.settings import options
from roomkeeper.systems.addresses import network_of, payer_of


@pytest.mark.parametrize(
    ("text", "network"),
    [("10.20.0.0/16", "10.20.0.0/16"), (" 10.1.2.3 ", "10.1.2.3/32"), ("2001:db8::/32", "2001:db8::/32")],
)
def test_a_network(text, network):
    assert str(network_of(text)) == network


@pytest.mark.parametrize("text", ["10.1.2.3/16", "2001:db8::1/64"])
def test_an_address_before_the_mask_is_refused_with_both_that_it_may_mean(text):
    with pytest.raises(
        ValueError, match=r"names an address within a network\. Enter .*/(16|64) for the network, or"
    ):
        network_of(text)
    with pytest.raises(options.SettingsError, match="TRUSTED_PROXIES"):
        options.load({"ROOMKEEPER_TRUSTED_PROXIES": text})


@pytest.mark.parametrize("text", ["", "all", "10.1.2.0/33", "10.1.2"])
def test_what_is_no_network_is_refused(text):
    with pytest.raises(ValueError, match="is not a network"):
        network_of(text)


@pytest.mark.parametrize(
    ("address", "payer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::7", "2001:db8:0:1::/64"),
        ("", ""),
    ],
)
def test_whom_a_rate_counts_for(address, payer):
    assert payer_of(address) == payer
