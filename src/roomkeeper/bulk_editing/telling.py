"""An edit of many systems as programs give it and are told it: rows, the difference, and what was done of it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from roomkeeper.bulk_editing.applying import AppliedEdit
from roomkeeper.bulk_editing.differences import EditPlan
from roomkeeper.operations.filters import Identifier
from roomkeeper.operations.readings import Told

Verdict = Literal["change", "already", "cannot"]


class RowIn(BaseModel):
    """A system and what it is to hold; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    id: Identifier
    serial_number: str | None = Field(
        None, max_length=255, description="Compared: the row is refused if it differs."
    )
    mac_address: str | None = Field(None, max_length=32, description="Also compared.")
    name: str | None = None
    folder: Identifier | str | None = Field(None, description="By id, or in words: `Oslo / HQ`.")
    tags: list[str] | None = None
    notes: str | None = None
    host: str | None = None
    http_port: int | None = Field(None, description="null: the port in Network settings.")
    https_port: int | None = None
    connectivity: str | None = None
    connectivity_is_locked: bool | None = None
    password_may_use_http: bool | None = None
    tls_trust: str | None = None
    tls_is_legacy: bool | None = None
    settings: dict[str, str | None] | None = Field(
        None, description='Path to value: "" sets empty, null removes an earlier request, "***" leaves it.'
    )


class ValueChangeOut(Told):
    """One value that differs, in words; secrets as `***`."""

    name: str = Field(description="A field of the record, or the path of a setting.")
    is_setting: bool
    before: str
    after: str
    verdict: Verdict
    reason: str


class SystemEditOut(Told):
    """What differs of one system."""

    line: int
    system: int
    name: str
    verdict: Verdict
    changes: list[ValueChangeOut]


class EditProblemOut(Told):
    """Why a row, or a cell, cannot be used; the other rows are not held up by it."""

    line: int
    column: str
    problem: str = Field(validation_alias="sentence")


class RefusedRecord(Told):
    """A record that was not written after all."""

    system: int
    problem: str


class EditTold(Told):
    """The difference, and what was done. Systems that stay as they are, are counted and not listed."""

    is_dry_run: bool
    digest: str = Field(description="Identifies this difference.")
    counts: dict[str, int] = Field(
        description="Rows: `change`, `unchanged`, `already`, `cannot`, `refused`; and `values` that change."
    )
    systems: list[SystemEditOut]
    problems: list[EditProblemOut]
    new_folders: list[str]
    change_set: int | None = Field(description="The change set that sends the settings.")
    name_change_set: int | None = Field(description="The one that sends the names.")
    records: int = Field(description="Records that were written at once.")
    refused: list[RefusedRecord]


def tell_edit(plan: EditPlan, done: AppliedEdit | None = None) -> dict[str, Any]:
    """A plan, and what was done of it (None: nothing), as `EditTold` says."""
    made = done or AppliedEdit()
    return {
        "is_dry_run": done is None,
        "digest": plan.digest,
        "counts": dict(plan.counts),
        "systems": [
            # What has no name is told by its number.
            {
                "line": edit.line,
                "system": edit.system.pk,
                "name": str(edit.system),
                "verdict": edit.verdict,
                "changes": edit.changes,
            }
            for edit in plan.edits
            if edit.changes
        ],
        "problems": plan.problems,
        "new_folders": [one.label for one in plan.folders],
        "change_set": made.change_set.pk if made.change_set else None,
        "name_change_set": made.name_change_set.pk if made.name_change_set else None,
        "records": made.records,
        "refused": [{"system": key, "problem": sentence} for key, sentence in made.refused],
    }
