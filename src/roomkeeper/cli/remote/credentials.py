"""`roomkeeper credentials`: logins and SNMP logins that are tried on systems whose own are not known yet."""

from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import read_line
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.output import USAGE, AsJson, fail, print_object, print_page, say

app = typer.Typer(help="Saved logins, SNMP communities and SNMP users.")
_COLUMNS = ("id", "name", "kind", "username", "created_at")


@app.command("list")
def list_credentials(
    kind: Annotated[str | None, typer.Option(help="login, community or snmp_user.")] = None,
    as_json: AsJson = False,
) -> None:
    """List saved credentials, in the order in which they are tried."""
    print_page(open_api().items("credentials", limit=None, kind=kind), _COLUMNS, as_json=as_json)


@app.command("add")
def add_credential(
    name: str,
    kind: Annotated[str, typer.Option(help="login, community or snmp_user.")] = "login",
    username: str = "",
    version: Annotated[str, typer.Option(help="Of a community: 1 or 2c.")] = "2c",
    auth_protocol: Annotated[str, typer.Option(help="Of an SNMP user: SHA-256, ...; empty for none.")] = "",
    privacy_protocol: Annotated[str, typer.Option(help="Of an SNMP user: AES, ...; empty for none.")] = "",
    as_json: AsJson = False,
) -> None:
    """Save one; what is secret is read from standard input, a line each: the password or community, or for an SNMP
    user its authentication and then its privacy password."""
    body: dict[str, Any] = {"name": name, "kind": kind}
    if kind == "login":
        body |= {"username": username, "password": read_line()}
    elif kind == "community":
        body |= {"community": read_line(), "version": version}
    elif kind == "snmp_user":
        body |= {"username": username, "auth_protocol": auth_protocol, "privacy_protocol": privacy_protocol}
        body["auth_password"] = read_line() if auth_protocol else ""
        body["privacy_password"] = read_line() if privacy_protocol else ""
    else:
        fail("Usage", "--kind is login, community or snmp_user.", code=USAGE)
    print_object(open_api().post("credentials", body), as_json=as_json)


@app.command("delete")
def delete_credential(
    credential: Annotated[str, typer.Argument(metavar="CREDENTIAL", help="Id or name.")],
) -> None:
    """Take one off the list; systems that were added with it keep their own copy."""
    api = open_api()
    key = naming.credential_id(api, credential)
    api.delete(f"credentials/{key}")
    say(f"Credential {key} was deleted.")
