"""`roomkeeper systems export` and `systems edit`: many systems as a file for a spreadsheet, and back."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import Yes, is_asked
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.jobs import ENDED, wait_for_job
from roomkeeper.cli.remote.output import USAGE, AsJson, fail, print_json, print_table, say
from roomkeeper.cli.remote.taking import takes
from roomkeeper.words import gettext as _

_CSV = "text/csv"
_DIFFERENCE = ("system", "what", "now", "then", "verdict", "reason")


def export_systems(
    filters: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FIELD=VALUE]...", help="As in folder=Oslo or state=managed."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(help="A setting as a column, as in Audio/DefaultVolume; may be repeated."),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(help="A field of the record as a column, as in https_port; may be repeated."),
    ] = None,
    search: Annotated[str, typer.Option(help="Words that must appear.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; default: standard output.")
    ] = None,
) -> None:
    """Write systems as the CSV file that `systems edit` takes."""
    api = open_api()
    query: dict[str, Any] = dict(naming.filters(filters or []))
    if "folder" in query:
        query["folder"] = [naming.folder_id(api, folder) for folder in query["folder"]]
    text = api.text(
        "systems/export.csv",
        _CSV,
        **query,
        settings=setting or None,
        fields=field or None,
        search=search or None,
    ).removeprefix("\ufeff")
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        # With the mark by which spreadsheets know Unicode.
        output.write_bytes(text.encode("utf-8-sig"))
    except OSError as error:
        fail("Usage", _("{output} cannot be written: {error}", output=output, error=error), code=USAGE)
    say(_("{output} was written.", output=output))


@takes("edit systems", without=("digest",))
def edit_systems(
    body: dict[str, Any],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The edited file; - reads standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would differ.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for records that a job writes.")] = 0,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Change systems as a file says, after a look at the difference. Exit code 1 where a line could not be used."""
    api = open_api()
    content = _read(file)
    shown = api.post_file("systems/edit", content, _CSV, dry_run=True, **body)
    if dry_run and as_json:
        print_json(shown)
    elif not as_json:
        _print_difference(shown)
    if dry_run:
        _fail_in_part(shown)
        return
    if is_asked(yes):
        typer.confirm(_("Go on?"), abort=True)
    # Only what was shown: where something changed meanwhile, the server refuses.
    done = api.post_file("systems/edit", content, _CSV, digest=shown["digest"], **body)
    if wait and done["job"]:
        done["job"] = wait_for_job(api, done["job"]["id"], wait)
    if as_json:
        print_json(done)
    else:
        _print_done(done)
    if wait and done["job"] and done["job"]["state"] not in ENDED:
        number = done["job"]["id"]
        fail(
            "Not yet",
            _("Job {number} has not ended after {wait:g} s.", number=number, wait=wait),
            hint=f"roomkeeper jobs show {number}",
        )
    _fail_in_part(done)


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        fail("Usage", _("{file} cannot be read: {error}", file=file, error=error), code=USAGE)


def _print_difference(found: dict[str, Any]) -> None:
    rows = [
        {
            "system": one["name"],
            "what": change["name"],
            "now": change["before"],
            "then": change["after"],
            "verdict": change["verdict"],
            "reason": change["reason"],
        }
        for one in found["systems"]
        for change in one["changes"]
    ]
    if rows:
        print_table(rows, _DIFFERENCE)
    if found["new_folders"]:
        say(_("Folders to be created: {new_folders}.", new_folders=", ".join(found["new_folders"])))
    if found["problems"]:
        print_table(found["problems"], ("line", "column", "problem"))
    counts = found["counts"]
    say(
        _(
            "{counts[change]} systems will change, {unchanged} already have their values, "
            "{counts[cannot]} cannot, {counts[refused]} lines cannot be used.",
            counts=counts,
            unchanged=counts["unchanged"] + counts["already"],
        )
    )


def _print_done(done: dict[str, Any]) -> None:
    if done["job"]:
        say(_("Records are written by job {id}: roomkeeper jobs show {id}", id=done["job"]["id"]))
    elif done["records"]:
        say(_("{records} records were written.", records=done["records"]))
    for name, word in (("name_change_set", "Names"), ("change_set", "Settings")):
        if done[name]:
            say(_("{word} are on their way: roomkeeper changes show {done}", word=word, done=done[name]))
    for one in done["refused"]:
        say(one["problem"])


def _fail_in_part(found: dict[str, Any]) -> None:
    bad = found["counts"]["refused"] + len(found["refused"])
    if bad:
        fail("Failed in part", _("{bad} lines could not be used.", bad=bad))
