"""`roomkeeper systems export` and `systems edit`: many systems as a file for a spreadsheet, and back."""

from pathlib import Path
from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import DryRun, Yes, is_wanted, read_bytes
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.following import require_end, wait_for
from roomkeeper.cli.remote.options import takes
from roomkeeper.cli.remote.output import USAGE, AsJson, fail, say
from roomkeeper.cli.remote.telling import ANSWERS, PLANS, show
from roomkeeper.words import gettext as _

_CSV = "text/csv"


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
    query = naming.asked(api, filters or [])
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


@takes(("editing-systems", "edit"), without=("digest",))
def edit_systems(
    body: dict[str, Any],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The edited file; - reads standard input.")],
    dry_run: DryRun = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for records that a job writes.")] = 0,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Change systems as a file says, after a look at the difference. Exit code 1 where a line could not be used."""
    api, content = open_api(), read_bytes(file)
    plan = api.post_file("systems/edit", content, _CSV, dry_run=True, **body)
    shown = PLANS["systems edit"]
    if not is_wanted(lambda: plan, shown, dry_run=dry_run, yes=yes, as_json=as_json):
        _fail_in_part(plan)
        return
    # Only what was shown: where something changed meanwhile, the server refuses.
    done = api.post_file("systems/edit", content, _CSV, digest=plan["digest"], **body)
    if wait and done["job"]:
        done["job"] = wait_for(api, "jobs", done["job"]["id"], wait)
    show(done, ANSWERS["systems edit"], as_json=as_json)
    if wait and done["job"]:
        require_end("jobs", done["job"], wait)
    _fail_in_part(done)


def _fail_in_part(found: dict[str, Any]) -> None:
    bad = found["counts"]["refused"] + len(found["refused"])
    if bad:
        fail("Failed in part", _("{bad} lines could not be used.", bad=bad))
