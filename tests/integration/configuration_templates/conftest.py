"""Systems that have reported: what two real devices answered, and small configurations made up here."""

import hashlib
import os
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from roomkeeper.configuration_templates.content import TemplateCommand, checked
from roomkeeper.configuration_templates.editing import create_template
from roomkeeper.configuration_templates.models import ConfigurationTemplate
from roomkeeper.protocols.xapi.configuration import decode_configuration
from roomkeeper.systems.documents import WHOLE_CONFIGURATION, pack_configuration
from roomkeeper.systems.models import ConfigurationVersion, Folder, StoredDocument, System

CAPTURES = Path(__file__).resolve().parents[4] / "shared" / "captures"
NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)

VALUE_SPACES = (
    '<Valuespace product="Cisco Codec" version="ce9.6.1" apiVersion="4">'
    '<TTPAR_OnOff type="Literal"><Value>Off</Value><Value>On</Value></TTPAR_OnOff>'
    '<INT_0_100 type="Integer"><Max>100</Max><Min>0</Min></INT_0_100></Valuespace>'
)
COMMANDS = (
    '<Command product="Cisco Codec" version="ce9.6.1" apiVersion="4"><Audio><Volume><Set command="True" role="Admin">'
    '<Level required="True"><ValueSpace type="Integer"><Min>0</Min><Max>100</Max></ValueSpace></Level>'
    "</Set></Volume></Audio></Command>"
)
REFERENCES = {"Audio/DefaultVolume": "INT_0_100", "Standby/Control": "TTPAR_OnOff"}

Read = Callable[[str], bytes]
Make = Callable[..., ConfigurationTemplate]


@pytest.fixture
def read_capture() -> Read:
    """Reads `sx10_ce9.6.1/status.xml` and the like; skips where the captures are not, but fails in CI."""

    def read(name: str) -> bytes:
        if not CAPTURES.is_dir():
            message = "the captures of real devices (../shared/captures) are not on this machine"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)
        return (CAPTURES / name).read_bytes()

    return read


@pytest.fixture
def make_template(root_folder: Folder) -> Make:
    """Makes a template of settings, in the root folder unless said otherwise."""

    def make(
        name: str,
        settings: Mapping[str, str | None],
        *,
        commands: tuple[TemplateCommand, ...] = (),
        folder: Folder = root_folder,
        **values: object,
    ) -> ConfigurationTemplate:
        content = checked(settings.items(), commands)
        return create_template(name, folder, content, user=None, now=NOW, **values)  # type: ignore[arg-type]

    return make


def report(system: System, settings: Mapping[str, str], *, at: datetime = NOW) -> None:
    """A configuration as long as a real one, so that it tells what the device lacks."""
    rest = {f"Filler/Part[{number}]/Value": "x" for number in range(WHOLE_CONFIGURATION)}
    _store(system, {**rest, **settings}, REFERENCES, at)


def report_document(system: System, payload: bytes) -> None:
    """A configuration as a device answered it."""
    document = decode_configuration(payload)
    system.software_version = document.version
    system.save()
    values = {path: leaf.value for path, leaf in document.settings.items()}
    spaces = {path: leaf.value_space_ref for path, leaf in document.settings.items() if leaf.value_space_ref}
    _store(system, values, spaces, NOW)


def _store(
    system: System, settings: Mapping[str, str], value_spaces: Mapping[str, str], at: datetime
) -> None:
    content = pack_configuration(
        settings, {path: name for path, name in value_spaces.items() if path in settings}
    )
    ConfigurationVersion.objects.create(
        system=system,
        digest=hashlib.sha256(content).hexdigest(),
        content=content,
        size=len(content),
        first_at=at,
        last_at=at,
    )


def store_document(system: System, kind: str, payload: bytes) -> None:
    """Value spaces or commands as a device answered them."""
    StoredDocument.objects.create(
        system=system,
        kind=StoredDocument.Kind(kind),
        received_at=NOW,
        content=zlib.compress(payload),
        size=len(payload),
    )
