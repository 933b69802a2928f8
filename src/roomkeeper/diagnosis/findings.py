"""The table of findings (`findings.toml`) and a finding with its figures filled in. Pure."""

import enum
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from roomkeeper.devices.table import ManifestError, Table
from roomkeeper.words import gettext as _

PATH: Final = Path(__file__).with_name("findings.toml")
_LONGEST_FIGURE: Final = 200
_LONGEST_EVIDENCE: Final = 500


class Level(enum.StrEnum):
    """How grave a finding is."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A row of the table: the sentence and the next step still have their braces."""

    key: str
    check: str
    level: Level
    sentence: str
    next_step: str
    fix: str

    @property
    def figures(self) -> frozenset[str]:
        """The words in braces."""
        parsed = string.Formatter().parse(f"{self.sentence} {self.next_step}")
        return frozenset(name for _, name, _, _ in parsed if name)


@dataclass(frozen=True, slots=True)
class DiagnosisFinding:
    """What was found: one sentence, the next step, how long the check took, and what it rests on."""

    key: str
    check: str
    level: Level
    sentence: str
    next_step: str = ""
    fix: str = ""
    milliseconds: int | None = None
    evidence: str = ""

    def as_json(self) -> dict[str, Any]:
        """As it is stored and told by the API."""
        return {
            "key": self.key,
            "check": self.check,
            "level": self.level.value,
            "sentence": self.sentence,
            "next_step": self.next_step,
            "fix": self.fix or None,
            "milliseconds": self.milliseconds,
            "evidence": self.evidence,
        }


def load(path: Path = PATH) -> dict[str, FindingRow]:
    """The table in a file. Raises `ManifestError`, naming the key that is at fault."""
    with path.open("rb") as file:
        entries = tomllib.load(file)
    top = Table(entries, path.name)
    return {key: _entry(key, top.table(key)) for key in entries}


def _entry(key: str, table: Table) -> FindingRow:
    entry = FindingRow(
        key=key,
        check=table.text("check"),
        level=table.word("level", Level),
        sentence=table.text("sentence"),
        next_step=table.text("next", default=""),
        fix=table.text("fix", default=""),
    )
    table.end()
    if entry.level in (Level.WARNING, Level.FAULT) and not entry.next_step:
        raise ManifestError(_("{where}: a {level} needs a next step", where=table.where, level=entry.level))
    return entry


TABLE: Final[Mapping[str, FindingRow]] = load()


def found(
    key: str, name: str, *, milliseconds: int | None = None, evidence: str = "", **figures: object
) -> DiagnosisFinding:
    """The finding of that key about the system of that name. Figures may be texts of devices.

    Raises KeyError for a key that is not in the table, and where a figure is missing.
    """
    entry = TABLE[key]
    values = {"name": _clean(name), **{word: _clean(str(figure)) for word, figure in figures.items()}}
    return DiagnosisFinding(
        key=key,
        check=_(entry.check),
        level=entry.level,
        sentence=_(entry.sentence, **values),
        next_step=_(entry.next_step, **values),
        fix=entry.fix,
        milliseconds=milliseconds,
        evidence=_clean(evidence, _LONGEST_EVIDENCE),
    )


def _clean(text: str, limit: int = _LONGEST_FIGURE) -> str:
    """One line that can be shown anywhere: what a device says is text and nothing else."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * limit]).split())
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"
