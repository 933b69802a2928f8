"""The extra `roomkeeper[virtual]`: packages that virtual endpoints stand on and a server does without."""

import importlib.util

import typer

from roomkeeper.cli.environment import USAGE, fail
from roomkeeper.words import gettext as _

PACKAGES = ("lxml", "pysnmp")


def require() -> None:
    """Exits 2 with a sentence that says what to install, where virtual endpoints cannot run."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        fail(
            _(
                "Virtual endpoints need the extra roomkeeper[virtual], which is not fully installed "
                "({missing}): install roomkeeper[virtual] into this Python and try again.",
                missing=", ".join(missing),
            ),
            code=USAGE,
        )


def mount(app: typer.Typer) -> None:
    """Add `virtual`. Its commands are loaded when somebody asks for one of them: no other command needs what they stand
    on."""
    takes_anything = {
        "ignore_unknown_options": True,
        "allow_extra_args": True,
        "allow_interspersed_args": False,
        "help_option_names": [],
    }
    app.command("virtual", context_settings=takes_anything)(_virtual)


def _virtual(context: typer.Context) -> None:
    """Virtual endpoints: twins of video endpoints to try a manager on (needs the extra roomkeeper[virtual])."""
    require()
    from roomkeeper.virtual.cli import app

    command = typer.main.get_command(app)
    with command.make_context("virtual", context.args, parent=context.parent) as inner:
        command.invoke(inner)
