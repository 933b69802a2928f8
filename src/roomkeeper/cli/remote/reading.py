"""Commands that only tell: of a system its configuration, status, commands and what it finds in phone books; a job, a
move, a comparison, the server itself, whose token is used."""

from typing import Annotated, Any, Literal

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import All, Limit, Wait
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.following import items_of, print_job, wait_for
from roomkeeper.cli.remote.output import FAILED, AsJson, print_object, print_page, say
from roomkeeper.cli.remote.telling import ANSWERS, show
from roomkeeper.words import gettext as _

SystemArgument = Annotated[str, typer.Argument(metavar="SYSTEM", help="Id or exact name.")]
Words = Annotated[list[str] | None, typer.Argument(metavar="[WORD]...", help="Words that must appear.")]


def configuration(
    system: SystemArgument,
    part: Annotated[
        Literal["wanted", "reported", "drift"], typer.Option(help="wanted, reported or drift.")
    ] = "drift",
    as_json: AsJson = False,
) -> None:
    """Show what should be, what is, or the difference."""
    api = open_api()
    found = api.get(f"systems/{naming.system_id(api, system)}/configuration")
    show(found, ANSWERS[f"systems configuration {part}"], as_json=as_json)


def status(
    system: SystemArgument,
    xml: Annotated[bool, typer.Option("--xml", help="The document as it was reported.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the newest status that a system reported."""
    api = open_api()
    path = f"systems/{naming.system_id(api, system)}/status"
    if xml:
        typer.echo(api.text(path, "text/xml"))
    else:
        show(api.get(path), ANSWERS["systems status"], as_json=as_json)


def commands(
    system: SystemArgument,
    search: Words = None,
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
    if not found["items"] and not as_json:
        say(_("None was found, or the system has not reported its commands yet."))
        return
    rows = found["items"] if as_json else [{"command": _in_words(one)} for one in found["items"]]
    print_page({**found, "items": rows}, ("command",), as_json=as_json)


def _in_words(command: dict[str, Any]) -> str:
    words = [command["path"].replace("/", " ")]
    for one in command["parameters"]:
        text = f"{one['name']}: {_space(one)}"
        words.append(text if one["required"] else f"[{text}]")
    return " ".join(words) + (" + a text" if command["multiline"] else "")


def _space(parameter: dict[str, Any]) -> str:
    many = _(" (up to {multiple})", multiple=parameter["multiple"]) if parameter["multiple"] > 1 else ""
    bounds = [parameter["minimum"], parameter["maximum"]]
    if parameter["values"]:
        return "|".join(parameter["values"]) + many
    if bounds != [None, None]:
        return "..".join("" if one is None else str(one) for one in bounds) + many
    return "text" + many


def search(
    system: SystemArgument,
    words: Words = None,
    folder: Annotated[str, typer.Option(help="The id of a folder that was found.")] = "",
    as_json: AsJson = False,
) -> None:
    """Search the phone books as a system does, and tell why it does not find what it does not."""
    api = open_api()
    path = f"systems/{naming.system_id(api, system)}/phone-book"
    found = api.get(path, search=" ".join(words or []) or None, folder=folder or None)
    show(found, ANSWERS["phone-books search"], as_json=as_json)


def show_quality(as_json: AsJson = False) -> None:
    """Count what is wrong in phone books: entries, sources, and systems that search elsewhere."""
    print_page(
        open_api().get("phone-books/quality") | {"next": None}, ("count", "title", "advice"), as_json=as_json
    )


def diff(
    backup: int,
    other: Annotated[
        str, typer.Argument(metavar="WITH", help="A backup's number, version:7, or system:3 (as it is now).")
    ],
    as_json: AsJson = False,
) -> None:
    """What differs between a backup and another backup, a reported version, or a system as it is now."""
    show(
        open_api().get(f"backups/{backup}/diff", **{"with": other}), ANSWERS["backups diff"], as_json=as_json
    )


def show_job(job: int, wait: Wait = 0.0, as_json: AsJson = False) -> None:
    """A job with the outcome of each part."""
    api = open_api()
    print_job(wait_for(api, "jobs", job, wait), items_of(api, job), as_json=as_json)


def show_move(number: int, as_json: AsJson = False) -> None:
    """A move with the outcome for each system, and why it is on hold."""
    api, path = open_api(), f"secure-only-moves/{number}"
    members = api.items(f"{path}/members", limit=None)["items"]
    show({**api.get(path), "members": members}, ANSWERS["secure-only show"], as_json=as_json)


def show_server(as_json: AsJson = False) -> None:
    """Show what the server's checks of itself find, as `doctor` does on its machine. Exit code 1 where something is
    wrong."""
    found = open_api().get("this-server")
    show(found, ANSWERS["this-server show"], as_json=as_json)
    if found["faults"]:
        raise typer.Exit(FAILED)


def whoami(as_json: AsJson = False) -> None:
    """Show whose token this is and what it may do."""
    print_object(open_api().get("me"), as_json=as_json)
