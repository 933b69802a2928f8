"""`backup`: the whole server in one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from roomkeeper.cli.environment import USAGE, Config, Data, fail, ready
from roomkeeper.words import gettext as _

backup_app = typer.Typer(help="Backups of the server.", no_args_is_help=True)


@backup_app.command("create")
def create_backup(file: Path, data: Data = None, config: Config = None) -> None:
    """Write database, keys and certificates to one file (tar, gzip). Keep it safe: it holds every secret."""
    options = ready(data=data, config=config)
    from roomkeeper.serving import whole_backup

    whole_backup.write(options, file)
    typer.echo(_("backup written to {file}", file=file))


@backup_app.command("restore")
def restore_backup(
    file: Path,
    data: Data = None,
    config: Config = None,
    force: Annotated[bool, typer.Option(help="Replace the existing installation.")] = False,
) -> None:
    """Restore a backup into an empty data folder (or, with --force, over an existing one). Stop the server first."""
    options = ready(data=data, config=config)
    from roomkeeper.serving import whole_backup

    if not force:
        whole_backup.require_empty(options)
    try:
        found = whole_backup.read(options, file)
    except whole_backup.BackupUnusable as error:
        fail(str(error), code=USAGE)
    whole_backup.restore(options, found)
    typer.echo(_("restored from {file}", file=file))
