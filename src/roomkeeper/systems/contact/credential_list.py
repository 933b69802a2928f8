"""The list of credentials that are tried on systems whose own are not known yet: add, change, delete, list.

What is secret in them is encrypted, and never read back by pages or the API.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction

from roomkeeper import keys
from roomkeeper.devices.login import Login
from roomkeeper.devices.snmp import Community, SnmpLogin, SnmpUser
from roomkeeper.systems.models import Credential
from roomkeeper.words import gettext as _

NAME_LIMIT: Final = 100
USERNAME_LIMIT: Final = 128
SECRET_LIMIT: Final = 1000
# What each kind holds; the first is what it is told apart by, and secret ones are never shown.
VALUES: Final[dict[str, tuple[str, ...]]] = {
    Credential.Kind.LOGIN: ("username", "password"),
    Credential.Kind.COMMUNITY: ("community", "version"),
    Credential.Kind.SNMP_USER: (
        "username",
        "auth_protocol",
        "auth_password",
        "privacy_protocol",
        "privacy_password",
    ),
}


# What was learnt of an SNMP user, beside what it was given.
_STRETCHING: Final = "stretching"


class CredentialRefused(ValueError):
    """The credential cannot be kept like that; `field` names what is meant."""

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


def entries(*kinds: str) -> list[Credential]:
    """The list, or the part of these kinds (`Credential.Kind`), in the order in which they are tried: by id."""
    rows = Credential.objects.order_by("pk")
    return list(rows.filter(kind__in=kinds) if kinds else rows)


def add(*, name: str, kind: str, values: Mapping[str, str], now: datetime) -> Credential:
    """A new entry. `values` by kind: login: username, password. community: community, version ("1" or "2c").
    snmp_user: username, auth_protocol, auth_password, privacy_protocol, privacy_password (empty for none).
    Raises `CredentialRefused`."""
    if kind not in VALUES:
        raise CredentialRefused(
            _("{kind!r} is not one of {values}.", kind=kind, values=", ".join(VALUES)), field="kind"
        )
    credential = Credential(kind=kind, created_at=now)
    _fill(credential, name, values)
    return credential


def change(
    credential: Credential, *, name: str | None = None, values: Mapping[str, str] | None = None
) -> Credential:
    """Change its name or some of its values; values that are not given stay. Raises `CredentialRefused`."""
    kept = _values_of(credential)
    # How its key is stretched was learnt with what it held before.
    kept.pop(_STRETCHING, None)
    _fill(credential, credential.name if name is None else name, {**kept, **(values or {})})
    return credential


def delete(credential: Credential) -> None:
    """Take the entry off the list; systems that were added with it keep their own copy."""
    credential.delete()


def replace(kind: str, wanted: Iterable[Mapping[str, str]], *, now: datetime) -> list[Credential]:
    """Have the list hold exactly these of a kind, in this order, with names made for them. All or, with
    `CredentialRefused`, none."""
    with transaction.atomic():
        Credential.objects.filter(kind=kind).delete()
        return [add(name=_free_name(kind, values), kind=kind, values=values, now=now) for values in wanted]


def login_of(credential: Credential) -> Login:
    """The login that the entry holds, for sending it to a device and nothing else. Raises `CredentialRefused`."""
    if credential.kind != Credential.Kind.LOGIN:
        raise CredentialRefused(_("{credential} is not a device login.", credential=credential))
    values = _values_of(credential)
    return Login(values["username"], values["password"])


def snmp_login_of(credential: Credential) -> SnmpLogin:
    """The SNMP login that the entry holds, likewise. Raises `CredentialRefused`."""
    if credential.kind not in _SNMP:
        raise CredentialRefused(_("{credential} is not an SNMP login.", credential=credential))
    return _SNMP[credential.kind](_values_of(credential))


def keep_stretching(credential_id: int, login: SnmpUser, stretching: str) -> None:
    """How the key of an SNMP user had to be stretched (`snmp.STRETCHINGS`), to be tried first from then on. `login` is
    what was sent: where another one is stored meanwhile, or none, nothing is kept."""
    with transaction.atomic():
        credential = Credential.objects.select_for_update().filter(pk=credential_id).first()
        if credential is None or snmp_login_of(credential) != login:
            return
        values = {**_values_of(credential), _STRETCHING: stretching}
        credential.ciphertext = keys.load(settings.OPTIONS.data).encrypt(json.dumps(values))
        credential.save(update_fields=["ciphertext"])


def _fill(credential: Credential, name: str, values: Mapping[str, str]) -> None:
    credential.name = name.strip()
    if not 1 <= len(credential.name) <= NAME_LIMIT:
        raise CredentialRefused(_("A name has 1 to {limit} characters.", limit=NAME_LIMIT), field="name")
    known = VALUES[credential.kind]
    for field, value in values.items():
        if field not in known:
            words = _(
                "{label} has {known}, but no {field}.",
                label=Credential.Kind(credential.kind).label,
                known=", ".join(known),
                field=field,
            )
            raise CredentialRefused(words, field=field)
        if len(value) > SECRET_LIMIT:
            raise CredentialRefused(
                _("{field} has more than {limit} characters.", field=field, limit=SECRET_LIMIT), field=field
            )
    kept = {field: values.get(field, "") for field in known}
    _check(credential.kind, kept)
    credential.username = kept.get("username", "")
    credential.ciphertext = keys.load(settings.OPTIONS.data).encrypt(json.dumps(kept))
    try:
        with transaction.atomic():
            credential.save()
    except IntegrityError as error:
        words = _("An entry named {name} already exists.", name=credential.name)
        raise CredentialRefused(words, field="name") from error


def _check(kind: str, values: dict[str, str]) -> None:
    if kind == Credential.Kind.COMMUNITY:
        values["version"] = values["version"] or "2c"
    if kind == Credential.Kind.LOGIN:
        username = values["username"]
        if not 1 <= len(username) <= USERNAME_LIMIT:
            raise CredentialRefused(
                _("A user name has 1 to {limit} characters.", limit=USERNAME_LIMIT), field="username"
            )
        if ":" in username:
            raise CredentialRefused(_("Devices do not accept a user name with a colon."), field="username")
        return
    try:
        _SNMP[kind](values)
    except ValueError as error:
        raise CredentialRefused(str(error)) from error


def _values_of(credential: Credential) -> dict[str, str]:
    if not credential.ciphertext:
        return {}
    found = json.loads(keys.load(settings.OPTIONS.data).decrypt(bytes(credential.ciphertext)))
    return dict(found)


def _free_name(kind: str, values: Mapping[str, str]) -> str:
    """A name that tells nothing secret: the kind, the user where there is one, and a number."""
    label = " ".join(word for word in (Credential.Kind(kind).label, values.get("username", "")) if word)
    taken = set(Credential.objects.filter(name__startswith=label[:80]).values_list("name", flat=True))
    number = next(n for n in range(1, len(taken) + 2) if f"{label[:80]} {n}" not in taken)
    return f"{label[:80]} {number}"


def _community(values: Mapping[str, str]) -> SnmpLogin:
    return Community(values["community"], values["version"])


def _user(values: Mapping[str, str]) -> SnmpLogin:
    return SnmpUser(
        values["username"],
        values["auth_protocol"],
        values["auth_password"],
        values["privacy_protocol"],
        values["privacy_password"],
        values.get(_STRETCHING, ""),
    )


_SNMP: Final[dict[str, Callable[[Mapping[str, str]], SnmpLogin]]] = {
    Credential.Kind.COMMUNITY: _community,
    Credential.Kind.SNMP_USER: _user,
}
