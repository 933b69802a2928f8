"""Making an installation usable, and examining it."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.db.migrations.recorder import MigrationRecorder

from roomkeeper import keys
from roomkeeper.installation import belonging, folder
from roomkeeper.installation.models import Installation
from roomkeeper.serving import certificates, first_start, health
from roomkeeper.serving.certificates import CertificateFiles
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import Folder, NetworkSettings

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("listeners", "ipv4", "ipv6"),
    [
        (["10.0.0.5:80", "10.0.0.6:80"], "10.0.0.5", None),
        (["0.0.0.0:80", "10.0.0.6:80"], "10.0.0.6", None),
        (["[2001:db8::5]:443"], None, "2001:db8::5"),
        (["[::]:443", ":80", "rk.example.org:80"], None, None),
        ([], None, None),
    ],
)
def test_first_start_suggests_the_address_that_we_listen_on(listeners, ipv4, ipv6):
    NetworkSettings.objects.all().delete()
    first_start.prepare(listeners)
    settings = network_settings.get()
    assert (settings.internal_ipv4, settings.internal_ipv6) == (ipv4, ipv6)
    assert Folder.objects.get().path == "/"


@pytest.mark.django_db(transaction=True)
def test_later_starts_change_nothing_that_people_have_set():
    NetworkSettings.objects.all().delete()
    first_start.prepare(["10.0.0.5:80"])
    network_settings.update({"internal_ipv4": None, "heartbeat_idle": 600}, user=None, now=NOW)
    for _ in range(2):
        first_start.prepare(["10.0.0.5:80"])
    settings = network_settings.get()
    assert (settings.internal_ipv4, settings.heartbeat_idle) == (None, 600)
    assert Folder.objects.count() == NetworkSettings.objects.count() == 1


@pytest.fixture(autouse=True)
def beginning():
    """The test database is empty: the folder says that its first start is not through."""
    data = django_settings.OPTIONS.data
    folder.write_mark(data, folder.new_mark(django_settings.OPTIONS, ""))


@pytest.fixture
def options(db, tmp_path):
    data = tmp_path / "data"
    folder.make(data)
    found = keys.make(data)
    Installation.objects.create(
        identity="abc", key_check=belonging.key_check(found, "abc"), sample=found.encrypt("abc")
    )
    return replace(django_settings.OPTIONS, data=data)


def examine(options, now=NOW):
    return {finding.what: finding for finding in health.examine(options, now=now)}


def test_sound_installation_passes(db, options):
    certificates.ensure(CertificateFiles.below(options.data), ["localhost"], now=NOW)
    found = examine(options)
    assert set(found) == {"database", "keys", "certificate", "disk", "listeners", "time zones", "jobs",
        "outside address", "forwarding headers", "database rights", "backup program", "front end",
    }  # fmt: skip
    assert all(finding.ok for finding in found.values()), found
    assert "schema up to date" in found["database"].words
    assert "runs out in 396 days" in found["certificate"].words


def test_certificate_is_no_fault_before_the_first_start(db, options):
    assert examine(options)["certificate"] == health.Finding(
        "certificate", True, "is made at the first start"
    )


def test_certificate_that_ran_out_is_a_fault(db, options):
    certificates.ensure(CertificateFiles.below(options.data), ["localhost"], now=NOW)
    assert not examine(options, NOW + timedelta(days=397))["certificate"].ok


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_own_certificate_that_cannot_be_read_is_a_fault_that_names_the_file(db, options, tmp_path, content):
    path = tmp_path / "own.pem"
    if content is not None:
        path.write_bytes(content)
    found = examine(replace(options, tls_certificate=str(path)))["certificate"]
    assert not found.ok
    assert "own.pem" in found.words


def test_key_file_that_others_can_read_is_a_fault(db, options):
    (options.data / keys.KEY_FILE).chmod(0o644)
    found = examine(options)["keys"]
    assert not found.ok
    assert "mode 644" in found.words


def test_key_file_that_cannot_be_used_is_a_fault(db, options):
    (options.data / keys.KEY_FILE).write_text("{")
    os.utime(options.data / keys.KEY_FILE, ns=(1, 1))
    found = examine(options)["keys"]
    assert not found.ok
    assert "Restore it from a backup" in found.words


def test_missing_migrations_are_a_fault(db, options):
    MigrationRecorder.Migration.objects.filter(app="tickets").delete()
    found = examine(options)["database"]
    assert not found.ok
    assert "roomkeeper migrate" in found.words


@pytest.mark.parametrize(
    ("http", "words"), [(("127.0.0.1:8080",), "only this machine"), (("10.0.0.5:80",), "10.0.0.5:80")]
)
def test_listeners_for_this_machine_alone_are_pointed_out(db, options, http, words):
    found = examine(replace(options, http=http, https=()))["listeners"]
    assert found.ok
    assert words in found.words
