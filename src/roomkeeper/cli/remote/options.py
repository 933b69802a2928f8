"""What acts take as options of commands, and what was typed as the API takes it. Which act takes what says
`commands.json`, which scripts/generate_commands.py writes: this program loads no server."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from importlib.resources import files
from keyword import iskeyword
from typing import Annotated, Any, Final

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import read_given, read_json, read_line
from roomkeeper.cli.remote.connection import Api, open_api
from roomkeeper.words import gettext as _

Told = Mapping[str, Any]
_TYPES: Final[Mapping[str, Any]] = {
    "flag": bool,
    "number": int,
    "text": str,
    "list": list[str],
    "map": list[str],
}


@lru_cache(maxsize=1)
def declared() -> dict[str, dict[str, Any]]:
    """What the declarations offer, by the name of the command."""
    found = json.loads(files("roomkeeper.cli.remote").joinpath("commands.json").read_text("utf-8"))
    return {one["command"]: one for one in found}


def inputs_of(command: str, act: str) -> list[dict[str, Any]]:
    """What an act of a command takes."""
    return next(list(one["takes"]) for one in declared()[command]["acts"] if one["name"] == act)


def takes(
    *acts: tuple[str, str], without: Sequence[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give the function an option for each thing that the acts (of a command) take, but for secrets; it is given as
    `body` what was said, as the API takes it."""
    taken = {one["name"]: one for command, act in acts for one in inputs_of(command, act)}
    inputs = [one for name, one in taken.items() if name not in without and not one["is_secret"]]

    def with_options(function: Callable[..., None]) -> Callable[..., None]:
        def run(**values: Any) -> None:
            given = {_variable(one): values.pop(_variable(one)) for one in inputs}
            function(body=body_of(open_api(), inputs, given), **values)

        own = [one for one in inspect.signature(function).parameters.values() if one.name != "body"]
        options = [parameter(one, is_in_place=False) for one in inputs]
        run.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
        run.__doc__ = function.__doc__
        return run

    return with_options


def _variable(one: Told) -> str:
    """What it is called in a function: `with` cannot be."""
    return f"{one['name']}_" if iskeyword(one["name"]) else str(one["name"])


def parameter(one: Told, *, is_in_place: bool) -> inspect.Parameter:
    """An option; what has to be given stands in place where one object is meant."""
    keyword, positional = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    name, word = _variable(one), one["option"] or one["name"].replace("_", "-")
    if one["is_secret"]:
        # Never on a command line, where everybody on the machine reads it.
        option = typer.Option(
            f"--{word}-stdin", help=f"Read {one['name'].replace('_', ' ')} from standard input."
        )
        return inspect.Parameter(name, keyword, annotation=Annotated[bool, option], default=False)
    many = one["kind"] in ("list", "map")
    kind = _TYPES["text" if one["is_file"] or (one["refers"] and not many) else one["kind"]]
    more = _bounds(one)
    is_placed = one["is_required"] and is_in_place and one["kind"] != "list"
    if one["in_place"] or is_placed:
        help_ = one["help"] + (_(" - reads stdin.") if one["is_file"] else "")
        place = typer.Argument(metavar=one["metavar"] or None, help=help_, **more)
        if is_placed:
            return inspect.Parameter(name, positional, annotation=Annotated[kind, place])
        return inspect.Parameter(name, positional, annotation=Annotated[kind | None, place], default=None)
    option = typer.Option(*_names(one, word), metavar=one["metavar"] or None, help=one["help"], **more)
    if one["is_required"] and one["kind"] != "list":
        return inspect.Parameter(name, keyword, annotation=Annotated[kind, option])
    return inspect.Parameter(name, keyword, annotation=Annotated[kind | None, option], default=None)


def _names(one: Told, word: str) -> list[str]:
    """The names of an option. One of a list is repeated, each time for one of them."""
    if one["kind"] == "flag":
        on, _rest, off = one["option"].partition("/")
        on = on or word.removeprefix("is-")
        return [f"--{on}/--{off or f'no-{on}'}"]
    if one["kind"] == "list" and word.endswith("s"):
        return [f"--{word}", f"--{word.removesuffix('s')}"]
    return [f"--{word}"]


def _bounds(one: Told) -> dict[str, Any]:
    """What of it is refused before it is sent."""
    if one["kind"] == "number" and not one["refers"]:
        return {"min": one["least"], "max": one["most"]}
    if one["kind"] == "text" and one["words"]:
        return {"parser": partial(_one_of, one["words"])}
    return {}


def _one_of(words: Sequence[str], text: str) -> str:
    if text not in words:
        raise typer.BadParameter(_("{text!r} is not one of {words}.", text=text, words=", ".join(words)))
    return text


def none_of(one: Told) -> inspect.Parameter:
    """The option by which a list is emptied."""
    word = one["name"].replace("_", "-")
    option = typer.Option(f"--no-{word}", help=f"Remove all {word.replace('-', ' ')}.")
    return inspect.Parameter(
        f"no_{one['name']}",
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[bool, option],
        default=False,
    )


def body_of(api: Api, inputs: Sequence[Told], values: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, as the API takes it; what was not is left out."""
    body: dict[str, Any] = {}
    for one in inputs:
        value = values.get(_variable(one), one["only"])
        if one["is_secret"]:
            if value:
                body[one["name"]] = read_line()
        elif value in (None, []):
            if one["is_required"] and one["kind"] == "list":
                body[one["name"]] = []
        elif one["is_file"]:
            body[one["name"]] = read_json(value) if one["kind"] == "map" else read_given(value)
        elif one["kind"] == "map":
            body[one["name"]] = naming.settings(value)
        else:
            body[one["name"]] = _lines(api, one["parts"], value) if one["parts"] else _named(api, one, value)
    return body


def _lines(api: Api, parts: Sequence[Told], texts: Sequence[str]) -> list[dict[str, Any]]:
    """Small objects, as in `operator@Oslo`; with one part the whole text is that."""
    lines = [zip(parts, text.split("@", len(parts) - 1), strict=False) for text in texts]
    return [{part["name"]: _named(api, part, text) for part, text in line if text} for line in lines]


def _named(api: Api, one: Told, value: Any) -> Any:
    """The ids of the objects that are named; what names none as it is."""
    if not one["refers"]:
        return value
    if isinstance(value, list):
        return [naming.key_of(api, one["refers"], text) for text in value]
    return naming.key_of(api, one["refers"], value)
