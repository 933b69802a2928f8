"""Taking in the documents that systems post or are read from them: set-wise, inside a short transaction (rule R8)."""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import cached_property

from roomkeeper.devices.recognition import recognise_family
from roomkeeper.protocols.identification import normalize_mac
from roomkeeper.protocols.xapi.configuration import decode_configuration
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.status import decode_status, first_value
from roomkeeper.systems import facts
from roomkeeper.systems.documents import ReportedConfiguration, pack_configuration, unpack_configuration
from roomkeeper.systems.models import ConfigurationVersion, Contact, FactChange, StoredDocument
from roomkeeper.systems.redaction import redact, redact_text
from roomkeeper.systems.roster import Known
from roomkeeper.systems.windows import find_zone
from roomkeeper.systems.writes import Writes

_LONGEST_MENDED = 400
_KINDS = {
    "status": StoredDocument.Kind.STATUS,
    "command": StoredDocument.Kind.COMMAND,
    "valuespace": StoredDocument.Kind.VALUESPACE,
}


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
        return _canonical_digest(self.redacted_values)

    def prepare(self) -> None:
        """Work out now what storing needs, so that the transaction that stores it is short."""
        wanted = (
            ("digest", "packed_settings", "mended")
            if self.kind == "configuration"
            else ("facts", "packed", "mended")
        )
        for name in (*wanted, "mended"):
            getattr(self, name)


@dataclass(frozen=True, slots=True)
class Report:
    """A document of a known system. `product_type` is what the device says of itself beside it, "" if nothing."""

    known: Known
    document: Document
    product_type: str = ""

    @property
    def kind(self) -> str:
        """The kind of its document."""
        return self.document.kind


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


_DESCRIPTIONS = (StoredDocument.Kind.VALUESPACE, StoredDocument.Kind.COMMAND)


def store_reports(reports: Sequence[Report], writes: Writes) -> None:
    """Keep the documents, the facts that changed and new versions of configurations."""
    newest = {(report.known.system_id, report.kind): report for report in reports}
    _store_status([report for (_, kind), report in newest.items() if kind == "status"], writes)
    _store_configurations([report for (_, kind), report in newest.items() if kind == "configuration"], writes)
    _store_others(
        [report for (_, kind), report in newest.items() if kind in ("command", "valuespace")], writes
    )


def _store_status(reports: list[Report], writes: Writes) -> None:
    if not reports:
        return
    ids = [report.known.system_id for report in reports]
    rows = StoredDocument.objects.filter(system_id__in=ids, kind=StoredDocument.Kind.STATUS).values_list(
        "system_id", "facts", "mended"
    )
    before: dict[int, dict[str, str]] = {}
    mended: dict[int, str] = {}
    for system_id, told, words in rows:
        before[system_id], mended[system_id] = told, words
    for report in reports:
        known = report.known
        _tell_mended(report, mended.get(known.system_id, ""), writes)
        old = before.get(known.system_id)
        if old is not None:
            writes.facts += [
                FactChange(system_id=known.system_id, at=writes.now, path=path, old_value=was, new_value=now)
                for path, was, now in facts.changed_facts(old, report.document.facts)
            ]
        _learn(report, writes)
        writes.changed(known)
    _forget_descriptions(reports, before, writes)
    _upsert(reports, writes)
    Contact.objects.filter(system_id__in=ids).update(status_at=writes.now)
    for report in reports:
        report.known.status_is_old = False


def _tell_mended(report: Report, before: str, writes: Writes) -> None:
    """Nothing that a device sent is mended or left out in silence; the same of every report is told once."""
    words = report.document.mended
    if words and words != before:
        writes.note(report.known, "document", f"Not all of its {report.kind} could be read as sent: {words}")


def _forget_descriptions(
    reports: list[Report], before: Mapping[int, Mapping[str, str]], writes: Writes
) -> None:
    """Another software has other commands and value spaces than the one whose status was stored `before`: those are
    dropped, and asked for with the system's next post."""
    changed = [
        report.known
        for report in reports
        if _software(before.get(report.known.system_id, {})) != _software(report.document.facts)
    ]
    if not changed:
        return
    ids = [known.system_id for known in changed]
    old = [system_id for system_id in ids if system_id in before]
    StoredDocument.objects.filter(system_id__in=old, kind__in=_DESCRIPTIONS).delete()
    Contact.objects.filter(system_id__in=ids).update(has_work=True)
    for known in changed:
        known.has_work = True


def _software(told: Mapping[str, str]) -> str:
    return first_value(told, "SystemUnit/Software/Version")


