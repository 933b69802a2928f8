"""`roomkeeper secure-only move` and `show`; the rest is declared."""

from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.following import wait_until
from roomkeeper.cli.remote.output import AsJson, fail, print_json, print_object, print_table, say

app = typer.Typer(help="Secure-Only: moving systems to HTTPS only, or back.")
ENDED = ("done", "cancelled", "paused")
_MEMBERS = ("system_name", "wave", "state", "since", "reason")


@app.command()
def move(
    chosen: Annotated[
        str, typer.Argument(metavar="FILTER", help="all, an id, an exact name, or field=value,field=value.")
    ],
    back: Annotated[bool, typer.Option("--back", help="Back from Secure-Only.")] = False,
    trust: Annotated[str, typer.Option(help="trusted, install_ca or no_verify.")] = "trusted",
    canary: Annotated[int, typer.Option(min=1, help="How many go first.")] = 1,
    wave_size: Annotated[int, typer.Option(min=1, help="How many in each following wave.")] = 50,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the outcome for each.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for its end.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Move systems to Secure-Only, canaries first."""
    api = open_api()
    body: dict[str, Any] = {
        **naming.choice(api, chosen),
        "is_secure": not back,
        "trust": trust,
        "canary": canary,
        "wave_size": wave_size,
        "dry_run": dry_run,
    }
    found = api.post("secure-only-moves", body)
    if dry_run:
        if as_json:
            print_json(found)
            return
        print_table(found["members"], ("system_name", "verdict", "reason"))
        counts = found["counts"]
        say(f"{counts['move']} will be moved, {counts['already']} already are, {counts['cannot']} cannot.")
        return
    if wait:
        address = f"secure-only-moves/{found['id']}"
        found = wait_until(lambda: api.get(address), lambda one: one["state"] in ENDED, wait)
    print_object(found, as_json=as_json)
    if wait and found["state"] != "done":
        fail("Not done", f"The move is {found['state']}. {found['reason']}")


@app.command()
def show(number: int, as_json: AsJson = False) -> None:
    """A move with the outcome for each system, and why it is on hold."""
    api = open_api()
    found = api.get(f"secure-only-moves/{number}")
    members = api.items(f"secure-only-moves/{number}/members", limit=None)["items"]
    if as_json:
        print_json({**found, "members": members})
        return
    print_table(members, _MEMBERS)
    say(f"Move {number} is {found['state']}. {found['reason']}")
