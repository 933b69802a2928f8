"""`roomkeeper systems commands`: the commands that a system has, with what their parameters may hold."""

from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import All, Limit
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.output import AsJson, print_json, print_page, say
from roomkeeper.words import gettext as _


def commands(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="Id or exact name.")],
    search: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="Words that must appear.")
    ] = None,
    limit: Limit = 100,
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """List the commands that a system has: needed parameters as they are, the others in brackets."""
    api = open_api()
    found = api.items(
        f"systems/{naming.system_id(api, system)}/commands",
        limit=None if everything else limit,
        search=" ".join(search or []) or None,
    )
    if as_json:
        print_json(found)
        return
    if not found["items"]:
        say(_("None was found, or the system has not reported its commands yet."))
        return
    rows = [{"command": _shown(one)} for one in found["items"]]
    print_page({**found, "items": rows}, ("command",), as_json=False)


def _shown(command: dict[str, Any]) -> str:
    words = [command["path"].replace("/", " ")]
    for one in command["parameters"]:
        text = f"{one['name']}: {_space(one)}"
        words.append(text if one["required"] else f"[{text}]")
    return " ".join(words) + (" + a text" if command["multiline"] else "")


def _space(parameter: dict[str, Any]) -> str:
    many = _(" (up to {multiple})", multiple=parameter["multiple"]) if parameter["multiple"] > 1 else ""
    if parameter["values"]:
        return "|".join(parameter["values"]) + many
    if parameter["minimum"] is not None or parameter["maximum"] is not None:
        bounds = (
            "" if limit is None else str(limit) for limit in (parameter["minimum"], parameter["maximum"])
        )
        return "..".join(bounds) + many
    return "text" + many
