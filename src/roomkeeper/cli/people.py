"""`user` and `token`: people and API tokens, on the server's own machine."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from roomkeeper.cli.environment import USAGE, Config, Data, fail, parse_duration, ready

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

    from roomkeeper.accounts import audit
    from roomkeeper.accounts.models import Role, User
    from roomkeeper.accounts.people import one_time_password
    from roomkeeper.accounts.permissions import assign
    from roomkeeper.serving import first_start
    from roomkeeper.systems import inventory

    first_start.prepare()
    if role != "none" and role not in Role.values:
        fail(f"{role!r} is no role; it is one of {', '.join(Role.values)}.", code=USAGE)
    if User.objects.filter(username=name).exists():
        fail(f"There already is a user named {name}.")
    password = sys.stdin.readline().rstrip("\n") if password_stdin else one_time_password()
    user = User(username=name, is_service_account=service_account, must_change_password=not password_stdin)
    try:
        user.full_clean(exclude=["password"])
        if password_stdin:
            validate_password(password, user)
    except ValidationError as error:
        fail(" ".join(error.messages))
    with transaction.atomic():
        if service_account:
            user.set_unusable_password()
            user.must_change_password = False
        else:
            user.set_password(password)
        user.save()
        if role != "none":
            assign(user, inventory.root_folder(), role)
        audit.record(None, "cli", "create user", user, role=role)
    typer.echo(f"user {name} created")
    if not password_stdin and not service_account:
        typer.echo(f"one-time password {password}")


@token_app.command("create")
def create_api_token(
    user: str,
    expires: Annotated[
        str, typer.Option(help="How long it lives: 30d, 12h; empty: as the setting token_days says.")
    ] = "",
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    read_only: Annotated[bool, typer.Option(help="Refused for everything that changes something.")] = False,
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
            f"There is no user named {user}. Create one with: roomkeeper user create {user} --role administrator"
        )
        return
    try:
        lifetime = parse_duration(expires) if expires else None
    except ValueError as error:
        fail(str(error), code=USAGE)
        return
    _, text = create_token(owner, now=datetime.now(UTC), name=name, lifetime=lifetime, is_read_only=read_only)
    audit.record(None, "cli", "create token", owner, name=name, is_read_only=read_only)
    typer.echo(text)
