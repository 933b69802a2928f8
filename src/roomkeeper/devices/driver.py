"""What a driver does, whatever the family. A family's own stands in `families/<family>/driver.py`.

This one can do nothing: it is the driver of families whose wire is not known (rule R10). Which methods a family
has stands in its manifest; the others raise `Unsupported` without sending anything. All raise `DeviceError`.
"""

from collections.abc import Mapping
from typing import Final, NoReturn

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceClient
from roomkeeper.devices.facts import Facts, FeedbackSlot, WriteOutcome
from roomkeeper.devices.manifest import Manifest
from roomkeeper.protocols.xapi.command import CommandCall, CommandDocument, CommandResult
from roomkeeper.protocols.xapi.configuration import ConfigurationDocument
from roomkeeper.protocols.xapi.status import StatusDocument
from roomkeeper.protocols.xapi.valuespace import ValueSpace
from roomkeeper.words import gettext as _

# The kinds of documents that a device has of itself, and the act that reads each.
DOCUMENT_KINDS: Final = {
    "status": "read_status",
    "configuration": "read_configuration",
    "valuespace": "read_valuespace",
    "command": "read_command_document",
}


class Driver:
    """Talks to one device of a family. `software_version` is what it runs, "" until it has said so."""

    software_version = ""

    def __init__(self, family: Manifest, client: DeviceClient) -> None:
        self.family = family
        self.client = client

    async def identify(self) -> Facts:
        """Who it is; only reads."""
        self._refuse("identify")

    async def fetch_document(self, kind: str) -> bytes:
        """A whole document as the device sends it, not yet decoded; `kind` is one of `DOCUMENT_KINDS`."""
        self._refuse(DOCUMENT_KINDS[kind])

    async def read_status(self) -> StatusDocument:
        """Its whole status."""
        self._refuse("read_status")

    async def read_configuration(self) -> ConfigurationDocument:
        """What is set on it; passwords as `***`."""
        self._refuse("read_configuration")

    async def read_valuespace(self) -> dict[str, ValueSpace]:
        """What its settings may hold, by the names that the configuration refers to."""
        self._refuse("read_valuespace")

    async def read_command_document(self) -> CommandDocument:
        """Which commands it has."""
        self._refuse("read_command_document")

    async def read_feedback(self) -> tuple[FeedbackSlot, ...]:
        """Its registered feedback slots."""
        self._refuse("read_feedback")

    async def read_services(self) -> dict[str, str]:
        """Its settings of network services, among them which protocols its manager may be called by."""
        self._refuse("read_services")

    async def write_configuration(self, values: Mapping[str, str]) -> WriteOutcome:
        """Set those values and no others. What the device refuses is told in the outcome, not raised."""
        self._refuse("write_configuration")

    async def run_command(self, call: CommandCall) -> CommandResult:
        """Run one command. Raises `Rejected` with its words, `Unsupported` where its release has no such command."""
        self._refuse("run_command")

    async def register_feedback(self, url: str, *, slot: int | None = None) -> None:
        """Have events sent to an address by the family's expressions, from a slot (None: the family's). Writes over
        what the slot held."""
        self._refuse("register_feedback")

    async def restart(self) -> None:
        """Restart it; returns when it has agreed to."""
        self._refuse("restart")

    async def set_password(self, username: str, password: str) -> None:
        """Set the password of an account; if it is the one that is signed in with, the new one is used from then on."""
        self._refuse("set_password")

    async def show_message(self, text: str, *, title: str = "", seconds: int = 0) -> None:
        """Show a message on its screen; 0 seconds: until somebody takes it away."""
        self._refuse("show_message")

    def _refuse(self, act: str) -> NoReturn:
        message = _(
            'The device does not support "{act}". See what its family supports.', act=act.replace("_", " ")
        )
        evidence = _("{title} are {value} only.", title=self.family.title, value=self.family.level.value)
        raise errors.Unsupported(message, evidence=evidence).about(self.client.target.whom)
