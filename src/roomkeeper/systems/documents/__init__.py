"""Reading what systems reported: the newest status, the newest configuration, its versions and value spaces."""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db.models import QuerySet

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.command import CommandDescription, decode_command_document
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.status import decode_status
from roomkeeper.protocols.xapi.values import type_of
from roomkeeper.protocols.xapi.valuespace import ValueSpace, decode_valuespace
from roomkeeper.systems.documents import facts, told_rows
from roomkeeper.systems.documents.told import Told
from roomkeeper.systems.models import ConfigurationVersion, StoredDocument, System, ToldByFeedback

HIDDEN = "***"
# The shortest whole configuration of a real endpoint that was seen has over 200 settings.
WHOLE_CONFIGURATION = 100
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ReportedConfiguration:
    """A reported configuration: canonical path to value, value-space reference by path, and when it was last seen."""

    settings: dict[str, str]
    value_spaces: dict[str, str]
    at: datetime

    @property
    def is_whole(self) -> bool:
        """Whether it is long enough to tell by it what the device lacks; a short one proves nothing (rule R7)."""
        return len(self.settings) >= WHOLE_CONFIGURATION

    def by_key(self, wanted: Iterable[str]) -> dict[str, tuple[str, str]]:
        """(path, value) by match key; empty where all that is wanted is spelled as the device does, as it mostly is."""
        if all(path in self.settings for path in wanted):
            return {}
        return {match_key(path): (path, value) for path, value in self.settings.items()}

    def find(self, path: str) -> tuple[str, str] | None:
        """(the device's own spelling, value) of a path in any spelling, or None where the device lacks it."""
        return find_setting(self.settings, path)

    def type_of(self, path: str) -> str:
        """The type of a setting, by which values are compared (rule R12)."""
        if path not in self.value_spaces:
            found = self.find(path)
            path = found[0] if found else path
        return type_of(path, self.value_spaces.get(path, ""))


def find_setting(settings: Mapping[str, str], path: str) -> tuple[str, str] | None:
    """(the spelling that is used there, value) of a path in any spelling, or None where it is not among them."""
    if path in settings:
        return path, settings[path]
    wanted = match_key(path)
    return next(((own, value) for own, value in settings.items() if match_key(own) == wanted), None)


def status_xml(system_id: int) -> bytes | None:
    """The newest status document as the system sent it, or None where none was reported. What feedback told since is
    not in it."""
    found = StoredDocument.objects.filter(system_id=system_id, kind=StoredDocument.Kind.STATUS).first()
    return zlib.decompress(bytes(found.content)) if found else None


def clock_offset(system_id: int) -> int | None:
    """By how many seconds the system's clock was ahead of ours when it told its newest status; None where it tells no
    time.
    """
    found = StoredDocument.objects.filter(system_id=system_id, kind=StoredDocument.Kind.STATUS)
    return found.values_list("clock_offset", flat=True).first()


def status_values(system_id: int) -> dict[str, str]:
    """All values of the status that stands by canonical path: those of the newest document, with what feedback told
    since; empty where nothing was reported."""
    return _told_of(system_id).onto(_values_of_document(status_xml(system_id)))


def _values_of_document(content: bytes | None) -> dict[str, str]:
    if content is None:
        return {}
    try:
        return decode_status(content).values
    except ProtocolError:
        # Only what was decoded is stored; a document kept by an older release may read differently today.
        return {}


def _told_of(system_id: int) -> Told:
    return told_rows.load([system_id], ToldByFeedback.Kind.STATUS).get(system_id, Told())


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """The facts of the status that stands. `read_at` is when the newest document was read, `told_at` when feedback
    told something last; None where that never was."""

    facts: dict[str, str]
    received_at: datetime | None
    read_at: datetime | None
    told_at: datetime | None

    @property
    def at(self) -> datetime | None:
        """When something was reported last."""
        return max((at for at in (self.read_at, self.told_at) if at is not None), default=None)


def status_facts(system_id: int) -> StatusFacts:
    """The facts that are known of a system; empty where nothing was reported."""
    told = _told_of(system_id)
    found = (
        StoredDocument.objects.filter(system_id=system_id, kind=StoredDocument.Kind.STATUS)
        .values_list("facts", "received_at", "read_at")
        .first()
    )
    if found is None:
        # Feedback may come before the first status.
        return StatusFacts(facts.read_facts(told.onto({})), None, None, told.newest_at)
    return StatusFacts(*found, told.newest_at)


