"""`roomkeeper systems diagnose`: why a system can or cannot be managed, row by row."""

from typing import Annotated, Any

import typer
from rich.text import Text

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.connection import Api, open_api
from roomkeeper.cli.remote.following import FOLLOWED, require_end, wait_until
from roomkeeper.cli.remote.output import FAILED, AsJson, clean, console, fail, print_json
from roomkeeper.cli.remote.reading import SystemArgument
from roomkeeper.words import gettext as _

# Mark and colour of each level; a struck row has the dash too.
MARKS = {
    "ok": ("✓", "green"),
    "info": ("–", "bright_black"),
    "warning": ("!", "yellow"),
    "fault": ("✗", "red"),
}
ARROWS = {"inbound": "──▶", "outbound": "◀──"}


def diagnose(
    system: SystemArgument,
    wait: Annotated[float, typer.Option(min=1, help="Seconds to wait for its end.")] = 120.0,
    as_json: AsJson = False,
) -> None:
    """Look at a system in both directions, row by row. Exit code 0 where nothing is a fault, else 1."""
    api = open_api()
    key = naming.system_id(api, system)
    found = _wait_for_end(api, key, wait)
    if as_json:
        print_json(found)
    else:
        _print(found, api.get(f"systems/{key}")["name"])
    if found["state"] != "done":
        fail("Not diagnosed", found["summary"] or _("The diagnosis was {state}.", state=found["state"]))
    if found["level"] == "fault":
        raise typer.Exit(FAILED)


def _wait_for_end(api: Api, key: int, seconds: float) -> dict[str, Any]:
    job = api.post(f"systems/{key}/diagnose")
    kind, path = FOLLOWED["jobs"], f"systems/{key}/diagnosis"
    found = wait_until(
        lambda: api.get(path),
        lambda one: one["job"] >= job["id"] and one["state"] in kind.ended,
        seconds,
        every=kind.every,
    )
    require_end("jobs", {**found, "id": job["id"]}, seconds)
    return dict(found)


def _print(found: dict[str, Any], name: str) -> None:
    terminal = console()
    for row in found["rows"]:
        terminal.print(_headline(row, name))
        for check in row["checks"]:
            mark, colour = MARKS[check["level"]]
            took = (
                _(" ({milliseconds} ms)", milliseconds=check["milliseconds"])
                if check["milliseconds"] is not None
                else ""
            )
            line = Text(f"  {mark} ", style=colour)
            line.append(f"{clean(check['check'])}: {clean(check['sentence'])}", style="")
            line.append(took, style="bright_black")
            terminal.print(line)
            if check["level"] in ("warning", "fault") and check["next_step"]:
                terminal.print(Text(f"    → {clean(check['next_step'])}", style="bright_black"))
            if check["level"] in ("warning", "fault") and check["fix"]:
                terminal.print(Text(_("    fix: {fix}", fix=check["fix"]), style="bright_black"))
    terminal.print(Text(clean(found["summary"]), style="bold"))


def _headline(row: dict[str, Any], name: str) -> Text:
    if row["direction"] == "itself":
        return Text(clean(name), style="bold")
    arrow = ARROWS[row["direction"]]
    words = _(
        "Roomkeeper {arrow} {clean}  {row[service]} {row[port]}: {clean_2}",
        arrow=arrow,
        clean=clean(name),
        row=row,
        clean_2=clean(row["purpose"]),
    )
    return Text(words, style="strike bright_black" if row["is_struck"] else "bold")
