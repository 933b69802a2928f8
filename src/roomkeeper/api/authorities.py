"""`systems/{id}/authorities`, `systems/authorities`: having devices trust an authority, shown by its fingerprint."""

from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field, create_model

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.action_fields import ActionOut, encode_action
from roomkeeper.api.actions import AskedItem, ask_each
from roomkeeper.api.choosing import SystemChoice, choose_few, permitted
from roomkeeper.api.problems import refused_as
from roomkeeper.api.reach import get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.provisioning import authorities
from roomkeeper.provisioning.actions import ActionRefused
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.models import System

routes = Routes("systems")


class NewAuthority(Schema, extra="forbid"):
    """The authorities to install."""

    pem: str | None = Field(
        None,
        max_length=authorities.PEM_LIMIT,
        description="One or more certificates of authorities. Without it: the one that signs this server's.",
    )
    dry_run: bool = Field(False, description="Only plan: answers 200, and nothing is sent to any device.")


class AuthorityForMany(SystemChoice, NewAuthority):
    """Authorities for many systems."""


class AuthorityOut(Schema):
    """One authority, as people compare it."""

    subject: str
    fingerprint: str = Field(description="SHA-256.")
    expires_at: datetime


class PlannedAuthority(Schema):
    """The outcome for one system."""

    system: int
    system_name: str
    verdict: Literal["install", "cannot"]
    reason: str = Field(description="Why not; empty if it can.")


class AuthorityPlanOfOne(PlannedAuthority):
    """What would be installed on one system."""

    authorities: list[AuthorityOut]


class AuthorityCounts(Schema):
    """How many systems have each verdict."""

    install: int
    cannot: int


class AuthorityPlan(Schema):
    """What would be installed, and the outcome for each system."""

    authorities: list[AuthorityOut]
    counts: AuthorityCounts
    items: list[PlannedAuthority]


AuthorityAction: Any = create_model(
    "AuthorityAction",
    __base__=ActionOut,
    __doc__="The action that installs the authorities.",
    authorities=(list[AuthorityOut], ...),
)


class AuthorityItems(Schema):
    """What is installed, and the outcome for each system."""

    authorities: list[AuthorityOut]
    items: list[AskedItem]


@routes.post("/{int:system_id}/authorities", response={200: AuthorityPlanOfOne, 202: AuthorityAction})
@needs(Permission.RUN_ACTIONS, anywhere=True)
def install_authority(
    request: HttpRequest, system_id: int, response: HttpResponse, details: NewAuthority | None = None
) -> Status[AuthorityPlanOfOne] | Status[Any]:
    """Have a system trust an authority: this server's own, or those of a PEM text."""
    user = user_of(request)
    system = get_system(user, system_id, Permission.RUN_ACTIONS)
    details = details or NewAuthority(pem=None, dry_run=False)
    pem, shown = _read(details)
    if details.dry_run:
        (planned,) = authorities.plan([system])
        return Status(200, AuthorityPlanOfOne(authorities=shown, **_encode(planned).dict()))
    action = _install(user, system, pem, shown)
    response["Location"] = f"/api/v1/actions/{action.pk}"
    return Status(202, AuthorityAction(authorities=shown, **encode_action(action)))


@routes.post("/authorities", response={200: AuthorityPlan, 202: AuthorityItems})
@needs(Permission.RUN_ACTIONS, anywhere=True)
def install_authority_on_many(
    request: HttpRequest, details: AuthorityForMany
) -> Status[AuthorityPlan] | Status[AuthorityItems]:
    """Have many systems trust an authority; each succeeds or fails separately."""
    user = user_of(request)
    pem, shown = _read(details)
    chosen = choose_few(user, details, Permission.RUN_ACTIONS)
    if details.dry_run:
        return Status(200, _plan(user, chosen, shown))
    items = ask_each(user, chosen, Permission.RUN_ACTIONS, lambda system: _install(user, system, pem, shown))
    return Status(202, AuthorityItems(authorities=shown, items=items))


def _read(details: NewAuthority) -> tuple[str, list[AuthorityOut]]:
    """The text and what it holds."""
    if details.pem is None:
        with refused_as(409, authorities.AuthorityRefused, hint="Send the certificate as `pem`."):
            pem = authorities.own()
            found = authorities.read(pem, now=timezone.now())
    else:
        pem = details.pem
        with refused_as(422, authorities.AuthorityRefused, field="body.pem"):
            found = authorities.read(pem, now=timezone.now())
    return pem, [
        AuthorityOut(subject=one.subject, fingerprint=one.fingerprint, expires_at=one.expires_at)
        for one in found
    ]


def _install(user: User, system: System, pem: str, shown: list[AuthorityOut]) -> Action:
    with transaction.atomic(), refused_as(409, ActionRefused):
        action = authorities.install(system, pem, user=user, now=timezone.now())
        fingerprints = [one.fingerprint for one in shown]
        audit.record(user, "api", "install authority", system, action=action.pk, fingerprints=fingerprints)
    return action


def _plan(user: User, chosen: list[int], shown: list[AuthorityOut]) -> AuthorityPlan:
    reached, refused = permitted(user, chosen, Permission.RUN_ACTIONS)
    items = [_encode(planned) for planned in authorities.plan(reached)]
    items += [
        PlannedAuthority(system=system_id, system_name=name, verdict="cannot", reason=words)
        for system_id, name, words in refused
    ]
    able = sum(item.verdict == "install" for item in items)
    counts = AuthorityCounts(install=able, cannot=len(items) - able)
    return AuthorityPlan(authorities=shown, counts=counts, items=items)


def _encode(planned: authorities.Planned) -> PlannedAuthority:
    return PlannedAuthority.model_validate(
        {
            "system": planned.system.pk,
            "system_name": planned.system.name,
            "verdict": planned.verdict,
            "reason": planned.reason,
        }
    )
