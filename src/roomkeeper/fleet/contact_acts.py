"""The acts on how a system is reached and reaches us: its address, login, certificate, connectivity, secret."""

from datetime import datetime
from typing import Any, Final, Literal

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.fleet.record_acts import plainly
from roomkeeper.operations.acts import Act, Input, Page, Rest, Trail
from roomkeeper.operations.door import NotSeen
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import Identifier
from roomkeeper.provisioning import passwords
from roomkeeper.secure_only import moving, single
from roomkeeper.secure_only.models import Move
from roomkeeper.systems.admission import secrets, secure_only
from roomkeeper.systems.contact import connectivity_changes, credentials
from roomkeeper.systems.inventory import records
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

ConnectivityWord = Literal[
    "inaccessible", "reachable_on_lan", "reachable_on_public_internet", "behind_firewall"
]
TrustWord = Literal["pin", "authority", "off"]
CONNECTIVITY_CHOICES: Final[tuple[tuple[str, str], ...]] = (
    ("reachable_on_lan", noop("Reachable on LAN")),
    ("reachable_on_public_internet", noop("Reachable on Public Internet")),
    ("behind_firewall", noop("Behind Firewall")),
    ("inaccessible", "Inaccessible"),
)


def _set_address(row: System, *, user: Person, now: datetime, **given: Any) -> None:
    names = ("host", "http_port", "https_port")
    records.set_address(row, *(given.get(name, getattr(row, name)) for name in names))


def _store(row: System, *, user: Person, now: datetime, **given: Any) -> None:
    """Store what is given of a login; what is not stays."""
    if "password_may_use_http" in given:
        records.allow_password_over_http(row, given["password_may_use_http"])
    if given.keys() & {"username", "password"}:
        credentials.set_credentials(
            row, given.get("username", row.username), given.get("password", credentials.password_of(row))
        )
        passwords.end_overtaken(row, now=now)


def _trust(row: System, *, user: Person, now: datetime, **given: Any) -> None:
    trust, is_legacy = (given.get(name, getattr(row, name)) for name in ("tls_trust", "tls_is_legacy"))
    records.set_trust(row, trust, is_legacy=is_legacy, user=user, now=now)


def _set_connectivity(row: System, *, user: Person, now: datetime, connectivity: str) -> None:
    connectivity_changes.set_by_hand(row, connectivity, user=user, now=now)


def _undo_connectivity(row: System, *, user: Person, now: datetime, change: int | None) -> None:
    """Undo that change, or the newest in force."""
    changes = row.connectivity_changes.select_related("system__folder")
    if change is None:
        found = changes.filter(was_applied=True, undone_at=None).order_by("-id").first()
        if found is None:
            raise connectivity_changes.ConnectivityRefused(_("There is no change of connectivity to undo."))
    elif (found := changes.filter(pk=change).first()) is None:
        raise NotSeen(_("connectivity change"), change)
    connectivity_changes.undo(found, user=user, now=now)
    row.refresh_from_db()


def _rotate(row: System, *, user: Person, now: datetime) -> None:
    secrets.rotate(row, now=now, user=user)


def _secure(
    row: System, *, user: Person, now: datetime, trust: str | None = None
) -> tuple[System, Move | None]:
    """A page asks after a plan how the system comes to trust this server; others take it that it does."""
    if trust is None and row.is_secure_only:
        return row, None
    return row, single.turn_on(row, trust=trust or Move.Trust.TRUSTED, user=user, now=now)


def _port(name: str, label: str) -> Input:
    return Input(
        name=name,
        type=int | None,
        default=None,
        least=1,
        most=65_535,
        label=label,
        hint="Empty: as in Network settings.",
        meaning="null: the port in Network settings.",
    )


def _locked(is_locked: bool) -> Input:
    return Input(
        name="connectivity_is_locked",
        type=bool,
        only=is_locked,
        option="lock/unlock",
        meaning="Keep connectivity as it is: later decisions are recorded and not applied.",
    )


def _secure_only(is_wanted: bool) -> Input:
    return Input(
        name="is_secure_only",
        type=bool,
        only=is_wanted,
        option="secure-only/no-secure-only",
        meaning="true starts a move (`secure-only-moves`) of this system, which must already trust this server.",
    )


_MOVE_REFUSED: Final = (secure_only.SecureOnlyRefused, moving.MoveRefused)

