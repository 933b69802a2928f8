"""Which protocols a system speaks, by its own settings: its manager may be called by one of them alone (notes P.4).

A family whose settings tell says how in `services.py` of its folder: `spoken_protocols`, `HTTP_MODE` and
`value_with_http`.
"""

from collections.abc import Mapping
from typing import Final

from roomkeeper.devices.registry import find_part
from roomkeeper.words import gettext as _

HTTP: Final = "http"
HTTPS: Final = "https"


def spoken_protocols(settings: Mapping[str, str], family: str = "") -> frozenset[str] | None:
    """`http`, `https`, both or none, by a system's settings in whichever spelling; None where they do not tell."""
    part = find_part("services", family)
    if part is None:
        return None
    found: frozenset[str] | None = part.spoken_protocols(settings)
    return found


def http_switch(settings: Mapping[str, str], family: str = "") -> tuple[str, str]:
    """The setting that turns plain HTTP on beside what is on, and the value that does. Raises `LookupError` for a
    family whose settings do not tell."""
    part = find_part("services", family)
    if part is None:
        raise LookupError(
            _("The settings of {family} do not tell by which protocols it speaks.", family=family)
        )
    return part.HTTP_MODE, part.value_with_http(settings)
