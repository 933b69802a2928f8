"""What is written to devices about trust: passwords and authorities, planned before they are sent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic import Field as Told

from roomkeeper.accounts.permissions import Permission
from roomkeeper.accounts.person import Person
from roomkeeper.operations.acts import Act, Input, Page, Rest, Trail
from roomkeeper.operations.fields import Field
from roomkeeper.provisioning import authorities, passwords
from roomkeeper.provisioning.actions import ActionRefused
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.models import State, System


class AuthorityOut(BaseModel):
    """One authority, as people compare it."""

    subject: str
    fingerprint: str = Told(description="SHA-256.")
    expires_at: datetime


def _set_password(
    row: System, *, user: Person, now: datetime, password: str | None = None, generate: bool = False
) -> Action:
    return passwords.set_password(row, password, user=user, now=now)


def _plan_password(rows: Sequence[System], **taken: Any) -> list[passwords.Planned]:
    return passwords.plan(rows)


def _check_password(taken: Mapping[str, Any]) -> None:
    if taken["password"] is not None:
        passwords.check(taken["password"])


def _install(
    row: System, *, user: Person, now: datetime, pem: str | None = None
) -> tuple[Action, list[authorities.Authority]]:
    text = authorities.own() if pem is None else pem
    found = authorities.read(text, now=now)
    return authorities.install(row, text, user=user, now=now), found


def _plan_authority(
    rows: Sequence[System], *, user: Person, now: datetime, pem: str | None = None
) -> tuple[list[authorities.Planned], list[authorities.Authority]]:
    found = authorities.read(authorities.own() if pem is None else pem, now=now)
    return authorities.plan(rows), found


SET_PASSWORD: Final = Act(
    name="password",
    command="set-password",
    trail=Trail(
        word="set password",
        given=lambda taken: {"is_generated": taken.get("password") is None},
        result=lambda action: {"username": action.system.username},
    ),
    needs=Permission.MANAGE_SYSTEMS,
    run=_set_password,
    refused=(passwords.PasswordRefused,),
    summary="Set the password of a device; the stored one is kept until a login has proven the new one.",
    title="Set the password of {row}?",
    what="The password of the account by which Roomkeeper logs in is set on the device. Until the new one has proven "
    "itself the stored one is kept; if the device refuses it, the old one stays. Of one that is sent unproven both are "
    "kept until either works, or someone stores the login by hand.",
    undo="It can be cancelled until it is sent. Afterwards it is undone by setting another one.",
    button="Set the password",
    done="A new password is on its way to {row}.",
    is_dangerous=True,
    offered=lambda row: row.state == State.MANAGED,
    takes=(
        Input(
            name="password",
            type=str | None,
            default=None,
            most=passwords.LONGEST,
            is_secret=True,
            is_twice=True,
            meaning="Write-only.",
        ),
        Input(
            name="generate",
            type=bool,
            default=False,
            meaning="A random one for each system, known only to Roomkeeper.",
        ),
    ),
    one_of=("password", "generate"),
    check=_check_password,
    plan=_plan_password,
    plans=(
        Field(
            name="verdict",
            type=Literal["verified", "unverified", "cannot"],
            choices=(
                ("verified", "proven by a login at once"),
                ("unverified", "sent unproven"),
                ("cannot", "cannot"),
            ),
            meaning="Proven by a login at once, sent without proof, or not possible.",
        ),
        Field(name="words", type=str, meaning="Why it is not verified; empty if it is."),
    ),
    rest=Rest(answers="actions"),
    for_many=True,
    page=Page(form="systems/ask_password.html", tab="changes"),
)
INSTALL_AUTHORITY: Final = Act(
    name="authorities",
    command="install-authority",
    trail=Trail(
        word="install authority",
        given=lambda taken: {},
        result=lambda made: {"fingerprints": [one.fingerprint for one in made[1]]},
    ),
    needs=Permission.RUN_ACTIONS,
    run=_install,
    refused=(ActionRefused, authorities.AuthorityRefused),
    summary="Have a system trust an authority: this server's own, or those of a PEM text.",
    title="Install an authority on {row}?",
    what="The device comes to trust everything that the authority signed.",
    undo="It can be cancelled until it is sent. Afterwards it is taken away on the device, or by the command Security "
    "Certificates CA Delete.",
    button="Install an authority",
    done="{row} will trust it.",
    offered=lambda row: row.state == State.MANAGED,
    takes=(
        Input(
            name="pem",
            type=str | None,
            default=None,
            most=authorities.PEM_LIMIT,
            option="file",
            label="Another one, from a file or pasted as PEM",
            hint="Empty: the one that signs this server's certificate.",
            is_file=True,
            meaning="One or more certificates of authorities. Without it: the one that signs this server's.",
        ),
    ),
    plan=_plan_authority,
    plans=(
        Field(
            name="verdict",
            type=Literal["install", "cannot"],
            choices=(("install", "will get it, by HTTPS only"), ("cannot", "cannot")),
        ),
        Field(name="reason", type=str, meaning="Why not; empty if it can."),
    ),
    tells=(
        Field(
            name="authorities",
            type=list[AuthorityOut],
            read=lambda found: [
                AuthorityOut(subject=one.subject, fingerprint=one.fingerprint, expires_at=one.expires_at)
                for one in found
            ],
        ),
    ),
    rest=Rest(answers="actions"),
    for_many=True,
    page=Page(form="systems/ask_authority.html", is_looked_at=True, tab="changes"),
)
TRUST_ACTS: Final = (SET_PASSWORD, INSTALL_AUTHORITY)
