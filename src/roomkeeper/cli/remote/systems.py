"""`roomkeeper systems`: list, show, add, change, admit, act."""

from pathlib import Path
from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import adding, imports, naming
from roomkeeper.cli.remote.asking import All, Limit, Yes, read_line
from roomkeeper.cli.remote.connection import Api, open_api
from roomkeeper.cli.remote.output import USAGE, AsJson, fail, print_object, print_page, print_table, say

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
SystemArguments = Annotated[list[str], typer.Argument(metavar="SYSTEM...", help="Ids or exact names.")]


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


@app.command("set")
def change_system(
    system: SystemArgument,
    name: Annotated[str | None, typer.Option(help="Also sent to the device.")] = None,
    folder: Annotated[str | None, typer.Option(help="Id, name or path.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="All its tags; may be repeated.")] = None,
    no_tags: Annotated[bool, typer.Option("--no-tags", help="Remove all tags.")] = False,
    host: str | None = None,
    http_port: int | None = None,
    https_port: int | None = None,
    connectivity: Annotated[str | None, typer.Option(help="Set by hand.")] = None,
    lock: Annotated[bool | None, typer.Option("--lock/--unlock", help="Keep connectivity as it is.")] = None,
    secure_only: bool | None = None,
    username: str | None = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the device's password.")
    ] = False,
    trust: Annotated[str | None, typer.Option(help="Of its certificate: pin, authority or off.")] = None,
    legacy_tls: Annotated[bool | None, typer.Option(help="TLS 1.0 and weak ciphers.")] = None,
    notes: str | None = None,
    as_json: AsJson = False,
) -> None:
    """Change a system's record."""
    api = open_api()
    body: dict[str, Any] = {
        "name": name,
        "host": host,
        "http_port": http_port,
        "https_port": https_port,
        "connectivity": connectivity,
        "connectivity_is_locked": lock,
        "is_secure_only": secure_only,
        "username": username,
        "tls_trust": trust,
        "tls_is_legacy": legacy_tls,
        "notes": notes,
        "tags": [] if no_tags else tag or None,
        "folder": naming.folder_id(api, folder) if folder else None,
        "password": read_line() if password_stdin else None,
    }
    body = {field: value for field, value in body.items() if value is not None}
    if not body:
        fail("Usage", "Nothing to change was specified.", code=USAGE)
    print_object(api.patch(f"systems/{naming.system_id(api, system)}", body), as_json=as_json)


@app.command("delete")
def delete_system(
    system: SystemArgument,
    yes: Yes = False,
) -> None:
    """Delete a system's record with all that is known of it."""
    api = open_api()
    key = naming.system_id(api, system)
    found = api.get(f"systems/{key}")
    if not yes:
        typer.confirm(f"Delete {found['name']} (system {key}) with its history?", abort=True)
    api.delete(f"systems/{key}")
    say(f"{found['name']} was deleted.")


Source = Annotated[
    str,
    typer.Option(
        help="Address that its secret is sent to; needed if several addresses posted as it, or none."
    ),
]


@app.command("approve")
def approve_systems(
    systems: SystemArguments,
    folder: Annotated[str, typer.Option(help="Id, name or path.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="To add to each; may be repeated.")] = None,
    source: Source = "",
    as_json: AsJson = False,
) -> None:
    """Admit systems from the inbox or pre-registered ones."""
    api = open_api()
    keys = [naming.system_id(api, one) for one in systems]
    if source and len(keys) > 1:
        fail("Usage", "--source applies to one system; admit the others separately.", code=USAGE)
    chosen: list[Any] = [{"system": key, "source": source} for key in keys] if source else keys
    body: dict[str, Any] = {"systems": chosen, "tags": tag or []}
    if folder:
        body["folder"] = naming.folder_id(api, folder)
    items = api.post("systems/approve", body)["items"]
    print_items(items, ("system", "status", "problem"), as_json=as_json)


@app.command("readmit")
def readmit_system(system: SystemArgument, source: Source = "", as_json: AsJson = False) -> None:
    """Admit again: after a factory reset, an ignore or a block."""
    _act(system, "readmit", as_json, {"source": source} if source else None)


@app.command("activation-code")
def make_activation_code(
    system: SystemArgument,
    hours: Annotated[int, typer.Option(help="How long it is valid.")] = 72,
    as_json: AsJson = False,
) -> None:
    """Make a one-time code that, in its manager's path, admits a pre-registered system; it is shown this once."""
    _act(system, "activation-code", as_json, {"hours": hours})


@app.command("accept-identity")
def accept_identity(system: SystemArgument, serial: str = "", mac: str = "", as_json: AsJson = False) -> None:
    """Accept that a system's hardware or network card was swapped."""
    _act(system, "accept-identity", as_json, {"serial_number": serial, "mac_address": mac})


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
        fail("Usage", "--part is wanted, reported or drift.", code=USAGE)
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


def _report(word: str, columns: tuple[str, ...], line: str) -> None:
    """A command that lists something of a system."""

    def command(
        system: SystemArgument,
        search: str = "",
        limit: Limit = 50,
        everything: All = False,
        as_json: AsJson = False,
    ) -> None:
        api = open_api()
        page = api.items(
            f"systems/{naming.system_id(api, system)}/{word}",
            limit=None if everything else limit,
            search=search or None,
        )
        print_page(page, columns, as_json=as_json)

    app.command(word, help=line)(command)


def _simple_act(word: str, line: str) -> None:
    """A command that does something to one system and needs nothing more."""

    def command(system: SystemArgument, as_json: AsJson = False) -> None:
        _act(system, word, as_json)

    app.command(word, help=line)(command)


def _act(system: str, word: str, as_json: bool, body: Any = None) -> None:
    api = open_api()
    print_object(api.post(f"systems/{naming.system_id(api, system)}/{word}", body), as_json=as_json)


def print_items(items: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    """The outcome for each item of a bulk act; ends the command as failed where any failed."""
    if as_json:
        print_object({"items": items}, as_json=True)
    else:
        print_table([{**item, "problem": (item["problem"] or {}).get("detail")} for item in items], columns)
    failed = sum(1 for item in items if item["status"] >= 400)
    if failed:
        fail("Failed in part", f"{failed} of {len(items)} could not be done.")


@app.command("undo-connectivity")
def undo_connectivity_change(
    system: SystemArgument,
    change: Annotated[int | None, typer.Argument(help="Id of the change; without it the newest.")] = None,
    as_json: AsJson = False,
) -> None:
    """Undo a change of connectivity."""
    api = open_api()
    key = naming.system_id(api, system)
    path = f"systems/{key}/connectivity-changes"
    if change is None:
        change = _newest_change(api, path)
    print_object(api.post(f"{path}/{change}/undo"), as_json=as_json)


def _newest_change(api: Api, path: str) -> int:
    in_force = [one for one in api.get(path)["items"] if one["was_applied"] and one["undone_at"] is None]
    if not in_force:
        fail("Not possible", "There is no change of connectivity to undo.")
    return int(in_force[0]["id"])


_report(
    "timeline",
    ("id", "last_at", "kind", "summary", "count", "source_address", "user"),
    "What happened, newest first.",
)
_report(
    "connectivity-changes",
    ("id", "at", "old", "new", "reason", "was_applied", "undone_at", "user"),
    "How connectivity was decided.",
)
_report(
    "claims",
    ("last_at", "service", "reason", "source_address", "serial_number", "mac_address", "count"),
    "Posts that claim to be this system without its secret.",
)
_simple_act("ignore", "Keep a system out of the inbox.")
_simple_act("block", "Refuse everything that a system posts.")
_simple_act("accept-key", "Accept a system's new TLS key.")
_simple_act("rotate-secret", "Send a system a new secret.")
_simple_act("try-login", "Try a login that was refused once more.")
