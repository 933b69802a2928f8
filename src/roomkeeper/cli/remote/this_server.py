"""`roomkeeper this-server`: what the server's checks of itself find, from wherever its API is reached."""

import typer

from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.output import FAILED, AsJson, print_json, print_table

app = typer.Typer(help="The server itself: its self-check.")


@app.command("show")
def show(as_json: AsJson = False) -> None:
    """Show what the server's checks of itself find, as `doctor` does on its machine. Exit code 1 where something is
    wrong."""
    found = open_api().get("this-server")
    if as_json:
        print_json(found)
    else:
        rows = [
            {
                "check": one["check"],
                "state": "ok" if one["ok"] else "failed",
                "found": one["words"],
                "what_to_do": one["advice"],
            }
            for one in found["checks"]
        ]
        print_table(rows, ("check", "state", "found", "what_to_do"))
    if found["faults"]:
        raise typer.Exit(FAILED)
