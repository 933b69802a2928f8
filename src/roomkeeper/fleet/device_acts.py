"""What is asked of devices: restarting, their management settings, everyday commands and any other."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Page, Rest, Trail
from roomkeeper.operations.taking import Text
from roomkeeper.protocols.xapi.command import CommandCall
from roomkeeper.provisioning import actions, commands_for_many, management, quick_actions
from roomkeeper.provisioning.actions import ActionRefused
from roomkeeper.provisioning.device_commands import ask_call
from roomkeeper.provisioning.models import Action
from roomkeeper.provisioning.planning import Care
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.documents import calls
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

# So many that cannot are named before the yes.
NAMED: Final = 5
WHEN: Final = noop(
    "It happens at once if the system can be reached, otherwise with the answer to its next post, and can be cancelled "
    "until then."
)


def _restart(row: System, *, user: Person, now: datetime, **when: bool) -> Action:
    return actions.restart(row, user=user, now=now, care=Care(**when))


def _warn_of_calls(rows: Sequence[Any], now: datetime) -> str:
    """What a restart would cut off now."""
    busy = [row for row in rows if liveness.is_in_call(row, getattr(row, "contact", None), now)]
    if not busy:
        return ""
    if len(rows) > 1:
        return _("{count} of them are in a call.", count=len(busy))
    call = calls.decode(busy[0].calls).longest
    told = (
        _(" with {display_name}", display_name=call.display_name or call.remote_uri)
        if call and (call.display_name or call.remote_uri)
        else ""
    )
    since = _(" since {since:%H:%M} UTC", since=call.since) if call else ""
    return _("It is in a call{told}{since}. Restarting during the call ends it.", told=told, since=since)


def _message(
    row: System,
    *,
    user: Person,
    now: datetime,
    text: str,
    title: str = "",
    seconds: int | None = None,
    **when: bool,
) -> Action:
    call = quick_actions.message_call(row, text, title, seconds)
    return ask_call(row, call, user=user, now=now, care=Care(**when))


def _asks(path: str) -> Callable[..., Action]:
    """A service that asks this command."""

    def run(row: System, *, user: Person, now: datetime, **when: bool) -> Action:
        return ask_call(row, CommandCall(path), user=user, now=now, care=Care(**when))

    return run


def _warn_of_unable(call_for: Callable[[System], CommandCall]) -> Callable[[Sequence[Any], datetime], str]:
    """Says which of the rows cannot run it by what they told of their commands, and why."""

    def warn(rows: Sequence[Any], now: datetime) -> str:
        planned = commands_for_many.plan_calls(rows, call_for, commands_for_many.known_commands(rows))
        unable = [one for one in planned if one.verdict == commands_for_many.CANNOT]
        if not unable:
            return ""
        named = " ".join(f"{one.system}: {one.reason}." for one in unable[:NAMED]).replace("..", ".")
        others = _(" And {count} others.", count=len(unable) - NAMED) if len(unable) > NAMED else ""
        return _(
            "{count} of {count_2} cannot. {named}{others}",
            count=len(unable),
            count_2=len(rows),
            named=named,
            others=others,
        )

    return warn


def _when(during_calls: bool) -> tuple[Input, Input]:
    """When it is done, with what holds for calls where nothing is said."""
    return (
        Input(
            name="during_calls",
            type=bool,
            default=during_calls,
            label="Also during a call; otherwise after it",
            meaning="Also during a call; otherwise after its end.",
        ),
        Input(
            name="only_in_window",
            option="in-window",
            type=bool,
            default=False,
            label="Only in the maintenance window",
            meaning="Only while the maintenance window is open.",
        ),
    )


def _run(
    row: System,
    *,
    user: Person,
    now: datetime,
    command: str,
    arguments: Sequence[Sequence[Any]] = (),
    body: str | None = None,
    **when: bool,
) -> Action:
    return actions.ask(row, command, arguments, user=user, now=now, body=body, care=Care(**when))


# Pages ask it after a look at what the system's own list of commands has against it.
RUN_COMMAND: Final = Act(
    name="run command on",
    trail=Trail(word="run command", given=lambda taken: {"command": taken.get("command", "")}),
    needs=Permission.RUN_ACTIONS,
    run=_run,
    refused=(ActionRefused,),
    rest=Rest(status=422, answers="actions", is_derived=False),
    summary="Run a command of the xAPI on a system, once at most: pushed, or with the answer to its next post.",
    button="Run a command",
    takes=(
        Input(name="command", least=1, most=20_000),
        Input(name="arguments", type=list[Any], default=()),
        Input(name="body", type=str | None, default=None, most=1_000_000),
        *_when(during_calls=True),
    ),
    # Arguments may hold secrets; the action tells those that are none.
    is_mounted=False,
)
DEVICE_ACTS: Final = (
    Act(
        name="enforce",
        trail=Trail(word="enforce settings"),
        needs=Permission.CHANGE_SETTINGS,
        run=management.enforce,
        refused=(management.EnforceRefused,),
        summary="Hand the management settings to a system again, with its next answer.",
        title="Enforce the settings of {row}?",
        what="Management settings (our address, path, feedback, phone book) are sent to this system again.",
        undo="Settings that people changed on the device are overwritten; request another value to change that.",
        button="Enforce",
        done="Its settings are sent with the answer to its next post.",
        rest=Rest(is_accepted=True, follow="configuration"),
        for_many=True,
        page=Page(tab="changes"),
    ),
    Act(
        name="restart",
        trail=Trail(word="restart"),
        needs=Permission.RUN_ACTIONS,
        run=_restart,
        refused=(ActionRefused,),
        summary="Restart a system: pushed, or with the answer to its next post; during a call after its end.",
        takes=_when(during_calls=False),
        title="Restart {row}?",
        what="The system restarts and is unavailable for some minutes.",
        undo=WHEN,
        button="Restart",
        done="{row} will restart.",
        warns=_warn_of_calls,
        is_dangerous=True,
        for_many=True,
        rest=Rest(answers="actions"),
        page=Page(tab="changes"),
    ),
    Act(
        name="message",
        trail=Trail(word="show message"),
        needs=Permission.RUN_ACTIONS,
        run=_message,
        refused=(ActionRefused,),
        summary="Show a message on the screens of the room.",
        takes=(
            Input(name="text", type=Text, least=1, most=quick_actions.TEXT_LIMIT, is_long=True),
            Input(name="title", default="", most=quick_actions.TEXT_LIMIT),
            Input(
                name="seconds",
                type=int | None,
                default=None,
                least=0,
                most=quick_actions.LONGEST_SECONDS,
                label="Shown for, in seconds",
                hint="Empty: until someone closes it.",
                meaning="How long it is shown; without it until someone closes it.",
            ),
            *_when(during_calls=True),
        ),
        warns=_warn_of_unable(lambda row: quick_actions.message_call(row, "text")),
        title="Show a message on {row}",
        what="It is shown on the screens of the room until its time is over or someone closes it, also in a call.",
        undo=WHEN,
        button="Show a message",
        done="{row} will show the message.",
        for_many=True,
        rest=Rest(answers="actions"),
        page=Page(tab="changes"),
    ),
    Act(
        name="standby",
        trail=Trail(word="put into standby"),
        needs=Permission.RUN_ACTIONS,
        run=_asks(quick_actions.STANDBY),
        takes=_when(during_calls=False),
        warns=_warn_of_unable(lambda row: CommandCall(quick_actions.STANDBY)),
        refused=(ActionRefused,),
        summary="Put a system into standby; in a call after its end.",
        title="Put {row} into standby?",
        what="Its screens go dark until someone comes or wakes it up. In a call it waits for the end of the call.",
        undo=WHEN,
        button="Standby",
        done="{row} will go into standby.",
        for_many=True,
        rest=Rest(answers="actions"),
        page=Page(tab="changes"),
    ),
    Act(
        name="wake",
        trail=Trail(word="wake up"),
        needs=Permission.RUN_ACTIONS,
        run=_asks(quick_actions.WAKE),
        takes=_when(during_calls=True),
        warns=_warn_of_unable(lambda row: CommandCall(quick_actions.WAKE)),
        refused=(ActionRefused,),
        summary="Wake a system up from standby.",
        title="Wake up {row}?",
        what="It comes out of standby: its screens turn on.",
        undo=WHEN,
        button="Wake up",
        done="{row} will wake up.",
        for_many=True,
        rest=Rest(answers="actions"),
        page=Page(tab="changes"),
    ),
    RUN_COMMAND,
)
