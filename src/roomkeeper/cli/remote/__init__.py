"""The REST API from a shell. Talks HTTP and nothing else: no Django, no database.

`commands` holds a program for each resource, `run` the command of that name; `mount` puts them all into one.
"""

from collections.abc import Callable

import typer

from roomkeeper.cli.remote import (
    backups,
    changes,
    device_commands,
    diagnosis,
    editing,
    jobs,
    logging_in,
    network_settings,
    passwords,
    phone_books,
    secure_only,
    systems,
    templates,
    this_server,
    whoami,
)
from roomkeeper.cli.remote.changes import run
from roomkeeper.cli.remote.derived import app_of, declared
from roomkeeper.cli.remote.output import USAGE, AsJson, fail
from roomkeeper.words import gettext as _

commands: dict[str, typer.Typer] = {
    "systems": systems.app,
    "changes": changes.app,
    "templates": templates.app,
    "secure-only": secure_only.app,
    "network-settings": network_settings.app,
    "this-server": this_server.app,
}

# What a resource's name alone does.
_ALONE: dict[str, Callable[..., None]] = {
    "systems": systems.list_systems,
    "network-settings": network_settings.show,
    "this-server": this_server.show,
}

systems.app.command("commands")(device_commands.commands)
systems.app.command("diagnose")(diagnosis.diagnose)
systems.app.command("fix")(diagnosis.fix)
systems.app.command("set-password")(passwords.set_password)
systems.app.command("install-authority")(passwords.install_authority)
systems.app.command("login")(logging_in.login)
systems.app.command("export")(editing.export_systems)
systems.app.command("edit")(editing.edit_systems)

for name, subject in declared().items():
    commands[name], alone = app_of(subject, commands.get(name))
    _ALONE.setdefault(name, alone)

backups.add_to(systems.app, commands["backups"])
commands["jobs"].command("show")(jobs.show)
commands["tokens"].command("whoami")(whoami.show_me)
commands["phone-books"].command("search")(phone_books.search)

# Values of commands may begin with a dash; options of our own stand before the filter.
RUN_SETTINGS = {"allow_interspersed_args": False}

__all__ = ["commands", "mount", "run"]


def mount(program: typer.Typer) -> None:
    """Add all remote commands to the program."""
    for name, app in commands.items():
        _list_alone(app, _ALONE[name])
        program.add_typer(app, name=name)
    program.command("run", context_settings=dict(RUN_SETTINGS))(run)


def _list_alone(app: typer.Typer, show: Callable[..., None]) -> None:
    """Make the resource's name without a command of it run `show`."""

    @app.callback(invoke_without_command=True)
    def alone(context: typer.Context, as_json: AsJson = False) -> None:
        if context.invoked_subcommand is None:
            show(as_json=as_json)
        elif as_json:
            fail(
                "Usage",
                _("Put --json after {invoked_subcommand}.", invoked_subcommand=context.invoked_subcommand),
                code=USAGE,
            )
