"""Saved credentials as people and programs see them: listed and changed, and never what is secret in them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from django.db.models import Q

from roomkeeper.accounts.permissions import ROOT_PATH, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.devices.snmp import AUTHENTICATION, PRIVACY
from roomkeeper.operations.acts import Act, Input, Page, Rest, Variant
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import CommandLine, Pages, Subject, register
from roomkeeper.operations.taking import Text
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import Credential
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

Kind = Credential.Kind
KindWord = Literal["login", "community", "snmp_user"]
_NONE: Final = "none"
_KEPT_HINT: Final = "Leave it empty to keep the stored one."


def _add(*, user: Person, now: datetime, name: str, kind: str, **values: str | None) -> Credential:
    return credential_list.add(name=name, kind=kind, values=_given(values), now=now)


def _change(
    row: Credential, *, user: Person, now: datetime, name: str | None = None, **values: str | None
) -> Any:
    return credential_list.change(row, name=name, values=_given(values))


def _delete(row: Credential, *, user: Person, now: datetime) -> None:
    credential_list.delete(row)


def _given(values: Mapping[str, str | None]) -> dict[str, str]:
    """What was given; a protocol is taken away by a word, as an empty field of a form keeps it."""
    return {
        name: "" if value == _NONE and name.endswith("_protocol") else value
        for name, value in values.items()
        if value is not None
    }


def _of(*kinds: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda known: known.get("kind") in kinds


def _protocols(usual: str, known: Iterable[str], *, is_new: bool) -> tuple[tuple[str, str], ...]:
    """What a person chooses from, what is usual first."""
    words = [(word, word) for word in (usual, *(word for word in known if word != usual), _NONE)]
    return tuple(words) if is_new else (("", "as stored"), *words)


def _values(*, is_new: bool) -> tuple[Input, ...]:
    """What entries hold, by their kind."""
    text, secret = str | None, 1000
    kept = "" if is_new else _KEPT_HINT
    long_kept = " ".join(part for part in (noop("At least 8 characters."), kept) if part)

    def hidden(name: str, label: str, kind: str, hint: str) -> Input:
        return Input(
            name=name,
            type=text,
            default=None,
            most=secret,
            label=label,
            hint=hint,
            meaning="Write-only.",
            is_secret=True,
            when=_of(kind),
        )

    versions = (("2c", _("SNMP v2c")), ("1", _("SNMP v1")))
    authentications = _protocols("SHA-256", AUTHENTICATION, is_new=is_new)
    privacies = _protocols("AES", PRIVACY, is_new=is_new)
    return (
        Input(
            name="username",
            type=text,
            default=None,
            most=128,
            label="User name",
            meaning="Of a login or an SNMP user.",
            when=_of(Kind.LOGIN, Kind.SNMP_USER),
        ),
        hidden("password", "Password", Kind.LOGIN, kept),
        hidden("community", "Community", Kind.COMMUNITY, kept),
        Input(
            name="version",
            type=Literal["1", "2c"] | None,
            default=None,
            label="Version",
            meaning="Of a community: 1 or 2c.",
            choices=versions if is_new else (("", "as stored"), *versions),
            when=_of(Kind.COMMUNITY),
        ),
        Input(
            name="auth_protocol",
            type=text,
            default=None,
            most=16,
            label="Authentication",
            meaning="MD5, SHA-1, SHA-256, ...; empty for none.",
            choices=authentications,
            when=_of(Kind.SNMP_USER),
        ),
        hidden("auth_password", _("Authentication password"), Kind.SNMP_USER, long_kept),
        Input(
            name="privacy_protocol",
            type=text,
            default=None,
            most=16,
            label="Privacy",
            meaning="DES, AES, AES-256, ...; empty for none.",
            choices=privacies,
            when=_of(Kind.SNMP_USER),
        ),
        hidden("privacy_password", _("Privacy password"), Kind.SNMP_USER, long_kept),
    )


_NAME: Final[dict[str, Any]] = {
    "name": "name",
    "least": 1,
    "most": credential_list.NAME_LIMIT,
    "label": "Name",
    "hint": "A name for people; devices never see it.",
}

CREDENTIALS = register(
    Subject(
        noun="credential",
        plural="credentials",
        model=Credential,
        meaning="A login or community that is tried on systems whose own login is not known yet. Secrets are"
        " stored encrypted and never shown.",
        seen_by=lambda grants: Q() if grants.may(Permission.VIEW_SERVER) else Q(pk__in=[]),
        place=lambda row: ROOT_PATH,
        needs=Permission.VIEW_SERVER,
        anywhere=False,
        order="id",
        search=("name", "username"),
        page="credential",
        pages=Pages(
            help="credentials",
            empty="No credentials are stored. Store the administrator login that your endpoints share, and you can add"
            " a whole range without typing it: it is tried on each device over TLS, twice at most. Communities and"
            " SNMP users help to find and recognise devices in a range.",
        ),
        command_line=CommandLine(named_by="name"),
        fields=(
            Field(name="id", type=int),
            Field(name="name", type=str, filter="one", heading="Name", cell="link"),
            Field(
                name="kind",
                type=KindWord,
                filter="one",
                heading="Kind",
                cell="word",
                choices=tuple((kind.value, str(kind.label)) for kind in Kind),
            ),
            Field(name="username", type=str, sort="", heading="User name", cell="value"),
            Field(name="created_at", type=datetime, sort="", heading="Added", cell="when"),
        ),
        acts=(
            Act(
                name="create",
                command="add",
                on="all",
                needs=Permission.MANAGE_SERVER,
                run=_add,
                refused=(credential_list.CredentialRefused,),
                rest=Rest(status=422),
                summary="Save a login, an SNMP community or an SNMP user.",
                title="Store a credential",
                what="It is tried, in the order of the list, on systems that are added and whose own login is not known"
                " yet: logins over TLS only, and at most two on one device, so that no account is locked.",
                undo="It can be deleted again.",
                button="Store",
                done="{row.name} is stored.",
                page=Page(
                    variants=tuple(
                        Variant(label=f"Add {words}", given={"kind": kind})
                        for kind, words in (
                            (Kind.LOGIN.value, "login"),
                            (Kind.COMMUNITY.value, "SNMP community"),
                            (Kind.SNMP_USER.value, "SNMP v3 user"),
                        )
                    )
                ),
                takes=(
                    Input(type=Text, **_NAME),
                    Input(
                        name="kind",
                        type=KindWord,
                        default="login",
                        meaning="login, community or snmp_user.",
                        choices=tuple((kind.value, str(kind.label)) for kind in Kind),
                    ),
                    *_values(is_new=True),
                ),
            ),
            Act(
                name="change",
                needs=Permission.MANAGE_SERVER,
                run=_change,
                refused=(credential_list.CredentialRefused,),
                rest=Rest(status=422, method="PATCH"),
                summary="Change an entry's name or some of its values; values that you leave out stay.",
                title="Change {row.name}",
                what="Systems that were added with it keep what they have.",
                undo="What is replaced cannot be read back.",
                button="Change",
                done="{row.name} is stored.",
                takes=(Input(type=Text, default=None, **_NAME), *_values(is_new=False)),
            ),
            Act(
                name="delete",
                needs=Permission.MANAGE_SERVER,
                run=_delete,
                summary="Delete an entry; systems that were added with it keep their own copy.",
                title="Delete {row.name}?",
                what="{row.name} is no longer tried on systems. Systems that were added with it keep their own"
                " copy.",
                undo="It cannot be undone. To get it back you have to store it again.",
                button="Delete",
                done="{row.name} is deleted.",
                is_dangerous=True,
                rest=Rest(method="DELETE", answers="nothing"),
            ),
        ),
    )
)
