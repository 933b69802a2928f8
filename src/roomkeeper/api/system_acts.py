"""Acts on systems: admission by a person, enforcing, restarting, commands, secrets."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field, field_validator

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.derived_lists import actor_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.problems import Conflict, ProblemOut, refused_as
from roomkeeper.api.reach import Identifier, get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.api.system_additions import failed_item
from roomkeeper.api.systems import SystemOut, tell
from roomkeeper.fleet.admission_acts import ACCEPT_IDENTITY, ACCEPT_KEY, APPROVE, BLOCK, IGNORE, READMIT
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.operations.subjects import Act
from roomkeeper.systems.addresses import parse_address
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import State, System

routes = Routes("systems")


class Approval(Schema, extra="forbid"):
    """How to admit."""

    folder: Identifier | None = Field(None, description="Default: its present folder.")
    name: str | None = Field(None, max_length=50)
    tags: list[str] = Field([], max_length=50, description="Tags to add to the ones that it has.")
    source: str | None = Field(
        None,
        max_length=64,
        description="Address that its secret is sent to. Without it, all its posts of the last 24 hours"
        " must have come"
        " from one address; otherwise the answer is 409 with the addresses.",
    )

    @field_validator("source")
    @classmethod
    def _check_source(cls, text: str | None) -> str | None:
        return _usable(text)


class Readmission(Schema, extra="forbid"):
    """How to admit again."""

    source: str | None = Field(None, max_length=64, description="As with `approve`.")

    @field_validator("source")
    @classmethod
    def _check_source(cls, text: str | None) -> str | None:
        return _usable(text)


class ApprovalItem(Readmission):
    """One of many systems, with the address its secret is handed to."""

    system: Identifier


class Approvals(Schema, extra="forbid"):
    """Many systems to admit alike."""

    systems: list[Identifier | ApprovalItem] = Field(
        min_length=1, max_length=1000, description="Ids, or objects of `system` and `source`."
    )
    folder: Identifier | None = None
    tags: list[str] = Field([], max_length=50, description="Tags to add to each.")


class ApprovedItem(Schema):
    """The outcome for one system, in the order of the request."""

    system: int
    status: int
    problem: ProblemOut | None


class ApprovedItems(Schema):
    """The outcome for each system."""

    items: list[ApprovedItem]


class NewIdentity(Schema, extra="forbid"):
    """What the system's hardware says of itself now; an empty one is forgotten."""

    serial_number: str = Field("", max_length=64)
    mac_address: str = Field("", max_length=64)


class Accepted(Schema):
    """Work that rides on the system's next check-ins."""

    operation: str = Field(description="Address at which to follow it.")


def _usable(source: str | None) -> str | None:
    if source is not None and parse_address(source) is None:
        raise ValueError(f"{source!r} is not an IP address")
    return source


@routes.post("/approve", response=ApprovedItems)
@needs(Permission.ADMIT, anywhere=True)
def approve_systems(request: HttpRequest, details: Approvals) -> ApprovedItems:
    """Admit many systems; each succeeds or fails separately."""
    items = []
    for one in details.systems:
        system_id, source = (one, None) if isinstance(one, int) else (one.system, one.source)
        try:
            how = Approval(folder=details.folder, name=None, tags=details.tags, source=source)
            _do(request, system_id, APPROVE, how.dict(exclude_none=True))
            items.append(ApprovedItem(system=system_id, status=200, problem=None))
        except Exception as error:  # noqa: BLE001 - every item answers for itself, as a request of its own would
            items.append(failed_item(ApprovedItem, error, system=system_id))
    return ApprovedItems(items=items)


@routes.post("/{int:system_id}/approve", response=SystemOut)
@needs(Permission.ADMIT, anywhere=True)
def approve_system(request: HttpRequest, system_id: int, details: Approval | None = None) -> Any:
    """Admit a system from the inbox, a pre-registered one, or one whose secret was withheld."""
    return _done(request, system_id, APPROVE, details.dict(exclude_none=True) if details else {})


