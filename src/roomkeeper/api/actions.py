"""`actions`: commands asked of systems, one or many, and what became of them."""

from django.http import HttpRequest
from ninja import Schema, Status
from pydantic import Field

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.action_fields import CommandIn
from roomkeeper.api.choosing import SystemChoice, choose
from roomkeeper.api.derived_lists import actor_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.problems import ProblemOut
from roomkeeper.api.reach import get_managed, systems_by_id
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.api.system_additions import failed_item
from roomkeeper.api.trial import trial
from roomkeeper.fleet.device_acts import RUN_COMMAND
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.provisioning.commands_for_many import known_commands

routes = Routes("actions")


class CommandForMany(SystemChoice, CommandIn):
    """A command for many systems."""

    dry_run: bool = Field(False, description="Only list the systems on which it would run: answers 200.")


class AskedItem(Schema):
    """The outcome for one system."""

    system: int
    status: int
    action: int | None
    problem: ProblemOut | None
    # With `dry_run`: what the system's own document has against the command.
    warnings: list[str] = []


class AskedItems(Schema):
    """The outcome for each system."""

    items: list[AskedItem]


@routes.post("", response={200: AskedItems, 202: AskedItems})
@needs(Permission.RUN_ACTIONS, anywhere=True)
def run_command_on_many(request: HttpRequest, details: CommandForMany) -> Status[AskedItems]:
    """Run a command on many systems at their next check-ins; each succeeds or fails separately."""
    user = user_of(request)
    command = CommandIn(**details.dict(include=set(CommandIn.model_fields)))
    items = []
    chosen = choose(user, details, Permission.RUN_ACTIONS)
    known = known_commands(systems_by_id(user, chosen).values()) if details.dry_run else None
    for system_id in chosen:
        try:
            system = get_managed(user, system_id, Permission.RUN_ACTIONS)
            with trial(details.dry_run):
                number = do_act(SYSTEMS, RUN_COMMAND, system, actor_of(request), command.taken).pk
            action = None if details.dry_run else number
            warnings = [str(fault) for fault in known.faults_of(system, command.call)] if known else []
            items.append(
                AskedItem(system=system_id, status=202, action=action, problem=None, warnings=warnings)
            )
        except Exception as error:  # noqa: BLE001 - every item answers for itself, as a request of its own would
            items.append(failed_item(AskedItem, error, system=system_id, action=None))
    return Status(200 if details.dry_run else 202, AskedItems(items=items))
