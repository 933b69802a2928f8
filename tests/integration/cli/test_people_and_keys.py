"""`user`, `token`, `secrets` and `doctor`, in this process and on the test database."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import authenticate
from django.db import connection
from tests.cast import add_system
from typer.testing import CliRunner

from roomkeeper import keys
from roomkeeper.accounts import tokens
from roomkeeper.accounts.models import ApiToken, AuditEntry, RoleAssignment, User
from roomkeeper.cli.main import app
from roomkeeper.installation import folder
from roomkeeper.systems import inventory
from roomkeeper.systems.contact import credentials

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rk(monkeypatch):
    """Runs a command, and gives what it printed."""
    # Commands put their options into the environment, from which they go again with the test.
    data = django_settings.OPTIONS.data
    monkeypatch.setenv("ROOMKEEPER_DATA", str(data))
    # The test database was emptied: the folder says that its first start is not through.
    folder.write_mark(data, folder.new_mark(django_settings.OPTIONS, ""))

    def run(*words: str, code: int = 0, given: str = "") -> str:
        result = CliRunner().invoke(app, list(words), input=given)
        assert result.exit_code == code, result.output
        return result.output

    return run


def roles_of(name):
    return list(RoleAssignment.objects.filter(user__username=name).values_list("role", "folder__path"))


def test_user_is_created_with_the_password_from_standard_input(rk):
    told = rk(
        "user", "create", "anna", "--role", "administrator", "--password-stdin", given="correct horse 9\n"
    )
    assert told == "user anna created\n"
    assert authenticate(username="anna", password="correct horse 9").must_change_password is False
    assert roles_of("anna") == [("administrator", "/")]
    entry = AuditEntry.objects.get()
    assert (entry.road, entry.act, entry.object_label) == ("cli", "create user", "anna")
    assert "correct horse" not in str(entry.details)


def test_user_without_a_password_gets_a_one_time_one(rk):
    told = rk("user", "create", "berit").splitlines()
    assert told[0] == "user berit created"
    password = re.fullmatch("one-time password (.{12,})", told[1])[1]
    assert authenticate(username="berit", password=password).must_change_password
    assert roles_of("berit") == []


def test_service_account_has_a_token_and_no_password(rk):
    assert rk("user", "create", "robot", "--service-account", "--role", "viewer") == "user robot created\n"
    user = User.objects.get()
    assert (user.is_service_account, user.has_usable_password(), user.must_change_password) == (
        True,
        False,
        False,
    )
    token = rk("token", "create", "robot", "--name", "monitoring").strip()
    assert tokens.find_user(token, now=datetime.now(UTC)) == user
    assert ApiToken.objects.get().name == "monitoring"
    made = ApiToken.objects.get()
    assert made.expires_at == made.created_at + timedelta(days=90)
    assert not made.is_read_only
    assert token not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    ("lifetime", "duration"),
    [("30d", timedelta(days=30)), ("12h", timedelta(hours=12)), ("90m", timedelta(minutes=90))],
)
def test_token_lives_as_long_as_it_was_asked_to(rk, operator, lifetime, duration):
    rk("token", "create", "operator", "--expires", lifetime)
    token = ApiToken.objects.get()
    assert token.expires_at - token.created_at == duration


@pytest.mark.parametrize(
    ("words", "given", "code", "sentence"),
    [
        (["user", "create", "operator"], "", 1, "An account named operator already exists"),
        (["user", "create", "carl", "--role", "king"], "", 2, "'king' is not a role"),
        (["user", "create", "carl", "--password-stdin"], "short\n", 1, "too short"),
        (["user", "create", "carl", "--password-stdin"], "", 1, "too short"),
        (["user", "create", "carl", "--password-stdin"], "password1234\n", 1, "too common"),
        (["user", "create", "two words"], "", 1, "1 to 150 letters"),
        (["token", "create", "carl"], "", 1, "no user named carl"),
        (["token", "create", "operator", "--expires", "soon"], "", 2, "is not a duration"),
        (["token", "create", "operator", "--expires", "30"], "", 2, "is not a duration"),
        (["token", "create", "operator", "--expires", "-1d"], "", 2, "is not a duration"),
        (["user", "create"], "", 2, "Missing argument"),
    ],
)
def test_what_cannot_be_is_refused_in_words_with_its_exit_code(rk, operator, words, given, code, sentence):
    assert sentence in rk(*words, given=given, code=code)
    assert list(User.objects.all()) == [operator]
    assert not ApiToken.objects.exists()


def test_rotated_keys_leave_every_secret_readable(rk):
    system = add_system("Boardroom", inventory.root_folder(), 1)
    credentials.set_credentials(system, "admin", "correct horse")
    before = keys.load(django_settings.OPTIONS.data)
    assert rk("secrets", "rotate") == "1 stored secrets were encrypted again\n"
    after = keys.load(django_settings.OPTIONS.data)
    assert len(after.encryption) == 1
    assert not set(after.encryption) & set(before.encryption)
    assert after.digest_key == before.digest_key
    system.refresh_from_db()
    assert credentials.password_of(system) == "correct horse"


def test_doctor_finds_nothing_wrong_with_a_sound_installation(rk):
    rk("migrate")
    lines = rk("doctor").splitlines()
    assert len(lines) >= 12
    assert all(line.startswith("ok ") for line in lines), lines


def test_doctor_says_what_is_wrong_and_exits_with_1(rk, tmp_path):
    keys.make(tmp_path)
    (tmp_path / keys.KEY_FILE).chmod(0o644)
    told = rk("doctor", "--data", str(tmp_path), code=1)
    assert "FAIL keys: keys.json can be read by others (mode 644)" in told
    found = json.loads(rk("doctor", "--json", "--data", str(tmp_path), code=1))
    assert [one["what"] for one in found if not one["ok"]] == ["keys"]


def test_migrating_what_is_up_to_date_changes_nothing(rk):
    assert rk("migrate") == "the database has this version's schema\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [("RETENTION_DAYS", "soon"), ("TRUSTED_PROXIES", "here"), ("CONFIG", "no-such-file.toml")],
)
def test_setting_that_cannot_be_used_stops_every_command_with_2(rk, monkeypatch, name, value):
    monkeypatch.setenv(f"ROOMKEEPER_{name}", value)
    for words in (["doctor"], ["migrate"], ["user", "create", "anna"], ["secrets", "rotate"]):
        told = rk(*words, code=2)
        assert name in told or value in told


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="on PostgreSQL the database holds the installation"
)
def test_restoring_over_a_database_in_use_needs_to_be_said(rk, tmp_path):
    assert "Use --force" in rk("backup", "restore", str(tmp_path / "backup.tar.gz"), code=1)
    assert User._meta.db_table in connection.introspection.table_names()
