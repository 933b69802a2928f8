"""`roomkeeper users`, `groups` and `tokens`: by way of the API, from anywhere."""

from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import All, Limit, read_line
from roomkeeper.cli.remote.connection import Api, open_api
from roomkeeper.cli.remote.output import USAGE, AsJson, fail, print_object, print_page, say

users_app = typer.Typer(help="People and service accounts.")
groups_app = typer.Typer(help="Groups of people that share roles.")
tokens_app = typer.Typer(help="Your own API tokens.")
UserArgument = Annotated[str, typer.Argument(metavar="USER", help="Id or name.")]
GroupArgument = Annotated[str, typer.Argument(metavar="GROUP", help="Id or name.")]
RoleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        help="ROLE or ROLE@FOLDER, as in operator@Oslo; may be repeated. Without a folder: on everything.",
    ),
]


@users_app.command("list")
def list_users(
    search: str = "", limit: Limit = 100, everything: All = False, as_json: AsJson = False
) -> None:
    """List accounts."""
    page = open_api().items("users", limit=None if everything else limit, search=search or None)
    print_page(
        page,
        ("id", "name", "email", "is_active", "is_service_account", "roles", "last_sign_in_at"),
        as_json=as_json,
    )


@users_app.command("show")
def show_user(user: UserArgument, as_json: AsJson = False) -> None:
    """Show an account."""
    api = open_api()
    print_object(api.get(f"users/{naming.user_id(api, user)}"), as_json=as_json)


@users_app.command("add")
def add_user(
    name: str,
    role: RoleOption = None,
    email: str = "",
    time_zone: str = "UTC",
    service_account: bool = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make an account; without a password it signs in by other means only."""
    api = open_api()
    body: dict[str, Any] = {
        "name": name,
        "email": email,
        "time_zone": time_zone,
        "is_service_account": service_account,
        "roles": _roles(api, role or []),
        "password": read_line() if password_stdin else None,
    }
    print_object(api.post("users", body), as_json=as_json)


@users_app.command("set")
def change_user(
    user: UserArgument,
    email: str | None = None,
    time_zone: str | None = None,
    active: Annotated[bool | None, typer.Option("--active/--locked")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the new password.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change an account."""
    api = open_api()
    body: dict[str, Any] = {
        "email": email,
        "time_zone": time_zone,
        "is_active": active,
        "password": read_line() if password_stdin else None,
    }
    body = {field: value for field, value in body.items() if value is not None}
    if not body:
        fail("Usage", "Nothing to change was given.", code=USAGE)
    print_object(api.patch(f"users/{naming.user_id(api, user)}", body), as_json=as_json)


@users_app.command("roles")
def set_user_roles(user: UserArgument, role: RoleOption = None, as_json: AsJson = False) -> None:
    """Set all roles of an account; without --role it has none."""
    api = open_api()
    body = {"roles": _roles(api, role or [])}
    print_object(api.put(f"users/{naming.user_id(api, user)}/roles", body), as_json=as_json)


@users_app.command("delete")
def delete_user(user: UserArgument) -> None:
    """Delete an account."""
    api = open_api()
    api.delete(f"users/{naming.user_id(api, user)}")
    say(f"{user} was deleted.")


@groups_app.command("list")
def list_groups(as_json: AsJson = False) -> None:
    """List groups."""
    print_page(open_api().items("groups", limit=None), ("id", "name", "users", "roles"), as_json=as_json)


@groups_app.command("add")
def add_group(name: str, role: RoleOption = None, as_json: AsJson = False) -> None:
    """Make a group."""
    api = open_api()
    print_object(api.post("groups", {"name": name, "roles": _roles(api, role or [])}), as_json=as_json)


@groups_app.command("members")
def set_members(
    group: GroupArgument,
    users: Annotated[list[str] | None, typer.Argument(metavar="[USER]...")] = None,
    as_json: AsJson = False,
) -> None:
    """Set all members of a group."""
    api = open_api()
    body = {"users": [naming.user_id(api, user) for user in users or []]}
    print_object(api.patch(f"groups/{naming.group_id(api, group)}", body), as_json=as_json)


@groups_app.command("roles")
def set_group_roles(group: GroupArgument, role: RoleOption = None, as_json: AsJson = False) -> None:
    """Set all roles of a group; without --role it has none."""
    api = open_api()
    body = {"roles": _roles(api, role or [])}
    print_object(api.put(f"groups/{naming.group_id(api, group)}/roles", body), as_json=as_json)


@groups_app.command("delete")
def delete_group(group: GroupArgument) -> None:
    """Delete a group; its members stay."""
    api = open_api()
    api.delete(f"groups/{naming.group_id(api, group)}")
    say(f"{group} was deleted.")


@tokens_app.command("whoami")
def show_me(as_json: AsJson = False) -> None:
    """Show whose token this is and what it may do."""
    print_object(open_api().get("me"), as_json=as_json)


@tokens_app.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """List your tokens."""
    print_page(
        open_api().items("tokens", limit=None),
        ("id", "name", "prefix", "created_at", "expires_at", "last_used_at"),
        as_json=as_json,
    )


@tokens_app.command("add")
def add_token(
    name: str = "",
    expires_in_days: Annotated[
        int | None,
        typer.Option(
            min=1, help="Without it as the server's setting says; never after the token it is made with."
        ),
    ] = None,
    read_only: Annotated[bool, typer.Option(help="Refused for everything that changes something.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a token; it is shown this once."""
    print_object(
        open_api().post(
            "tokens", {"name": name, "expires_in_days": expires_in_days, "is_read_only": read_only}
        ),
        as_json=as_json,
    )


@tokens_app.command("delete")
def delete_token(token: int) -> None:
    """Delete one of your tokens; it is void at once."""
    open_api().delete(f"tokens/{token}")
    say("The token is void.")


def _roles(api: Api, texts: list[str]) -> list[dict[str, Any]]:
    roles = []
    for text in texts:
        role, _, folder = text.partition("@")
        if folder:
            key = naming.folder_id(api, folder)
        else:
            root = [one for one in api.items("folders", limit=None)["items"] if one["parent"] is None]
            if not root:
                fail("Not found", "You may not see the root folder.", hint="Give a folder: ROLE@FOLDER.")
            key = int(root[0]["id"])
        roles.append({"folder": key, "role": role})
    return roles
