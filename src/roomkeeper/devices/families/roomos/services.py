"""Which protocols a device speaks, by its own settings: `ExternalManager/Protocol` must be one (notes P.4). Pure.

CE and RoomOS have one setting for both, TC one for each (protocol notes M, D.7).
"""

from collections.abc import Mapping
from typing import Final

from roomkeeper.protocols.xapi.paths import match_key

LOCATION: Final = "/Configuration/NetworkServices"
HTTP_MODE: Final = "NetworkServices/HTTP/Mode"
HTTPS_MODE: Final = "NetworkServices/HTTPS/Mode"
HTTP: Final = "http"
HTTPS: Final = "https"
_BOTH: Final = frozenset({HTTP, HTTPS})
_MODES: Final = {
    "http+https": _BOTH,
    "https+http": _BOTH,
    "https": frozenset({HTTPS}),
    "http": frozenset({HTTP}),
}


def spoken_protocols(settings: Mapping[str, str]) -> frozenset[str] | None:
    """`http`, `https`, both or none, by a device's settings in whichever spelling; None where they do not tell."""
    by_key = {match_key(path): value for path, value in settings.items()}
    http = _word(by_key.get(match_key(HTTP_MODE)))
    if http not in ("on", "off"):
        return _MODES.get(http)
    https = _word(by_key.get(match_key(HTTPS_MODE)))
    return frozenset(protocol for protocol, word in ((HTTP, http), (HTTPS, https or "off")) if word == "on")


def value_with_http(settings: Mapping[str, str]) -> str:
    """The value of `HTTP_MODE` that turns plain HTTP on beside what is on."""
    by_key = {match_key(path) for path in settings}
    return "On" if match_key(HTTPS_MODE) in by_key else "HTTP+HTTPS"


def _word(value: str | None) -> str:
    return "".join((value or "").split()).casefold()
