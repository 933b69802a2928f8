"""A document of a system, decoded as far as its kind asks for. Not here: storing it (`systems.documents.storing`)."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import cached_property

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.configuration import decode_configuration
from roomkeeper.protocols.xapi.status import decode_status
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.documents import ReportedConfiguration, calls, facts, pack_configuration
from roomkeeper.systems.documents.redaction import redact, redact_text
from roomkeeper.words import gettext as _

_LONGEST_MENDED = 400


@dataclass
class Document:
    """A document of a system, decoded as far as its kind asks for. `kind` is the lower-case word of its Location:
    status, configuration, command, valuespace… `notes` tell what was not as it should be in what was sent."""

    kind: str
    payload: bytes
    secrets: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict)
    value_spaces: dict[str, str] = field(default_factory=dict)
    version: str = ""
    notes: tuple[str, ...] = ()

    @cached_property
    def redacted_values(self) -> dict[str, str]:
        """The values as they may be stored."""
        return {
            path: redact_text(value, self.secrets) if "/" in value else value
            for path, value in self.values.items()
        }

    def as_reported(self, at: datetime) -> ReportedConfiguration:
        """A configuration as it may be stored, and was reported then."""
        return ReportedConfiguration(self.redacted_values, self.value_spaces, at)

    @cached_property
    def facts(self) -> dict[str, str]:
        """The facts of a status; of nothing else."""
        return facts.read_facts(self.redacted_values) if self.kind == "status" else {}

    @cached_property
    def mended(self) -> str:
        """The notes as they may be stored, "" where nothing was mended or lost."""
        return redact_text("; ".join(dict.fromkeys(self.notes)), self.secrets)[:_LONGEST_MENDED]

    @cached_property
    def call_values(self) -> dict[str, str]:
        """Those of a status that say something about calls."""
        # Of a thousand paths a handful: the first letter is looked at before the rest.
        return {
            path: value
            for path, value in self.values.items()
            if path[0] in calls.INITIALS and path.startswith(calls.PATHS)
        }

    @cached_property
    def packed(self) -> bytes:
        """The document as it is stored."""
        return zlib.compress(redact(self.payload, self.secrets), 3)

    @cached_property
    def packed_settings(self) -> bytes:
        """A configuration's settings as they are stored."""
        return pack_configuration(self.redacted_values, self.value_spaces)

    @cached_property
    def digest(self) -> str:
        """By which a configuration is known again."""
        return canonical_digest(self.redacted_values)

    def prepare(self) -> None:
        """Work out now what storing needs, so that the transaction that stores it is short."""
        wanted = (
            ("digest", "packed_settings", "mended")
            if self.kind == "configuration"
            else ("facts", "call_values", "packed", "mended")
        )
        for name in wanted:
            getattr(self, name)


@dataclass(frozen=True, slots=True)
class Report:
    """A document of a known system. `at` is the moment of reading on the device's side, as well as we know it: when it
    was asked for, or when the post that holds it began; it shows everything that happened there before. `product_type`
    is what the device says of itself beside it, "" if nothing."""

    known: Known
    document: Document
    at: datetime
    product_type: str = ""

    @property
    def kind(self) -> str:
        """The kind of its document."""
        return self.document.kind

    def tell_mended(self, before: str, writes: Writes) -> None:
        """Nothing that a device sent is mended or left out in silence; the same as `before` is told once."""
        words = self.document.mended
        if words and words != before:
            writes.note(
                self.known,
                "document",
                _("Not all of its {kind} could be read as it was sent: {words}", kind=self.kind, words=words),
            )


def decode_document(
    location: str, payload: bytes, secrets: tuple[str, ...], *, notes: tuple[str, ...] = ()
) -> Document:
    """Decode a document as far as its kind asks for; raises ProtocolError where it is not what it says.

    `notes` tell what was mended already in what it came in.
    """
    document = Document(location.strip("/").lower(), payload, secrets, notes=notes)
    if document.kind == "status":
        status = decode_status(payload)
        document.values, document.version = status.values, status.version
        document.notes += status.mended
        if status.mended and not status.values:
            raise ProtocolError(_("None of this status could be read: {mended}", mended=status.mended[0]))
    elif document.kind == "configuration":
        configuration = decode_configuration(payload)
        document.version = configuration.version
        document.notes += configuration.mended
        document.values = {path: leaf.value for path, leaf in configuration.settings.items()}
        document.value_spaces = {
            path: leaf.value_space_ref.rpartition("/")[2]
            for path, leaf in configuration.settings.items()
            if leaf.value_space_ref
        }
    return document


def canonical_digest(settings: Mapping[str, str]) -> str:
    """SHA-256 of the canonical form of a configuration."""
    content = "\n".join(f"{path}\t{value}" for path, value in sorted(settings.items()))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
