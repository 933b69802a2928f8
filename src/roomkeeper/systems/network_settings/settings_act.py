"""Network settings are changed by one act, whichever road asks for it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q
from pydantic import BaseModel
from pydantic import Field as Described

from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.permissions import ROOT_PATH, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Rest
from roomkeeper.operations.door import do
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import Subject
from roomkeeper.systems import network_settings
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import Credential, NetworkSettings
from roomkeeper.systems.network_settings import former_addresses, telling


def _change(*, user: Person, now: datetime, changed: list[str], **values: Any) -> NetworkSettings:
    return network_settings.update(values, user=user, now=now)


def _replace(
    *, user: Person, now: datetime, kind: str, number: int, wanted: Iterable[Mapping[str, str]]
) -> Any:
    return credential_list.replace(kind, wanted, now=now)


class SavedCredentials(BaseModel):
    """What is tried on systems whose own credentials are not known yet: see `credentials`."""

    logins: list[str] = Described(description="User names, in the order in which they are tried.")
    snmp_communities: int = Described(description="How many there are.")
    snmp_users: list[str]


def _saved(row: NetworkSettings) -> SavedCredentials:
    entries = credential_list.entries()
    kinds = Credential.Kind
    return SavedCredentials(
        logins=[one.username for one in entries if one.kind == kinds.LOGIN],
        snmp_communities=sum(one.kind == kinds.COMMUNITY for one in entries),
        snmp_users=[one.username for one in entries if one.kind == kinds.SNMP_USER],
    )


# The one row is no list, and is in the list of none: what is told of it comes out of the table of settings.
SETTINGS = Subject(
    noun="network settings",
    plural="network settings",
    model=NetworkSettings,
    meaning="Network settings.",
    seen_by=lambda grants: Q(),
    place=lambda row: ROOT_PATH,
    needs=Permission.VIEW_SERVER,
    anywhere=False,
    only=lambda user: network_settings.get(),
    label=lambda row: "network settings",
    fields=(
        *telling.declared(),
        Field(name="snmp_community_is_set", type=bool, read=lambda row: bool(row.snmp_community_ciphertext)),
        Field(
            name="straggler_count",
            type=int,
            meaning="Systems that still call a former address of this server.",
            read=lambda row: former_addresses.stragglers().count(),
        ),
        Field(name="saved_credentials", type=SavedCredentials, read=_saved),
    ),
)
CHANGE = Act(
    name="change",
    needs=Permission.MANAGE_SERVER,
    run=_change,
    rest=Rest(is_derived=False),
    on="all",
    summary="Change Network settings: all fields in the request, or none. Changed addresses are sent to all systems.",
    takes=(
        Input(name="changed"),
        *(Input(name=key, is_secret=one.is_secret) for key, one in network_settings.TABLE.items()),
    ),
)
REPLACE = Act(
    name="replace saved credentials in",
    needs=Permission.MANAGE_SERVER,
    run=_replace,
    rest=Rest(is_derived=False),
    on="all",
    summary="Replace the saved logins or SNMP communities.",
    takes=(Input(name="kind"), Input(name="number", type=int), Input(name="wanted", is_secret=True)),
)


def change(values: Mapping[str, Any], *, actor: Actor, now: datetime) -> list[str]:
    """Change those of the settings that are not as given; their names. Nothing is noted where all are. Raises
    `InvalidNetworkSettings`, and then changes nothing."""
    cleaned, errors = network_settings.check(values)
    if errors:
        raise network_settings.InvalidNetworkSettings(errors)
    news = network_settings.news(network_settings.get(), cleaned)
    if news:
        do(SETTINGS, CHANGE, None, actor=actor, now=now, taken={"changed": sorted(news), **news})
    return list(news)


def replace_credentials(kind: str, wanted: list[Mapping[str, str]], *, actor: Actor, now: datetime) -> None:
    """Have the list of credentials hold exactly these of a kind. Raises `CredentialRefused`."""
    taken = {"kind": kind, "number": len(wanted), "wanted": wanted}
    do(SETTINGS, REPLACE, None, actor=actor, now=now, taken=taken)
