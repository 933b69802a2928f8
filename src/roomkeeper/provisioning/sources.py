"""Where wanted values come from: features register a source, provisioning asks them all (ARCHITECTURE.md, idea 2).

Management settings and the name are provisioning's own and stand above every source.
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


class Enforcement(enum.StrEnum):
    """What happens where a system differs: written again by itself, in its maintenance window, or by a person."""

    AUTOMATIC = "automatic"
    WINDOW = "window"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class Offer:
    """A value that a source wants a system to have. `why` is shown as it is; of a secret `value` is `***`."""

    path: str
    value: str
    why: str
    enforcement: Enforcement = Enforcement.AUTOMATIC
    is_secret: bool = False


# By system id, the first that names a setting winning. Asked for many systems at once, inside transactions: a few
# statements whatever their number.
OffersOf = Callable[[Sequence[int]], Mapping[int, Sequence[Offer]]]

_sources: dict[str, tuple[int, OffersOf]] = {}


def register_source(layer: str, order: int, offers_of: OffersOf) -> None:
    """Have a layer take part; a lower `order` wins. Persistent settings have 20, templates 30."""
    _sources[layer] = (order, offers_of)


def collect(system_ids: Sequence[int], *, without: str = "") -> dict[int, list[tuple[str, Offer]]]:
    """All offers for these systems as (layer, offer), the winning ones first; `without` is a layer not to ask."""
    found: dict[int, list[tuple[str, Offer]]] = {system_id: [] for system_id in system_ids}
    for layer, (_, offers_of) in sorted(_sources.items(), key=lambda one: one[1][0]):
        if layer == without:
            continue
        for system_id, offers in offers_of(system_ids).items():
            found[system_id] += [(layer, offer) for offer in offers]
    return found
