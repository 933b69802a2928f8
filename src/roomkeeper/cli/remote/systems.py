"""Acts on systems whose outcome is told in their own way: a login tried on many, what a diagnosis offers, a backup made
now, the old hardware brought back."""

from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import Wait, Yes, is_asked, read_line
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.derived import Ids
from roomkeeper.cli.remote.following import fail_in_part, items_of, tell_job, wait_for
from roomkeeper.cli.remote.options import takes
from roomkeeper.cli.remote.output import AsJson, print_json, print_object, print_table
from roomkeeper.cli.remote.reading import SystemArgument
from roomkeeper.cli.remote.telling import ANSWERS, show
from roomkeeper.words import gettext as _


@takes(("systems", "login"), without=("username",))
def login(
    body: dict[str, Any],
    systems: Ids,
    username: Annotated[str, typer.Option(help="The account on the devices.")],
    wait: Wait = 600,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Try a login on systems, once on each, and store it. The password is read from standard input."""
    api = open_api()
    body |= {"username": username, "password": read_line()}
    chosen = naming.choice(api, naming.SYSTEMS, systems)
    if "filter" in chosen and is_asked(yes):
        typer.confirm(_("Try it on every system that the filter finds?"), abort=True)
    if len(keys := chosen.get("systems", ())) == 1:
        found = api.post(f"systems/{keys[0]}/login", body)
    else:
        found = api.post("systems/login", body | chosen, wait=0)
    if "items" not in found:
        wait_for(api, "jobs", found["id"], wait)
        found = {"items": [_told(one) for one in items_of(api, found["id"])]}
    if as_json:
        print_json(found)
    else:
        print_table(found["items"], ("system", "login", "summary", "advice"))
    bad = sum(one["login"] != "works" for one in found["items"])
    fail_in_part(bad, _("The login does not work on {bad} of {count}."), len(found["items"]))


def _told(item: dict[str, Any]) -> dict[str, Any]:
    login = item["details"].get("login", item["state"])
    return {"system": item["system"], "login": login, "summary": item["summary"], "advice": item["advice"]}


def fix(
    system: SystemArgument,
    key: Annotated[str, typer.Argument(metavar="FIX", help="One that the newest diagnosis offers.")],
    as_json: AsJson = False,
) -> None:
    """Do what the newest diagnosis of a system offers, as in enforce or try-login."""
    api = open_api()
    found = api.post(f"systems/{naming.system_id(api, system)}/diagnosis/fix", {"fix": key})
    print_object(found, as_json=as_json)


def make_backup(system: SystemArgument, wait: Wait = 0.0, as_json: AsJson = False) -> None:
    """Back a system up now."""
    api = open_api()
    job = api.post(f"systems/{naming.system_id(api, system)}/backups")
    if wait:
        tell_job(api, job, wait, as_json=as_json)
    else:
        print_object(job, as_json=as_json)


def undo_replacement(system: SystemArgument, as_json: AsJson = False) -> None:
    """Bring the old hardware back to its record, as far as that goes."""
    api = open_api()
    done = api.post(f"systems/{naming.system_id(api, system)}/replace/undo")
    show(done, ANSWERS["systems undo-replacement"], as_json=as_json)
