"""`roomkeeper phone-books search`: what a system finds, and why it does not find the rest."""

from typing import Annotated

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.output import AsJson, print_json, print_page, say
from roomkeeper.words import gettext as _


def search(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="Id or exact name.")],
    words: Annotated[list[str] | None, typer.Argument(metavar="[WORD]...", help="What is typed.")] = None,
    folder: Annotated[str, typer.Option(help="The id of a folder that was found.")] = "",
    as_json: AsJson = False,
) -> None:
    """Search the phone books as a system does, and tell why it does not find what it does not."""
    api = open_api()
    found = api.get(
        f"systems/{naming.system_id(api, system)}/phone-book",
        search=" ".join(words or []) or None,
        folder=folder or None,
    )
    if as_json:
        print_json(found)
        return
    if not found["books"]:
        say(_("No phone book is set on the system or on a folder above it."))
    rows = [
        {"id": one["id"], "name": one["name"], "addresses": f"{one['entries']}"} for one in found["folders"]
    ]
    rows += [
        {
            "id": one["id"],
            "name": one["name"],
            "addresses": ", ".join(way["dial_string"] for way in one["addresses"]),
        }
        for one in found["entries"]
    ]
    print_page({"items": rows, "next": None}, ("id", "name", "addresses"), as_json=False)
    if found["hidden"]:
        say(_("Not found by the system:"))
        print_page({"items": found["hidden"], "next": None}, ("name", "book", "why"), as_json=False)
