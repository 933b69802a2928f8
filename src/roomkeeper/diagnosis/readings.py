"""What programs are told of a system's newest diagnosis."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field

from roomkeeper.diagnosis import service
from roomkeeper.diagnosis.models import Diagnosis
from roomkeeper.operations.door import NotSeen
from roomkeeper.operations.readings import Reading, Told
from roomkeeper.systems.models import System

LevelWord = Literal["ok", "info", "warning", "fault"]


class CheckOut(Told):
    """One finding: what was looked at, what was found, and what to do."""

    key: str
    check: str = Field(description="What was looked at, as in `TLS` or `Feedback`.")
    level: LevelWord
    sentence: str
    next_step: str = Field(description="What to do; may be empty.")
    fix: str | None = Field(description="What Roomkeeper can do: `POST systems/{id}/diagnosis/fix`.")
    milliseconds: int | None
    evidence: str = Field(description="The evidence; texts from the device are kept as text.")


class RoadOut(Told):
    """A row of the family's table of network requirements; the last one is about the system itself."""

    service: str
    protocol: str
    port: int
    direction: Literal["inbound", "outbound", "itself"] = Field(description="As seen from the system.")
    purpose: str
    is_optional: bool
    is_struck: bool = Field(description="The system's mode excludes it: nothing was sent.")
    level: LevelWord | None = Field(description="The gravest of its checks.")
    checks: list[CheckOut]


class DiagnosisOut(Told):
    """One look at one system."""

    id: int
    system: int = Field(validation_alias="system_id")
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    level: LevelWord | None = Field(description="The gravest of all checks; null until it has ended.")
    summary: str
    job: int = Field(validation_alias="job_id")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    rows: list[RoadOut]
    fixes: list[str] = Field(description="Every fix that its findings offer.")


def newest(row: System, *, user: Any = None) -> dict[str, Any]:
    """The newest diagnosis of the system, as it is told. Raises `NotSeen` where there is none."""
    found: Diagnosis | None = service.latest(row)
    if found is None:
        raise NotSeen("diagnosis of system", row.pk)
    names = ("id", "system_id", "state", "summary", "job_id", "created_at", "started_at", "ended_at", "rows")
    told = {name: getattr(found, name) for name in names}
    return told | {"level": found.level or None, "fixes": service.offered(found)}


DIAGNOSIS: Final = Reading(
    name="get_diagnosis",
    at="diagnosis",
    summary="The newest diagnosis of a system, which may still be in progress.",
    gives=DiagnosisOut,
    read=newest,
)
