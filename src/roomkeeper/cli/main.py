"""The program `roomkeeper`."""

import typer

from roomkeeper.cli import key_file, people, remote, serve, server_backup, upkeep, virtual_extra
from roomkeeper.cli.environment import InWords

app = typer.Typer(
    name="roomkeeper",
    cls=InWords,
    help="Roomkeeper: manages an organisation's video-conferencing endpoints.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (serve.serve, serve.door, serve.web, serve.worker, serve.demo, upkeep.doctor, upkeep.migrate):
    app.command()(command)
virtual_extra.mount(app)
app.add_typer(people.user_app, name="user")
app.add_typer(people.token_app, name="token")
app.add_typer(key_file.secrets_app, name="secrets")
app.add_typer(key_file.keys_app, name="keys")
app.add_typer(server_backup.backup_app, name="backup")
remote.mount(app)


def main() -> None:
    """Entry point of the `roomkeeper` command."""
    app()


if __name__ == "__main__":
    main()
