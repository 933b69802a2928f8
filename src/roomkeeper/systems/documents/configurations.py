"""Versions of reported configurations: storing documents, and putting what feedback tells into the one that stands.

Set-wise where a batch brings many, inside the caller's short transaction (rules R8, R9).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection

from roomkeeper.devices import names
from roomkeeper.systems.check_ins import daily_amount
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.documents import (
    ReportedConfiguration,
    pack_configuration,
    told_rows,
    unpack_configuration,
)
from roomkeeper.systems.documents.moments import is_older
from roomkeeper.systems.documents.redaction import redact_text
from roomkeeper.systems.documents.reports import Report, canonical_digest
from roomkeeper.systems.documents.told import Telling, Told, put_onto
from roomkeeper.systems.models import ConfigurationVersion, ToldByFeedback
from roomkeeper.systems.windows import find_zone
from roomkeeper.words import gettext as _

_KIND = ToldByFeedback.Kind.CONFIGURATION
_SEEN_AGAIN = "UPDATE systems_configurationversion SET last_at = %s, read_at = %s WHERE id = %s"
_REPORTED = "UPDATE systems_contact SET configuration_at = %s WHERE system_id = %s"


def store(reports: Sequence[Report], writes: Writes) -> list[Report]:
    """Keep configurations, at most one a system. Gives those that stand, with what feedback told since they were read;
    one that is older than what stands is kept as history and not among them."""
    if not reports:
        return []
    ids = [report.known.system_id for report in reports]
    newest: dict[int, tuple[int, str, datetime, datetime]] = {
        row[0]: row[1:]
        for row in ConfigurationVersion.objects.filter(system_id__in=ids)
        .order_by("last_at", "id")
        .values_list("system_id", "id", "digest", "read_at", "last_at")
    }
    told = told_rows.load(ids, _KIND)
    standing: list[Report] = []
    fresh: list[ConfigurationVersion] = []
    again: list[tuple[datetime, datetime, int]] = []
    for report in reports:
        system_id = report.known.system_id
        found = newest.get(system_id)
        if found is not None and is_older(report.at, found[2], writes.now):
            if found[1] != report.document.digest:
                fresh.append(_version(report, report.at))
                _note_history(report, writes)
            continue
        since = told.get(system_id, Told()).since(report.at)
        if since.leaves:
            values = since.onto(report.document.values)
            report = replace(report, document=replace(report.document, values=values))
        standing.append(report)
        # What stands comes last, also where a clock was set back since the one before was stored.
        last_at = max(report.at, since.newest_at or report.at, found[3] if found is not None else report.at)
        if found is not None and found[1] == report.document.digest:
            again.append((last_at, report.at, found[0]))
            continue
        fresh.append(_version(report, last_at))
        _learn_settings(report.known, report.document.redacted_values, writes)
        report.tell_mended("", writes)
        if found is not None:
            writes.note(report.known, "configuration", _("The configuration differs from the one before"))
        writes.changed(report.known)
    ConfigurationVersion.objects.bulk_create(fresh)
    daily_amount.keep_versions(fresh, writes)
    reported = [(report.at, report.known.system_id) for report in standing]
    with connection.cursor() as cursor:
        if again:
            cursor.executemany(_SEEN_AGAIN, again)
        if reported:
            cursor.executemany(_REPORTED, reported)
    told_rows.prune({report.known.system_id: report.at for report in standing}, told, _KIND)
    for report in standing:
        report.known.configuration_is_old = False
    return standing


def _version(report: Report, last_at: datetime) -> ConfigurationVersion:
    return ConfigurationVersion(
        system_id=report.known.system_id,
        digest=report.document.digest,
        content=report.document.packed_settings,
        size=len(report.document.payload),
        first_at=report.at,
        last_at=last_at,
        read_at=report.at,
    )


def _note_history(report: Report, writes: Writes) -> None:
    writes.note(
        report.known,
        "configuration",
        _(
            "A configuration read at {at:%H:%M:%S} UTC came after a newer one: kept in the history only",
            at=report.at,
        ),
    )


@dataclass(frozen=True, slots=True)
class ConfigurationFeedback:
    """What one post told of the configuration of a known system that showed this secret; `at` is when it began."""

    known: Known
    at: datetime
    told: Sequence[Telling]
    secret: str

    @property
    def redacted(self) -> list[Telling]:
        """As it may be stored."""
        return [
            (path, value if value is None else redact_text(value, (self.secret,)))
            for path, value in self.told
        ]


def merge_feedback(
    posts: Sequence[ConfigurationFeedback], writes: Writes
) -> dict[int, ReportedConfiguration]:
    """Put what posts tell into the reported configurations that stand, in their order. Gives the whole of each system
    by its id; systems are left out that reported none yet, or whose standing one was read after the post came."""
    ids = {post.known.system_id for post in posts}
    standing = _standing(ids)
    told = told_rows.load(ids, _KIND)
    taken: dict[int, Told] = {}
    wholes: dict[int, ReportedConfiguration] = {}
    for post in posts:
        system_id = post.known.system_id
        version = standing.get(system_id)
        if version is not None and is_older(post.at, version.read_at, writes.now):
            continue
        before = taken.get(system_id) or told.get(system_id, Told())
        news = before.news(post.redacted, post.at)
        taken[system_id] = before.adding(news, post.at)
        _learn_settings(post.known, {path: value for path, value in news if value is not None}, writes)
        # Of size 0: what was reported before is of other hardware, and holds no longer.
        if version is not None and version.size:
            whole = wholes.get(system_id) or unpack_configuration(version)
            at = max(post.at, whole.at)
            wholes[system_id] = ReportedConfiguration(put_onto(whole.settings, news), whole.value_spaces, at)
    told_rows.keep(taken, _KIND)
    fresh = []
    for system_id, whole in wholes.items():
        version, digest = standing[system_id], canonical_digest(whole.settings)
        if digest != version.digest:
            fresh.append(
                ConfigurationVersion(
                    system_id=system_id,
                    digest=digest,
                    content=pack_configuration(whole.settings, whole.value_spaces),
                    size=version.size,
                    first_at=whole.at,
                    last_at=whole.at,
                    read_at=version.read_at,
                )
            )
    ConfigurationVersion.objects.bulk_create(fresh)
    daily_amount.keep_versions(fresh, writes)
    return wholes


def _standing(system_ids: Collection[int]) -> dict[int, ConfigurationVersion]:
    rows = ConfigurationVersion.objects.filter(system_id__in=system_ids).order_by("last_at", "id")
    # The last one of each stays; only that one's content is worth reading.
    newest = dict(rows.values_list("system_id", "id"))
    return {
        version.system_id: version for version in ConfigurationVersion.objects.filter(pk__in=newest.values())
    }


def _learn_settings(known: Known, values: Mapping[str, str], writes: Writes) -> None:
    """The name that the device has now (its next event says the same), and the time zone that it is in."""
    zones = (values.get(path, "") for path in names.TIME_ZONE_SETTINGS)
    zone = next((zone for zone in zones if zone and find_zone(zone) is not None), "")
    if zone:
        writes.columns[known.system_id]["time_zone"] = zone[:64]
    name = values.get("SystemUnit/Name")
    if name is not None and name[:255] != known.reported_name:
        writes.columns[known.system_id]["reported_name"] = name[:255]
