"""The extra `roomkeeper[virtual]`: packages that virtual endpoints stand on and a server does without."""

import importlib.util

import typer

from roomkeeper.cli.environment import USAGE, fail

PACKAGES = ("lxml", "pysnmp")


def is_installed() -> bool:
    """Whether virtual endpoints can run in this Python."""
    return all(importlib.util.find_spec(name) is not None for name in PACKAGES)


def require() -> None:
    """Exits 2 with a sentence that says what to install, where virtual endpoints cannot run."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        fail(
            f"Virtual endpoints need the extra roomkeeper[virtual], and not all of it is here ({', '.join(missing)}): "
            "install roomkeeper[virtual] into this Python and try again.",
            code=USAGE,
        )


def mount(app: typer.Typer) -> None:
    """Add `virtual`: the real commands where they can run, else one that refuses whatever it is asked."""
    if is_installed():
        from roomkeeper.virtual.cli import app as virtual_app

        app.add_typer(virtual_app, name="virtual")
        return
    takes_anything = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
    app.command("virtual", context_settings=takes_anything)(_refuse)


def _refuse() -> None:
    """Virtual endpoints: twins of video endpoints to try a manager on (needs the extra roomkeeper[virtual])."""
    require()
