"""`systems`: change and delete; the list is declared. Adding is in `system_additions`, acts in `system_acts`."""

from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema
from pydantic import Field, create_model

from roomkeeper.accounts import audit
from roomkeeper.accounts.actors import Actor, Road
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.api.derived_lists import actor_of, told_of
from roomkeeper.api.on_systems import routes as routes
from roomkeeper.api.problems import Invalid, refused_as
from roomkeeper.api.reach import Identifier, get_folder, get_system
from roomkeeper.api.routing import user_of
from roomkeeper.fleet.surface import SYSTEMS, ConnectivityWord, TrustWord
from roomkeeper.operations.door import do
from roomkeeper.provisioning import passwords, planning
from roomkeeper.secure_only import moving, single
from roomkeeper.secure_only.models import Move
from roomkeeper.secure_only.surface import MOVES, TURN_ON
from roomkeeper.systems import inventory, live
from roomkeeper.systems.admission import secure_only
from roomkeeper.systems.contact import connectivity_changes, credentials
from roomkeeper.systems.inventory import records
from roomkeeper.systems.models import System

SystemOut: Any = told_of(SYSTEMS).schema


class SystemPatch(Schema, extra="forbid"):
    """What can be changed of a system; what is left out stays."""

    name: str | None = Field(
        None,
        min_length=1,
        max_length=50,
        description="Also sent to the system as its `SystemUnit/Name`.",
    )
    folder: Identifier | None = None
    tags: list[str] | None = Field(None, max_length=50)
    host: str | None = Field(None, max_length=255)
    http_port: int | None = Field(None, ge=1, le=65_535, description="null: the port in Network settings.")
    https_port: int | None = Field(None, ge=1, le=65_535)
    connectivity: ConnectivityWord | None = Field(None, description="Set by hand; lock it to keep it.")
    connectivity_is_locked: bool | None = None
    is_secure_only: bool | None = Field(
        None,
        description="true starts a move (`secure-only-moves`) of this system, which must already trust this server.",
    )
    username: str | None = Field(None, max_length=128)
    password: str | None = Field(None, max_length=1000, description="Write-only.")
    password_may_use_http: bool | None = None
    tls_trust: TrustWord | None = Field(None, description="How its certificate is trusted.")
    tls_is_legacy: bool | None = Field(
        None, description="TLS 1.0 and weak ciphers, for systems without better."
    )
    notes: str | None = Field(None, max_length=100_000)


PatchedSystem: Any = create_model(
    "PatchedSystem",
    __base__=SystemOut,
    __doc__="The system after the change.",
    change_set=(int | None, Field(description="The change set that sends the new name to the system.")),
    secure_only_move=(
        int | None,
        Field(
            description="The move that `is_secure_only` started; the field is true once the system has"
            " proven that it can."
        ),
    ),
)


@routes.patch("/{int:system_id}", response=PatchedSystem)
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def change_system(request: HttpRequest, system_id: int, patch: SystemPatch) -> Any:
    """Change a system's record; a new name is handed to the device too.

    `name` takes the permission to change settings, everything else the one to manage systems.
    """
    user = user_of(request)
    values = patch.dict(exclude_unset=True)
    only_name = set(values) <= {"name"}
    system = get_system(
        user, system_id, Permission.CHANGE_SETTINGS if only_name else Permission.MANAGE_SYSTEMS
    )
    refuse_nulls(values, allowed={"http_port", "https_port"})
    with transaction.atomic():
        change_set, move = _apply(system, values, actor_of(request), timezone.now())
        told = {name: "***" if name == "password" else value for name, value in values.items()}
        audit.record(user, "api", "change system", system, **told)
    return tell(user, system_id) | {"change_set": change_set, "secure_only_move": move}


@routes.delete("/{int:system_id}", response={204: None})
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def delete_system(request: HttpRequest, system_id: int) -> HttpResponse:
    """Delete a system's record with all that is known of it; should it phone home, it stands in the inbox."""
    user = user_of(request)
    system = get_system(user, system_id, Permission.MANAGE_SYSTEMS)
    with transaction.atomic():
        audit.record(user, "api", "delete system", system)
        inventory.delete_system(system)
    return HttpResponse(status=204)