def _learn(report: Report, writes: Writes) -> None:
    """What a status says about the system itself (protocol notes I.1)."""
    values, known = report.document.values, report.known
    columns = writes.columns[known.system_id]
    product = first_value(values, "SystemUnit/ProductId", "SystemUnit/ProductPlatform")
    version = first_value(values, "SystemUnit/Software/Version") or report.document.version
    serial = first_value(values, "SystemUnit/Hardware/Module/SerialNumber")
    mac = normalize_mac(first_value(values, "Network/Ethernet/MacAddress"))
    columns["in_call"] = facts.is_in_call(values)
    if product:
        columns["product"] = product[:255]
    if version:
        columns["software_version"] = version[:255]
        columns["family"] = recognise_family(report.product_type, product, version)
    if serial and not known.serial_number:
        known.serial_number = columns["serial_number"] = serial[:64]
    if mac and not known.mac_address:
        known.mac_address = columns["mac_address"] = mac


def _store_configurations(reports: list[Report], writes: Writes) -> None:
    if not reports:
        return
    ids = [report.known.system_id for report in reports]
    newest: dict[int, tuple[int, str]] = {}
    for system_id, pk, digest in (
        ConfigurationVersion.objects.filter(system_id__in=ids)
        .order_by("last_at", "id")
        .values_list("system_id", "id", "digest")
    ):
        newest[system_id] = (pk, digest)
    fresh, again = [], []
    for report in reports:
        document = report.document
        found = newest.get(report.known.system_id)
        if found and found[1] == document.digest:
            again.append(found[0])
            continue
        fresh.append(
            ConfigurationVersion(
                system_id=report.known.system_id,
                digest=document.digest,
                content=document.packed_settings,
                size=len(document.payload),
                first_at=writes.now,
                last_at=writes.now,
            )
        )
        _learn_settings(report, writes)
        _tell_mended(report, "", writes)
        if found:
            writes.note(report.known, "configuration", "Configuration differs from the one reported before")
        writes.changed(report.known)
    ConfigurationVersion.objects.bulk_create(fresh)
    ConfigurationVersion.objects.filter(pk__in=again).update(last_at=writes.now)
    Contact.objects.filter(system_id__in=ids).update(configuration_at=writes.now)
    for report in reports:
        report.known.configuration_is_old = False


def merge_feedback(
    known: Known, values: Mapping[str, str], secret: str, writes: Writes
) -> ReportedConfiguration | None:
    """Put the leaves that a configuration feedback shows into the newest reported configuration. Gives the whole, or
    None where none was reported yet."""
    redacted = {path: redact_text(value, (secret,)) for path, value in values.items()}
    name = redacted.get("SystemUnit/Name")
    if name is not None:
        writes.columns[known.system_id]["reported_name"] = name[:255]
    newest = (
        ConfigurationVersion.objects.filter(system_id=known.system_id).order_by("-last_at", "-id").first()
    )
    # Of size 0: what was reported before is of other hardware, and holds no longer.
    if newest is None or not newest.size:
        return None
    reported = unpack_configuration(newest)
    whole = dict(reported.settings)
    # One look-up table: a device may send thousands of leaves, and this stands in the batch's transaction.
    own_paths = {match_key(path): path for path in whole}
    for path, value in redacted.items():
        whole[own_paths.setdefault(match_key(path), path)] = value
    digest = _canonical_digest(whole)
    if digest != newest.digest:
        content = pack_configuration(whole, reported.value_spaces)
        ConfigurationVersion.objects.create(
            system_id=known.system_id,
            digest=digest,
            content=content,
            size=newest.size,
            first_at=writes.now,
            last_at=writes.now,
        )
    return ReportedConfiguration(whole, reported.value_spaces, writes.now)


def _learn_settings(report: Report, writes: Writes) -> None:
    """The name that the device has now (its next event says the same), and the time zone that it is in."""
    values = report.document.redacted_values
    zone = values.get("Time/Zone", "")
    if zone and find_zone(zone) is not None:
        writes.columns[report.known.system_id]["time_zone"] = zone[:64]
    name = values.get("SystemUnit/Name")
    if name is not None and name[:255] != report.known.reported_name:
        writes.columns[report.known.system_id]["reported_name"] = name[:255]


def _canonical_digest(settings: Mapping[str, str]) -> str:
    content = "\n".join(f"{path}\t{value}" for path, value in sorted(settings.items()))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def _store_others(reports: list[Report], writes: Writes) -> None:
    if reports:
        for report in reports:
            _tell_mended(report, "", writes)
        _upsert(reports, writes)


def _upsert(reports: list[Report], writes: Writes) -> None:
    StoredDocument.objects.bulk_create(
        [
            StoredDocument(
                system_id=report.known.system_id,
                kind=_KINDS[report.kind],
                received_at=writes.now,
                content=report.document.packed,
                size=len(report.document.payload),
                facts=report.document.facts,
                mended=report.document.mended,
            )
            for report in reports
        ],
        update_conflicts=True,
        unique_fields=["system", "kind"],
        update_fields=["received_at", "content", "size", "facts", "mended"],
    )
