"""`roomkeeper backups`: of systems, what differs, putting them back; and `roomkeeper systems replace`."""

from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import Yes, is_asked
from roomkeeper.cli.remote.connection import Api, open_api
from roomkeeper.cli.remote.jobs import items_of, print_job, wait_for_job
from roomkeeper.cli.remote.output import (
    AsJson,
    fail,
    print_json,
    print_object,
    print_table,
    say,
)
from roomkeeper.words import gettext as _

Parts = Annotated[
    list[str] | None,
    typer.Option(
        "--part",
        help="Only this: settings, macros, extensions, branding, macro:NAME, or the beginning of a path. Repeatable.",
    ),
]
Wait = Annotated[float, typer.Option(help="Wait up to this many seconds for its end.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what it would do.")]
_MAPPING_COLUMNS = ("verdict", "path", "found", "value", "reason")


def make(system: str, wait: Wait = 0.0, as_json: AsJson = False) -> None:
    """Back a system up now."""
    api = open_api()
    job = api.post(f"systems/{naming.system_id(api, system)}/backups")
    _follow(api, job, wait, as_json=as_json)


def diff(
    backup: int,
    other: Annotated[
        str, typer.Argument(metavar="WITH", help="A backup's number, version:7, or system:3 (as it is now).")
    ],
    as_json: AsJson = False,
) -> None:
    """What differs between a backup and another backup, a reported version, or a system as it is now."""
    found = open_api().get(f"backups/{backup}/diff", **{"with": other})
    if as_json:
        print_json(found)
        return
    rows = found["settings"] + [
        {"kind": one["difference"], "path": f"{one['kind']} {one['name']}", "left": None, "right": None}
        for one in found["parts"]
    ]
    if rows:
        print_table(rows, ("kind", "path", "left", "right"))
    say(f"{found['left']['label']} | {found['right']['label']}: {_counted(found['counts'])}.")


def restore(
    backup: int,
    system: Annotated[str | None, typer.Option(help="Another system: id or exact name.")] = None,
    part: Parts = None,
    dry_run: DryRun = False,
    wait: Wait = 0.0,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup, or parts of it, back on its system or on another one."""
    api = open_api()
    body: dict[str, Any] = {
        "system": naming.system_id(api, system) if system else None,
        "parts": part or [],
    }
    if dry_run or is_asked(yes):
        report = api.post(f"backups/{backup}/restore", {**body, "dry_run": True})
        if dry_run:
            _print_mapping(report, as_json=as_json)
            return
        parts = sum(one["verdict"] == "change" for one in report["parts"])
        typer.confirm(
            _(
                "{change} settings and {parts} parts will be written to system {system}. Continue?",
                change=report["counts"]["change"],
                parts=parts,
                system=report["system"],
            ),
            abort=True,
        )
    _follow(api, api.post(f"backups/{backup}/restore", body), wait, as_json=as_json)


def replace_system(
    system: str,
    serial: Annotated[str, typer.Option("--serial", help="Serial number of the new hardware.")] = "",
    mac: Annotated[str, typer.Option("--mac", help="MAC address of the new hardware.")] = "",
    with_system: Annotated[
        str | None, typer.Option("--with", help="The record that the new hardware has: id or exact name.")
    ] = None,
    restore_settings: Annotated[
        bool,
        typer.Option(
            "--restore/--no-restore",
            help="Restore the last configuration of the old hardware to the new one.",
        ),
    ] = True,
    part: Parts = None,
    keep_credentials: Annotated[
        bool, typer.Option("--keep-credentials", help="Try the stored login on the new hardware.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """New hardware takes a system's record over: id, folder, tags, rights, history and settings."""
    api = open_api()
    address = f"systems/{naming.system_id(api, system)}/replace"
    body: dict[str, Any] = {
        "serial_number": serial,
        "mac_address": mac,
        "with": naming.system_id(api, with_system) if with_system else None,
        "restore": restore_settings,
        "parts": part or [],
        "keep_credentials": keep_credentials,
    }
    if dry_run or is_asked(yes):
        plan = api.post(address, {**body, "dry_run": True})
        if dry_run and as_json:
            print_json(plan)
            return
        _print_plan(plan)
        if dry_run:
            return
        typer.confirm(_("Replace it?"), abort=True)
    done = api.post(address, body)
    if as_json:
        print_json(done)
        return
    say(_("The hardware of system {system} is replaced.", system=done["system"]))
    if done["restoration"]:
        job = _(", job {job}", job=done["job"]) if done["job"] else ""
        say(_("Its settings: {restoration}{job}.", restoration=done["restoration"], job=job))


def undo_replacement(system: str, as_json: AsJson = False) -> None:
    """Bring the old hardware back to its record, as far as that goes."""
    api = open_api()
    done = api.post(f"systems/{naming.system_id(api, system)}/replace/undo")
    print_object({name: done[name] for name in ("system", "serial_number", "mac_address")}, as_json=as_json)


def add_to(systems: typer.Typer, backups: typer.Typer) -> None:
    """Put `replace` and `undo-replacement` beside the other commands on systems, and what takes a plan or a job beside
    the declared ones on backups."""
    for command in (make, diff, restore):
        backups.command(command.__name__)(command)
    systems.command("replace")(replace_system)
    systems.command("undo-replacement")(undo_replacement)


def _follow(api: Api, job: dict[str, Any], wait: float, *, as_json: bool) -> None:
    if not wait:
        print_object(job, as_json=as_json)
        return
    found = wait_for_job(api, job["id"], wait)
    items = items_of(api, job["id"])
    print_job(found, items, as_json=as_json)
    if found["state"] == "failed" or any(item["state"] == "failed" for item in items):
        fail("Failed", _("Job {id} did not do what was asked.", id=job["id"]))


def _print_mapping(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    rows = [one for one in report["settings"] if one["verdict"] != "already"]
    rows += [
        {**one, "path": f"{one['kind']} {one['name']}", "found": None, "value": None}
        for one in report["parts"]
    ]
    if rows:
        print_table(rows, _MAPPING_COLUMNS)
    model = _(" It is another model.") if report["is_other_model"] else ""
    say(
        _(
            "System {system}: {counted}.{model}",
            system=report["system"],
            counted=_counted(report["counts"]),
            model=model,
        )
    )


def _print_plan(plan: dict[str, Any]) -> None:
    for number, step in enumerate(plan["steps"], 1):
        say(
            f"{number}. {step['title']}: {step['words']}{'' if step['can_be_undone'] else ' (cannot be undone)'}"
        )
    if plan["mapping"]:
        _print_mapping(plan["mapping"], as_json=False)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in counts.items() if number) or "nothing differs"
