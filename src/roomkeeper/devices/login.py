"""The credentials of a device's account. Not here: where they are stored, or when they may be sent."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Login:
    """Name and password of the device's administrator account. `has_worked`: it was accepted some time before.

    `was_refused`: the device refused exactly this, so it is not sent again (rule R6). `is_tracked`: the caller keeps
    that for good, so what this process remembers counts only until the caller has had the time to.
    """

    username: str
    password: str = field(repr=False)
    has_worked: bool = False
    was_refused: bool = False
    is_tracked: bool = False
