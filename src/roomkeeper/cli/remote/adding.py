"""`roomkeeper systems add`, `scan` and `import`: by address, from a file, or registered before they phone home."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from roomkeeper.cli.remote import imports
from roomkeeper.cli.remote.asking import DryRun, Wait, is_wanted, read_line
from roomkeeper.cli.remote.connection import Api, open_api
from roomkeeper.cli.remote.following import (
    fail_in_part,
    items_of,
    print_items,
    print_job,
    require_end,
    tell_job,
    wait_for,
)
from roomkeeper.cli.remote.options import takes
from roomkeeper.cli.remote.output import USAGE, AsJson, clean, console, fail, print_json
from roomkeeper.cli.remote.telling import ANSWERS, PLANS, show
from roomkeeper.words import gettext as _

Username = Annotated[str, typer.Option(help="The device's administrator account.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read its password.")]
Public = Annotated[
    bool, typer.Option("--public", help="Reachable on the public internet; default: on the LAN.")
]
_BY_HAND: Final = ("connectivity", "username")
_ADD: Final = ("adding-systems", "add")
_GOOD: Final = ("done", "warning", "skipped")


@takes(("registering-systems", "pre-register"), _ADD, without=_BY_HAND)
def add_system(
    body: dict[str, Any],
    host: Annotated[str, typer.Argument(help="Address or name of a device that can be reached.")] = "",
    csv: Annotated[
        Path | None,
        typer.Option(
            help="Add or pre-register all systems in a CSV file: host, username, password, name, ..."
        ),
    ] = None,
    username: Username = "",
    password_stdin: PasswordStdin = False,
    public: Public = False,
    wait: Wait = 300.0,
    as_json: AsJson = False,
) -> None:
    """Add a system by its address, add many from a CSV file, or register one before it phones home."""
    if bool(csv) == bool(host or body.keys() & {"mac_address", "serial_number", "hint_address"}):
        fail("Usage", _("Give a HOST, or --mac or --serial, or --csv FILE."), code=USAGE)
    api = open_api()
    if csv is not None:
        _add_file(api, csv, wait, as_json)
        return
    login = _login(username, is_given=password_stdin)
    found = api.post("systems", {**body, **_where(public), **login, "host": host})
    if "counts" in found:
        tell_job(api, found, wait, as_json=as_json, good=_GOOD)
    else:
        show(found, ANSWERS["systems add"], as_json=as_json)


@takes(_ADD, without=_BY_HAND)
def scan(
    body: dict[str, Any],
    ranges: Annotated[
        list[str],
        typer.Argument(
            metavar="RANGE...", help="As 10.1.2.3-60, 10.1.2.0/24, or single addresses and names."
        ),
    ],
    username: Username = "",
    password_stdin: PasswordStdin = False,
    public: Public = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Try logins on a range without asking.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also show addresses without an answer.")] = False,
    wait: Wait = 3600.0,
    as_json: AsJson = False,
) -> None:
    """Look through ranges, networks and lists of addresses, and add what is found."""
    api = open_api()
    login = _login(username, is_given=password_stdin)
    body |= {**_where(public), "addresses": ranges}
    if login:
        body["logins"] = [{"password": "", **login}]
    plan = api.post("systems/scan", {**body, "dry_run": True})
    question, count = "", plan["count"]
    if plan["needs_confirmation"]:
        question = _("Try {logins} login(s) on {count} addresses?", logins=len(plan["logins"]), count=count)
        body["confirmed_count"] = count
    yes = yes or not question
    shown = PLANS["systems scan"]
    if not is_wanted(lambda: plan, shown, dry_run=dry_run, yes=yes, as_json=as_json, asks=question):
        return
    for problem in plan["problems"]:
        console(errors=True).print(clean(problem), markup=False)
    job, hidden = api.post("systems/scan", body), () if everything else ("skipped",)
    tell_job(api, job, wait, as_json=as_json, good=_GOOD, hidden=hidden)


def import_systems(
    file: Annotated[
        Path, typer.Argument(help="CSV with a header: mac_address, serial_number, name, folder, tags, ...")
    ],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Register many systems from a CSV file, any number of them."""
    api = open_api()
    items = imports.add_systems(api, imports.read(api, file), dry_run=dry_run)
    print_items(items, as_json=as_json)
    fail_in_part(_refused(items), _("{bad} of {count} could not be done."), len(items))


def _add_file(api: Api, file: Path, wait: float, as_json: bool) -> None:
    """Everything of a CSV file: rows with a host are met by jobs, the others registered."""
    rows = imports.add_systems(api, imports.read(api, file))
    keys = sorted({row["job"] for row in rows if row.get("job")})
    jobs = [(wait_for(api, "jobs", key, wait), items_of(api, key)) for key in keys]
    others = [row for row in rows if not row.get("job")]
    if as_json:
        print_json({"items": rows, "jobs": [{**job, "items": items} for job, items in jobs]})
    else:
        if others:
            print_items(others, as_json=False)
        for job, items in jobs:
            print_job(job, items, as_json=False)
    bad = sum(item["state"] in ("failed", "cancelled") for _, items in jobs for item in items)
    fail_in_part(bad + _refused(others), _("{bad} of {count} could not be added."), len(rows))
    for job, _rest in jobs:
        require_end("jobs", job, wait)


def _refused(items: list[dict[str, Any]]) -> int:
    return sum(one["status"] >= 400 for one in items)


def _where(public: bool) -> dict[str, str]:
    return {"connectivity": "reachable_on_public_internet"} if public else {}


def _login(username: str, *, is_given: bool) -> dict[str, str]:
    """The login that is typed, with the password where it stands on standard input."""
    if is_given and not username:
        fail("Usage", _("--password-stdin needs --username."), code=USAGE)
    if not username:
        return {}
    return {"username": username, **({"password": read_line()} if is_given else {})}