@routes.post("/{int:system_id}/ignore", response=SystemOut)
@needs(Permission.ADMIT, anywhere=True)
def ignore_system(request: HttpRequest, system_id: int) -> Any:
    """Keep a system out of the inbox; it is answered like an unknown one."""
    return _done(request, system_id, IGNORE)


@routes.post("/{int:system_id}/block", response=SystemOut)
@needs(Permission.ADMIT, anywhere=True)
def block_system(request: HttpRequest, system_id: int) -> Any:
    """Refuse everything that a system posts."""
    return _done(request, system_id, BLOCK)


@routes.post("/{int:system_id}/readmit", response=SystemOut)
@needs(Permission.ADMIT, anywhere=True)
def readmit_system(request: HttpRequest, system_id: int, details: Readmission | None = None) -> Any:
    """Admit again: after a factory reset, an ignore or a block. Forgets what the system had proven."""
    return _done(request, system_id, READMIT, details.dict(exclude_none=True) if details else {})


@routes.post("/{int:system_id}/accept-identity", response=SystemOut)
@needs(Permission.ADMIT, anywhere=True)
def accept_identity(request: HttpRequest, system_id: int, details: NewIdentity) -> Any:
    """Accept that a system's hardware or network card was swapped."""

    return _done(request, system_id, ACCEPT_IDENTITY, details.dict())


@routes.post("/{int:system_id}/accept-key", response=SystemOut)
@needs(Permission.ADMIT, anywhere=True)
def accept_key(request: HttpRequest, system_id: int) -> Any:
    """Accept that a system shows another TLS key; the next proven login pins the new one."""
    return _done(request, system_id, ACCEPT_KEY)


@routes.post("/{int:system_id}/try-login", response=SystemOut)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def try_login_again(request: HttpRequest, system_id: int) -> Any:
    """Let a login that was refused be tried once more: the account was unlocked, or its password restored."""
    user = user_of(request)
    system = get_system(user, system_id, Permission.MANAGE_SYSTEMS)
    with transaction.atomic():
        credentials.allow_login_again(system)
        audit.record(user, "api", "try login again", system)
    return tell(user, system_id)


@routes.post("/{int:system_id}/rotate-secret", response={202: Accepted})
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def rotate_secret(request: HttpRequest, system_id: int, response: HttpResponse) -> Status[Accepted]:
    """Hand a system a new secret; the current one serves until the new one is used."""
    user = user_of(request)
    system = get_system(user, system_id, Permission.MANAGE_SYSTEMS)
    with transaction.atomic(), refused_as(409, secrets.RotationRefused):
        secrets.rotate(system, now=timezone.now(), user=user)
        audit.record(user, "api", "rotate secret", system)
    return _accepted(response, f"/api/v1/systems/{system_id}/timeline")


def get_managed(user: User, system_id: int, permission: Permission) -> System:
    """The system, which must be managed: only then is there a route to it."""
    system = get_system(user, system_id, permission)
    if system.state != State.MANAGED:
        raise Conflict(
            f"{system} is {system.get_state_display().lower()}, not managed.",
            hint="Approve it first.",
        )
    return system


def _do(request: HttpRequest, system_id: int, act: Act, taken: Mapping[str, Any]) -> None:
    system = get_system(user_of(request), system_id)
    do_act(SYSTEMS, act, system, actor_of(request), taken)


def _done(request: HttpRequest, system_id: int, act: Act, taken: Mapping[str, Any] | None = None) -> Any:
    """Do it, and tell the system as it is then."""
    _do(request, system_id, act, taken or {})
    return tell(user_of(request), system_id)


def _accepted(response: HttpResponse, address: str) -> Status[Accepted]:
    response["Location"] = address
    return Status(202, Accepted(operation=address))
