"""The everyday commands as acts on one system: a message on its screens, standby, waking up."""

from typing import Any

from django.http import HttpRequest

from roomkeeper.accounts.permissions import Permission
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.provisioning import quick_actions
from roomkeeper.provisioning.actions import ActionRefused
from roomkeeper.provisioning.device_commands import ask_call
from roomkeeper.provisioning.planning import HARMLESS, Care
from roomkeeper.systems.models import System
from roomkeeper.web.access import number_of
from roomkeeper.web.acts import now as moment
from roomkeeper.web.system_act import Act

WHEN = (
    "It happens at once if the system can be reached, otherwise with the answer to its next post, and can"
    " be cancelled"
    " until then."
)


def typed_care(request: HttpRequest) -> Care:
    """When a restart is to happen, by a form's choice: after the call unless another was made."""
    when = request.POST.get("when", "")
    return Care(during_calls=when == "now", only_in_window=when == "in_window")


def typed_message(request: HttpRequest, system: System) -> CommandCall:
    """The command that shows the message of a form on that system. Raises `ActionRefused`."""
    text = request.POST.get("seconds", "").strip()
    seconds = number_of(text, 6)
    if text and seconds is None:
        raise ActionRefused(f"{text!r} is not a number of seconds.")
    title = request.POST.get("title", "")
    return quick_actions.message_call(system, request.POST.get("text", ""), title, seconds)


def _message(request: HttpRequest, system: System) -> Any:
    return ask_call(system, typed_message(request, system), user=request.user, now=moment())


def _run(path: str, care: Care) -> Any:
    return lambda request, system: ask_call(
        system, CommandCall(path), user=request.user, now=moment(), care=care
    )


COMMAND_ACTS: dict[str, Act] = {
    "message": Act(
        Permission.RUN_ACTIONS,
        "Show a message on {0}",
        "It is shown on the screens of the room until its time is over or someone closes it, also in a call.",
        WHEN,
        "Show it",
        _message,
        "{0} will show the message.",
        extra="systems/ask_message.html",
        tab="changes",
    ),
    "standby": Act(
        Permission.RUN_ACTIONS,
        "Put {0} into standby?",
        "Its screens go dark until someone comes or wakes it up. In a call it waits for the end of the call.",
        WHEN,
        "Standby",
        _run(quick_actions.STANDBY, Care()),
        "{0} will go into standby.",
        tab="changes",
    ),
    "wake": Act(
        Permission.RUN_ACTIONS,
        "Wake up {0}?",
        "It comes out of standby: its screens turn on.",
        WHEN,
        "Wake it up",
        _run(quick_actions.WAKE, HARMLESS),
        "{0} will wake up.",
        tab="changes",
    ),
}
