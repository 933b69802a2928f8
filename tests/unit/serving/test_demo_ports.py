"""Which ports the endpoints of a demonstration listen on."""

import pytest

from roomkeeper.serving.demo_rooms import device_ports


@pytest.mark.parametrize(
    ("http", "https", "ports"),
    [
        (["127.0.0.1:8080", "127.0.0.2:8080"], ["127.0.0.1:8443"], (18080, 18443)),
        (["127.0.0.1:21000"], ["127.0.0.1:21001"], (31000, 31001)),
        (["127.0.0.1:60000"], ["[::1]:55536"], (50000, 45536)),
        (["127.0.0.1:55535"], [], (65535, 18443)),
        (["127.0.0.1:0"], ["127.0.0.1:0"], (18080, 18443)),
    ],
)
def test_two_demonstrations_with_ports_of_their_own_have_endpoints_with_ports_of_their_own(
    http: list[str], https: list[str], ports: tuple[int, int]
) -> None:
    assert device_ports(http, https) == ports
