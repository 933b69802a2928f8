"""What systems reported: configurations and value spaces, put into the database as a report would."""

import hashlib
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime

from roomkeeper.systems.documents import WHOLE_CONFIGURATION, pack_configuration
from roomkeeper.systems.models import ConfigurationVersion, StoredDocument, System

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)

VALUE_SPACES = (
    '<Valuespace product="Cisco Codec" version="ce9.6.1" apiVersion="4">'
    '<TTPAR_OnOff type="Literal"><Value>Off</Value><Value>On</Value></TTPAR_OnOff>'
    '<INT_0_100 type="Integer"><Max>100</Max><Min>0</Min></INT_0_100>'
    '<STRING_0_50 type="String"><MaxLength>50</MaxLength><MinLength>0</MinLength></STRING_0_50></Valuespace>'
)
REFERENCES = {
    "SystemUnit/Name": "STRING_0_50",
    "Audio/DefaultVolume": "INT_0_100",
    "SIP/ListenPort": "TTPAR_OnOff",
}


def report_configuration(
    system: System, settings: Mapping[str, str], *, at: datetime = NOW, is_whole: bool = True
) -> None:
    """A report; as long as a real one unless said otherwise, so that it tells what the device lacks."""
    rest = {f"Filler/Part[{number}]/Value": "x" for number in range(WHOLE_CONFIGURATION)} if is_whole else {}
    settings = {**rest, **settings}
    content = pack_configuration(
        settings, {path: REFERENCES[path] for path in settings if path in REFERENCES}
    )
    ConfigurationVersion.objects.create(
        system=system,
        digest=hashlib.sha256(content).hexdigest(),
        content=content,
        size=len(content),
        first_at=at,
        last_at=at,
    )


def report_value_spaces(system: System, document: str = VALUE_SPACES) -> None:
    StoredDocument.objects.create(
        system=system,
        kind=StoredDocument.Kind.VALUESPACE,
        received_at=NOW,
        content=zlib.compress(document.encode()),
        size=len(document),
    )
