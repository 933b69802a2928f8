"""Answers that are more than one object, as a terminal shows them: which of their lists are tables, with which columns,
and what is said below. By the name of the command; all others are shown field by field."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from roomkeeper.cli.remote.output import nothing, print_json, print_object, print_table, say
from roomkeeper.words import gettext as _
from roomkeeper.words import noop


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A list in an answer. `at` names the lists down to it (`changes.items`): a row holds what stands above it, too,
    as `change_state` where both have that. Only rows that have `only`, and not those with that `verdict`."""

    at: str
    columns: tuple[str, ...] = ()
    heading: str = ""
    only: str = ""
    unless: str = ""

    def rows(self, found: Any) -> list[Any]:
        """Its rows in an answer."""
        return [
            row
            for row in _below([found], self.at.split("."))
            if not isinstance(row, dict)
            or ((not self.only or row[self.only]) and (not self.unless or row["verdict"] != self.unless))
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How an answer is shown: after `shape` has made it fit, the fields that are in no table (of the object `of` in
    it, or these `fields`, or none), the tables, then each sentence whose field holds something ("" always, `-name`
    where it holds nothing). A plan that `is_looked_at` is shown where nobody is asked, too."""

    tables: tuple[Table, ...] = ()
    says: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] | None = ()
    of: str = ""
    shape: Callable[[Any], Any] | None = None
    is_looked_at: bool = False


FIELDS: Final = Shown(fields=None)


def show(found: Any, shown: Shown = FIELDS, *, as_json: bool, most: int | None = None) -> None:
    """Print an answer; at most so many rows of a table."""
    if as_json:
        print_json(found)
        return
    if shown == FIELDS:
        print_object(found, as_json=False)
        return
    told = shown.shape(found) if shown.shape is not None else found
    held = {table.at.partition(".")[0] for table in shown.tables}
    if shown.fields is None or shown.fields:
        inner = told[shown.of] if shown.of else told
        names = inner if shown.fields is None else shown.fields
        print_object({name: inner[name] for name in names if name not in held}, as_json=False)
    tables = [(table, table.rows(told)[:most]) for table in shown.tables]
    for table, rows in tables:
        if rows and table.heading:
            say(_(table.heading))
        if rows and table.columns:
            print_table(rows, table.columns)
        for line in () if table.columns else rows:
            say(line)
    if not (shown.says or any(rows for _table, rows in tables) or shown.fields != ()):
        nothing()
    for field, sentence in shown.says:
        if not field or bool(told[field.lstrip("-")]) is not field.startswith("-"):
            say(_(sentence, **_in_words(told)))


def _below(rows: Iterable[Any], names: list[str]) -> list[Any]:
    """The rows of the innermost of these lists, each with what stands above it. A mapping is rows of path and value."""
    if not names:
        return list(rows)
    name, found = names[0], []
    for above in rows:
        inner = above.get(name) if name else above
        if isinstance(inner, dict):
            pairs = [{"path": path, "value": value} for path, value in inner.items()]
            inner = [inner] if names[1:] else pairs
        for row in inner or ():
            outer = _beside(above, row, name) if isinstance(above, dict) else {}
            found.append({**outer, **row} if isinstance(row, dict) else row)
    return _below(found, names[1:])


def _beside(above: Mapping[str, Any], row: Any, name: str) -> dict[str, Any]:
    """What stands above a row, under names that are not the row's own."""
    plain = {key: value for key, value in above.items() if not isinstance(value, list | dict)}
    return {
        f"{name.removesuffix('s')}_{key}" if isinstance(row, dict) and key in row else key: value
        for key, value in plain.items()
    }


def _in_words(told: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as sentences name them: lists with commas, and the counts that are not 0 as `counted`."""
    counts = told.get("counts") or {}
    counted = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    lists = {
        name: ", ".join(map(str, value)) or _("none")
        for name, value in told.items()
        if isinstance(value, list)
    }
    return {**told, **lists, "counted": counted or _("nothing differs")}


def _typed(found: dict[str, Any]) -> dict[str, Any]:
    """Tells which secrets of a template are still missing."""
    missing = _("*** (not entered yet)")
    settings = [
        {**one, "value": missing if one["is_secret"] and not one["is_typed"] else one["value"]}
        for one in found["settings"]
    ]
    commands = [f"xCommand {one['text']}" for one in found["commands"]]
    return {**found, "settings": settings, "commands": commands}


_COUNTED: Final = noop(
    "{counts[change]} systems will change, {counts[already]} are already set, {counts[cannot]} cannot."
)
_CHANGES: Final = Table(at="changes.items", columns=("system", "path", "value", "verdict", "reason"))
_CONTENT: Final = (Table(at="settings", columns=("path", "value")), Table(at="commands"))
_TEMPLATE: Final = Shown(fields=None, tables=_CONTENT, shape=_typed)
_SIDES: Final = ("verdict", "path", "found", "value", "reason")
_PARTS: Final = ("verdict", "kind", "name", "reason")
_CANNOT: Final = ("product", "software_version", "systems", "path", "value", "reason")
_CHANGE_SET: Final = Shown(
    fields=None,
    tables=(Table(at="changes.items", columns=("system_name", "path", "value", "state", "reason")),),
)
_MAPPING: Final = Shown(tables=(Table(at="models.cannot", columns=_CANNOT),), says=(("", _COUNTED),))

# What `--dry-run` and whoever is asked are shown.
PLANS: Final[Mapping[str, Shown]] = {
    "changes create": Shown(tables=(_CHANGES,), says=(("", _COUNTED),)),
    "changes undo": Shown(
        tables=(
            _CHANGES,
            Table(
                at="left_out", columns=("system", "path", "reason"), heading=noop("These are not restored:")
            ),
        ),
        says=(("", _COUNTED),),
    ),
    "templates apply": _MAPPING,
    "systems set-password": Shown(
        tables=(Table(at="items", columns=("system", "system_name", "verdict", "words"), only="words"),),
        says=(
            (
                "",
                noop(
                    "{counts[verified]} will be proven by a login, {counts[unverified]} sent unproven, "
                    "{counts[cannot]} cannot."
                ),
            ),
        ),
    ),
    "systems install-authority": Shown(
        is_looked_at=True,
        tables=(
            Table(at="authorities", columns=("subject", "expires_at", "fingerprint")),
            Table(at="items", columns=("system", "system_name", "verdict", "reason"), only="reason"),
        ),
        says=(("", noop("{counts[install]} will get it, {counts[cannot]} cannot.")),),
    ),
    "secure-only move": Shown(
        tables=(Table(at="members", columns=("system_name", "verdict", "reason")),),
        says=(
            (
                "",
                noop("{counts[move]} will be moved, {counts[already]} already are, {counts[cannot]} cannot."),
            ),
        ),
    ),
    "backups restore": Shown(
        tables=(
            Table(at="settings", columns=_SIDES, unless="already"),
            Table(at="parts", columns=_PARTS),
        ),
        says=(
            ("", noop("System {system}: {counted}.")),
            ("is_other_model", noop("It is another model.")),
        ),
    ),
    "systems replace": Shown(
        tables=(
            Table(at="steps", columns=("title", "words", "can_be_undone")),
            Table(at="mapping.settings", columns=_SIDES, unless="already"),
            Table(at="mapping.parts", columns=_PARTS),
        ),
        says=(("is_other_model", noop("It is another model.")),),
    ),
    "systems edit": Shown(
        is_looked_at=True,
        tables=(
            Table(
                at="systems.changes",
                columns=("system_name", "name", "before", "after", "verdict", "reason"),
            ),
            Table(at="problems", columns=("line", "column", "problem")),
        ),
        says=(
            ("new_folders", noop("Folders to be created: {new_folders}.")),
            (
                "",
                noop(
                    "{counts[change]} systems will change, {counts[unchanged]} stay as they are, {counts[already]} "
                    "are already set, {counts[cannot]} cannot, {counts[refused]} lines cannot be used."
                ),
            ),
        ),
    ),
    "systems scan": Shown(
        tables=(
            Table(
                at="known",
                columns=("address", "system", "name"),
                heading=noop("These are already systems here:"),
            ),
            Table(at="warnings"),
            Table(at="problems"),
        ),
        says=(
            ("", noop("{count} addresses would be looked at, {first} to {last}.")),
            ("", noop("Logins: {logins}. SNMP: {snmp_logins}.")),
        ),
    ),
}

# What a command shows when it is done, or has read something.
ANSWERS: Final[Mapping[str, Shown]] = {
    "systems list": Shown(
        tables=(
            Table(
                at="items",
                columns=(
                    *("id", "name", "state", "alive", "connectivity", "is_secure_only", "product"),
                    *("software_version", "last_seen_at", "in_call", "folder_path", "drift_count"),
                    "ticket_count",
                ),
            ),
        )
    ),
    "changes show": _CHANGE_SET,
    "changes retry": _CHANGE_SET,
    "changes cancel": Shown(
        fields=None,
        tables=_CHANGE_SET.tables,
        says=(("", noop("{cancelled} settings were cancelled.")),),
    ),
    "templates show": _TEMPLATE,
    "templates create": _TEMPLATE,
    "templates import": _TEMPLATE,
    "templates plan": _MAPPING,
    "templates assign": Shown(
        fields=None, of="assignment", says=(("change_set", noop("Change set {change_set} enforces it.")),)
    ),
    "templates diff": Shown(tables=(Table(at="", columns=("word", "kind", "name", "old", "new")),)),
    "templates suggest": Shown(
        tables=(
            Table(
                at="",
                columns=("kind", "path", "type", "values", "minimum", "maximum", "parameters", "models"),
            ),
        )
    ),
    "templates check": Shown(
        shape=_typed,
        tables=(
            *_CONTENT,
            Table(at="problems", columns=("line", "sentence")),
            Table(at="remarks", columns=("name", "model", "systems", "sentence")),
        ),
    ),
    "backups diff": Shown(
        tables=(
            Table(at="settings", columns=("kind", "path", "left", "right")),
            Table(at="parts", columns=("difference", "kind", "name")),
        ),
        says=(("", noop("{left[label]} | {right[label]}: {counted}.")),),
    ),
    "secure-only show": Shown(
        tables=(Table(at="members", columns=("system_name", "wave", "state", "since", "reason")),),
        says=(("", noop("Move {id} is {state}. {reason}")),),
    ),
    "systems replace": Shown(
        says=(
            ("", noop("The hardware of system {system} is replaced.")),
            ("restoration", noop("Its settings: {restoration}.")),
            ("job", noop("It is done by a job: roomkeeper jobs show {job}")),
        )
    ),
    "systems undo-replacement": Shown(fields=("system", "serial_number", "mac_address")),
    "systems edit": Shown(
        tables=(Table(at="refused", columns=("system", "problem")),),
        says=(
            ("job", noop("Records are written by job {job[id]}: roomkeeper jobs show {job[id]}")),
            ("records", noop("{records} records were written.")),
            ("name_change_set", noop("Names are on their way: roomkeeper changes show {name_change_set}")),
            ("change_set", noop("Settings are on their way: roomkeeper changes show {change_set}")),
        ),
    ),
    "systems add": Shown(fields=None, tables=(Table(at="warnings", columns=("sentence", "advice")),)),
    "systems configuration wanted": Shown(
        tables=(Table(at="wanted", columns=("path", "value", "layer", "why")),)
    ),
    "systems configuration reported": Shown(tables=(Table(at="reported", columns=("path", "value")),)),
    "systems configuration drift": Shown(tables=(Table(at="drift", columns=("path", "wanted", "found")),)),
    "systems status": Shown(tables=(Table(at="values", columns=("path", "value")),)),
    "phone-books search": Shown(
        tables=(
            Table(at="folders", columns=("id", "name", "entries")),
            Table(at="entries", columns=("id", "name", "addresses.dial_string")),
            Table(
                at="hidden",
                columns=("name", "book", "why"),
                heading=noop("Not found by the system:"),
            ),
        ),
        says=(("-books", noop("No phone book is set on the system or on a folder above it.")),),
    ),
    "this-server show": Shown(tables=(Table(at="checks", columns=("check", "ok", "words", "advice")),)),
}
