"""What is kept how long (rule R8): features register their kinds of rows, the schedule deletes what is over its time.

A few hundred rows a transaction, so that no writer holds SQLite long (rule R9).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import QuerySet

from roomkeeper.settings.options import SettingsError
from roomkeeper.words import gettext as _

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class RetentionKind:
    """A kind of rows. `older_than(limit)` gives those to delete; `days` holds where no setting says otherwise."""

    name: str
    older_than: Callable[[datetime], QuerySet[Any]]
    days: float | None = None


_kinds: dict[str, RetentionKind] = {}


def register_kind(
    name: str, older_than: Callable[[datetime], QuerySet[Any]], *, days: float | None = None
) -> None:
    """Have rows of this kind deleted when they are over their retention (by default the general one)."""
    _kinds[name] = RetentionKind(name, older_than, days)


def kinds() -> dict[str, float]:
    """Every kind and the days it is kept, by the settings in force; raises `SettingsError` for an unknown kind."""
    options = django_settings.OPTIONS
    own: dict[str, float] = {}
    for text in options.retention:
        name, _rest, days = text.partition("=")
        if name.strip() not in _kinds or not days.strip().isdigit() or not int(days):
            raise SettingsError(
                _(
                    "Setting RETENTION holds {text!r}; it takes KIND=DAYS with one of {kinds}.",
                    text=text,
                    kinds=", ".join(sorted(_kinds)),
                )
            )
        own[name.strip()] = float(days)
    return {name: own.get(name, kind.days or options.retention_days) for name, kind in _kinds.items()}


def forget_old(*, now: datetime) -> int:
    """Delete some of what is over its time; returns how many rows went. Called until it returns 0."""
    number = 0
    for name, days in kinds().items():
        rows = _kinds[name].older_than(now - timedelta(days=days))
        with transaction.atomic():
            ids = list(rows.values_list("pk", flat=True)[:AT_ONCE])
            if ids:
                rows.model._default_manager.filter(pk__in=ids).delete()
        number += len(ids)
    return number
