"""Which protocols a device speaks by its own settings (protocol notes P.4, M, D.7)."""

import pytest

from roomkeeper.devices.families.roomos.services import spoken_protocols, value_with_http

HTTP, HTTPS = "NetworkServices/HTTP/Mode", "NetworkServices/HTTPS/Mode"


@pytest.mark.parametrize(
    ("settings", "spoken"),
    [
        ({HTTP: "HTTP+HTTPS"}, {"http", "https"}),
        ({HTTP: " http + https "}, {"http", "https"}),
        ({HTTP: "HTTPS"}, {"https"}),
        ({HTTP: "Https"}, {"https"}),
        ({HTTP: "Off"}, set()),
        ({"NetworkServices[1]/HTTP[1]/Mode[1]": "HTTPS"}, {"https"}),
        # TC
        ({HTTP: "On", HTTPS: "On"}, {"http", "https"}),
        ({HTTP: "Off", HTTPS: "On"}, {"https"}),
        ({HTTP: "On", HTTPS: "Off"}, {"http"}),
        ({HTTP: "Off", HTTPS: "Off"}, set()),
        ({HTTP: "On"}, {"http"}),
    ],
)
def test_what_is_on(settings: dict[str, str], spoken: set[str]) -> None:
    assert spoken_protocols(settings) == spoken


@pytest.mark.parametrize(
    "settings", [{}, {HTTP: ""}, {HTTP: "Sometimes"}, {HTTPS: "On"}, {"SIP/URI": "HTTPS"}]
)
def test_settings_that_do_not_tell_forbid_nothing(settings: dict[str, str]) -> None:
    assert spoken_protocols(settings) is None


def test_http_is_turned_on_in_the_words_of_the_release() -> None:
    assert value_with_http({HTTP: "HTTPS"}) == "HTTP+HTTPS"
    assert value_with_http({HTTP: "Off", HTTPS: "On"}) == "On"