ADDRESS: Final = Act(
    name="address",
    trail=Trail(word="set address of system"),
    needs=Permission.MANAGE_SYSTEMS,
    rest=Rest(method="PATCH", status=422),
    run=_set_address,
    refused=(records.AddressRefused,),
    summary="Set where a system is tried.",
    title="Address of {row}",
    what="Where Roomkeeper tries to reach the device. It is not part of its identity.",
    undo="Change it back at any time.",
    button="Save",
    done="The address is saved.",
    page=Page(tab="connection"),
    takes=(
        Input(name="host", default="", most=255, label="Host name or IP address"),
        _port("http_port", "HTTP port"),
        _port("https_port", "HTTPS port"),
    ),
)
TRUST: Final = Act(
    name="trust",
    trail=Trail(word="set trust of system"),
    needs=Permission.MANAGE_SYSTEMS,
    rest=Rest(method="PATCH"),
    run=_trust,
    refused=(records.TrustRefused,),
    summary="Set how a system's certificate is trusted.",
    title="How is the certificate of {row} trusted?",
    what="What is checked before its login is sent. Accepting any certificate, or legacy TLS, lets an attacker on the "
    "network read that login.",
    undo="Change it back at any time. If someone has read a login, set another password.",
    button="Save",
    done="Its trust is changed.",
    is_dangerous=True,
    page=Page(tab="connection"),
    takes=(
        Input(
            name="tls_trust",
            type=TrustWord,
            default="pin",
            option="trust",
            label="Its certificate is trusted if it is",
            meaning="How its certificate is trusted: pin, authority or off.",
            choices=(
                ("pin", "the key that it showed at its first login (usual)"),
                ("authority", "signed by an authority of Network settings, valid, and for this address"),
                ("off", "any: an attacker on the network can read the login"),
            ),
        ),
        Input(
            name="tls_is_legacy",
            type=bool,
            default=False,
            option="legacy-tls/no-legacy-tls",
            label="Allow TLS 1.0 and weak ciphers, for old devices that offer nothing better",
            meaning="TLS 1.0 and weak ciphers, for systems without better.",
        ),
    ),
)
CREDENTIALS: Final = Act(
    name="credentials",
    trail=Trail(word="set credentials of system"),
    needs=Permission.MANAGE_SYSTEMS,
    rest=Rest(method="PATCH"),
    run=_store,
    summary="Store the login of a system; nothing changes on the device.",
    title="Credentials of {row}",
    what="The administrator account by which Roomkeeper logs in to the device. The stored password is never shown.",
    undo="What is stored here is overwritten; nothing changes on the device.",
    button="Store",
    done="The credentials are stored.",
    page=Page(tab="connection"),
    takes=(
        Input(name="username", default="", most=128, label="User name", prefill=lambda row: row.username),
        Input(
            name="password",
            default="",
            most=1000,
            is_secret=True,
            hint="Leave it empty to keep the stored one.",
            meaning="Write-only.",
        ),
        Input(
            name="password_may_use_http",
            type=bool,
            default=False,
            label="May be sent over plain HTTP if the device offers nothing better",
            meaning="Its password may be sent over plain HTTP.",
        ),
    ),
)
TRY_LOGIN: Final = Act(
    name="try login",
    trail=Trail(word="try login again"),
    needs=Permission.MANAGE_SYSTEMS,
    run=plainly(credentials.allow_login_again),
    offered=lambda row: row.login_refused_at is not None,
    summary="Let a login that was refused be tried once more: the account was unlocked, or its password restored.",
    title="Try the login of {row} again?",
    what="The device refused the stored login, so it is no longer sent. Use this after its account was unlocked or its "
    "password restored on the device: the same login is tried once more at the next contact.",
    undo="A device locks its account after a few wrong logins; store other credentials if these are wrong.",
    button="Try it again",
    done="The login is tried once more at the next contact.",
    page=Page(tab="connection"),
)
CONNECTIVITY: Final = Act(
    name="connectivity",
    trail=Trail(word="set connectivity of system"),
    needs=Permission.MANAGE_SYSTEMS,
    rest=Rest(method="PATCH"),
    run=_set_connectivity,
    refused=(connectivity_changes.ConnectivityRefused,),
    summary="Set how a system can be reached.",
    title="Set the connectivity of {row}",
    what="How this one system can be reached. It may be decided again at its next boot, unless you also lock it.",
    undo="Undo it in the list of changes of connectivity.",
    button="Set it",
    done="Connectivity is set.",
    page=Page(tab="connection"),
    takes=(
        Input(
            name="connectivity",
            type=ConnectivityWord,
            choices=CONNECTIVITY_CHOICES,
            meaning="Set by hand; lock it to keep it.",
        ),
    ),
)
LOCK: Final = Act(
    name="lock",
    trail=Trail(word="lock connectivity of system"),
    needs=Permission.MANAGE_SYSTEMS,
    rest=Rest(method="PATCH"),
    for_many=True,
    run=connectivity_changes.lock,
    offered=lambda row: not row.connectivity_is_locked,
    summary="Lock the connectivity of a system: later decisions are recorded and not applied.",
    title="Lock the connectivity of {row}?",
    what="It stays as it is. Later decisions are recorded but not applied.",
    undo="Unlock it at any time.",
    button="Lock",
    done="Connectivity is locked.",
    page=Page(tab="connection"),
    takes=(_locked(True),),
)
UNLOCK: Final = Act(
    name="unlock",
    trail=Trail(word="unlock connectivity of system"),
    needs=Permission.MANAGE_SYSTEMS,
    rest=Rest(method="PATCH"),
    for_many=True,
    run=connectivity_changes.unlock,
    offered=lambda row: row.connectivity_is_locked,
    summary="Unlock the connectivity of a system: it is kept up to date automatically again.",
    title="Unlock the connectivity of {row}?",
    what="It is kept up to date automatically again, from the system's next boot or change of address on.",
    undo="Lock it at any time.",
    button="Unlock",
    done="Connectivity is unlocked.",
    page=Page(tab="connection"),
    takes=(_locked(False),),
)
UNDO_CONNECTIVITY: Final = Act(
    name="undo connectivity",
    trail=Trail(word="undo connectivity change"),
    needs=Permission.MANAGE_SYSTEMS,
    run=_undo_connectivity,
    refused=(connectivity_changes.ConnectivityRefused,),
    summary="Undo a change of connectivity, without its id the newest in force.",
    title="Undo this change of connectivity of {row}?",
    what="The previous connectivity applies again. Lock it as well, or it may be decided the same way again.",
    undo="Set it by hand to undo this.",
    button="Undo the change",
    done="The change is undone.",
    page=Page(tab="connection"),
    takes=(
        Input(
            name="change",
            type=Identifier | None,
            default=None,
            from_address=True,
            is_asked=True,
            in_place=True,
            label="Change",
            hint="Its id; empty for the newest in force.",
            meaning="Id of the change; without it the newest.",
        ),
    ),
)
ROTATE: Final = Act(
    name="rotate secret",
    trail=Trail(word="rotate secret"),
    needs=Permission.MANAGE_SYSTEMS,
    run=_rotate,
    refused=(secrets.RotationRefused,),
    rest=Rest(follow="timeline"),
    summary="Send a system a new secret; the current one serves until the new one is used.",
    title="Rotate the secret of {row}?",
    what="It gets a new secret with its next answer; the old one works until the new one is used.",
    undo="There is nothing to undo: only the secret changes.",
    button="Rotate",
    done="A new secret is sent with the next answer.",
    page=Page(tab="connection"),
)
SECURE_ONLY_ON: Final = Act(
    name="secure-only on",
    trail=Trail(
        word="turn Secure-Only on",
        given=lambda taken: {"trust": taken.get("trust", Move.Trust.TRUSTED.value)},
    ),
    needs=Permission.MANAGE_SYSTEMS,
    rest=Rest(
        method="PATCH",
        hint="POST secure-only-moves with dry_run shows what another kind of `trust` would do.",
    ),
    run=_secure,
    refused=_MOVE_REFUSED,
    summary="Begin to move a system to Secure-Only.",
    title="Turn Secure-Only on for {row}?",
    what="A move of this system begins: it is asked to use HTTPS only, which it must be able to by the trust it has.",
    undo="Turn it off at any time.",
    button="Turn it on",
    done="Its move to Secure-Only has begun.",
    page=Page(tab="connection"),
    takes=(_secure_only(True),),
    tells=(
        Field(
            name="secure_only_move",
            type=int | None,
            read=lambda move: move.pk if move is not None else None,
            meaning="The move that `is_secure_only` started; the field is true once the system has proven that it can.",
        ),
    ),
)
SECURE_ONLY_OFF: Final = Act(
    name="secure-only off",
    trail=Trail(word="turn Secure-Only off"),
    needs=Permission.MANAGE_SYSTEMS,
    rest=Rest(method="PATCH"),
    run=single.turn_off,
    refused=_MOVE_REFUSED,
    summary="Turn Secure-Only off for a system.",
    title="Turn Secure-Only off for {row}?",
    what="HTTP is answered again and may be used to reach it. A move to Secure-Only that includes it continues without "
    "it.",
    undo="Turn it on again at any time.",
    button="Turn it off",
    done="Its next settings allow HTTP again.",
    is_dangerous=True,
    page=Page(tab="connection"),
    takes=(_secure_only(False),),
)
CONTACT_ACTS: Final = (
    ADDRESS,
    SECURE_ONLY_ON,
    SECURE_ONLY_OFF,
    TRUST,
    CREDENTIALS,
    TRY_LOGIN,
    CONNECTIVITY,
    LOCK,
    UNLOCK,
    UNDO_CONNECTIVITY,
    ROTATE,
)
