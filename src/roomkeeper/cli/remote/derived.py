"""Commands out of the declarations: list, show, and the acts of a subject, over HTTP.

What there is stands in `commands.json`, which scripts/generate_commands.py writes: this program loads no server.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.asking import All, Limit, Yes, is_asked, read_given, read_line
from roomkeeper.cli.remote.begun import tell_begun
from roomkeeper.cli.remote.connection import Api, open_api
from roomkeeper.cli.remote.output import USAGE, AsJson, fail, print_object, print_page, say
from roomkeeper.words import gettext as _

Filters = Annotated[list[str] | None, typer.Argument(metavar="[FIELD=VALUE]...")]
Key = Annotated[str, typer.Argument(metavar="ID")]
Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...", help="Ids or exact names; or all, or field=value,field=value as in folder=Oslo."
    ),
]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for the end.")]
# Filters whose objects are named by people.
_NAMED: Mapping[str, Callable[[Api, str], int]] = {"system": naming.system_id, "folder": naming.folder_id}
_TYPES: Mapping[str, Any] = {"flag": bool, "number": int, "text": str, "list": list[str]}


@lru_cache(maxsize=1)
def declared() -> dict[str, dict[str, Any]]:
    """What the declarations offer, by the name of the command."""
    found = json.loads(files("roomkeeper.cli.remote").joinpath("commands.json").read_text("utf-8"))
    return {one["command"]: one for one in found}


def app_of(
    subject: Mapping[str, Any], app: typer.Typer | None = None
) -> tuple[typer.Typer, Callable[..., None]]:
    """The commands of a subject, and the one that its name alone means; on `app` beside those that it has already."""
    app = app or typer.Typer(help=subject["help"])
    taken = {one.name for one in app.registered_commands}
    path, columns = subject["path"], subject["columns"]

    def list_(
        filters: Filters = None,
        search: str = "",
        sort: str = "",
        limit: Limit = 50,
        everything: All = False,
        as_json: AsJson = False,
    ) -> None:
        api = open_api()
        asked = {
            name: [_NAMED[name](api, value) if name in _NAMED else value for value in values]
            for name, values in naming.filters(filters or []).items()
        }
        page = api.items(
            path, limit=None if everything else limit, search=search or None, sort=sort or None, **asked
        )
        print_page(page, columns, as_json=as_json)

    list_.__doc__ = _("List {plural}.", plural=subject["plural"])
    if "list" not in taken:
        app.command("list")(list_)

    def show(key: Key, as_json: AsJson = False) -> None:
        api = open_api()
        print_object(api.get(f"{path}/{_key(api, subject, key)}"), as_json=as_json)

    show.__doc__ = _("Show one {noun}.", noun=subject["noun"])
    if "show" not in taken:
        app.command("show")(show)
    for inner in subject["lists"]:
        app.command(inner["name"])(_list_of(subject, inner))
    for act in subject["acts"]:
        if act["name"] not in taken:
            app.command(act["name"])(_command(subject, act))
    return app, list_


def _list_of(subject: Mapping[str, Any], inner: Mapping[str, Any]) -> Callable[..., None]:
    """Lists what belongs to one object."""

    def list_(
        key: Key,
        filters: Filters = None,
        search: str = "",
        limit: Limit = 50,
        everything: All = False,
        as_json: AsJson = False,
    ) -> None:
        api = open_api()
        address = f"{subject['path']}/{_key(api, subject, key)}/{inner['name']}"
        asked: dict[str, Any] = dict(naming.filters(filters or []))
        page = api.items(address, limit=None if everything else limit, search=search or None, **asked)
        print_page(page, inner["columns"], as_json=as_json)

    list_.__doc__ = _("List the {plural} of one {noun}.", plural=inner["plural"], noun=subject["noun"])
    return list_


def _key(api: Api, subject: Mapping[str, Any], text: str) -> int:
    """The id meant: a number, or where the subject has names an exact one."""
    if text.isascii() and text.isdigit():
        return int(text)
    if not subject["named_by"]:
        fail("Usage", _("{text!r} is not the id of a {noun}.", text=text, noun=subject["noun"]), code=USAGE)
    return naming.named_id(api, subject["path"], subject["noun"], subject["named_by"], text)


def _chosen(api: Api, subject: Mapping[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """The objects meant by ids, names, `all` or `field=value,…`, as an act on many takes them."""
    if len(words) != 1 or (words[0] != "all" and "=" not in words[0]):
        return {_word(subject["plural"]): [_key(api, subject, text) for text in words]}
    asked: dict[str, Any] = {}
    if words[0] != "all":
        for name, values in naming.filters(part for part in words[0].split(",") if part).items():
            typed = [_NAMED[name](api, value) if name in _NAMED else value for value in values]
            asked[name] = typed if len(typed) > 1 else typed[0]
    return {"filter": asked}


def _word(text: str) -> str:
    return text.replace(" ", "_").replace("-", "_")


def _command(subject: Mapping[str, Any], act: Mapping[str, Any]) -> Callable[..., None]:
    """A function with the act's own signature, from which typer reads the options."""
    path, plural = subject["path"], subject["plural"]

    def run(**values: Any) -> None:
        as_json = values.pop("as_json")
        emptied: dict[str, Any] = {
            one["name"]: [] for one in act["takes"] if values.pop(f"no_{one['name']}", False)
        }
        named = values.pop("ids", []) or [text for text in [values.pop("id", None)] if text is not None]
        is_asking, wait = is_asked(values.pop("yes", False), always=act["always_asks"]), values.pop("wait", 0)
        chosen = _chosen(open_api(), subject, named) if act["for_many"] else {}
        keys = chosen.get(
            _word(plural), [_key(open_api(), subject, named[0])] if named and not chosen else []
        )
        if is_asking and (act["asks"] or "filter" in chosen):
            typer.confirm(_("{act[summary]} {act[undo]} Go on?", act=act), abort=True)
        body = _body(act, values) | emptied
        if act["method"] == "PATCH" and not body:
            fail("Usage", _("Nothing to change was specified."), code=USAGE)
        if act["on"] == "all":
            _tell(act, _send(act, path + act["tail"], body), as_json)
        elif act["begins"] and act["for_many"]:
            found = open_api().post(f"{path}/{act['slug']}", {**chosen, **body})
            tell_begun(open_api(), act["begins"], found, wait, as_json=as_json)
        elif len(keys) == 1:
            _tell(act, _send(act, f"{path}/{keys[0]}{act['tail']}", body), as_json)
        else:
            _refuse_own(subject, act, body)
            # Which of several acts is meant says the address.
            meant = {one["name"] for one in act["takes"] if one["only"] is not None}
            taken = {name: value for name, value in body.items() if name not in meant}
            found = open_api().post(f"{path}/{act['slug']}", {**chosen, **taken})
            _tell_many(found, as_json)

    kinds = inspect.Parameter
    given = []
    if act["on"] == "one":
        name, kind = ("ids", Ids) if act["for_many"] else ("id", Key)
        given.append(kinds(name, kinds.POSITIONAL_OR_KEYWORD, annotation=kind))
    asked = [one for one in act["takes"] if one["only"] is None]
    given += [_parameter(one, is_in_place=not act["for_many"]) for one in asked]
    if act["is_change"]:
        given += [_none_of(one) for one in asked if one["kind"] == "list"]
    if act["begins"] and act["for_many"]:
        wait = 120.0 if act["begins"] == "jobs" else 0.0
        given.append(kinds("wait", kinds.KEYWORD_ONLY, annotation=Wait, default=wait))
    if act["asks"] or act["for_many"]:
        given.append(kinds("yes", kinds.KEYWORD_ONLY, annotation=Yes, default=False))
    given.sort(key=lambda one: one.kind)
    given.append(kinds("as_json", kinds.KEYWORD_ONLY, annotation=AsJson, default=False))
    run.__signature__ = inspect.Signature(given)  # type: ignore[attr-defined]
    run.__doc__ = act["summary"]
    return run


