"""`roomkeeper folders`, `tags` and `network-settings`."""

import json
from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.output import (
    USAGE,
    AsJson,
    fail,
    print_json,
    print_object,
    print_page,
    print_table,
    say,
)

folders_app = typer.Typer(help="Folders: the tree that systems stand in.")
network_settings_app = typer.Typer(help="Network settings.")
FolderArgument = Annotated[str, typer.Argument(metavar="FOLDER", help="Id, name or path.")]


@folders_app.command("list")
def list_folders(as_json: AsJson = False) -> None:
    """List folders."""
    print_page(open_api().items("folders", limit=None), ("id", "path", "system_count"), as_json=as_json)


@folders_app.command("add")
def add_folder(
    name: str,
    parent: Annotated[str, typer.Option(help="Id, name or path; without it the root folder.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a folder."""
    api = open_api()
    body = {"name": name, "parent": naming.folder_id(api, parent) if parent else None}
    print_object(api.post("folders", body), as_json=as_json)


@folders_app.command("rename")
def rename_folder(folder: FolderArgument, name: str, as_json: AsJson = False) -> None:
    """Rename a folder."""
    api = open_api()
    print_object(api.patch(f"folders/{naming.folder_id(api, folder)}", {"name": name}), as_json=as_json)


@folders_app.command("move")
def move_folder(folder: FolderArgument, parent: str, as_json: AsJson = False) -> None:
    """Move a folder with all below it."""
    api = open_api()
    body = {"parent": naming.folder_id(api, parent)}
    print_object(api.patch(f"folders/{naming.folder_id(api, folder)}", body), as_json=as_json)


@folders_app.command("delete")
def delete_folder(folder: FolderArgument) -> None:
    """Delete an empty folder."""
    api = open_api()
    api.delete(f"folders/{naming.folder_id(api, folder)}")
    say("The folder was deleted.")


@network_settings_app.command("show")
def show_network_settings(as_json: AsJson = False) -> None:
    """Show network settings."""
    _print_settings(open_api().get("network-settings"), as_json=as_json)


@network_settings_app.command("set")
def change_network_settings(
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE...",
            help="As in internal.fqdn=rooms.example.org or heartbeat.idle=600; lists are parted by commas.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Change network settings: all that is given, or nothing."""
    api = open_api()
    body = _patch(values, api.get("network-settings"))
    _print_settings(api.patch("network-settings", body), as_json=as_json)


def _patch(texts: list[str], current: dict[str, Any]) -> dict[str, Any]:
    """The words as a patch; what is there now tells which are numbers, lists or flags."""
    body: dict[str, Any] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        outer, dot, inner = name.partition(".")
        now = (
            current.get(outer, {}).get(inner, KeyError)
            if dot and isinstance(current.get(outer), dict)
            else (current.get(outer, KeyError))
        )
        if not mark or now is KeyError or isinstance(now, dict):
            fail(
                "Usage",
                f"{text!r} is no network setting with a value.",
                code=USAGE,
                hint="`roomkeeper network-settings show` tells their names.",
            )
        typed = _typed(value, now)
        if dot:
            body.setdefault(outer, {})[inner] = typed
        else:
            body[outer] = typed
    return body


def _typed(value: str, now: Any) -> Any:
    if isinstance(now, list):
        return [one.strip() for one in value.split(",") if one.strip()]
    if isinstance(now, bool):
        return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(
            value.lower(), value
        )
    if isinstance(now, int):
        return int(value) if value.isascii() and value.isdigit() else value
    return value


def _print_settings(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    rows = []
    for name, value in found.items():
        for inner, one in value.items() if isinstance(value, dict) else [("", value)]:
            told = one if isinstance(one, str) else json.dumps(one)
            rows.append(
                {"setting": f"{name}.{inner}".rstrip("."), "value": told if one not in (None, "") else None}
            )
    print_table(rows, ("setting", "value"))
