"""`roomkeeper systems add` and `systems scan`: by address, from a file, or registered before they phone home."""

from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from roomkeeper.cli.remote import imports
from roomkeeper.cli.remote.asking import read_line
from roomkeeper.cli.remote.connection import Api, open_api
from roomkeeper.cli.remote.jobs import ENDED, items_of, print_job, wait_for_job
from roomkeeper.cli.remote.output import (
    USAGE,
    AsJson,
    clean,
    console,
    fail,
    print_json,
    print_object,
    print_table,
    say,
)
from roomkeeper.cli.remote.taking import takes
from roomkeeper.words import gettext as _

Username = Annotated[str, typer.Option(help="The device's administrator account.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read its password.")]
Public = Annotated[
    bool, typer.Option("--public", help="Reachable on the public internet; default: on the LAN.")
]
Wait = Annotated[float, typer.Option(help="Wait up to this many seconds for the end.")]
_BY_HAND = ("connectivity", "username")


@takes("pre-register system", "add systems", without=_BY_HAND)
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
    login = {"username": username, "password": _read_password(username)} if password_stdin else {}
    found = api.post("systems", {**body, **_where(public), "host": host, "username": username, **login})
    if "counts" not in found:
        _print_system(found, as_json)
        return
    job = follow(api, found["id"], wait)
    items = items_of(api, job["id"])
    print_job(job, items, as_json=as_json)
    _judge(job, items)


@takes("add systems", without=_BY_HAND)
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Try logins on a range without asking.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also show addresses without an answer.")] = False,
    wait: Wait = 3600.0,
    as_json: AsJson = False,
) -> None:
    """Look through ranges, networks and lists of addresses, and add what is found."""
    api = open_api()
    body = {**body, **_where(public), "addresses": ranges}
    if username:
        password = _read_password(username) if password_stdin else ""
        body["logins"] = [{"username": username, "password": password}]
    preview = api.post("systems/scan", {**body, "dry_run": True})
    if dry_run:
        _print_preview(preview, as_json)
        return
    if preview["needs_confirmation"]:
        question = _(
            "Try {count} login(s) on {count_2} addresses?",
            count=len(preview["logins"]),
            count_2=preview["count"],
        )
        if not yes:
            typer.confirm(question, abort=True, err=True)
        body["confirmed_count"] = preview["count"]
    for problem in preview["problems"]:
        console(errors=True).print(clean(problem), markup=False)
    job = follow(api, api.post("systems/scan", body)["id"], wait)
    items = items_of(api, job["id"])
    shown = [item for item in items if everything or item["state"] != "skipped"]
    print_job(job, items if as_json else shown, as_json=as_json)
    _judge(job, items)


def _where(public: bool) -> dict[str, str]:
    return {"connectivity": "reachable_on_public_internet"} if public else {}


def follow(api: Api, job_id: int, seconds: float) -> dict[str, Any]:
    """The job once it has ended, or as it is when the time is over; on a terminal how far it is meanwhile."""
    terminal = console(errors=True)
    if not terminal.is_terminal:
        return wait_for_job(api, job_id, seconds)
    with terminal.status(_("Waiting for a worker")) as status:
        return wait_for_job(api, job_id, seconds, tell=lambda job: status.update(clean(_how_far(job))))


def _how_far(job: dict[str, Any]) -> str:
    counts: dict[str, int] = job["counts"]
    total = sum(counts.values())
    done = total - counts["waiting"] - counts["running"]
    words = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    return _("{title}: {done} of {total} ({words})", title=job["title"], done=done, total=total, words=words)


def _read_password(username: str) -> str:
    if not username:
        fail("Usage", _("--password-stdin needs --username."), code=USAGE)
    return read_line()


def _add_file(api: Api, file: Path, wait: float, as_json: bool) -> None:
    """Everything of a CSV file: rows with a host are met by jobs, the others registered."""
    rows = imports.add_systems(api, imports.read(api, file))
    job_ids = sorted({row["job"] for row in rows if row.get("job")})
    jobs = [(follow(api, job_id, wait), items_of(api, job_id)) for job_id in job_ids]
    others = [row for row in rows if not row.get("job")]
    if as_json:
        print_json({"items": rows, "jobs": [{**job, "items": items} for job, items in jobs]})
    else:
        if others:
            told = [{**row, "problem": (row["problem"] or {}).get("detail")} for row in others]
            print_table(told, ("row", "status", "system", "problem"))
        for job, items in jobs:
            print_job(job, items, as_json=False)
    failed = sum(row["status"] >= 400 for row in others)
    failed += sum(item["state"] in ("failed", "cancelled") for _, items in jobs for item in items)
    if failed:
        fail("Failed in part", _("{failed} of {count} could not be added.", failed=failed, count=len(rows)))
    for job, _rest in jobs:
        if job["state"] not in ENDED:
            _not_yet(job)


def _print_system(found: dict[str, Any], as_json: bool) -> None:
    print_object(found if as_json else {k: v for k, v in found.items() if k != "warnings"}, as_json=as_json)
    for warning in () if as_json else found["warnings"]:
        console(errors=True).print(clean(f"{warning['sentence']} {warning['advice']}"), markup=False)


def _print_preview(preview: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(preview)
        return
    say(
        _(
            "{preview[count]} addresses would be looked at, {preview[first]} to {preview[last]}.",
            preview=preview,
        )
    )
    if preview["known_count"]:
        say(_("{known_count} of them are already systems here:", known_count=preview["known_count"]))
        print_table(preview["known"], ("address", "system", "name"))
    say(
        _(
            "Logins: {logins}. SNMP: {snmp_logins}.",
            logins=", ".join(preview["logins"]) or "none",
            snmp_logins=", ".join(preview["snmp_logins"]) or "none",
        )
    )
    for line in (*preview["warnings"], *preview["problems"]):
        say(line)


def _judge(job: dict[str, Any], items: list[dict[str, Any]]) -> None:
    """End the command as failed where the job, or a part of it, has failed."""
    if job["state"] not in ENDED:
        _not_yet(job)
    failed = sum(item["state"] in ("failed", "cancelled") for item in items)
    if failed or job["state"] != "done":
        fail(
            "Failed in part" if len(items) > failed else "Failed",
            _("{failed} of {count} were not added.", failed=failed, count=len(items)),
        )


def _not_yet(job: dict[str, Any]) -> NoReturn:
    hint = _("It continues: roomkeeper jobs show {id}", id=job["id"])
    fail("Not yet", _("Job {job[id]} is still {job[state]}.", job=job), hint=hint)
