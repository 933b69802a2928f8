"""Call habits: endpoints that call each other and the outside, wake and sleep, by themselves."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

from roomkeeper.virtual.calls import TooManyCalls
from roomkeeper.virtual.identity import BEHIND_FIREWALL

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint
    from roomkeeper.virtual.fleet import Fleet

_OUTSIDE = ("meet@example.org", "board@example.net", "helpdesk@example.com", "busy@example.org")
_DEFAULT_MINUTES = 20.0


async def keep_calling(fleet: Fleet, endpoint: VirtualEndpoint, calls_per_hour: float) -> None:
    """Dial now and then, for ever; the same endpoint has the same day on every run."""
    digest = hashlib.sha256(endpoint.plan.identity.serial.encode()).digest()
    dice = random.Random(digest)  # noqa: S311 - habits are no secret
    while True:
        await endpoint.clock.sleep(dice.expovariate(calls_per_hour / 3600))
        if not endpoint.is_up or endpoint.calls.calls:
            continue
        others = [
            one for one in fleet if one is not endpoint and one.plan.mode != BEHIND_FIREWALL and one.is_up
        ]
        number = dice.choice(_OUTSIDE) if not others or dice.random() < 0.5 else dice.choice(others).number
        try:
            call = endpoint.calls.dial(number, protocol="Sip", rate=3072, call_type="Video")
        except TooManyCalls:
            continue
        await endpoint.clock.sleep(dice.expovariate(1 / (_DEFAULT_MINUTES * 60)))
        if endpoint.calls.calls.get(call.id) is call:
            endpoint.calls.hang_up(call)
