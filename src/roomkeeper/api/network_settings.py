"""`network-settings`: shown and changed as their table says, nested as its places in the API."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema
from pydantic import Field, create_model

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.adding.surface import LoginIn
from roomkeeper.api.derived_lists import actor_of
from roomkeeper.api.problems import Invalid, refused_as
from roomkeeper.api.routing import Routes
from roomkeeper.systems import network_settings
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import Credential, NetworkSettings
from roomkeeper.systems.models.setting_kinds import Nested, Setting, grouped
from roomkeeper.systems.network_settings import TABLE, former_addresses, settings_act
from roomkeeper.words import gettext as _

routes = Routes("network-settings")


class SavedCredentials(Schema):
    """What is tried on systems whose own credentials are not known yet: see `credentials`."""

    logins: list[str] = Field(description="User names, in the order in which they are tried.")
    snmp_communities: int = Field(description="How many there are.")
    snmp_users: list[str]


class _Told(Schema):
    snmp_community_is_set: bool
    straggler_count: int = Field(description="Systems that still call a former address of this server.")
    saved_credentials: SavedCredentials


class _Patch(Schema, extra="forbid"):
    snmp_communities: list[str] | None = Field(
        None,
        max_length=50,
        description="Replaces the saved SNMP communities (v2c). Write-only.",
    )
    credentials: list[LoginIn] | None = Field(
        None, max_length=50, description="Replaces the saved logins. Write-only."
    )


class _Group(Schema, extra="forbid"):
    """Settings that belong together."""


_NESTED: Nested = grouped(TABLE.values())


def schema_of(
    name: str,
    base: Any,
    nested: Nested,
    *,
    is_patch: bool,
    before: str = "",
    words: str = "Network settings.",
) -> Any:
    """The settings as JSON: all of them, or what to change of them, at every depth."""
    fields: dict[str, Any] = {}
    for outer, one in nested.items():
        if isinstance(one, Setting):
            if is_patch or not one.is_secret:
                fields[outer] = field_of(one, is_patch=is_patch)
            continue
        title = f"{before}{outer.title().replace('_', '')}{'Patch' if is_patch else 'Out'}"
        group = schema_of(
            title, _Group, one, is_patch=is_patch, before=before + outer.title(), words=_words_of(one)
        )
        fields[outer] = (group, Field(None) if is_patch else ...)
    return create_model(name, __base__=base, __doc__=words, **fields)


def _words_of(nested: Nested) -> str:
    """What the settings below are for."""
    first = next(iter(nested.values()))
    return _words_of(first) if isinstance(first, dict) else first.section.words or f"{first.section.title}."


def field_of(one: Setting, *, is_patch: bool) -> tuple[Any, Any]:
    """(type, description and bounds) of a setting in the schema."""
    words = ". ".join(part.rstrip(".") for part in (one.label, one.hint) if part) + "."
    known: dict[str, Any] = {"description": words + (" Write-only." if one.is_secret else "")}
    if one.form == "number":
        # Told to programs; the table's own rule refuses with a better sentence.
        known["json_schema_extra"] = {"minimum": one.least, "maximum": one.most}
    elif one.most is not None and is_patch:
        known["max_length"] = one.most
    return one.api_type, Field(None if is_patch else ..., **known)


NetworkSettingsOut = schema_of("NetworkSettingsOut", _Told, _NESTED, is_patch=False)
# Models that are made are no types to a type checker.
NetworkSettingsPatch: TypeAlias = Any
if not TYPE_CHECKING:
    NetworkSettingsPatch = schema_of("NetworkSettingsPatch", _Patch, _NESTED, is_patch=True)


class Checked(Schema):
    """What a change would concern."""

    systems: int = Field(description="Systems that would be sent their management settings again.")


@routes.get("", response=NetworkSettingsOut)
@needs(Permission.VIEW_SERVER)
def show_network_settings(request: HttpRequest) -> dict[str, Any]:
    """Show network settings."""
    return _told(network_settings.get())


@routes.post("/check", response=Checked)
@needs(Permission.VIEW_SERVER)
def check_network_settings(request: HttpRequest, patch: NetworkSettingsPatch) -> Checked:
    """Tell how many systems a change would be written to; changes nothing."""
    return Checked(systems=network_settings.concerned_by(_given(patch)))


@routes.patch("", response=NetworkSettingsOut)
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
    return _told(network_settings.get())


def _given(patch: Any) -> dict[str, Any]:
    """What was sent, by the keys of the settings."""
    return _by_key(patch.dict(exclude_unset=True, exclude=set(_Patch.model_fields)), _NESTED)


def _by_key(sent: Mapping[str, Any], nested: Nested) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word, value in sent.items():
        one = nested[word]
        found |= {one.key: value} if isinstance(one, Setting) else _by_key(value or {}, one)
    return found


def _wanted_credentials(patch: Any) -> list[tuple[str, str, list[Mapping[str, str]]]]:
    """(field, kind, entries) of the lists that were sent."""
    found: list[tuple[str, str, list[Mapping[str, str]]]] = []
    if patch.snmp_communities is not None:
        entries: list[Mapping[str, str]] = [{"community": one} for one in patch.snmp_communities]
        found.append(("snmp_communities", Credential.Kind.COMMUNITY, entries))
    if patch.credentials is not None:
        found.append(("credentials", Credential.Kind.LOGIN, [one.model_dump() for one in patch.credentials]))
    return found


def _told(found: NetworkSettings) -> dict[str, Any]:
    told = _shown(found, _NESTED)
    entries = credential_list.entries()
    return told | {
        "snmp_community_is_set": bool(found.snmp_community_ciphertext),
        "straggler_count": former_addresses.stragglers().count(),
        "saved_credentials": {
            "logins": [one.username for one in entries if one.kind == Credential.Kind.LOGIN],
            "snmp_communities": sum(one.kind == Credential.Kind.COMMUNITY for one in entries),
            "snmp_users": [one.username for one in entries if one.kind == Credential.Kind.SNMP_USER],
        },
    }


def _shown(found: NetworkSettings, nested: Nested) -> dict[str, Any]:
    return {
        word: getattr(found, one.column) if isinstance(one, Setting) else _shown(found, one)
        for word, one in nested.items()
        if isinstance(one, dict) or not one.is_secret
    }
