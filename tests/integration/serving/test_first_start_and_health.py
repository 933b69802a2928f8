"""Making an installation usable, and examining it."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from tests.cast import add_system

from roomkeeper import keys
from roomkeeper.installation import belonging, folder
from roomkeeper.installation.models import Installation
from roomkeeper.jobs import checks
from roomkeeper.jobs.models import Worker
from roomkeeper.serving import certificates, first_start, health
from roomkeeper.serving.certificates import CertificateFiles
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import Folder, NetworkSettings, StoredDocument
from roomkeeper.systems.ticket_kinds import all_kinds

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
        "outside address", "forwarding headers", "database rights", "isolation", "backup program", "front end",
        "certificate names", "clock",
    }  # fmt: skip
    assert all(finding.ok for finding in found.values()), found
    assert "schema up to date" in found["database"].words
    assert "runs out in 396 days" in found["certificate"].words


def test_certificate_is_no_fault_before_the_first_start(db, options):
    assert examine(options)["certificate"] == health.CheckResult(
        "certificate", True, "is created at the first start"
    )


@pytest.mark.parametrize(("days", "ok"), [(-2, False), (0, True), (374, True), (376, False), (397, False)])
def test_certificate_that_is_not_valid_or_not_for_long_is_a_fault(db, options, days, ok):
    certificates.ensure(CertificateFiles.below(options.data), ["localhost"], now=NOW)
    assert examine(options, NOW + timedelta(days=days))["certificate"].ok is ok


def test_certificate_has_to_hold_for_the_hosts_that_systems_are_told(db, options):
    options = replace(options, https=("10.0.0.5:443",))
    certificates.ensure(CertificateFiles.below(options.data), ["*.example.org", "10.0.0.5"], now=NOW)
    for host, ok in (
        ("rooms.example.org", True),
        ("ROOMS.example.org", True),
        ("10.0.0.5", True),
        ("a.rooms.example.org", False),
        ("10.0.0.6", False),
    ):
        network_settings.update({"outside_public_host": host}, user=None, now=NOW)
        found = examine(options)["certificate names"]
        assert found.ok is ok, host
        assert ok or host in found.words
    proxied = replace(options, trusted_proxies=("10.0.0.9/32",))
    assert examine(proxied)["certificate names"].ok


def told_by(system, offset, now=NOW):
    StoredDocument.objects.create(
        system=system, kind="status", received_at=now, read_at=now, content=b"", size=0, clock_offset=offset
    )


@pytest.mark.parametrize(
    ("offsets", "ok", "words"),
    [
        ((), True, "no system has told its time lately"),
        ((0, 1, -1), True, "with 3 of 3 systems"),
        # One device whose battery is empty, or some that differ in both directions, say nothing of this machine.
        ((0, 0, -90_000_000), True, "with 2 of 3 systems"),
        ((3600, 3600, -3600, -3600), True, "with 0 of 4 systems"),
        ((3600, 3605, 3590, 0), False, "is 1 hour behind of those of 3 of 4 systems"),
        ((-3600, -3600, -3600), False, "is 1 hour ahead of those of 3 of 3 systems"),
    ],
)
def test_clock_from_which_most_systems_differ_is_wrong_itself(options, root_folder, offsets, ok, words):
    for number, offset in enumerate(offsets):
        told_by(add_system(f"Room {number}", root_folder, number), offset)
    found = examine(options)["clock"]
    assert found.ok is ok
    assert words in found.words


def test_what_systems_told_yesterday_says_nothing_of_the_clock_now(options, root_folder):
    for number in range(3):
        told_by(add_system(f"Room {number}", root_folder, number), 3600, NOW - timedelta(days=1, seconds=1))
    assert examine(options)["clock"].ok


def test_full_disk_is_a_fault(options, monkeypatch):
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 1 << 62)
    assert not examine(options)["disk"].ok


def test_every_check_that_opens_a_ticket_has_its_kind_declared(options):
    health.register_checks(options)
    names = {check.name for check in checks.with_tickets()}
    assert names == {
        "jobs do not run", "outside address", "forwarding headers", "database rights", "backup program", "front end",
        "disk nearly full", "server certificate expires", "server certificate names", "server clock is wrong",
    }  # fmt: skip
    kinds = all_kinds()
    for check in checks.with_tickets():
        assert kinds[check.name].level == check.ticket
        assert kinds[check.name].about == "server"


def test_process_without_its_keys_is_not_ready_and_names_no_folder(options):
    health.register_checks(options)
    assert "keys" not in [one.what for one in checks.hindrances(now=NOW)]
    (options.data / keys.KEY_FILE).unlink()
    (fault,) = [one for one in checks.hindrances(now=NOW) if one.what == "keys"]
    assert str(options.data) not in fault.words + fault.what


def test_doctor_excuses_jobs_only_while_no_process_of_the_server_shows_itself(options):
    assert examine(options)["jobs"].ok
    Worker.objects.create(name="one", expires_at=NOW + timedelta(seconds=30), problem="No right.")
    assert not examine(options)["jobs"].ok


@pytest.mark.skipif(connection.vendor != "postgresql", reason="of SQLite no sessions are known")
def test_session_of_another_process_says_that_jobs_are_expected(options):
    other = connection.copy()
    try:
        other.ensure_connection()
        assert not examine(options)["jobs"].ok
    finally:
        other.close()


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
    ("http", "trusted", "outside", "words"),
    [
        ("127.0.0.1:8080", (), "", "127.0.0.1:8080; only this machine can reach the server"),
        ("127.0.0.1:8080", (), "rooms.example.org", "127.0.0.1:8080, called at the outside address"),
        ("127.0.0.1:8080", ("127.0.0.1/32",), "", "127.0.0.1:8080, behind a proxy at 127.0.0.1/32"),
        ("10.0.0.5:80", (), "", "10.0.0.5:80"),
    ],
)
def test_listeners_for_this_machine_alone_are_pointed_out(db, options, http, trusted, outside, words):
    network_settings.update({"outside_public_host": outside}, user=None, now=NOW)
    found = examine(replace(options, http=(http,), https=(), trusted_proxies=trusted))["listeners"]
    assert found.ok
    assert found.words.startswith(words)
    assert ("only this machine" in found.words) is ("only this machine" in words)
