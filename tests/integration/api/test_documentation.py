"""The reference pages name every route and every command."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from tests.integration.api.test_permissions import OPERATIONS

from roomkeeper.cli import remote

pytestmark = pytest.mark.one_database

DOCS = Path(__file__).resolve().parents[3] / "docs"
REFERENCE = DOCS / "reference"
EXAMPLES = sorted(
    (str(page.relative_to(DOCS)), line)
    for page in DOCS.rglob("*.md")
    for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("roomkeeper ")
)


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


@pytest.mark.parametrize(("page_name", "line"), EXAMPLES)
def test_every_example_is_a_command_with_the_options_it_has(page_name: str, line: str) -> None:
    program = typer.Typer()
    remote.mount(program)
    command = typer.main.get_command(program)
    words = shlex.split(re.split(r" [|<>] | > |  #", line)[0], comments=True)[1:]
    if words[0] not in command.commands:  # type: ignore[attr-defined]
        pytest.skip("a command of the server")
    while words and words[0] in getattr(command, "commands", ()):
        command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
    # An option that there is not, or one that is missing, is raised.
    command.make_context(line, words)


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
