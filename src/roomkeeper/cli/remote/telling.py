"""Answers that are more than one object, as a terminal shows them: what `answers.toml` says of them, by the name of the
command. All others are shown field by field."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from roomkeeper.cli.remote.output import nothing, print_json, print_object, print_table, say
from roomkeeper.words import gettext as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A list in an answer; a list of texts has no columns."""

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
    """How an answer is shown."""

    tables: tuple[Table, ...] = ()
    says: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] | None = ()
    of: str = ""
    is_looked_at: bool = False
    begins: str = ""

    @classmethod
    def of_table(cls, told: Mapping[str, Any]) -> "Shown":
        """What a table of `answers.toml` says."""
        fields = told.get("fields", ())
        return cls(
            tables=tuple(
                Table(**{**one, "columns": tuple(one.get("columns", ()))}) for one in told.get("tables", ())
            ),
            says=tuple((one.get("when", ""), one["words"]) for one in told.get("says", ())),
            fields=None if fields is True else tuple(fields),
            of=told.get("of", ""),
            is_looked_at=told.get("is_looked_at", False),
            begins=told.get("begins", ""),
        )


FIELDS: Final = Shown(fields=None)
_READ: Final = tomllib.loads(files("roomkeeper.cli.remote").joinpath("answers.toml").read_text("utf-8"))
PLANS: Final[Mapping[str, Shown]] = {name: Shown.of_table(one) for name, one in _READ["plan"].items()}
ANSWERS: Final[Mapping[str, Shown]] = {name: Shown.of_table(one) for name, one in _READ["answer"].items()}


def show(found: Any, shown: Shown = FIELDS, *, as_json: bool, most: int | None = None) -> None:
    """Print an answer; at most so many rows of a table."""
    if as_json:
        print_json(found)
        return
    if shown == FIELDS:
        print_object(found, as_json=False)
        return
    held = {table.at.partition(".")[0] for table in shown.tables}
    if shown.fields is None or shown.fields:
        inner = found[shown.of] if shown.of else found
        names = inner if shown.fields is None else shown.fields
        print_object({name: inner[name] for name in names if name not in held}, as_json=False)
    tables = [(table, table.rows(found)[:most]) for table in shown.tables]
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
        if not field or bool(found[field.lstrip("-")]) is not field.startswith("-"):
            say(_(sentence, **_in_words(found)))


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
