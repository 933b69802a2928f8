"""What accounts and groups have in common as people and programs see them: roles on folders, and who manages them."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from django.db.models import Q
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from roomkeeper.accounts.models import Role
from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.operations.acts import Input
from roomkeeper.operations.fields import Field as Declared
from roomkeeper.operations.filters import Identifier
from roomkeeper.systems import inventory
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

ROLE_WORDS: Final = (
    (Role.VIEWER.value, "viewer: sees"),
    (Role.OPERATOR.value, noop("operator: sees, changes settings, runs actions, works on tickets")),
    (
        Role.ADMINISTRATOR.value,
        noop("administrator: everything on that folder; on the root folder, the server too"),
    ),
)


class RoleOnFolder(BaseModel):
    """A role on a folder and everything below it."""

    model_config = ConfigDict(extra="forbid")

    folder: Identifier | None = Field(None, description="Without it the root folder: everything.")
    role: Literal["viewer", "operator", "administrator"]


def _once(roles: list[RoleOnFolder]) -> list[RoleOnFolder]:
    folders = [one.folder for one in roles]
    if len(set(folders)) != len(folders):
        raise ValueError(_("a folder is named twice: one role a folder"))
    return roles


ROLES: Final = Input(
    name="roles",
    type=Annotated[list[RoleOnFolder], AfterValidator(_once)],
    meaning="All roles from then on: ROLE or ROLE@FOLDER.",
    label="Roles",
    most=1000,
    parts=(
        Input(name="role", label="Role", choices=ROLE_WORDS),
        Input(name="folder", label="On this folder and everything below it", refers="folders"),
    ),
)


def seen_by(grants: Grants) -> Q:
    """For whoever manages people."""
    return Q() if grants.may(Permission.MANAGE_PEOPLE) else Q(pk__in=[])


def given(roles: Sequence[dict[str, Any]]) -> list[tuple[Any, str]]:
    """The folders with the role given on each."""
    return [(one["folder"] or inventory.root_folder(), one["role"]) for one in roles]


def _roles_of(holder: Any) -> list[RoleOnFolder]:
    found = sorted(holder.role_assignments.all(), key=lambda one: one.folder_id)
    return [RoleOnFolder(folder=one.folder_id, role=one.role) for one in found]


def _in_words(holder: Any) -> list[str]:
    found = sorted(holder.role_assignments.all(), key=lambda one: one.folder.path)
    return [_("{one.role} of {one.folder}", one=one) for one in found]


ROLE_FIELDS: Final = (
    Declared(
        name="roles",
        type=list[RoleOnFolder],
        read=_roles_of,
        heading="Roles",
        cell="people/cell_roles.html",
        wraps=True,
        in_csv=False,
    ),
    Declared(name="roles_in_words", type=list[str], read=_in_words, is_told=False),
)