def reported_configuration(system_id: int) -> ReportedConfiguration | None:
    """The newest reported configuration, or None. A version of size 0 says that what was reported before holds no
    more, as after new hardware."""
    version = ConfigurationVersion.objects.filter(system_id=system_id).order_by("-last_at", "-id").first()
    return unpack_configuration(version) if version and version.size else None


def reported_configurations(system_ids: Sequence[int]) -> dict[int, ReportedConfiguration]:
    """The newest reported configuration of each of these systems that has one."""
    return {pk: one for pk, one in zip(system_ids, each_reported(system_ids), strict=True) if one is not None}


def each_reported(system_ids: Sequence[int]) -> Iterator[ReportedConfiguration | None]:
    """Of each of these systems, in their order, the newest reported configuration or None. Some are read at a time:
    those of ten thousand fill half a gigabyte."""
    for start in range(0, len(system_ids), _AT_ONCE):
        part = system_ids[start : start + _AT_ONCE]
        rows = ConfigurationVersion.objects.filter(system_id__in=part)
        # The last one of each stays; only that one's content is worth reading.
        newest = dict(rows.order_by("last_at", "id").values_list("system_id", "id"))
        versions = ConfigurationVersion.objects.filter(pk__in=newest.values(), size__gt=0)
        found = {version.system_id: unpack_configuration(version) for version in versions}
        yield from map(found.get, part)


def unpack_configuration(version: ConfigurationVersion) -> ReportedConfiguration:
    """A stored version as settings and value-space references."""
    content = json.loads(zlib.decompress(bytes(version.content)))
    return ReportedConfiguration(content["settings"], content["value_spaces"], version.last_at)


def pack_configuration(settings: Mapping[str, str], value_spaces: Mapping[str, str]) -> bytes:
    """The stored form of a configuration: compressed JSON."""
    content = {"settings": dict(settings), "value_spaces": dict(value_spaces)}
    return zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), 3)


def value_spaces_of(system: System) -> dict[str, ValueSpace]:
    """The value spaces that the system reported, by name; empty where it reported none."""
    return _decode_value_spaces(_value_space_documents().filter(system=system).first())


def value_spaces_of_model(product: str, software_version: str) -> dict[str, ValueSpace]:
    """Those that the last system of that product and version reported: they are the same on all of them. Empty for
    one that has not said what it is: others of which that is not known may be anything."""
    if not product or not software_version:
        return {}
    same = _value_space_documents().filter(system__product=product, system__software_version=software_version)
    return _decode_value_spaces(same.order_by("-received_at").first())


def described_command(system: System, path: str) -> CommandDescription | None:
    """What the system's own Command document says of a command; None where it told none, or lacks it."""
    found = StoredDocument.objects.filter(system=system, kind=StoredDocument.Kind.COMMAND).first()
    try:
        return (
            decode_command_document(zlib.decompress(bytes(found.content))).commands.get(path)
            if found
            else None
        )
    except ProtocolError:
        return None


def _value_space_documents() -> QuerySet[StoredDocument]:
    return StoredDocument.objects.filter(kind=StoredDocument.Kind.VALUESPACE)


def _decode_value_spaces(found: StoredDocument | None) -> dict[str, ValueSpace]:
    if found is None:
        return {}
    return dict(_decode_content(bytes(found.content)))


# Large, and the same on all systems of a model.
@lru_cache(maxsize=50)
def _decode_content(content: bytes) -> Mapping[str, ValueSpace]:
    try:
        return decode_valuespace(zlib.decompress(content))
    except ProtocolError:
        return {}


def value_spaces_of_systems(systems: Iterable[System]) -> dict[int, dict[str, ValueSpace]]:
    """Value spaces by system; systems of one product and version share what one of them reported."""
    models: dict[tuple[str, str], dict[str, ValueSpace]] = {}
    found = {}
    for system in systems:
        model = (system.product, system.software_version)
        if model not in models:
            models[model] = value_spaces_of_model(*model) if all(model) else {}
        found[system.pk] = models[model] or (value_spaces_of(system) if not all(model) else {})
    return found
