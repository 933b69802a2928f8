"""`systems/{id}/restart`, `systems/restart`: restarting one or many, after a call or in the maintenance window."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.action_fields import ActionOut, encode_action
from roomkeeper.api.actions import AskedItems, ask_each
from roomkeeper.api.choosing import SystemChoice, choose_few
from roomkeeper.api.problems import refused_as
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.api.system_acts import get_managed
from roomkeeper.provisioning import actions
from roomkeeper.provisioning.models import Action
from roomkeeper.provisioning.planning import Care
from roomkeeper.systems.models import System

routes = Routes("systems")


class RestartIn(Schema, extra="forbid"):
    """When to restart."""

    during_calls: bool = Field(False, description="Also during a call, which then ends; otherwise after it.")
    only_in_window: bool = Field(False, description="Only while the maintenance window is open.")

    @property
    def care(self) -> Care:
        """How carefully it is asked for."""
        return Care(during_calls=self.during_calls, only_in_window=self.only_in_window)


class RestartMany(SystemChoice, RestartIn):
    """Restart many systems."""


@routes.post("/{int:system_id}/restart", response={202: ActionOut})
@needs(Permission.RUN_ACTIONS, anywhere=True)
def restart_system(
    request: HttpRequest, system_id: int, response: HttpResponse, details: RestartIn | None = None
) -> Status[Any]:
    """Restart a system: pushed, or with the answer to its next post; during a call after its end."""
    user = user_of(request)
    care = details.care if details else Care()
    action = _restart(user, get_managed(user, system_id, Permission.RUN_ACTIONS), care)
    response["Location"] = f"/api/v1/actions/{action.pk}"
    return Status(202, encode_action(action))


@routes.post("/restart", response={202: AskedItems})
@needs(Permission.RUN_ACTIONS, anywhere=True)
def restart_systems(request: HttpRequest, details: RestartMany) -> Status[AskedItems]:
    """Restart many systems; each succeeds or fails separately."""
    user = user_of(request)
    chosen = choose_few(user, details, Permission.RUN_ACTIONS)
    items = ask_each(
        user, chosen, Permission.RUN_ACTIONS, lambda system: _restart(user, system, details.care)
    )
    return Status(202, AskedItems(items=items))


def _restart(user: User, system: System, care: Care) -> Action:
    with transaction.atomic(), refused_as(409, actions.ActionRefused):
        action = actions.restart(system, user=user, now=timezone.now(), care=care)
        audit.record(
            user,
            "api",
            "restart",
            system,
            action=action.pk,
            during_calls=care.during_calls,
            only_in_window=care.only_in_window,
        )
    return action
