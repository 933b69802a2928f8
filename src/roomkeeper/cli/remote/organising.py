"""`roomkeeper folders`."""

from typing import Annotated

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.output import AsJson, print_object, print_page, say

folders_app = typer.Typer(help="Folders: the tree that systems stand in.")
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
