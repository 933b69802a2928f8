"""Texts as they are declared: tests compare with these, so that a text is changed in one place."""

import inspect

from roomkeeper.devices.errors import DeviceError
from roomkeeper.operations.acts import Act
from roomkeeper.operations.subjects import get_subject


def act_of(subject: str, name: str) -> Act:
    """The declared act: its title, question, button and what is told afterwards."""
    return get_subject(subject).act(name)


def happened(error: type[DeviceError]) -> str:
    """What the error says that the device did, without the device's name before it."""
    return _sentences(error)[0].removeprefix("The device ").removesuffix(".")


def advice(error: type[DeviceError]) -> str:
    """What the administrator is told to do."""
    return _sentences(error)[1]


def _sentences(error: type[DeviceError]) -> tuple[str, str]:
    first, _, rest = " ".join((inspect.getdoc(error) or "").split()).partition(". ")
    return first, rest
