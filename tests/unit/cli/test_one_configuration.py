"""Every command on the server's own data takes the server's settings file: without it, it would work on another
database than the server does."""

from collections.abc import Iterator

import click
import pytest
import typer

from roomkeeper.cli.main import app

# Those that speak to a server by its API, or to nothing of ours, have nothing to configure.
_ELSEWHERE = ("roomkeeper.cli.remote", "roomkeeper.virtual", "roomkeeper.cli.virtual_extra")


def commands(group: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its words."""
    for word, command in getattr(group, "commands", {}).items():
        yield from commands(command, f"{name} {word}".strip())
    if not getattr(group, "commands", {}):
        yield name, group


LOCAL = {
    name: command
    for name, command in commands(typer.main.get_command(app))
    if command.callback is not None and not command.callback.__module__.startswith(_ELSEWHERE)
}


def test_all_of_them_are_looked_at() -> None:
    assert {"serve", "door", "web", "worker", "demo", "doctor", "migrate"} <= LOCAL.keys()
    assert {"user create", "token create", "secrets rotate", "keys adopt"} <= LOCAL.keys()
    assert {"backup create", "backup restore"} <= LOCAL.keys()


@pytest.mark.parametrize("name", sorted(LOCAL))
def test_takes_the_settings_file_and_the_data_folder(name: str) -> None:
    options = {option for parameter in LOCAL[name].params for option in parameter.opts}
    assert {"--config", "--data"} <= options
