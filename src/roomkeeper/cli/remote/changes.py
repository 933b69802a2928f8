"""`roomkeeper changes undo`, and `roomkeeper run`: what is asked at an address that hangs on what is chosen."""

from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import DryRun, Wait, Yes, is_asked, is_wanted
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.derived import Chosen
from roomkeeper.cli.remote.following import tell_begun
from roomkeeper.cli.remote.output import AsJson
from roomkeeper.cli.remote.telling import PLANS, show
from roomkeeper.words import gettext as _


def undo(
    change_set: int,
    system: Annotated[str, typer.Option(help="Only on this system: an id or an exact name.")] = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Ask the systems for the values that they had before, by a new change set."""
    api = open_api()
    address, body = f"change-sets/{change_set}/undo", {}
    if system:
        address = f"systems/{naming.system_id(api, system)}/undo-change-set"
        body = {"change_set": change_set}

    def look() -> Any:
        return api.post(address, {**body, "dry_run": True})

    if is_wanted(look, PLANS["changes undo"], dry_run=dry_run, yes=yes, as_json=as_json):
        show(api.post(address, body), as_json=as_json)


def run(
    chosen: Chosen,
    command: Annotated[
        list[str],
        typer.Argument(metavar="xcommand ...", help="As on the device: xcommand Audio Volume Set Level: 40"),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check it against each system's list of commands.")
    ] = False,
    during_calls: Annotated[
        bool,
        typer.Option("--during-calls/--not-during-calls", help="Otherwise it waits for the end of a call."),
    ] = True,
    only_in_window: Annotated[
        bool,
        typer.Option("--only-in-window", "--in-window", help="Only in each system's maintenance window."),
    ] = False,
    wait: Wait = 0,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Run a command of the xAPI on systems at their next check-ins, once at most.

    Options stand before FILTER. Systems are chosen by all, an id, a name, or field=value,field=value.
    """
    api = open_api()
    body: dict[str, Any] = {
        **naming.choice(api, naming.SYSTEMS, [chosen]),
        **naming.xcommand(command),
        "during_calls": during_calls,
        "only_in_window": only_in_window,
        "dry_run": dry_run,
    }
    if "filter" in body and not dry_run and is_asked(yes):
        number = len(api.items("systems", limit=None, **{"state": "managed", **body["filter"]})["items"])
        words = _("Run {command} on {number} systems?", command=body["command"], number=number)
        typer.confirm(words, abort=True)
    tell_begun(api, "actions", api.post("actions", body), 0 if dry_run else wait, as_json=as_json)
