"""Commands that people ask for every day, by what they mean: showing a message, standby, waking up."""

from typing import Final

from roomkeeper.devices.quirks import quirks_of
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.provisioning import actions
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _

# The bounds of an alert on all releases whose documents are known; a device's own come first.
TEXT_LIMIT: Final = 255
LONGEST_SECONDS: Final = 3600
STANDBY: Final = "Standby/Activate"
WAKE: Final = "Standby/Deactivate"


def message_call(system: System, text: str, title: str = "", seconds: int | None = None) -> CommandCall:
    """The command by which the system's release shows a message; without `seconds` until somebody closes it.

    Raises `ActionRefused` for a text that is none.
    """
    text, title = text.strip(), title.strip()
    if not text:
        raise actions.ActionRefused(_("Enter a text for the message."))
    if max(len(text), len(title)) > TEXT_LIMIT:
        raise actions.ActionRefused(
            _("Text and title of a message have at most {limit} characters each.", limit=TEXT_LIMIT)
        )
    if seconds is not None and not 0 <= seconds <= LONGEST_SECONDS:
        raise actions.ActionRefused(_("A message is shown for at most {most} seconds.", most=LONGEST_SECONDS))
    arguments = [("Text", text)]
    if title:
        arguments.append(("Title", title))
    if seconds:
        arguments.append(("Duration", str(seconds)))
    return CommandCall(quirks_of(system.software_version, system.family).message_command, tuple(arguments))