def _none_of(one: Mapping[str, Any]) -> inspect.Parameter:
    """The option by which a list is emptied."""
    word = one["name"].replace("_", "-")
    option = typer.Option(f"--no-{word}", help=f"Remove all {word.replace('-', ' ')}.")
    kind = Annotated[bool, option]
    return inspect.Parameter(
        f"no_{one['name']}", inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=False
    )


def _refuse_own(subject: Mapping[str, Any], act: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """What each has for itself cannot be the same for several."""
    for one in act["takes"]:
        if one["is_own"] and one["name"] in body:
            fail(
                "Usage",
                _(
                    "--{name} applies to one {noun}; name one at a time.",
                    name=one["name"],
                    noun=subject["noun"],
                ),
                code=USAGE,
            )


def _parameter(one: Mapping[str, Any], *, is_in_place: bool) -> inspect.Parameter:
    """An option; what has to be given stands in place where one object is meant."""
    if one["is_secret"]:
        # Never on a command line, where everybody on the machine reads it.
        name = f"--{one['name'].replace('_', '-')}-stdin"
        option = typer.Option(name, help=f"Read {one['name'].replace('_', ' ')} from standard input.")
        return inspect.Parameter(
            one["name"], inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[bool, option], default=False
        )
    kind: Any = _TYPES[one["kind"]]
    if one["refers"]:
        kind = list[str] if one["kind"] == "list" else str
    word = one["option"] or one["name"].replace("_", "-")
    names = [f"--{word}"]
    if one["kind"] == "flag":
        on, _rest, off = one["option"].partition("/")
        on = on or word.removeprefix("is-")
        names = [f"--{on}/--{off or f'no-{on}'}"]
    elif one["kind"] == "list" and word.endswith("s"):
        # Repeated, each time for one of them.
        names.append(f"--{word.removesuffix('s')}")
    option = typer.Option(*names, help=one["help"])
    if one["in_place"]:
        argument: Any = Annotated[kind | None, typer.Argument(help=one["help"])]
        return inspect.Parameter(
            one["name"], inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=argument, default=None
        )
    if one["is_required"] and is_in_place and one["kind"] != "list":
        metavar, more = ("FILE", _(" - reads stdin.")) if one["is_file"] else (None, "")
        argument = Annotated[kind, typer.Argument(metavar=metavar, help=one["help"] + more)]
        return inspect.Parameter(one["name"], inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=argument)
    if one["is_required"] and one["kind"] != "list":
        return inspect.Parameter(
            one["name"], inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, option]
        )
    return inspect.Parameter(
        one["name"], inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind | None, option], default=None
    )


