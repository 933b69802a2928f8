"""What every test needs: Django on a data folder of its own, and the fixed cast (`tests/cast.py`)."""

import atexit
import os
import shutil
import tempfile
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest
from django.conf import settings
from django.db.models.signals import pre_save
from django.dispatch import receiver

from roomkeeper import keys
from tests.loopback import NETWORKS

# Before Django reads its settings: tests never touch the data folder of whoever runs them.
_DATA = tempfile.mkdtemp(prefix="roomkeeper-tests-")
atexit.register(shutil.rmtree, _DATA, ignore_errors=True)
os.environ["ROOMKEEPER_DATA"] = _DATA
os.environ["DJANGO_SETTINGS_MODULE"] = "roomkeeper.settings.django"
(Path(_DATA)).chmod(0o700)
keys.make(Path(_DATA))
django.setup()
# Processes of pytest-xdist inherit the first one's environment, and have read their settings before this file: each is
# given a folder of its own, or they would rotate each other's keys.
settings.OPTIONS = replace(settings.OPTIONS, data=Path(_DATA))
if not settings.OPTIONS.database_url:
    # A file with WAL, as in production: the batcher's thread has a connection of its own, other processes too.
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = f"{_DATA}/test.sqlite3"
    # No test here cuts the power (acceptance tests kill servers, which have settings of their own).
    settings.DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
# The cast's passwords need not withstand anybody; hashing them well would take longer than most tests.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A busy machine is no failure: nothing here is timed.
hypothesis.settings.register_profile(
    "roomkeeper", database=None, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("roomkeeper")

pytest_plugins = ["tests.cast", "tests.databases"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First the tests that start a process for each line: a worker that is left with them at the end works alone."""
    items.sort(key=lambda item: item.path.parent.name != "cli")


@receiver(pre_save, sender="systems.NetworkSettings")
def _allow_loopback(instance: Any, **_: Any) -> None:
    """The endpoints of tests listen on loopback addresses, which a server does not contact unless it is told to."""
    if instance._state.adding:
        instance.contactable_networks = list(NETWORKS)


@pytest.fixture(autouse=True)
def _nobody_has_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test signs in wrongly is not counted against the next from the same address."""
    from roomkeeper.accounts import sign_in

    monkeypatch.setattr(sign_in.GATE, "_spent", OrderedDict())


@pytest.fixture(autouse=True)
def _clock_is_measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing measures the database's clock all the time here, and a measurement of minutes ago has drifted."""
    from roomkeeper.jobs import clock

    monkeypatch.setattr(clock, "_measured", None)


@pytest.fixture(autouse=True)
def _nobody_forwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test forwarded as a stranger is no finding of the next one's."""
    from roomkeeper.external_manager import strangers

    monkeypatch.setattr(strangers, "NOTED", strangers.Strangers())


@pytest.fixture(autouse=True)
def _checks_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test has the server look at, with options of its own, no other one looks at."""
    from roomkeeper.jobs import checks

    monkeypatch.setattr(checks, "_checks", dict(checks._checks))
