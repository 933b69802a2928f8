"""`roomkeeper systems set-password` and `systems install-authority`: shown as a plan, then asked, then followed."""

from pathlib import Path
from typing import Annotated, Any

import typer

from roomkeeper.cli.remote.asking import Yes, is_asked, read_line
from roomkeeper.cli.remote.begun import follow
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.naming import choice_of
from roomkeeper.cli.remote.output import USAGE, AsJson, fail, print_json, print_table, say
from roomkeeper.words import gettext as _

Chosen = Annotated[
    list[str],
    typer.Argument(
        metavar="SYSTEMS", help="Ids or exact names; or all, or field=value,field=value as in folder=Oslo."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show the outcome for each.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for the end.")]


def set_password(
    systems: Chosen,
    generate: Annotated[
        bool, typer.Option("--generate", help="A random one for each system, which is never shown.")
    ] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read one password, for all of them.")
    ] = False,
    dry_run: DryRun = False,
    wait: Wait = 0,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Set the passwords of devices. The stored one is kept until a login has proven the new one."""
    if generate == password_stdin:
        fail("Usage", _("Give one of --generate and --password-stdin."), code=USAGE)
    api = open_api()
    new = {"generate": True} if generate else {"password": read_line()}
    body = {**choice_of(api, systems), **new}
    if dry_run or is_asked(yes):
        plan = api.post("systems/password", {**body, "dry_run": True})
        counts = plan["counts"]
        words = _(
            "{counts[verified]} will be proven by a login, {counts[unverified]} sent unproven, "
            "{counts[cannot]} cannot.",
            counts=counts,
        )
        _show_plan(plan, "words", words, as_json=as_json and dry_run)
        if dry_run:
            return
        typer.confirm(
            _("Set the password of {verified} systems?", verified=counts["verified"] + counts["unverified"]),
            abort=True,
        )
    follow(api, api.post("systems/password", body), wait, "proven", as_json=as_json)


def install_authority(
    systems: Chosen,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Certificates as PEM; without it: this server's own."),
    ] = None,
    dry_run: DryRun = False,
    wait: Wait = 0,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Have devices trust an authority: this server's own, or those of a file. Its fingerprint is shown first."""
    api = open_api()
    body = choice_of(api, systems)
    if file is not None:
        body["pem"] = file.read_text("ascii", "replace")
    plan = api.post("systems/authorities", {**body, "dry_run": True})
    if not (as_json and dry_run):
        for one in plan["authorities"]:
            line = _("{one[subject]}, until {one[expires_at]}, SHA-256 {one[fingerprint]}", one=one)
            typer.echo(line, err=True) if as_json else say(line)
    counts = plan["counts"]
    if dry_run or is_asked(yes):
        words = _("{counts[install]} will get it, {counts[cannot]} cannot.", counts=counts)
        _show_plan(plan, "reason", words, as_json=as_json and dry_run)
        if dry_run:
            return
        typer.confirm(_("Install it on {install} systems?", install=counts["install"]), abort=True)
    follow(api, api.post("systems/authorities", body), wait, "done", as_json=as_json)


def _show_plan(plan: dict[str, Any], reason: str, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(plan)
        return
    if told := [item for item in plan["items"] if item[reason]]:
        print_table(told, ("system", "system_name", "verdict", reason))
    say(words)
