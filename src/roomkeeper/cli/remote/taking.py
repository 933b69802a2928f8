"""Options of commands written by hand, out of what their acts take: `flows.json`, by scripts/generate_commands.py."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from importlib.resources import files
from typing import Annotated, Any, Final

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.connection import Api, open_api
from roomkeeper.words import gettext as _

_TYPES: Final[Mapping[str, Any]] = {"flag": bool, "number": int, "text": str, "list": list[str]}
# What people name by words, and programs by id.
_NAMED: Final[Mapping[str, Callable[[Api, str], int]]] = {
    "folder": naming.folder_id,
    "credentials": naming.credential_id,
}


def taken_by(*acts: str) -> dict[str, Mapping[str, Any]]:
    """What these acts take, by name."""
    return {one["name"]: one for act in acts for one in _flows()[act]}


@lru_cache(maxsize=1)
def _flows() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(
        files("roomkeeper.cli.remote").joinpath("flows.json").read_text("utf-8")
    )
    return found


def takes(*acts: str, without: Sequence[str] = ()) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give the command an option for each thing that the acts take, but for secrets; it is given as `body` what was
    said, as the API takes it."""
    inputs = [one for one in taken_by(*acts).values() if one["name"] not in without and not one["is_secret"]]

    def with_options(command: Callable[..., None]) -> Callable[..., None]:
        def run(**values: Any) -> None:
            given = {one["name"]: values.pop(one["name"]) for one in inputs}
            said = {name: _named(name, value) for name, value in given.items() if value not in (None, [])}
            command(body=said, **values)

        own = [one for one in inspect.signature(command).parameters.values() if one.name != "body"]
        run.__signature__ = inspect.Signature([*own, *(_option(one) for one in inputs)])  # type: ignore[attr-defined]
        run.__doc__ = command.__doc__
        return run

    return with_options


def _named(name: str, value: Any) -> Any:
    if name not in _NAMED:
        return value
    api = open_api()
    return [_NAMED[name](api, one) for one in value] if isinstance(value, list) else _NAMED[name](api, value)


def _one_of(words: Sequence[str], text: str) -> str:
    if text not in words:
        raise typer.BadParameter(_("{text!r} is not one of {words}.", text=text, words=", ".join(words)))
    return text


def _option(one: Mapping[str, Any]) -> inspect.Parameter:
    word = one["option"] or one["name"].replace("_", "-")
    names: list[str] = [f"--{word}"]
    more: dict[str, Any] = {}
    if one["kind"] == "flag":
        on, _rest, off = word.partition("/")
        names = [f"--{on}/--{off or f'no-{on}'}"]
    elif one["kind"] == "list":
        names.append(f"--{word.removesuffix('s')}")
    elif one["kind"] == "number":
        more = {"min": one["least"], "max": one["most"]}
    elif one["words"]:
        more = {"parser": partial(_one_of, one["words"])}
    kind: Any = _TYPES["text" if one["name"] in _NAMED and one["kind"] != "list" else one["kind"]]
    option = typer.Option(*names, help=one["help"], **more)
    return inspect.Parameter(
        one["name"], inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind | None, option], default=None
    )
