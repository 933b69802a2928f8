"""`change-sets`: settings asked of one or many systems, planned or handed over with the next check-ins."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, grants_of, needs
from roomkeeper.api.choosing import SystemChoice, choose_managed
from roomkeeper.api.derived_lists import actor_of, told_of
from roomkeeper.api.problems import Invalid, NotFound
from roomkeeper.api.reach import LARGEST_ID
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.operations.door import do
from roomkeeper.provisioning import delivery_telling as telling
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.delivery_surface import CHANGE_SETS
from roomkeeper.provisioning.models import ChangeSet
from roomkeeper.provisioning.settings_acts import ASK_SETTINGS
from roomkeeper.words import gettext as _

routes = Routes("change-sets")
_TAKEN = ("settings", "persistent", "description", "during_calls", "only_in_window", "failure_limit")


class ChangeSetIn(SystemChoice):
    """Settings asked of systems. A path may be spelled `SystemUnit/Name` or `SystemUnit Name`."""

    settings: dict[str, str | None] = Field(
        min_length=1,
        max_length=500,
        description='Path to value: "" sets empty, null removes an earlier request.',
    )
    persistent: bool = Field(
        False, description="Make it persistent: sent again whenever the system reports another value."
    )
    dry_run: bool = Field(False, description="Only plan: answers 200 with the outcome for each system.")
    description: str = Field("", max_length=255)
    during_calls: bool = Field(
        False, description="Also while a system is in a call; otherwise it waits for the end of the call."
    )
    only_in_window: bool = Field(False, description="Only while a system's maintenance window is open.")
    failure_limit: int | None = Field(None, ge=0, description="Stop once more systems than this have failed.")


class PlannedItemOut(Schema):
    """The outcome for one setting of one system."""

    path: str
    value: str | None
    verdict: str = Field(description="`change`, `already` or `cannot`.")
    reason: str


class PlannedChangeOut(Schema):
    """The outcome for one system."""

    system: int
    items: list[PlannedItemOut]


class PlanOut(Schema):
    """What a change set would do; nothing was recorded."""

    counts: dict[str, int] = Field(description="Systems by verdict: `change`, `already`, `cannot`.")
    changes: list[PlannedChangeOut]


_told = told_of(CHANGE_SETS)
ChangeSetSummary: Any = _told.in_list


@routes.post("", response={200: PlanOut, 202: ChangeSetSummary})
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def create_change_set(
    request: HttpRequest,
    details: ChangeSetIn,
    response: HttpResponse,
) -> HttpResponse | Status[Any]:
    """Ask settings of systems; with `dry_run` only plan.

    Answers 202 with the change set's address: it is done when its state is `confirmed`.
    """
    user = user_of(request)
    systems = choose_managed(user, details, [Permission.CHANGE_SETTINGS])
    if details.dry_run:
        with _told_refusals():
            plan = planning.plan_settings(systems, details.settings)
        return _told_plan(plan)

    taken = {name: getattr(details, name) for name in _TAKEN} | {"systems": systems}
    with _told_refusals():
        made = do(CHANGE_SETS, ASK_SETTINGS, None, actor=actor_of(request), now=timezone.now(), taken=taken)
    response["Location"] = f"/api/v1/change-sets/{made.pk}"
    return Status(202, tell_change_set(user, made))


def get_change_set(user: User, change_set_id: int) -> ChangeSet:
    """The change set, if it asks for anything of a system that the user may see; raises `NotFound`."""
    found = CHANGE_SETS.rows(grants_of(user)).filter(pk=min(change_set_id, LARGEST_ID)).first()
    if found is None:
        raise NotFound("change set", change_set_id)
    return cast(ChangeSet, found)


@contextmanager
def _told_refusals() -> Iterator[None]:
    """Tell what planning refuses, path by path."""
    try:
        yield
    except planning.PlanRefused as error:
        errors = [
            (f"body.settings.{path}" if path else "body.settings", sentence)
            for path, sentence in error.errors.items()
        ]
        raise Invalid(_("These settings cannot be requested."), errors=errors) from error


def tell_change_set(user: User, change_set: ChangeSet) -> dict[str, Any]:
    """The fields of `ChangeSetSummary`, counting the systems that the user may see."""
    telling.look_up([change_set], grants_of(user), timezone.now())
    return _told(change_set)


def _told_plan(plan: planning.ChangePlan) -> HttpResponse:
    """Written as it is: looking at it once more takes longer than planning for ten thousand systems."""
    told = encode_plan(plan)
    return HttpResponse(told.model_dump_json(), content_type="application/json; charset=utf-8")


def encode_plan(plan: planning.ChangePlan) -> PlanOut:
    """A plan as the API tells it, unchecked."""
    return PlanOut.model_construct(
        counts=dict(plan.counts),
        changes=[
            PlannedChangeOut.model_construct(
                system=change.system.pk,
                items=[
                    PlannedItemOut.model_construct(
                        path=item.path, value=item.value, verdict=item.verdict, reason=item.reason
                    )
                    for item in change.items
                ],
            )
            for change in plan.per_system
        ],
    )
