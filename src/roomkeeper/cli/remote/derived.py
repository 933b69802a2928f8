"""Commands out of the declarations: list, show, and the acts of a subject, over HTTP.

An act on many takes ids or a filter; one that is planned has `--dry-run` and asks after its plan; what it begins is
followed with `--wait`.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from roomkeeper.cli.remote import naming, options
from roomkeeper.cli.remote.asking import All, DryRun, Limit, Wait, Yes, is_asked, is_wanted
from roomkeeper.cli.remote.connection import Api, open_api
from roomkeeper.cli.remote.following import tell_begun
from roomkeeper.cli.remote.output import USAGE, AsJson, fail, print_page, say
from roomkeeper.cli.remote.telling import ANSWERS, FIELDS, PLANS, show
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

Told = Mapping[str, Any]
Filters = Annotated[list[str] | None, typer.Argument(metavar="[FIELD=VALUE]...")]
Key = Annotated[str, typer.Argument(metavar="ID", help="Id or exact name.")]
Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...", help="Ids or exact names; or all, or field=value,field=value as in folder=Oslo."
    ),
]
Chosen = Annotated[
    str,
    typer.Argument(
        metavar="FILTER",
        help="all, an id, an exact name, or field=value,field=value as in folder=Oslo,family=roomos.",
    ),
]
# Filters that have an option, too.
_OPTIONS: Final = {
    "state": "As in pending or managed; may be repeated.",
    "folder": "Id, name or path; with all below it.",
}


def app_of(
    subject: Told, app: typer.Typer | None = None, by_hand: Mapping[str, Callable[..., None]] | None = None
) -> tuple[typer.Typer, Callable[..., None]]:
    """The commands of a subject, and the one that its name alone means; on `app` beside those that it has already. What
    is written `by_hand` stands in place of what would be worked out."""
    app = app or typer.Typer(help=subject["help"])
    taken = {one.name for one in app.registered_commands}
    list_ = _list(subject, subject)
    commands = {"list": list_, "show": _show(subject)}
    commands |= {one["name"]: _list(subject, one, within=subject) for one in subject["lists"]}
    commands |= {one["name"]: _command(subject, one) for one in subject["acts"] if one["has_command"]}
    for name, command in (commands | dict(by_hand or {})).items():
        if name not in taken:
            app.command(name)(command)
    return app, list_


def _list(subject: Told, listed: Told, *, within: Told | None = None) -> Callable[..., None]:
    """Lists the objects of a subject, or those that belong to one object of another."""
    named = [name for name in _OPTIONS if within is None and name in listed["filters"]]
    shown = ANSWERS.get(f"{subject['command']} list")
    columns = shown.tables[0].columns if shown is not None and within is None else listed["columns"]

    def list_(
        filters: Filters = None,
        search: str = "",
        sort: str = "",
        limit: Limit = 50,
        everything: All = False,
        as_json: AsJson = False,
        **values: Any,
    ) -> None:
        api, path = open_api(), subject["path"]
        if within is not None:
            path += f"/{naming.key_of(api, within, values['key'])}/{listed['name']}"
        given = [f"{name}={one}" for name in named for one in values.get(name) or ()]
        asked = naming.asked(api, [*(filters or []), *given])
        page = api.items(
            path, limit=None if everything else limit, search=search or None, sort=sort or None, **asked
        )
        print_page(page, columns, as_json=as_json)

    list_.__doc__ = (
        _("List {plural}.", plural=listed["plural"])
        if within is None
        else _("List the {plural} of one {noun}.", plural=listed["plural"], noun=within["noun"])
    )
    kinds = inspect.Parameter
    own = [one for one in inspect.signature(list_).parameters.values() if one.name != "values"]
    key = [kinds("key", kinds.POSITIONAL_OR_KEYWORD, annotation=Key)] if within is not None else []
    more = [
        kinds(
            name,
            kinds.KEYWORD_ONLY,
            annotation=Annotated[list[str] | None, typer.Option(help=_OPTIONS[name])],
            default=None,
        )
        for name in named
    ]
    if subject["path"] == "systems" and within is None:
        own = [one.replace(default=100) if one.name == "limit" else one for one in own]
    list_.__signature__ = inspect.Signature([*key, *own, *more])  # type: ignore[attr-defined]
    return list_


def _show(subject: Told) -> Callable[..., None]:
    def show_one(key: Key, as_json: AsJson = False) -> None:
        api = open_api()
        found = api.get(f"{subject['path']}/{naming.key_of(api, subject, key)}")
        show(found, ANSWERS.get(f"{subject['command']} show", FIELDS), as_json=as_json)

    show_one.__doc__ = _("Show one {noun}.", noun=subject["noun"])
    return show_one


def _command(subject: Told, act: Told) -> Callable[..., None]:
    """A function with the act's own signature, from which typer reads the options."""
    name = f"{subject['command']} {act['name']}"
    plan = PLANS.get(name)
    begins = act["begins"] or (plan.begins if plan is not None else "")
    # Of several acts with PATCH that one is meant whose value is given; what of one object is not an option.
    asked = [one for one in act["takes"] if one["only"] is None and one["name"] != act["under"]]
    waits = 120.0 if begins == "jobs" and act["for_many"] else 0.0

    def run(**values: Any) -> None:
        api, as_json = open_api(), values.pop("as_json")
        dry_run, wait, yes = values.pop("dry_run", False), values.pop("wait", 0.0), values.pop("yes", False)
        emptied: dict[str, Any] = {
            one["name"]: [] for one in act["takes"] if values.pop(f"no_{one['name']}", False)
        }
        body = options.body_of(api, act["takes"], values) | emptied
        address, chosen, keys = _place(api, subject, act, values)
        if act["method"] == "PATCH" and not body:
            fail("Usage", _("Nothing to change was specified."), code=USAGE)
        if act["one_of"] and sum(name in body for name in act["one_of"]) != 1:
            fail("Usage", _("Give one of {names}.", names=" and ".join(act["one_of"])), code=USAGE)
        # Of actions each has an outcome of its own, of one system, too.
        of_many = act["for_many"] and (begins == "actions" or len(keys) != 1)
        if of_many:
            address = f"{subject['path']}/{act['slug']}"
            body = _for_all(subject, act, body) | chosen
        elif act["chooses"]:
            body |= chosen
        if plan is not None:
            dry = {**body, "dry_run": True}
            if not is_wanted(lambda: api.post(address, dry), plan, dry_run=dry_run, yes=yes, as_json=as_json):
                return
        elif is_asked(yes, always=act["always_asks"]) and (act["asks"] or "filter" in chosen):
            typer.confirm(_("{act[summary]} {act[undo]} Go on?", act=act), abort=True)
        found = api.send(
            "POST" if of_many else act["method"], address, body or ({} if act["takes"] else None)
        )
        if begins and (wait or waits or "items" in found):
            tell_begun(api, begins, found, wait, as_json=as_json)
        elif of_many:
            _tell_many(found, as_json)
        elif found is None:
            say(act["done"] or "Done.")
        else:
            show(found, ANSWERS.get(name, FIELDS), as_json=as_json)

    run.__signature__ = inspect.Signature(_parameters(act, asked, plan is not None, begins, waits))  # type: ignore[attr-defined]
    run.__doc__ = act["summary"]
    return run


