"""`roomkeeper templates`: named settings and commands, planned, applied and assigned."""

import json
from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import Yes, is_asked, read_given
from roomkeeper.cli.remote.changes import Chosen
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.output import (
    USAGE,
    AsJson,
    counted,
    fail,
    print_json,
    print_object,
    print_table,
    say,
)
from roomkeeper.cli.remote.template_words import (
    content_of,
    merged,
    print_content,
    print_report,
    print_template,
)
from roomkeeper.words import gettext as _

app = typer.Typer(help="Templates: settings and commands under a name.")
Template = Annotated[str, typer.Argument(metavar="TEMPLATE", help="Id or name.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="A setting; may name variables: {room}."),
]
Run = Annotated[
    list[str] | None, typer.Option("--run", metavar="XCOMMAND", help='As in "Audio Volume Set Level: 40".')
]
File = Annotated[
    str,
    typer.Option(metavar="FILE", help="xConfiguration and xCommand lines, JSON, TOML or XML; - reads stdin."),
]
Note = Annotated[str, typer.Option(help="Why this version.")]
Version = Annotated[int, typer.Option(help="A version; default: the one in force.")]
Folder = Annotated[str, typer.Option(help="Id, name or path; without it the root folder.")]


@app.command("show")
def show_template(template: Template, version: Version = 0, as_json: AsJson = False) -> None:
    """Show a template and what it holds."""
    api = open_api()
    key = naming.template_id(api, template)
    print_template(api.get(f"templates/{key}{f'/versions/{version}' if version else ''}"), as_json=as_json)


@app.command("create")
def create_template(
    name: str,
    settings: Set = None,
    run: Run = None,
    file: File = "",
    from_system: Annotated[str, typer.Option(metavar="SYSTEM", help="Use what this system has now.")] = "",
    path: Annotated[list[str] | None, typer.Option(help="With --from-system: only this setting.")] = None,
    folder: Folder = "",
    description: str = "",
    enforcement: Annotated[str, typer.Option(help="automatic, window or by_hand.")] = "automatic",
    first_contact: Annotated[bool, typer.Option(help="Apply it once to new systems in its folder.")] = False,
    family: Annotated[list[str] | None, typer.Option(help="First contact only for this family.")] = None,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Make a template."""
    api = open_api()
    body: dict[str, Any] = {
        "name": name,
        "description": description,
        "folder": naming.folder_id(api, folder) if folder else None,
        "enforcement": enforcement,
        "first_contact": first_contact,
        "families": family or [],
        "note": note,
        **content_of(settings, run, file),
    }
    if from_system:
        body["from_system"] = {"system": naming.system_id(api, from_system), "paths": path or None}
    print_template(api.post("templates", body), as_json=as_json)


@app.command("edit")
def edit_template(
    template: Template,
    settings: Set = None,
    unset: Annotated[list[str] | None, typer.Option(metavar="PATH", help="Remove a setting.")] = None,
    run: Run = None,
    file: Annotated[str, typer.Option(metavar="FILE", help="Replace all its contents; - reads stdin.")] = "",
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Give a template a new version: the one in force with these changes."""
    api = open_api()
    key = naming.template_id(api, template)
    body: dict[str, Any] = {"note": note, **content_of(settings, run, file)}
    if not file:
        body = merged(api.get(f"templates/{key}"), body, unset or [])
    made = api.post(f"templates/{key}/versions", body)
    if as_json:
        print_json(made)
        return
    print_template(made["version"], as_json=False)
    if made["change_set"]:
        say(
            _(
                "Change set {change_set} sends it to the systems it is assigned to.",
                change_set=made["change_set"],
            )
        )


@app.command("diff")
def show_differences(
    template: Template,
    old: int,
    new: Annotated[int, typer.Argument(help="Default: the version in force.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two versions of a template."""
    api = open_api()
    found = api.get(f"templates/{naming.template_id(api, template)}/differences", old=old, new=new or None)
    if as_json:
        print_json(found)
    else:
        print_table(found, ("word", "kind", "name", "old", "new"))


@app.command("export")
def export_template(template: Template, version: Version = 0) -> None:
    """Print a template as JSON, without its secrets."""
    api = open_api()
    print_json(api.get(f"templates/{naming.template_id(api, template)}/export", version=version or None))


@app.command("import")
def import_template(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What export printed; - reads stdin.")],
    name: Annotated[str, typer.Option(help="A new name.")] = "",
    folder: Folder = "",
    as_json: AsJson = False,
) -> None:
    """Make a template of an exported one."""
    api = open_api()
    try:
        found = json.loads(read_given(file))
    except ValueError as error:
        fail("Usage", _("{file} is not JSON: {error}", file=file, error=error), code=USAGE)
    body = {"template": found, "name": name or None}
    body["folder"] = naming.folder_id(api, folder) if folder else None
    print_template(api.post("templates/import", body), as_json=as_json)


@app.command("check")
def check_text(file: Annotated[str, typer.Argument(metavar="FILE")], as_json: AsJson = False) -> None:
    """Read settings and commands out of a file, and tell what known systems have against them."""
    found = open_api().post("templates/read", {"text": read_given(file)})
    if as_json:
        print_json(found)
    else:
        print_content(found)
        print_table(found["problems"], ("line", "sentence"))
        print_table(found["remarks"], ("name", "model", "systems", "sentence"))
    if found["problems"]:
        fail("Failed in part", _("{count} lines cannot be read.", count=len(found["problems"])))


@app.command("suggest")
def suggest_settings(words: list[str], limit: int = 30, as_json: AsJson = False) -> None:
    """List settings and commands that managed systems have."""
    found = open_api().get("templates/suggestions", search=" ".join(words), limit=limit)
    if as_json:
        print_json(found)
    else:
        print_table(found, ("kind", "path", "type", "values", "minimum", "maximum", "parameters", "models"))


@app.command("assign")
def assign_template(
    template: Template,
    system: Annotated[str, typer.Option(help="Id or name.")] = "",
    tag: str = "",
    folder: Annotated[str, typer.Option(help="Id, name or path.")] = "",
    order: Annotated[int, typer.Option(help="Among equals, the lower number wins.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Keep a template's settings so on a system, on those with a tag, or in a folder."""
    api = open_api()
    body = {
        "system": naming.system_id(api, system) if system else None,
        "tag": tag,
        "folder": naming.folder_id(api, folder) if folder else None,
        "order": order,
    }
    made = api.post(f"templates/{naming.template_id(api, template)}/assignments", body)
    if as_json:
        print_json(made)
        return
    print_object(made["assignment"], as_json=False)
    if made["change_set"]:
        say(_("Change set {change_set} enforces it.", change_set=made["change_set"]))


@app.command("unassign")
def unassign_template(template: Template, assignment: int) -> None:
    """Keep a template's settings so no longer."""
    api = open_api()
    api.delete(f"templates/{naming.template_id(api, template)}/assignments/{assignment}")
    say(_("It is no longer enforced."))


@app.command("plan")
def plan_template(template: Template, chosen: Chosen, version: Version = 0, as_json: AsJson = False) -> None:
    """Tell what a template would do to systems, and what it cannot, and why."""
    api = open_api()
    body = {**naming.choice(api, chosen), "version": version or None, "items": as_json}
    print_report(api.post(f"templates/{naming.template_id(api, template)}/plan", body), as_json=as_json)


@app.command("apply")
def apply_template(
    template: Template,
    chosen: Chosen,
    version: Version = 0,
    commands: Annotated[bool, typer.Option("--commands/--no-commands", help="Run its commands, too.")] = True,
    only_in_window: Annotated[bool, typer.Option(help="Only in maintenance windows.")] = False,
    during_calls: Annotated[bool, typer.Option(help="Also while a system is in a call.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the outcome.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Apply a template once."""
    api = open_api()
    address = f"templates/{naming.template_id(api, template)}/apply"
    body: dict[str, Any] = {
        **naming.choice(api, chosen),
        "version": version or None,
        "commands": commands,
        "only_in_window": only_in_window,
        "during_calls": during_calls,
    }
    if dry_run:
        print_report(api.post(address, {**body, "dry_run": True}), as_json=as_json)
        return
    if is_asked(yes):
        counts = api.post(address, {**body, "dry_run": True})["counts"]
        typer.confirm(_("{counted} Go on?", counted=counted(counts)), abort=True)
    done = api.post(address, body)
    print_object(done, as_json=as_json)
