"""What programs are told of a system's configuration: what should be, what is, and the difference."""

from datetime import datetime
from typing import Any, Final

from pydantic import Field

from roomkeeper.operations.readings import Reading, Told
from roomkeeper.provisioning import wanted
from roomkeeper.systems import documents
from roomkeeper.systems.documents.redaction import MARK
from roomkeeper.systems.models import System


class OverriddenOut(Told):
    """A value that lost against a stronger layer."""

    layer: str
    value: str
    why: str


class WantedOut(Told):
    """A value that should be so; `***` where it is a secret."""

    path: str
    value: str
    layer: str = Field(description="Which layer won.")
    why: str
    enforcement: str = Field(description="`automatic`, `window` or `by_hand`.")
    overridden: list[OverriddenOut] = Field(
        description="Values that weaker layers request, the strongest first."
    )


class SettingDriftOut(Told):
    """A wanted value that the system reported otherwise."""

    path: str
    wanted: str
    found: str | None = Field(description="null if the system reported no such setting.")


class ConfigurationOut(Told):
    """What should be, what is, and the difference."""

    wanted: list[WantedOut]
    reported: dict[str, str] = Field(description="Canonical path to value, as last reported.")
    reported_at: datetime | None
    drift: list[SettingDriftOut]


def _read(row: System, *, user: Any) -> dict[str, Any]:
    reported = documents.reported_configuration(row.pk)
    return {
        "wanted": [
            WantedOut(
                path=one.path,
                value=one.value if not one.is_secret or MARK in one.value else "***",
                layer=one.layer,
                why=one.why,
                enforcement=one.enforcement.value,
                overridden=[OverriddenOut.model_validate(lost) for lost in one.overridden],
            )
            for one in wanted.wanted_values(row)
        ],
        "reported": reported.settings if reported else {},
        "reported_at": reported.at if reported else None,
        "drift": wanted.drift_of(row),
    }


CONFIGURATION: Final = Reading(
    name="show_configuration",
    at="configuration",
    summary="Show what should be, what the system reported, and the drift between them.",
    gives=ConfigurationOut,
    read=_read,
)
