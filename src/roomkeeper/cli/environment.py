"""Getting Django ready for a command: options go into the environment before anything of the server is imported.

That is why the commands of this package import the server's modules inside their functions.
"""

import os
from datetime import timedelta
from pathlib import Path

import django
import typer

from roomkeeper.keys import KeyFileUnusable
from roomkeeper.settings.options import PREFIX, Options, SettingsError, load

USAGE = 2
FAILED = 1


def ready(*, data: Path | None = None, config: Path | None = None, **overrides: str) -> Options:
    """Take over the command's options, set Django up, and give the options in force. Exits 2 on a bad setting."""
    if data is not None:
        os.environ[PREFIX + "DATA"] = str(data)
    if config is not None:
        os.environ[PREFIX + "CONFIG"] = str(config)
    for name, value in overrides.items():
        if value:
            os.environ[PREFIX + name.upper()] = value
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roomkeeper.settings.django")
    try:
        options = load()
        django.setup()
    except SettingsError as error:
        fail(str(error), code=USAGE)
    except KeyFileUnusable as error:
        fail(str(error))
    return options


def fail(message: str, *, code: int = FAILED) -> None:
    """Say what went wrong and leave with the code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def parse_duration(text: str) -> timedelta:
    """30d, 12h or 90m; raises ValueError for anything else."""
    units = {"d": "days", "h": "hours", "m": "minutes"}
    number, unit = text[:-1], text[-1:].lower()
    if not number.isdigit() or unit not in units:
        raise ValueError(f"{text!r} is no duration such as 30d, 12h or 90m.")
    return timedelta(**{units[unit]: int(number)})
