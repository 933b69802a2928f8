"""`roomkeeper systems`: list, show, add, change, admit, act."""

from pathlib import Path
from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import adding, imports, naming
from roomkeeper.cli.remote.asking import All, Limit
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.output import USAGE, AsJson, fail, print_object, print_page, print_table
from roomkeeper.words import gettext as _

app = typer.Typer(help="Systems: list, add, admit, change, act.")
COLUMNS = (
    "id",
    "name",
    "state",
    "alive",
    "connectivity",
    "is_secure_only",
    "product",
    "software_version",
    "last_seen_at",
    "in_call",
    "folder_path",
    "drift_count",
    "ticket_count",
)
SystemArgument = Annotated[str, typer.Argument(metavar="SYSTEM", help="Id or exact name.")]


@app.command("list")
def list_systems(
    filters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FIELD=VALUE]...", help="Filters, as in connectivity=behind_firewall or tags=court."
        ),
    ] = None,
    search: Annotated[str, typer.Option(help="Words that must appear.")] = "",
    state: Annotated[
        list[str] | None, typer.Option(help="As in pending (the inbox) or managed; may be repeated.")
    ] = None,
    folder: Annotated[str, typer.Option(help="Id, name or path; with all below it.")] = "",
    sort: Annotated[str, typer.Option(help="A field; put - in front for descending order.")] = "",
    limit: Limit = 100,
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """List systems; without --state those in every state."""
    api = open_api()
    query: dict[str, Any] = dict(naming.filters(filters or []))
    if state:
        query["state"] = [*query.get("state", []), *state]
    if folder:
        query["folder"] = naming.folder_id(api, folder)
    page = api.items(
        "systems", limit=None if everything else limit, search=search or None, sort=sort or None, **query
    )
    print_page(page, COLUMNS, as_json=as_json)


app.command("add")(adding.add_system)
app.command("scan")(adding.scan)


@app.command("import")
def import_systems(
    file: Annotated[
        Path, typer.Argument(help="CSV with a header: mac_address, serial_number, name, folder, tags, ...")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the outcome for each row.")] = False,
    as_json: AsJson = False,
) -> None:
    """Register many systems from a CSV file, any number of them."""
    api = open_api()
    items = imports.add_systems(api, imports.read(api, file), dry_run=dry_run)
    print_items(items, ("row", "status", "system", "job", "problem"), as_json=as_json)


@app.command("configuration")
def show_configuration(
    system: SystemArgument,
    part: Annotated[str, typer.Option(help="wanted, reported or drift.")] = "drift",
    as_json: AsJson = False,
) -> None:
    """Show what should be, what is, or the difference."""
    api = open_api()
    found = api.get(f"systems/{naming.system_id(api, system)}/configuration")
    if part not in ("wanted", "reported", "drift"):
        fail("Usage", _("--part is wanted, reported or drift."), code=USAGE)
    rows = found[part]
    if part == "reported":
        rows = [{"path": path, "value": value} for path, value in rows.items()]
    columns = {
        "wanted": ("path", "value", "layer", "why"),
        "reported": ("path", "value"),
        "drift": ("path", "wanted", "found"),
    }[part]
    print_page({"items": rows, "next": None} if not as_json else found, columns, as_json=as_json)


@app.command("status")
def show_status(
    system: SystemArgument,
    xml: Annotated[bool, typer.Option("--xml", help="The document as it was reported.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the newest status that a system reported."""
    api = open_api()
    path = f"systems/{naming.system_id(api, system)}/status"
    if xml:
        typer.echo(api.text(path, "text/xml"))
        return
    found = api.get(path)
    if as_json:
        print_object(found, as_json=True)
    else:
        print_page(
            {
                "items": [{"path": name, "value": value} for name, value in found["values"].items()],
                "next": None,
            },
            ("path", "value"),
            as_json=False,
        )


def print_items(items: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    """The outcome for each item of a bulk act; ends the command as failed where any failed."""
    if as_json:
        print_object({"items": items}, as_json=True)
    else:
        print_table([{**item, "problem": (item["problem"] or {}).get("detail")} for item in items], columns)
    failed = sum(1 for item in items if item["status"] >= 400)
    if failed:
        fail("Failed in part", _("{failed} of {count} could not be done.", failed=failed, count=len(items)))
