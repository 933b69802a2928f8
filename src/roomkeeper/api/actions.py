"""`actions`: commands asked of systems, one or many, and what became of them."""

from collections.abc import Callable, Sequence

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, grants_of, needs
from roomkeeper.api.action_fields import ActionOut, CommandIn, DeliveryWord, ask_of, encode_action
from roomkeeper.api.choosing import SystemChoice, choose
from roomkeeper.api.paging import ListParameters, Moment, Page, page_of, searched
from roomkeeper.api.problems import Conflict, NotFound, ProblemOut
from roomkeeper.api.reach import LARGEST_ID, Identifier, get_system, systems_by_id
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.api.system_acts import get_managed
from roomkeeper.api.system_additions import failed_item
from roomkeeper.api.trial import trial
from roomkeeper.provisioning import actions
from roomkeeper.provisioning.commands_for_many import known_commands
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.models import System

routes = Routes("actions")
_SORTS = {
    name: name for name in ("id", "system", "command", "state", "created_at", "delivered_at", "ended_at")
}


class ActionFilters(ListParameters):
    """Filters on actions."""

    system: list[Identifier] = Field([], max_length=500)
    command: str | None = None
    state: list[DeliveryWord] = []
    created_by: str | None = None
    created_after: Moment | None = None
    created_before: Moment | None = None


class CommandForMany(SystemChoice, CommandIn):
    """A command for many systems."""

    dry_run: bool = Field(False, description="Only tell of which systems it would be asked: answers 200.")


class AskedItem(Schema):
    """What became of one system."""

    system: int
    status: int
    action: int | None
    problem: ProblemOut | None
    # With `dry_run`: what the system's own document has against the command.
    warnings: list[str] = []


class AskedItems(Schema):
    """What became of each system."""

    items: list[AskedItem]


def ask_each(
    user: User, chosen: Sequence[int], permission: Permission, ask: Callable[[System], Action]
) -> list[AskedItem]:
    """Ask something of each of the systems; each succeeds or fails by itself, and is told in the order of `chosen`."""
    items = []
    for system_id in chosen:
        try:
            action = ask(get_system(user, system_id, permission))
            items.append(AskedItem(system=system_id, status=202, action=action.pk, problem=None))
        except Exception as error:  # noqa: BLE001 - every item answers for itself, as a request of its own would
            items.append(failed_item(AskedItem, error, system=system_id, action=None))
    return items


@routes.get("", response=Page[ActionOut])
@needs(Permission.VIEW, anywhere=True)
def list_actions(request: HttpRequest, filters: Query[ActionFilters]) -> Page[ActionOut]:
    """List actions, newest first."""
    rows = Action.objects.filter(
        grants_of(user_of(request)).folders(Permission.VIEW, "system__folder__path")
    ).select_related("created_by")
    if filters.system:
        rows = rows.filter(system__in=filters.system)
    if filters.command is not None:
        rows = rows.filter(command__iexact=filters.command)
    if filters.state:
        rows = rows.filter(state__in=filters.state)
    if filters.created_by is not None:
        rows = rows.filter(created_by__username=filters.created_by)
    if filters.created_after is not None:
        rows = rows.filter(created_at__gt=filters.created_after)
    if filters.created_before is not None:
        rows = rows.filter(created_at__lt=filters.created_before)
    rows = searched(rows, filters.search, "command", "system__name", "reason")
    return page_of(ActionOut, rows, filters, _SORTS, "-id", encode_action)


@routes.post("", response={200: AskedItems, 202: AskedItems})
@needs(Permission.RUN_ACTIONS, anywhere=True)
def run_command_on_many(request: HttpRequest, details: CommandForMany) -> Status[AskedItems]:
    """Run a command on many systems at their next check-ins; each succeeds or fails by itself."""
    user = user_of(request)
    command = CommandIn(**details.dict(include=set(CommandIn.model_fields)))
    items = []
    chosen = choose(user, details, Permission.RUN_ACTIONS)
    known = known_commands(systems_by_id(user, chosen).values()) if details.dry_run else None
    for system_id in chosen:
        try:
            system = get_managed(user, system_id, Permission.RUN_ACTIONS)
            with trial(details.dry_run):
                number = ask_of(system, command, user).pk
            action = None if details.dry_run else number
            warnings = [str(fault) for fault in known.faults_of(system, command.call)] if known else []
            items.append(
                AskedItem(system=system_id, status=202, action=action, problem=None, warnings=warnings)
            )
        except Exception as error:  # noqa: BLE001 - every item answers for itself, as a request of its own would
            items.append(failed_item(AskedItem, error, system=system_id, action=None))
    return Status(200 if details.dry_run else 202, AskedItems(items=items))


@routes.get("/{int:action_id}", response=ActionOut)
@needs(Permission.VIEW, anywhere=True)
def show_action(request: HttpRequest, action_id: int) -> ActionOut:
    """Show one action."""
    return encode_action(_get(request, action_id))


@routes.post("/{int:action_id}/cancel", response=ActionOut)
@needs(Permission.RUN_ACTIONS, anywhere=True)
def cancel_action(request: HttpRequest, action_id: int) -> ActionOut:
    """Cancel an action that was not handed over yet."""
    action = _get(request, action_id)
    demand(user_of(request), Permission.RUN_ACTIONS, action.system.folder.path)
    with transaction.atomic():
        if not actions.cancel(action, user=user_of(request), now=timezone.now()):
            raise Conflict(
                "The action was handed over already, or has ended.",
                hint="Only what still waits can be cancelled.",
            )
        audit.record(user_of(request), "api", "cancel action", action.system, action=action.pk)
    return encode_action(_get(request, action_id))


def _get(request: HttpRequest, action_id: int) -> Action:
    reach = grants_of(user_of(request)).folders(Permission.VIEW, "system__folder__path")
    rows = Action.objects.filter(reach).select_related("system__folder", "created_by")
    found = rows.filter(pk=min(action_id, LARGEST_ID)).first()
    if found is None:
        raise NotFound("action", action_id)
    return found
