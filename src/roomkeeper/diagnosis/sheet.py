"""The sheet of a diagnosis: rows with their findings as they come, and what they add up to. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from roomkeeper.diagnosis.findings import DiagnosisFinding, Level
from roomkeeper.diagnosis.rows import Apply, DiagnosisRow
from roomkeeper.words import gettext as _

_GRAVE: Final = (Level.FAULT, Level.WARNING)


@dataclass(slots=True)
class FactSheet:
    """Rows in order, each with its findings."""

    name: str
    rows: tuple[DiagnosisRow, ...]
    findings: dict[DiagnosisRow, list[DiagnosisFinding]] = field(default_factory=dict)

    def add(self, row: DiagnosisRow, finding: DiagnosisFinding) -> None:
        """One more finding of a row."""
        self.findings.setdefault(row, []).append(finding)

    def all(self) -> list[DiagnosisFinding]:
        """Every finding, in the order of the rows."""
        return [finding for row in self.rows for finding in self.findings.get(row, ())]

    def find(self, direction: str, service: str) -> DiagnosisRow | None:
        """The row of that service that is to be looked at."""
        for row in self.rows:
            if (row.direction, row.service) == (direction, service) and row.apply is Apply.YES:
                return row
        return None

    @property
    def level(self) -> Level:
        """The gravest of all findings."""
        return gravest(self.all())

    @property
    def worst(self) -> DiagnosisFinding | None:
        """The first fault, else the first warning; None where there is neither."""
        return next((one for level in _GRAVE for one in self.all() if one.level is level), None)

    @property
    def summary(self) -> str:
        """One sentence: how many faults and warnings, and the first of the gravest."""
        worst = self.worst
        if worst is None:
            return _("Everything that {name} needs is working.", name=self.name)
        levels = [one.level for one in self.all()]
        counted = [_counted(levels.count(level), level.value) for level in _GRAVE if level in levels]
        return f"{' and '.join(counted)}: {worst.sentence}"

    def as_json(self) -> list[dict[str, Any]]:
        """As it is stored and told by the API."""
        return [self._row_json(row) for row in self.rows]

    def _row_json(self, row: DiagnosisRow) -> dict[str, Any]:
        findings = self.findings.get(row, [])
        return {
            "service": row.service,
            "protocol": row.protocol,
            "port": row.port,
            "direction": row.direction,
            "purpose": row.purpose,
            "is_optional": row.is_optional,
            "is_struck": row.apply is Apply.STRUCK,
            "level": gravest(findings).value if findings else None,
            "checks": [finding.as_json() for finding in findings],
        }


def gravest(findings: Iterable[DiagnosisFinding]) -> Level:
    """The gravest level. What is told for information is no worse than ok, and stands where there is nothing else."""
    levels = {finding.level for finding in findings}
    order = (Level.FAULT, Level.WARNING, Level.OK, Level.INFO)
    return next((level for level in order if level in levels), Level.OK)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
