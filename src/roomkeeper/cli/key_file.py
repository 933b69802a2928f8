"""`secrets rotate` and `keys adopt`: the key file of the installation."""

import sys
from typing import Annotated

import typer

from roomkeeper.cli.environment import Config, Data, fail, ready
from roomkeeper.words import gettext as _

secrets_app = typer.Typer(help="The keys of stored secrets.", no_args_is_help=True)
keys_app = typer.Typer(help="The key file, if the right one was lost.", no_args_is_help=True)


@secrets_app.command("rotate")
def rotate(data: Data = None, config: Config = None) -> None:
    """Encrypt everything stored under a new key and forget the old ones. The server may go on running; restart it
    afterwards, so that it reads the new key."""
    options = ready(data=data, config=config)
    from roomkeeper import keys
    from roomkeeper.installation import locks
    from roomkeeper.serving import first_start, re_encryption

    first_start.prepare(may_begin=False)
    with locks.only_changer(options.data):
        keys.add_encryption_key(options.data)
        number = re_encryption.re_encrypt_all()
        keys.drop_old_encryption_keys(options.data)
    typer.echo(_("{number} stored secrets were encrypted again", number=number))


@keys_app.command("adopt")
def adopt(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Go on with keys that do not fit the database, after keys.json was lost for good: tells what cannot be read any
    more, and gives that up. Stop the server first."""
    options = ready(data=data, config=config)
    from roomkeeper.installation import locks, opening
    from roomkeeper.serving import adopting, first_start
    from roomkeeper.serving.re_encryption import columns

    lock = locks.ServerLock(options.data)
    lock.take(alone=True)
    state = opening.look_for_adoption(options, columns())
    if state.has_rows and state.fits is not False:
        fail(
            _(
                "The keys in {data} fit the database {words}; there is nothing to adopt.",
                data=options.data,
                words=state.words,
            )
        )
    lost = adopting.losses(adopting.current_keys()) if state.has_rows else []
    typer.echo(_("This cannot be read without the lost keys and is given up:"))
    for loss in lost:
        typer.echo(f"  {loss.number} {loss.words}")
    if not lost:
        typer.echo(
            _("  nothing is stored that needs them")
            if state.has_rows
            else _("  the database is empty; this starts a new installation")
        )
    typer.echo(_("Everybody is signed out."))
    if not yes and not (sys.stdin.isatty() and typer.confirm(_("Continue? This cannot be undone."))):
        fail(_("Nothing was changed. To continue, add --yes."))
    opening.begin_adoption(options)
    if state.has_rows:
        adopting.give_up(opening.make_keys(options))
    first_start.prepare(has_lock=True)
    typer.echo(_("adopted; start the server"))
