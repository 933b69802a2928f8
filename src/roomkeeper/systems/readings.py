"""What programs are told of a system's status."""

from datetime import datetime
from typing import Any, Final

from pydantic import Field

from roomkeeper.operations.door import NotSeen
from roomkeeper.operations.readings import Reading, Told
from roomkeeper.systems import documents
from roomkeeper.systems.models import System


class StatusOut(Told):
    """The status that stands: the newest document, with what feedback told since."""

    received_at: datetime | None = Field(description="When the newest document was stored.")
    read_at: datetime | None = Field(description="When it was read from the system, or posted by it.")
    told_at: datetime | None = Field(description="When feedback last reported something.")
    facts: dict[str, Any] = Field(description="The values that Roomkeeper follows.")
    values: dict[str, str] = Field(description="Every value by its path.")


def _read(row: System, *, user: Any) -> StatusOut:
    known = documents.status_facts(row.pk)
    return StatusOut(
        received_at=known.received_at,
        read_at=known.read_at,
        told_at=known.told_at,
        facts=known.facts,
        values=documents.status_values(row.pk),
    )


def _document(row: System, *, user: Any) -> bytes:
    content = documents.status_xml(row.pk)
    if content is None:
        raise NotSeen("status of system", row.pk)
    return content


STATUS: Final = Reading(
    name="show_status",
    at="status",
    summary="Show the newest status; with `Accept: text/xml` the document as the system sent it.",
    gives=StatusOut,
    read=_read,
    other_forms={"text/xml": _document, "application/xml": _document},
)
