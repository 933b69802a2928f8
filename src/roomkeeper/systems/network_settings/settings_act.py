"""Network settings are changed by one act, whichever road asks for it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from roomkeeper.accounts.actors import Actor
from roomkeeper.accounts.permissions import ROOT_PATH, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input
from roomkeeper.operations.door import do
from roomkeeper.operations.subjects import Subject
from roomkeeper.systems import network_settings
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import NetworkSettings


def _change(*, user: Person, now: datetime, changed: list[str], **values: Any) -> NetworkSettings:
    return network_settings.update(values, user=user, now=now)


def _replace(
    *, user: Person, now: datetime, kind: str, number: int, wanted: Iterable[Mapping[str, str]]
) -> Any:
    return credential_list.replace(kind, wanted, now=now)


# The one row is no list: pages, REST and the command line are derived from the table of settings instead.
SETTINGS = Subject(
    noun="network settings",
    plural="network settings",
    model=NetworkSettings,
    seen_by=lambda grants: Q(),
    place=lambda row: ROOT_PATH,
    needs=Permission.VIEW_SERVER,
    anywhere=False,
    label=lambda row: "network settings",
    fields=(),
)
CHANGE = Act(
    name="change",
    needs=Permission.MANAGE_SERVER,
    run=_change,
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
