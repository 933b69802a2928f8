"""`roomkeeper systems login`: one login tried on many systems, and stored."""

from typing import Annotated, Any

import typer

from roomkeeper.cli.remote.asking import Yes, is_asked, read_line
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.following import wait_until
from roomkeeper.cli.remote.naming import choice_of
from roomkeeper.cli.remote.output import AsJson, fail, print_json, print_table
from roomkeeper.cli.remote.passwords import Chosen
from roomkeeper.words import gettext as _

_ENDED = ("done", "failed", "cancelled")


def login(
    systems: Chosen,
    username: Annotated[str, typer.Option(help="The account on the devices.")],
    may_use_http: Annotated[
        bool,
        typer.Option("--password-may-use-http", help="Also by plain HTTP, where there is nothing better."),
    ] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the end.")] = 600,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Try a login on systems, once on each, and store it. The password is read from standard input."""
    api = open_api()
    body = {
        **choice_of(api, systems),
        "username": username,
        "password": read_line(),
        "password_may_use_http": may_use_http,
    }
    if "filter" in body and is_asked(yes):
        typer.confirm(_("Try it on every system that the filter finds?"), abort=True)
    found = api.post("systems/login", body, wait=0)
    if "items" not in found:
        job = f"jobs/{found['id']}"
        wait_until(lambda: api.get(job), lambda one: one["state"] in _ENDED, wait)
        found = {"items": [_told(one) for one in api.items(f"{job}/items", limit=None)["items"]]}
    if as_json:
        print_json(found)
    else:
        print_table(found["items"], ("system", "login", "summary", "advice"))
    bad = sum(1 for one in found["items"] if one["login"] != "works")
    if bad:
        fail(
            "Failed in part",
            _("The login does not work on {bad} of {count}.", bad=bad, count=len(found["items"])),
        )


def _told(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "system": item["system"],
        "login": item["details"].get("login", item["state"]),
        "summary": item["summary"],
        "advice": item["advice"],
    }