def tell(user: User, system_id: int) -> dict[str, Any]:
    """One system as the API tells it; raises `NotFound`."""
    get_system(user, system_id)
    actor = Actor(user, Road.API)
    return told_of(SYSTEMS).one(SYSTEMS.rows(actor.grants).get(pk=system_id), actor)


def refuse_nulls(values: dict[str, Any], allowed: set[str]) -> None:
    """Raise `Invalid` for fields that were sent as null and cannot be."""
    errors = [
        (f"body.{name}", "cannot be null")
        for name, value in values.items()
        if value is None and name not in allowed
    ]
    if errors:
        raise Invalid("Some fields cannot be null.", errors=errors)


def _apply(
    system: System, values: dict[str, Any], actor: Actor, now: datetime
) -> tuple[int | None, int | None]:
    """Write the values; the ids of the change set that a new name made, and of the move to Secure-Only."""
    user = cast(User, actor.user)
    change_set = move = None
    plain: list[str] = [name for name in ("password_may_use_http", "notes") if name in values]
    if values.keys() & {"host", "http_port", "https_port"}:
        host, http_port, https_port = (
            values.get(name, getattr(system, name)) for name in ("host", "http_port", "https_port")
        )
        with refused_as(422, records.AddressRefused, field="body.host"):
            records.set_address(system, host, http_port, https_port)
    for name in plain:
        setattr(system, name, values[name])
    if "folder" in values:
        # Whoever looks at the folder that it leaves is told, too.
        live.publish("systems", folder_path=system.folder.path)
        system.folder = get_folder(user, values["folder"], Permission.MANAGE_SYSTEMS)
        plain.append("folder")
    if plain:
        system.save(update_fields=plain)
        live.publish("systems", system)
    if "is_secure_only" in values:
        move = _set_secure_only(system, is_wanted=values["is_secure_only"], actor=actor, now=now)
    if "tls_trust" in values or "tls_is_legacy" in values:
        with refused_as(409, records.TrustRefused):
            records.set_trust(
                system,
                values.get("tls_trust", system.tls_trust),
                is_legacy=values.get("tls_is_legacy", system.tls_is_legacy),
                user=user,
                now=now,
            )
    if "username" in values or "password" in values:
        credentials.set_credentials(
            system,
            values.get("username", system.username),
            values.get("password", credentials.password_of(system)),
        )
        passwords.end_overtaken(system, now=now)
    if "tags" in values:
        inventory.set_tags(system, values["tags"])
    if "connectivity" in values:
        with refused_as(409, connectivity_changes.ConnectivityRefused):
            connectivity_changes.set_by_hand(system, values["connectivity"], user=user, now=now)
    if "connectivity_is_locked" in values:
        act = connectivity_changes.lock if values["connectivity_is_locked"] else connectivity_changes.unlock
        act(system, user=user, now=now)
    if "name" in values and values["name"] != system.name:
        demand(user, Permission.CHANGE_SETTINGS, system.folder.path)
        with refused_as(422, planning.PlanRefused, field="body.name"):
            made = planning.rename(system, values["name"], user=user, now=now)
        change_set = made.pk if made else None
    return change_set, move


def _set_secure_only(system: System, *, is_wanted: bool, actor: Actor, now: datetime) -> int | None:
    """The id of the move that it began, or that is on its way."""
    hint = "POST secure-only-moves with dry_run shows what another kind of `trust` would do."
    with refused_as(409, secure_only.SecureOnlyRefused, moving.MoveRefused, hint=hint):
        if not is_wanted:
            single.turn_off(system, user=actor.user, now=now)
        elif not system.is_secure_only:
            taken = {"system": system.pk, "trust": Move.Trust.TRUSTED}
            move = do(MOVES, TURN_ON, None, actor=actor, now=now, taken=taken)
            return move.pk if move else None
    return None
