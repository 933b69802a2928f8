"""`systems/{id}/password`, `systems/password`: new passwords of devices, each an action; none is ever answered."""

from typing import Any, Literal, Self

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field, field_validator, model_validator

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.action_fields import ActionOut, encode_action
from roomkeeper.api.actions import AskedItems, ask_each
from roomkeeper.api.choosing import SystemChoice, choose_few, permitted
from roomkeeper.api.problems import refused_as
from roomkeeper.api.reach import get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.provisioning import passwords
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.models import System

routes = Routes("systems")


class NewPassword(Schema, extra="forbid"):
    """The password to set: a given one, or one that is generated for each system and shown to nobody."""

    password: str | None = Field(None, max_length=passwords.LONGEST, repr=False, description="Write-only.")
    generate: bool = Field(False, description="A random one for each system, known only to Roomkeeper.")
    dry_run: bool = Field(False, description="Only plan: answers 200, and nothing is sent to any device.")

    @field_validator("password")
    @classmethod
    def _check_password(cls, text: str | None) -> str | None:
        if text is not None:
            passwords.check(text)
        return text

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if (self.password is None) != self.generate:
            raise ValueError("give either `password`, or `generate` as true")
        return self


class PasswordForMany(SystemChoice, NewPassword):
    """A new password for many systems."""


class PlannedPassword(Schema):
    """The outcome for one system."""

    system: int
    system_name: str
    verdict: Literal["verified", "unverified", "cannot"] = Field(
        description="Proven by a login at once, sent without proof, or not possible."
    )
    words: str = Field(description="Why it is not verified; empty if it is.")


class PasswordCounts(Schema):
    """How many systems have each verdict."""

    verified: int
    unverified: int
    cannot: int


class PasswordPlan(Schema):
    """The outcome for each system."""

    counts: PasswordCounts
    items: list[PlannedPassword]


@routes.post("/{int:system_id}/password", response={200: PlannedPassword, 202: ActionOut})
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def set_password(
    request: HttpRequest, system_id: int, details: NewPassword, response: HttpResponse
) -> Status[Any]:
    """Set the password of a device; the stored one is kept until a login has proven the new one."""
    user = user_of(request)
    system = get_system(user, system_id, Permission.MANAGE_SYSTEMS)
    if details.dry_run:
        (planned,) = passwords.plan([system])
        return Status(200, _encode(planned))
    action = _set(user, system, details)
    response["Location"] = f"/api/v1/actions/{action.pk}"
    return Status(202, encode_action(action))


@routes.post("/password", response={200: PasswordPlan, 202: AskedItems})
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def set_password_on_many(
    request: HttpRequest, details: PasswordForMany
) -> Status[PasswordPlan] | Status[AskedItems]:
    """Set the passwords of many devices; each succeeds or fails separately."""
    user = user_of(request)
    chosen = choose_few(user, details, Permission.MANAGE_SYSTEMS)
    if details.dry_run:
        return Status(200, _plan(user, chosen))
    items = ask_each(user, chosen, Permission.MANAGE_SYSTEMS, lambda system: _set(user, system, details))
    return Status(202, AskedItems(items=items))


def _set(user: User, system: System, details: NewPassword) -> Action:
    with transaction.atomic(), refused_as(409, passwords.PasswordRefused):
        action = passwords.set_password(system, details.password, user=user, now=timezone.now())
        audit.record(
            user, "api", "set password", system, action=action.pk, username=system.username,
            is_generated=details.generate,
        )  # fmt: skip
    return action


def _plan(user: User, chosen: list[int]) -> PasswordPlan:
    reached, refused = permitted(user, chosen, Permission.MANAGE_SYSTEMS)
    items = [_encode(planned) for planned in passwords.plan(reached)]
    items += [
        PlannedPassword(system=system_id, system_name=name, verdict="cannot", words=words)
        for system_id, name, words in refused
    ]
    numbers = {
        word: sum(item.verdict == word for item in items) for word in ("verified", "unverified", "cannot")
    }
    return PasswordPlan(counts=PasswordCounts(**numbers), items=items)


def _encode(planned: passwords.Planned) -> PlannedPassword:
    return PlannedPassword.model_validate(
        {
            "system": planned.system.pk,
            "system_name": planned.system.name,
            "verdict": planned.verdict,
            "words": planned.words,
        }
    )
