"""Waiting until what was asked has reached the systems."""

import time
from collections.abc import Callable
from typing import Any

from roomkeeper.cli.remote.connection import Api
from roomkeeper.cli.remote.output import console, fail
from roomkeeper.words import gettext as _

OPEN = ("waiting", "delivered")
LOOK_EVERY = 2.0


def wait_for_change_set(api: Api, change_set: int, seconds: float) -> dict[str, Any]:
    """The change set once nothing of it waits; ends the command as failed where it does not come true in time."""
    found = wait_until(
        lambda: api.get(f"change-sets/{change_set}", changes=False),
        lambda one: one["state"] not in OPEN,
        seconds,
    )
    if found["state"] in OPEN:
        fail(
            "Not yet",
            _(
                "Change set {change_set} is {state} after {seconds:g} s.",
                change_set=change_set,
                state=found["state"],
                seconds=seconds,
            ),
            hint=_("It continues: roomkeeper changes show {change_set}", change_set=change_set),
        )
    return dict(api.get(f"change-sets/{change_set}"))


def wait_for_actions(api: Api, actions: list[int], seconds: float) -> list[dict[str, Any]]:
    """The actions once all have ended, or as they are when the time is over."""

    def look() -> list[dict[str, Any]]:
        return [api.get(f"actions/{action}") for action in actions]

    found: list[dict[str, Any]] = wait_until(
        look, lambda now: all(one["state"] not in OPEN for one in now), seconds
    )
    return found


def tell_by_dots(_: Any) -> None:
    """A dot on a terminal for each look."""
    if console(errors=True).is_terminal:
        console(errors=True).print(".", end="")


def wait_until(
    look: Callable[[], Any],
    is_done: Callable[[Any], bool],
    seconds: float,
    *,
    every: float = LOOK_EVERY,
    tell: Callable[[Any], None] = tell_by_dots,
) -> Any:
    """What `look` gives once it is done, or when the time is over; `tell` is called with what it gives meanwhile."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if is_done(found) or time.monotonic() >= end:
            return found
        tell(found)
        time.sleep(min(every, max(0.0, end - time.monotonic())))
