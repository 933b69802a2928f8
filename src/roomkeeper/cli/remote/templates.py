"""`roomkeeper templates`: what stands beside the declared commands: contents out of a system, and changes to them."""

from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import read_given
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.derived import Chosen
from roomkeeper.cli.remote.options import declared, takes
from roomkeeper.cli.remote.output import AsJson, fail, print_json, say
from roomkeeper.cli.remote.telling import ANSWERS, show
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.words import gettext as _

app = typer.Typer(help="Templates: settings and commands under a name.")
Template = Annotated[str, typer.Argument(metavar="TEMPLATE", help="Id or name.")]
Version = Annotated[int, typer.Option(help="A version; default: the one in force.")]


def _address(template: str) -> str:
    return f"templates/{naming.key_of(open_api(), declared()['templates'], template)}"


@app.command("show")
def show_template(template: Template, version: Version = 0, as_json: AsJson = False) -> None:
    """Show a template and what it holds."""
    found = open_api().get(_address(template) + (f"/versions/{version}" if version else ""))
    show(found, ANSWERS["templates show"], as_json=as_json)


@app.command("create")
@takes(("templates", "create"), without=("name", "from_system"))
def create_template(
    body: dict[str, Any],
    name: str,
    from_system: Annotated[str, typer.Option(metavar="SYSTEM", help="Use what this system has now.")] = "",
    path: Annotated[list[str] | None, typer.Option(help="With --from-system: only this setting.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a template."""
    api = open_api()
    if from_system:
        body["from_system"] = {"system": naming.system_id(api, from_system), "paths": path or None}
    show(api.post("templates", {**body, "name": name}), ANSWERS["templates create"], as_json=as_json)


@app.command("edit")
@takes(("templates", "edit"), without=("from_system",))
def edit_template(
    body: dict[str, Any],
    template: Template,
    unset: Annotated[list[str] | None, typer.Option(metavar="PATH", help="Remove a setting.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give a template a new version: the one in force with these changes, or all that is in a file."""
    api, address = open_api(), _address(template)
    if "text" not in body:
        body = _merged(api.get(address), body, unset or [])
    made = api.post(f"{address}/versions", body)
    show(made if as_json else made["version"], ANSWERS["templates show"], as_json=as_json)
    if made["change_set"] and not as_json:
        words = _("Change set {key} sends it to the systems it is assigned to.", key=made["change_set"])
        say(words)


def _merged(found: dict[str, Any], body: dict[str, Any], unset: list[str]) -> dict[str, Any]:
    """What the template holds with the changes of the body; a secret that is not given stays what it is."""
    gone = {match_key(path) for path in unset}
    settings = {
        match_key(one["path"]): (one["path"], None if one["is_secret"] else one["value"])
        for one in found["settings"]
    }
    if unknown := sorted(gone - set(settings)):
        fail("Not found", _("The template has no setting {unknown}.", unknown=unknown[0]))
    settings |= {match_key(path): (path, value) for path, value in body.get("settings", {}).items()}
    kept = [{"path": path, "value": value} for key, (path, value) in settings.items() if key not in gone]
    commands = [{key: one[key] for key in ("command", "arguments", "body")} for one in found["commands"]]
    return {**body, "settings": kept, "commands": [*commands, *body.get("commands", ())]}


@app.command("diff")
def show_differences(
    template: Template,
    old: int,
    new: Annotated[int, typer.Argument(help="Default: the version in force.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two versions of a template."""
    found = open_api().get(f"{_address(template)}/differences", old=old, new=new or None)
    show(found, ANSWERS["templates diff"], as_json=as_json)


@app.command("export")
def export_template(template: Template, version: Version = 0) -> None:
    """Print a template as JSON, without its secrets."""
    print_json(open_api().get(f"{_address(template)}/export", version=version or None))


@app.command("check")
def check_text(file: Annotated[str, typer.Argument(metavar="FILE")], as_json: AsJson = False) -> None:
    """Read settings and commands out of a file, and tell what known systems have against them."""
    found = open_api().post("templates/read", {"text": read_given(file)})
    show(found, ANSWERS["templates check"], as_json=as_json)
    if found["problems"]:
        fail("Failed in part", _("{count} lines cannot be read.", count=len(found["problems"])))


@app.command("suggest")
def suggest_settings(words: list[str], limit: int = 30, as_json: AsJson = False) -> None:
    """List settings and commands that managed systems have."""
    found = open_api().get("templates/suggestions", search=" ".join(words), limit=limit)
    show(found, ANSWERS["templates suggest"], as_json=as_json)


@app.command("unassign")
def unassign_template(template: Template, assignment: int) -> None:
    """Keep a template's settings so no longer."""
    open_api().send("DELETE", f"{_address(template)}/assignments/{assignment}")
    say(_("It is no longer enforced."))


@app.command("plan")
def plan_template(template: Template, chosen: Chosen, version: Version = 0, as_json: AsJson = False) -> None:
    """Tell what a template would do to systems, and what it cannot, and why."""
    api = open_api()
    body = {**naming.choice(api, naming.SYSTEMS, [chosen]), "version": version or None, "items": as_json}
    show(api.post(f"{_address(template)}/plan", body), ANSWERS["templates plan"], as_json=as_json)
