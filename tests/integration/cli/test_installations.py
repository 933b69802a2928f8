"""Every command holds to it that keys, database and folder belong together; processes of their own (rule R15)."""

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from tests.integration.cli.conftest import Folder

from roomkeeper.keys import KEY_FILE

pytestmark = pytest.mark.one_database

# Every command that opens the installation, and one of each process.
COMMANDS = (
    ("serve",),
    ("worker",),
    ("door",),
    ("web",),
    ("migrate",),
    ("user", "create", "anna"),
    ("token", "create", "boss"),
    ("secrets", "rotate"),
    ("backup", "create", "backup.tar.gz"),
    ("doctor",),
)
# Where all of them ask the same function, these stand for them: a process costs seconds.
SOME = (("serve",), ("user", "create", "anna"), ("doctor",))


def query(data: Path, statement: str):
    with closing(sqlite3.connect(data / "roomkeeper.sqlite3")) as connection, connection:
        return connection.execute(statement).fetchall()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_lost_key_file_is_never_made_anew(here, words):
    (here.data / KEY_FILE).unlink()
    before = here.files
    told = here.refused(*words)
    assert "Restore keys.json" in told
    assert "roomkeeper keys adopt" in told
    assert here.files == before


@pytest.mark.parametrize("words", SOME, ids=" ".join)
def test_other_keys_are_refused(here, words, foreign_keys):
    (here.data / KEY_FILE).write_bytes(foreign_keys)
    before = here.files
    assert "are not those with which" in here.refused(*words)
    assert here.files == before


@pytest.mark.parametrize("words", SOME, ids=" ".join)
def test_empty_database_beside_keys_is_no_new_installation(here, words):
    for path in here.data.glob("roomkeeper.sqlite3*"):
        path.unlink()
    before = here.files
    told = here.refused(*words)
    assert "Restore" in told
    assert here.files == before


@pytest.mark.parametrize("words", SOME, ids=" ".join)
def test_newer_data_are_refused(here, words):
    query(
        here.data,
        "INSERT INTO django_migrations (app, name, applied) VALUES ('systems', '0999_later', '2030-01-01')",
    )
    before = here.files
    told = here.refused(*words)
    assert "newer release" in told
    assert "systems.0999_later" in told
    assert here.files == before


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_folder_of_a_postgresql_database_is_not_given_a_second_one(here, words):
    mark = json.loads((here.data / "installation.json").read_text())
    mark |= {"kind": "PostgreSQL", "database": "rooms on db:5432", "config": "/etc/roomkeeper.toml"}
    (here.data / "installation.json").write_text(json.dumps(mark))
    (here.data / "roomkeeper.sqlite3").unlink()
    before = here.files
    told = here.refused(*words)
    assert "rooms on db:5432" in told
    assert "--config /etc/roomkeeper.toml" in told
    assert here.files == before


def test_doctor_makes_nothing(tmp_path):
    empty = Folder(tmp_path / "data")
    assert "does not exist" in empty.refused("doctor")
    assert not empty.data.exists()
    empty.data.mkdir(mode=0o700)
    empty.refused("doctor")
    assert list(empty.data.iterdir()) == []


def test_doctor_leaves_a_sound_installation_as_it_is(here):
    before = here.files
    assert here.run("doctor").returncode == 0
    assert here.files == before


@pytest.mark.parametrize("words", [("backup", "create", "b.tar.gz"), ("secrets", "rotate")], ids=" ".join)
def test_command_that_needs_an_installation_makes_none(tmp_path, words):
    empty = Folder(tmp_path / "data")
    assert "There is no installation" in empty.refused(*words)
    assert not empty.data.exists()
    assert not (tmp_path / "b.tar.gz").exists()


def test_keys_are_adopted_only_after_what_is_lost_was_read(here):
    (here.data / KEY_FILE).write_bytes(b'{"web": 1')
    # What may still be mended is not replaced.
    assert "move the file away, and run roomkeeper keys adopt" in here.refused("keys", "adopt", "--yes")
    (here.data / KEY_FILE).rename(here.data / "damaged.json")
    told = here.refused("keys", "adopt")
    assert "1 passwords of systems" in told
    assert "1 secrets by which systems prove themselves" in told
    assert "Nothing was changed" in told
    assert not (here.data / KEY_FILE).exists()
    old_secret = query(here.data, "SELECT digest FROM systems_systemsecret")
    done = here.run("keys", "adopt", "--yes")
    assert done.returncode == 0, done.stderr
    assert here.run("doctor").returncode == 0
    assert query(here.data, "SELECT password_ciphertext FROM systems_system") == [(b"",)]
    # Who does not know the new secret is nobody, whatever serial number it says.
    assert query(here.data, "SELECT digest FROM systems_systemsecret") != old_secret
    assert query(here.data, "SELECT count(*) FROM accounts_auditentry WHERE act = 'adopt keys'") == [(1,)]
    assert "nothing to adopt" in here.refused("keys", "adopt", "--yes")
    readable = here.inside(
        "from roomkeeper.systems.admission import secrets\nfrom roomkeeper.systems.models import SystemSecret\n"
        "one = SystemSecret.objects.get()\nassert bytes(one.digest) == secrets.digest(secrets.text_of(one))\n"
        "print('yes')"
    )
    assert readable == "yes"


def test_empty_database_is_adopted_as_a_new_installation(here):
    for path in here.data.glob("roomkeeper.sqlite3*"):
        path.unlink()
    assert here.run("keys", "adopt", "--yes").returncode == 0
    assert here.run("doctor").returncode == 0


def test_database_from_before_installations_had_an_id_is_known_by_its_secrets(here, foreign_keys):
    for statement in (
        "DROP TABLE installation_installation",
        "DROP TABLE installation_forwardingstranger",
        "DELETE FROM django_migrations WHERE app = 'installation'",
    ):
        query(here.data, statement)
    (here.data / "installation.json").unlink()
    kept = (here.data / KEY_FILE).read_bytes()
    (here.data / KEY_FILE).write_bytes(foreign_keys)
    assert "are not those with which" in here.refused("migrate")
    (here.data / KEY_FILE).write_bytes(kept)
    assert here.run("migrate").returncode == 0
    copies = list((here.data / "before-migration").iterdir())
    assert len(copies) == 1
    assert stat.S_IMODE(copies[0].stat().st_mode) == 0o600
    with closing(sqlite3.connect(copies[0])) as connection:
        assert connection.execute("SELECT count(*) FROM systems_system").fetchone() == (1,)
    assert here.run("doctor").returncode == 0
