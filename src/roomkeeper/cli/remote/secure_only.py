"""`roomkeeper secure-only move` and `show`; the rest is declared."""

from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.following import wait_until
from roomkeeper.cli.remote.output import AsJson, fail, print_json, print_object, print_table, say
from roomkeeper.cli.remote.taking import takes
from roomkeeper.words import gettext as _

app = typer.Typer(help="Secure-Only: moving systems to HTTPS only, or back.")
ENDED = ("done", "cancelled", "paused")
_MEMBERS = ("system_name", "wave", "state", "since", "reason")


@app.command("move")
@takes("start secure-only move")
def move(
    body: dict[str, Any],
    chosen: Annotated[
        str, typer.Argument(metavar="FILTER", help="all, an id, an exact name, or field=value,field=value.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the outcome for each.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for its end.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Move systems to Secure-Only, canaries first."""
    api = open_api()
    body = {**body, **naming.choice(api, chosen), "dry_run": dry_run}
    found = api.post("secure-only-moves", body)
    if dry_run:
        if as_json:
            print_json(found)
            return
        print_table(found["members"], ("system_name", "verdict", "reason"))
        counts = found["counts"]
        say(
            _(
                "{counts[move]} will be moved, {counts[already]} already are, {counts[cannot]} cannot.",
                counts=counts,
            )
        )
        return
    if wait:
        address = f"secure-only-moves/{found['id']}"
        found = wait_until(lambda: api.get(address), lambda one: one["state"] in ENDED, wait)
    print_object(found, as_json=as_json)
    if wait and found["state"] != "done":
        fail("Not done", _("The move is {found[state]}. {found[reason]}", found=found))


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
    say(_("Move {number} is {found[state]}. {found[reason]}", number=number, found=found))
