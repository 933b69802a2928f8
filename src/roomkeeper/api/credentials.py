"""`credentials`: logins, SNMP communities and SNMP users that are tried on systems whose own are not known yet."""

from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.paging import ListParameters, Page, page_of, searched
from roomkeeper.api.problems import NotFound, refused_as
from roomkeeper.api.reach import LARGEST_ID
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.systems import credential_list
from roomkeeper.systems.models import Credential

routes = Routes("credentials")
KindWord = Literal["login", "community", "snmp_user"]
_SORTS = {"id": "id", "name": "name", "kind": "kind"}
_SECRET = 1000


class CredentialOut(Schema):
    """An entry of the list; what is secret in it is written, never read back."""

    id: int
    name: str
    kind: KindWord
    username: str
    created_at: datetime


class CredentialValues(Schema, extra="forbid"):
    """What an entry holds: login: `username`, `password`; community: `community`, `version`; snmp_user: the rest."""

    username: str | None = Field(None, max_length=128)
    password: str | None = Field(None, max_length=_SECRET)
    community: str | None = Field(None, max_length=_SECRET)
    version: Literal["1", "2c"] | None = None
    auth_protocol: str | None = Field(
        None, max_length=16, description="MD5, SHA-1, SHA-256, ...; empty for none."
    )
    auth_password: str | None = Field(None, max_length=_SECRET)
    privacy_protocol: str | None = Field(
        None, max_length=16, description="DES, AES, AES-256, ...; empty for none."
    )
    privacy_password: str | None = Field(None, max_length=_SECRET)


class CredentialIn(CredentialValues):
    """An entry to add."""

    name: str = Field(min_length=1, max_length=100)
    kind: KindWord


class CredentialPatch(CredentialValues):
    """What to change; what is left out stays."""

    name: str | None = Field(None, min_length=1, max_length=100)


class CredentialFilters(ListParameters):
    """Filters on the list."""

    kind: KindWord | None = None
    name: str | None = None


@routes.get("", response=Page[CredentialOut])
@needs(Permission.VIEW_SERVER)
def list_credentials(request: HttpRequest, filters: Query[CredentialFilters]) -> Page[CredentialOut]:
    """List saved credentials, in the order in which they are tried."""
    rows = Credential.objects.all()
    if filters.kind is not None:
        rows = rows.filter(kind=filters.kind)
    if filters.name is not None:
        rows = rows.filter(name__iexact=filters.name)
    rows = searched(rows, filters.search, "name", "username")
    return page_of(CredentialOut, rows, filters, _SORTS, "id", _told)


@routes.get("/{int:credential_id}", response=CredentialOut)
@needs(Permission.VIEW_SERVER)
def show_credential(request: HttpRequest, credential_id: int) -> CredentialOut:
    """One entry, without what is secret in it."""
    return _told(_get(credential_id))


@routes.post("", response={201: CredentialOut})
@needs(Permission.MANAGE_SERVER)
def add_credential(
    request: HttpRequest, details: CredentialIn, response: HttpResponse
) -> Status[CredentialOut]:
    """Add an entry."""
    user = user_of(request)
    with refused_as(422, credential_list.CredentialRefused), transaction.atomic():
        credential = credential_list.add(
            name=details.name, kind=details.kind, values=_values(details), now=timezone.now()
        )
        _note(user, "add credential", credential)
    response["Location"] = f"/api/v1/credentials/{credential.pk}"
    return Status(201, _told(credential))


@routes.patch("/{int:credential_id}", response=CredentialOut)
@needs(Permission.MANAGE_SERVER)
def change_credential(request: HttpRequest, credential_id: int, patch: CredentialPatch) -> CredentialOut:
    """Change an entry's name or some of its values."""
    credential, values = _get(credential_id), _values(patch)
    with refused_as(422, credential_list.CredentialRefused), transaction.atomic():
        credential_list.change(credential, name=patch.name, values=values)
        _note(user_of(request), "change credential", credential, changed=sorted(values))
    return _told(credential)


@routes.delete("/{int:credential_id}", response={204: None})
@needs(Permission.MANAGE_SERVER)
def delete_credential(request: HttpRequest, credential_id: int) -> Status[None]:
    """Take an entry off the list; systems that were added with it keep their own copy."""
    credential = _get(credential_id)
    with transaction.atomic():
        _note(user_of(request), "delete credential", credential)
        credential_list.delete(credential)
    return Status(204, None)


def _get(credential_id: int) -> Credential:
    found = Credential.objects.filter(pk=min(credential_id, LARGEST_ID)).first()
    if found is None:
        raise NotFound("credential", credential_id)
    return found


def _told(credential: Credential) -> CredentialOut:
    return CredentialOut(
        id=credential.pk,
        name=credential.name,
        kind=credential.kind,  # type: ignore[arg-type]
        username=credential.username,
        created_at=credential.created_at,
    )


def _values(details: CredentialValues) -> dict[str, str]:
    given = details.dict(include=set(CredentialValues.model_fields))
    return {name: value for name, value in given.items() if value is not None}


def _note(user: User, act: str, credential: Credential, **details: Any) -> None:
    audit.record(user, "api", act, credential, kind=credential.kind, **details)
