"""The REST API from a shell. Talks HTTP and nothing else: no Django, no database.

`commands` holds a program for each resource, `run` the command of that name; `mount` puts them all into one.
"""

from collections.abc import Callable
from typing import Final

import typer

from roomkeeper.cli.remote import (
    adding,
    changes,
    diagnosis,
    editing,
    network_settings,
    reading,
    systems,
    templates,
)
from roomkeeper.cli.remote.changes import run
from roomkeeper.cli.remote.derived import app_of
from roomkeeper.cli.remote.options import declared
from roomkeeper.cli.remote.output import USAGE, AsJson, fail
from roomkeeper.words import gettext as _

# What is not worked out from the declarations, or in place of that.
_BY_HAND: Final[dict[str, dict[str, Callable[..., None]]]] = {
    "systems": {
        "add": adding.add_system,
        "scan": adding.scan,
        "import": adding.import_systems,
        "export": editing.export_systems,
        "edit": editing.edit_systems,
        "configuration": reading.configuration,
        "status": reading.status,
        "commands": reading.commands,
        "login": systems.login,
        "diagnose": diagnosis.diagnose,
        "fix": systems.fix,
        "undo-replacement": systems.undo_replacement,
    },
    "backups": {"make": systems.make_backup, "diff": reading.diff},
    "changes": {"undo": changes.undo},
    "jobs": {"show": reading.show_job},
    "phone-books": {"search": reading.search, "quality": reading.show_quality},
    "secure-only": {"show": reading.show_move},
    "tokens": {"whoami": reading.whoami},
}

commands: dict[str, typer.Typer] = {
    "templates": templates.app,
    "network-settings": network_settings.app,
    "this-server": typer.Typer(help="The server itself: its self-check."),
}
commands["this-server"].command("show")(reading.show_server)

# What a resource's name alone does.
_ALONE: dict[str, Callable[..., None]] = {
    "network-settings": network_settings.show,
    "this-server": reading.show_server,
}

for name, subject in declared().items():
    if subject["is_listed"]:
        commands[name], _ALONE[name] = app_of(subject, commands.get(name), _BY_HAND.get(name, {}))

# Values of commands may begin with a dash; options of our own stand before the filter.
RUN_SETTINGS: Final = {"allow_interspersed_args": False}

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
