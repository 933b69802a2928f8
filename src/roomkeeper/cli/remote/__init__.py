"""The REST API from a shell. Talks HTTP and nothing else: no Django, no database.

`commands` holds a program for each resource, `run` the command of that name; `mount` puts them all into one.
"""

import typer

from roomkeeper.cli.remote import changes, organising, people, systems
from roomkeeper.cli.remote.changes import run

commands: dict[str, typer.Typer] = {
    "systems": systems.app,
    "changes": changes.app,
    "actions": changes.actions_app,
    "tickets": organising.tickets_app,
    "folders": organising.folders_app,
    "tags": organising.tags_app,
    "network-settings": organising.network_settings_app,
    "users": people.users_app,
    "groups": people.groups_app,
    "tokens": people.tokens_app,
    "audit": people.audit_app,
}

# Values of commands may begin with a dash; options of our own stand before the filter.
RUN_SETTINGS = {"allow_interspersed_args": False}

__all__ = ["commands", "mount", "run"]


def mount(program: typer.Typer) -> None:
    """Add all remote commands to the program."""
    for name, app in commands.items():
        program.add_typer(app, name=name)
    program.command("run", context_settings=dict(RUN_SETTINGS))(run)
