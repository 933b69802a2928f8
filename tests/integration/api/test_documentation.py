"""The reference pages name every route and every command."""

import re
from pathlib import Path

import pytest
import typer
from tests.integration.api.test_permissions import OPERATIONS

from roomkeeper.cli import remote

pytestmark = pytest.mark.one_database

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"


def page(name: str) -> str:
    """A page of the reference."""
    return (REFERENCE / name).read_text("utf-8")


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in OPERATIONS])
def test_every_route_is_in_the_reference(method: str, path: str) -> None:
    told = re.sub(
        r"\{int:(\w+)\}", lambda found: "{id}" if found[1] in _FIRST else "{" + found[1] + "}", path
    )
    derived = re.sub(r"\{int:\w+\}", "{id}", path)
    assert f"`{method} {told}`" in page("rest-api.md") or f"`{method} {derived}`" in page("operations.md")


def test_every_remote_command_is_in_the_reference() -> None:
    both = page("command-line.md") + page("operations.md")
    program = typer.Typer()
    remote.mount(program)
    for name, group in typer.main.get_command(program).commands.items():  # type: ignore[attr-defined]
        for command in getattr(group, "commands", ["["]):
            assert f"`{name} {command}" in both, f"{name} {command}"


_FIRST = {
    "backup_id",
    "system_id",
    "change_set_id",
    "action_id",
    "folder_id",
    "tag_id",
    "template_id",
    "ticket_id",
    "user_id",
    "group_id",
    "token_id",
}
