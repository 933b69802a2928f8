"""`user` and `token`: people and API tokens, on the server's own machine."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from roomkeeper.cli.environment import USAGE, Config, Data, fail, parse_duration, ready
from roomkeeper.words import gettext as _

user_app = typer.Typer(help="People and service accounts.", no_args_is_help=True)
token_app = typer.Typer(help="API tokens.", no_args_is_help=True)


@user_app.command("create")
def create_user(
    name: str,
    role: Annotated[
        str, typer.Option(help="administrator, operator or viewer on all systems; none: no role.")
    ] = "none",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    service_account: Annotated[
        bool, typer.Option(help="An account for a program, without a password.")
    ] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Create a user. Without --password-stdin a one-time password is made and printed."""
    ready(data=data, config=config)
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    from django.db import transaction

    from roomkeeper.accounts import audit, people
    from roomkeeper.accounts.models import Role
    from roomkeeper.serving import first_start
    from roomkeeper.systems import inventory

    first_start.prepare()
    if role != "none" and role not in Role.values:
        fail(
            _("{role!r} is not a role. Roles are {values}.", role=role, values=", ".join(Role.values)),
            code=USAGE,
        )
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    try:
        if password is not None:
            validate_password(password)
        with transaction.atomic():
            user, made = people.create(
                name,
                password=None if service_account else password,
                make_one_time_password=password is None and not service_account,
                is_service_account=service_account,
                roles=[] if role == "none" else [(inventory.root_folder(), role)],
            )
            audit.record(None, "cli", "create user", user, role=role)
    except ValidationError as error:
        fail(" ".join(error.messages))
    except people.PersonRefused as error:
        fail(str(error))
    typer.echo(_("user {name} created", name=name))
    if made:
        typer.echo(_("one-time password {made}", made=made))


@token_app.command("create")
def create_api_token(
    user: str,
    expires: Annotated[str, typer.Option(help="Lifetime: 30d, 12h; default: the setting token_days.")] = "",
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    read_only: Annotated[
        bool, typer.Option(help="Read-only: refused for everything that changes something.")
    ] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Create an API token of a user and print it, once."""
    ready(data=data, config=config)
    from roomkeeper.accounts import audit
    from roomkeeper.accounts.models import User
    from roomkeeper.accounts.tokens import create_token
    from roomkeeper.serving import first_start

    first_start.prepare()
    owner = User.objects.filter(username=user).first()
    if owner is None:
        fail(
            _(
                "There is no user named {user}. Create one with: roomkeeper user create {user} "
                "--role administrator",
                user=user,
            )
        )
    try:
        lifetime = parse_duration(expires) if expires else None
    except ValueError as error:
        fail(str(error), code=USAGE)
    _rest, text = create_token(
        owner, now=datetime.now(UTC), name=name, lifetime=lifetime, is_read_only=read_only
    )
    audit.record(None, "cli", "create token", owner, name=name, is_read_only=read_only)
    typer.echo(text)
