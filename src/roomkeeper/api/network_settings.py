"""`network-settings`: changing them, with the saved credentials, and what that concerns; all out of their table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema
from pydantic import Field, create_model

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.adding.surface import LoginIn
from roomkeeper.api.derived_lists import actor_of, told_of
from roomkeeper.api.problems import Invalid, refused_as
from roomkeeper.api.routing import Routes
from roomkeeper.systems import network_settings
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import Credential
from roomkeeper.systems.network_settings import TABLE, settings_act, telling
from roomkeeper.words import gettext as _

routes = Routes("network-settings")
_told = told_of(settings_act.SETTINGS)


class _Patch(Schema, extra="forbid"):
    snmp_communities: list[str] | None = Field(
        None,
        max_length=50,
        description="Replaces the saved SNMP communities (v2c). Write-only.",
    )
    credentials: list[LoginIn] | None = Field(
        None, max_length=50, description="Replaces the saved logins. Write-only."
    )


# Models that are made are no types to a type checker.
NetworkSettingsPatch: TypeAlias = Any
if not TYPE_CHECKING:
    NetworkSettingsPatch = create_model(
        "NetworkSettingsPatch",
        __base__=_Patch,
        __doc__="Network settings.",
        **telling.parts_of(telling.NESTED, is_patch=True),
    )


class Checked(Schema):
    """What a change would concern."""

    systems: int = Field(description="Systems that would be sent their management settings again.")


@routes.post("/check", response=Checked)
@needs(Permission.VIEW_SERVER)
def check_network_settings(request: HttpRequest, patch: NetworkSettingsPatch) -> Checked:
    """Tell how many systems a change would be written to; changes nothing."""
    return Checked(systems=network_settings.concerned_by(_given(patch)))


@routes.patch("", response=_told.schema)
@needs(Permission.MANAGE_SERVER)
def change_network_settings(request: HttpRequest, patch: NetworkSettingsPatch) -> dict[str, Any]:
    """Change Network settings: all fields in the request, or none. Changed addresses are sent to all systems."""
    actor, now = actor_of(request), timezone.now()
    try:
        with transaction.atomic():
            settings_act.change(_given(patch), actor=actor, now=now)
            for field, kind, wanted in _wanted_credentials(patch):
                with refused_as(422, credential_list.CredentialRefused, field=f"body.{field}"):
                    settings_act.replace_credentials(kind, wanted, actor=actor, now=now)
    except network_settings.InvalidNetworkSettings as error:
        raise Invalid(
            _("Some settings cannot be used; nothing was changed."),
            errors=[(f"body.{TABLE[key].at}", sentence) for key, sentence in error.errors.items()],
        ) from error
    return _told.one(network_settings.get(), actor)


def _given(patch: Any) -> dict[str, Any]:
    """What was sent, by the keys of the settings."""
    return telling.by_key(patch.dict(exclude_unset=True, exclude=set(_Patch.model_fields)))


def _wanted_credentials(patch: Any) -> list[tuple[str, str, list[Mapping[str, str]]]]:
    """(field, kind, entries) of the lists that were sent."""
    found: list[tuple[str, str, list[Mapping[str, str]]]] = []
    if patch.snmp_communities is not None:
        entries: list[Mapping[str, str]] = [{"community": one} for one in patch.snmp_communities]
        found.append(("snmp_communities", Credential.Kind.COMMUNITY, entries))
    if patch.credentials is not None:
        found.append(("credentials", Credential.Kind.LOGIN, [one.model_dump() for one in patch.credentials]))
    return found
