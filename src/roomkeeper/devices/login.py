"""The credentials of a device's account. Not here: where they are stored, or when they may be sent."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Login:
    """Name and password of the device's administrator account. `has_worked`: it was accepted some time before."""

    username: str
    password: str = field(repr=False)
    has_worked: bool = False
