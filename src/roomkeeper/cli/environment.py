"""Getting Django ready for a command: options go into the environment before anything of the server is imported.

That is why the commands of this package import the server's modules inside their functions.
"""

import gc
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

import django
import typer
from typer.core import TyperGroup

from roomkeeper.installation.belonging import InstallationRefused
from roomkeeper.installation.failures import sentence
from roomkeeper.installation.folder import DataFolderRefused, database_words, require_its_database
from roomkeeper.installation.locks import FolderBusy
from roomkeeper.keys import KeyFileUnusable
from roomkeeper.settings import access
from roomkeeper.settings.options import CONFIG_VARIABLE, PREFIX, Options, SettingsError, load
from roomkeeper.words import gettext as _

USAGE = 2
FAILED = 1

Data = Annotated[Path | None, typer.Option(help="The server's data folder.")]
Config = Annotated[Path | None, typer.Option(help="The server's TOML file with settings.")]


def ready(
    *, data: Path | None = None, config: Path | None = None, reads_only: bool = False, **overrides: str
) -> Options:
    """Take over the command's options, set Django up, and give the options in force. Exits 2 on a bad setting, 1 where
    the folder belongs to another database. With `reads_only` the command makes no file and writes nothing."""
    if data is not None:
        os.environ[PREFIX + "DATA"] = str(data)
    if config is not None:
        # Commands tell each other by the folder which settings its server has.
        os.environ[CONFIG_VARIABLE] = str(config.absolute())
    for name, value in overrides.items():
        if value:
            os.environ[PREFIX + name.upper()] = value
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roomkeeper.settings.django")
    if reads_only:
        access.read_only()
    options = load()
    require_its_database(options)
    # What is made from here on is nobody else's, whatever the account's habit.
    os.umask(0o077)
    # Nothing of what is loaded is garbage; looking for some meanwhile would take a sixth of a command's time.
    gc.disable()
    django.setup()
    gc.enable()
    from roomkeeper.serving import logs

    logs.configure(options.log_level)
    return options


def fail(message: str, *, code: int = FAILED) -> NoReturn:
    """Say what went wrong and leave with the code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


class InWords(TyperGroup):
    """The program's commands, whose known failures are told in a sentence: settings that cannot be used end with 2,
    everything else with 1. What has no sentence is a fault of the program, and keeps its traceback."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, its help in the reader's language."""
        return _in_language(super().get_command(ctx, cmd_name))

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            fail(str(error), code=USAGE)
        except (InstallationRefused, DataFolderRefused, FolderBusy, KeyFileUnusable) as error:
            fail(str(error))
        except Exception as error:
            told = _in_words(error)
            if told is None:
                raise
            fail(told)


def _in_language(command: Any) -> Any:
    for one in (command, *getattr(command, "params", ())):
        one.help = _(getattr(one, "help", None) or "") or None
    for one in getattr(command, "commands", {}).values():
        _in_language(one)
    return command


def _in_words(error: Exception) -> str | None:
    try:
        database = database_words(load())
    except SettingsError:
        database = _("of the server")
    return sentence(error, database=database)


def parse_duration(text: str) -> timedelta:
    """30d, 12h or 90m; raises ValueError for anything else."""
    units = {"d": "days", "h": "hours", "m": "minutes"}
    number, unit = text[:-1], text[-1:].lower()
    if not number.isdigit() or unit not in units:
        raise ValueError(_("{text!r} is not a duration such as 30d, 12h or 90m.", text=text))
    return timedelta(**{units[unit]: int(number)})
