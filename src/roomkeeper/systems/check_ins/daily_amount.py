"""How much one system may bring us in a day, in bytes and in versions of its configuration (rule R14).

A day is one of UTC. Past it nothing is lost that stands: documents still replace the newest, and posts are answered as
ever; but the timeline gets no further rows for them, and what feedback tells waits for the next document.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from django.conf import settings
from django.db.models import Count, RestrictedError

from roomkeeper.systems import findings
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes, is_over
from roomkeeper.systems.models import ConfigurationVersion, System
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

KIND = "sends too much"
_ADVICE = noop(
    "Find out why: an integration that keeps writing to it, feedback with too wide an expression, or"
    " someone who has"
    " its secret. If it is not the system itself, rotate its secret."
)


def take(known: Known, size: int, writes: Writes) -> bool:
    """Count a post of so many bytes that is kept in some way; whether the system is past its amount of the day."""
    limit: int = settings.OPTIONS.day_size_limit
    was = known.taken_today
    known.taken_today += size
    writes.taken[known.system_id] = known
    if was <= limit < known.taken_today:
        words = _("Posted more than {limit:,.0f} MB today (UTC)", limit=limit / 1000000.0)
        writes.note(
            known, "amount", _("{words}: until tomorrow only its newest documents are kept", words=words)
        )
        _tell(
            known.system_id,
            _(
                "It {words}{words_2}. Until tomorrow only its newest documents are kept.",
                words=words[0].lower(),
                words_2=words[1:],
            ),
        )
    return is_over(known)


def keep_versions(fresh: Sequence[ConfigurationVersion], writes: Writes) -> None:
    """Of a system that made more versions today than it may, the newest takes the place of the one before it."""
    if not fresh:
        return
    limit: int = settings.OPTIONS.day_versions_limit
    begin = datetime.combine(writes.now.astimezone(UTC).date(), time(), UTC)
    today = ConfigurationVersion.objects.filter(
        system_id__in={version.system_id for version in fresh}, first_at__gte=begin
    )
    many = today.values("system_id").annotate(number=Count("id")).filter(number__gt=limit)
    over = set(many.values_list("system_id", flat=True))
    for system_id in sorted(over):
        own = {version.pk for version in fresh}
        replaced = today.filter(system_id=system_id).exclude(pk__in=own).order_by("-last_at", "-id").first()
        if replaced is None:
            continue
        try:
            replaced.delete()
        except RestrictedError:
            continue  # a backup holds it
        _tell(
            system_id,
            _(
                "Its configuration changed more than {limit:,} times today (UTC). Until tomorrow "
                "each further version takes the place of the one before it.",
                limit=limit,
            ),
        )


def _tell(system_id: int, reason: str) -> None:
    for system in System.objects.filter(pk=system_id):
        findings.report(findings.Finding(KIND, system.pk, reason, _(_ADVICE)))
