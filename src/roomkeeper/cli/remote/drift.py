"""`roomkeeper drift`: where systems differ from what is wanted of them."""

from typing import Annotated

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import All, Limit
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.output import AsJson, print_object, print_page

app = typer.Typer(help="Drift: where systems differ from what is wanted of them.")
_COLUMNS = ("id", "system_name", "path", "wanted", "found", "layer", "since", "rounds", "is_ignored")


@app.command("list")
def list_drift(
    filters: Annotated[list[str] | None, typer.Argument(metavar="[FIELD=VALUE]...")] = None,
    search: str = "",
    limit: Limit = 50,
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """List drift, newest first."""
    page = open_api().items(
        "drift", limit=None if everything else limit, search=search or None, **naming.filters(filters or [])
    )
    print_page(page, _COLUMNS, as_json=as_json)


@app.command()
def enforce(drift: list[int], as_json: AsJson = False) -> None:
    """Have the wanted values written again."""
    print_object(open_api().post("drift/enforce", {"drift": drift}), as_json=as_json)


@app.command()
def accept(drift: int, as_json: AsJson = False) -> None:
    """Take what was found as what is wanted, of this system alone."""
    print_object(open_api().post(f"drift/{drift}/accept"), as_json=as_json)


@app.command()
def ignore(drift: int, as_json: AsJson = False) -> None:
    """Leave this difference alone."""
    print_object(open_api().post(f"drift/{drift}/ignore"), as_json=as_json)


@app.command("take-up")
def take_up(drift: int, as_json: AsJson = False) -> None:
    """Take the ignoring back, or let a setting that was fought over be set back again."""
    print_object(open_api().post(f"drift/{drift}/take-up"), as_json=as_json)
