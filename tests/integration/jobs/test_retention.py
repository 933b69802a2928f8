"""Retention per kind: the general days, and exceptions by a setting (rule R8)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings

from roomkeeper.jobs import retention
from roomkeeper.settings.options import SettingsError
from roomkeeper.systems import timeline
from roomkeeper.systems.models import FactChange, TimelineEntry

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def options(settings):
    def change(**values):
        settings.OPTIONS = replace(django_settings.OPTIONS, **values)

    return change


def test_every_kind_has_its_days():
    days = retention.kinds()
    assert days["timeline"] == django_settings.OPTIONS.retention_days
    assert days["audit"] == 365
    assert all(number > 0 for number in days.values())


def test_exception_holds_for_its_kind_alone(options, boardroom):
    options(retention=("timeline=1",))
    timeline.add(boardroom, "check-in", "Heartbeat", now=NOW - timedelta(days=2))
    FactChange.objects.create(system=boardroom, at=NOW - timedelta(days=2), path="Audio/Volume")
    retention.forget_old(now=NOW)
    assert not TimelineEntry.objects.exists()
    assert FactChange.objects.exists()


@pytest.mark.parametrize(
    "text", ["nonsense=5", "timeline", "timeline=", "timeline=0", "timeline=-1", "timeline=soon"]
)
def test_exception_that_cannot_be_is_refused_by_the_name_of_its_setting(options, text):
    options(retention=(text,))
    with pytest.raises(SettingsError, match="RETENTION"):
        retention.kinds()