def _parameters(
    act: Told, asked: Sequence[Told], is_planned: bool, begins: str, waits: float
) -> list[inspect.Parameter]:
    kinds = inspect.Parameter
    positional, keyword = kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY
    given = []
    if act["on"] == "one":
        given.append(kinds("ids", positional, annotation=Ids if act["for_many"] else Key))
    if act["chooses"]:
        given.append(kinds("chosen", positional, annotation=Chosen))
    given += [options.parameter(one, is_in_place=not act["for_many"]) for one in asked]
    if act["is_change"]:
        given += [options.none_of(one) for one in asked if one["kind"] == "list"]
    if is_planned:
        given.append(kinds("dry_run", keyword, annotation=DryRun, default=False))
    if begins:
        given.append(kinds("wait", keyword, annotation=Wait, default=waits))
    if act["asks"] or act["for_many"] or is_planned:
        given.append(kinds("yes", keyword, annotation=Yes, default=False))
    given.sort(key=lambda one: one.kind)
    return [*given, kinds("as_json", keyword, annotation=AsJson, default=False)]


def _place(
    api: Api, subject: Told, act: Told, values: Mapping[str, Any]
) -> tuple[str, dict[str, Any], list[int]]:
    """The address at which the act is asked for one, what was chosen, and the ids among that."""
    path, named = subject["path"], values.get("ids")
    if act["chooses"]:
        chosen = naming.choice(api, naming.SYSTEMS, [values["chosen"]])
    elif act["for_many"]:
        chosen = naming.choice(api, subject, named or [])
    else:
        chosen = {}
    if act["on"] == "all":
        return path + act["tail"], chosen, []
    if not act["for_many"]:
        keys = [naming.key_of(api, subject, str(named))]
    else:
        keys = next((ids for name, ids in chosen.items() if name != "filter"), [])
    return f"{path}/{keys[0] if keys else ''}{act['tail']}", chosen, keys


def _for_all(subject: Told, act: Told, body: Mapping[str, Any]) -> dict[str, Any]:
    """What is given for several: not what each has for itself; which of several acts is meant says the address."""
    for one in act["takes"]:
        if one["is_own"] and one["name"] in body:
            words = {"name": one["name"], "noun": subject["noun"]}
            fail("Usage", _("--{name} applies to one {noun}; name one at a time.", **words), code=USAGE)
    meant = {one["name"] for one in act["takes"] if one["only"] is not None}
    return {name: value for name, value in body.items() if name not in meant}


def _tell_many(found: Mapping[str, Any], as_json: bool) -> None:
    rows = [
        {"id": one["id"], "outcome": one["problem"]["detail"] if one["problem"] else "done"}
        for one in found["items"]
    ]
    print_page(
        {"items": found["items"] if as_json else rows, "next": None}, ("id", "outcome"), as_json=as_json
    )
    if refused := len(found["items"]) - found["done"]:
        words = ngettext(
            "{refused} of {count} was refused.",
            "{refused} of {count} were refused.",
            refused,
            refused=refused,
            count=len(found["items"]),
        )
        fail("Not done", words)
