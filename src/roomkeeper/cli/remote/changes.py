"""`roomkeeper changes` and `roomkeeper actions`: settings and commands on their way to systems; `roomkeeper run`."""

from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import Yes, is_asked
from roomkeeper.cli.remote.connection import Api, open_api
from roomkeeper.cli.remote.following import wait_for_actions, wait_for_change_set
from roomkeeper.cli.remote.output import (
    AsJson,
    counted,
    fail,
    print_json,
    print_object,
    print_table,
    say,
)
from roomkeeper.cli.remote.systems import print_items
from roomkeeper.words import gettext as _

app = typer.Typer(help="Change sets: settings on their way to systems.")
Chosen = Annotated[
    str,
    typer.Argument(
        metavar="FILTER",
        help="all, an id, an exact name, or field=value,field=value as in folder=Oslo,family=roomos.",
    ),
]
Wait = Annotated[float, typer.Option(help="Seconds to wait for the outcome.")]
ENDED_BADLY = ("failed", "expired", "cancelled")


@app.command("show")
def show_change(change_set: int, as_json: AsJson = False) -> None:
    """Show a change set with the outcome for each setting."""
    _print_change_set(open_api().get(f"change-sets/{change_set}"), as_json=as_json)


@app.command("create")
def create_change(
    chosen: Chosen,
    settings: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH=VALUE...", help="PATH= sets empty; PATH alone removes an earlier request."
        ),
    ],
    persistent: Annotated[
        bool, typer.Option(help="Make it persistent: sent again whenever a system reports another value.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the outcome for each system.")
    ] = False,
    description: str = "",
    during_calls: Annotated[
        bool, typer.Option("--during-calls", help="Also while a system is in a call.")
    ] = False,
    only_in_window: Annotated[
        bool, typer.Option("--in-window", help="Only in each system's maintenance window.")
    ] = False,
    failure_limit: Annotated[
        int | None, typer.Option(min=0, help="Stop once more systems than this have failed.")
    ] = None,
    wait: Wait = 0,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Ask settings of systems."""
    api = open_api()
    body: dict[str, Any] = {
        **naming.choice(api, chosen),
        "settings": naming.settings(settings),
        "persistent": persistent,
        "description": description,
        "during_calls": during_calls,
        "only_in_window": only_in_window,
        "failure_limit": failure_limit,
    }
    if dry_run:
        _print_plan(api.post("change-sets", {**body, "dry_run": True}), as_json=as_json)
        return
    if is_asked(yes):
        counts = api.post("change-sets", {**body, "dry_run": True})["counts"]
        typer.confirm(_("{counted} Go on?", counted=counted(counts)), abort=True)
    made = api.post("change-sets", body)
    if not wait:
        print_object(made, as_json=as_json)
        return
    found = wait_for_change_set(api, made["id"], wait)
    _print_change_set(found, as_json=as_json)
    if found["state"] in ENDED_BADLY:
        fail("Failed", _("Change set {id} is {state}.", id=made["id"], state=found["state"]))


@app.command("cancel")
def cancel_change(change_set: int, as_json: AsJson = False) -> None:
    """Cancel what was not sent yet."""
    found = open_api().post(f"change-sets/{change_set}/cancel")
    if not as_json:
        say(_("{cancelled} settings were cancelled.", cancelled=found["cancelled"]))
    _print_change_set(found, as_json=as_json)


@app.command("undo")
def undo_change(
    change_set: int,
    system: Annotated[str, typer.Option(help="Only on this system: an id or an exact name.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be restored.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Ask the systems for the values that they had before, by a new change set."""
    api = open_api()
    address, body = f"change-sets/{change_set}/undo", {}
    if system:
        address = f"systems/{naming.system_id(api, system)}/undo-change-set"
        body = {"change_set": change_set}
    if dry_run:
        _print_undo(api.post(address, {**body, "dry_run": True}), as_json=as_json)
        return
    if is_asked(yes):
        _print_undo(api.post(address, {**body, "dry_run": True}), as_json=False)
        typer.confirm(_("Go on?"), abort=True)
    print_object(api.post(address, body), as_json=as_json)


def _print_undo(plan: dict[str, Any], *, as_json: bool) -> None:
    _print_plan(plan, as_json=as_json)
    if not as_json and plan["left_out"]:
        say(_("Not restored:"))
        print_table(plan["left_out"], ("system", "path", "reason"))


@app.command("retry")
def retry_change(change_set: int, as_json: AsJson = False) -> None:
    """Ask what failed, expired or was cancelled once more."""
    _print_change_set(open_api().post(f"change-sets/{change_set}/retry"), as_json=as_json)


def run(
    chosen: Chosen,
    command: Annotated[
        list[str],
        typer.Argument(metavar="xcommand ...", help="As on the device: xcommand Audio Volume Set Level: 40"),
    ],
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only check it against each system's list of commands."),
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
    body = {
        **naming.choice(api, chosen),
        **naming.xcommand(command),
        "during_calls": during_calls,
        "only_in_window": only_in_window,
        "dry_run": dry_run,
    }
    if "filter" in body and not dry_run and is_asked(yes):
        number = len(_found(api, body["filter"]))
        typer.confirm(
            _("Run {command} on {number} systems?", command=body["command"], number=number), abort=True
        )
    items = api.post("actions", body)["items"]
    if not items:
        fail("Nothing chosen", _("The filter finds no managed system on which you may run commands."))
    if dry_run or not wait:
        columns = ("system", "status", *(["warnings"] if dry_run else ["action"]), "problem")
        print_items(items, columns, as_json=as_json)
        return
    found = wait_for_actions(api, [item["action"] for item in items if item["action"]], wait)
    if as_json:
        print_json({"items": found})
    else:
        print_table(found, ("system", "id", "command", "state", "reason"))
    bad = sum(1 for one in found if one["state"] != "confirmed") + sum(
        1 for item in items if not item["action"]
    )
    if bad:
        fail("Failed in part", _("{bad} of {count} were not confirmed.", bad=bad, count=len(items)))


def _found(api: Api, chosen: dict[str, Any]) -> list[Any]:
    found: list[Any] = api.items("systems", limit=None, **{"state": "managed", **chosen})["items"]
    return found


def _print_plan(plan: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(plan)
        return
    rows = [{"system": one["system"], **item} for one in plan["changes"] for item in one["items"]]
    print_table(rows, ("system", "path", "value", "verdict", "reason"))
    say(counted(plan["counts"]))


def _print_change_set(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    print_object({name: value for name, value in found.items() if name != "changes"}, as_json=False)
    rows = [{"system": one["system_name"], **item} for one in found["changes"] for item in one["items"]]
    print_table(rows, ("system", "path", "value", "state", "reason"))