def _body(act: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for one in act["takes"]:
        value = values.get(one["name"], one["only"])
        if one["is_secret"]:
            if value:
                body[one["name"]] = read_line()
        elif one["is_file"]:
            if value is not None:
                body[one["name"]] = read_given(value)
        elif one["is_required"] and one["kind"] == "list" and not value:
            body[one["name"]] = []
        elif value is not None and value != []:
            body[one["name"]] = (
                _lines(one["parts"], value) if one["parts"] else _referred(one["refers"], value)
            )
    return body


def _lines(parts: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> list[dict[str, Any]]:
    """Small objects, as in `operator@Oslo`."""
    lines = [
        dict(zip((part["name"] for part in parts), text.split("@", len(parts) - 1), strict=False))
        for text in texts
    ]
    return [
        {
            part["name"]: _referred(part["refers"], line[part["name"]])
            for part in parts
            if line.get(part["name"])
        }
        for line in lines
    ]


def _referred(refers: Mapping[str, Any] | None, value: Any) -> Any:
    """The ids of the objects that are named; what names none as it is."""
    if not refers:
        return value
    api = open_api()
    if isinstance(value, list):
        return [_key(api, refers, text) for text in value]
    return _key(api, refers, value)


def _send(act: Mapping[str, Any], address: str, body: Mapping[str, Any]) -> Any:
    api = open_api()
    if act["method"] == "DELETE":
        api.delete(address)
        return None
    if act["method"] in ("PATCH", "PUT"):
        return (api.patch if act["method"] == "PATCH" else api.put)(address, dict(body))
    return api.post(address, dict(body) if act["takes"] else None)


def _tell(act: Mapping[str, Any], found: Any, as_json: bool) -> None:
    if found is None:
        say(act["done"] or "Done.")
    else:
        print_object(found, as_json=as_json)


def _tell_many(found: Mapping[str, Any], as_json: bool) -> None:
    rows = [
        {"id": one["id"], "outcome": one["problem"]["detail"] if one["problem"] else "done"}
        for one in found["items"]
    ]
    print_page(
        {"items": found["items"] if as_json else rows, "next": None}, ("id", "outcome"), as_json=as_json
    )
    if refused := len(found["items"]) - found["done"]:
        fail("Not done", _("{refused} of {count} were refused.", refused=refused, count=len(found["items"])))
