"""Adding from a shell: one, a file, a range; what is asked, what is printed, which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.integration.adding.conftest import CLOSED
from tests.integration.adding.site import PASSWORD, Site
from tests.integration.api.test_command_line import Shell

from roomkeeper.accounts.models import User
from roomkeeper.jobs.models import Job
from roomkeeper.systems.models import State, System

pytestmark = pytest.mark.django_db(transaction=True)
LOGIN = ("--username", "admin", "--password-stdin")


@pytest.fixture
def shell(live_server, administrator: User) -> Shell:
    return Shell(live_server.url, administrator)


def test_one_is_added_by_its_address(site: Site, shell: Shell) -> None:
    endpoint = site.endpoint()
    words = ("systems", "add", "127.1.82.1", "--https-port", str(endpoint.https_port), *LOGIN, "--tag", "new")
    added = shell(*words, "--json", given=f"{PASSWORD}\n")
    told = json.loads(added.stdout)
    assert (told["name"], told["state"], told["tags"], told["warnings"]) == ("Room 1", "managed", ["new"], [])
    again = shell(*words, given=f"{PASSWORD}\n", code=1)
    assert "Already here: Room 1" in again.output


def test_wrong_password_and_nobody_there_are_told_with_what_to_do(site: Site, shell: Shell) -> None:
    endpoint = site.endpoint()
    words = ("systems", "add", "127.1.82.1", "--https-port", str(endpoint.https_port), *LOGIN)
    wrong = shell(*words, given="wrong\n", code=1)
    assert "refused the login" in wrong.output
    assert "Check the credentials" in wrong.output
    nobody = shell("systems", "add", "127.1.82.200", "--https-port", str(CLOSED), code=1)
    assert "refused the connection" in nobody.output


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("10.1.2.3", "--csv", "x.csv"),
        ("--mac", "00:11:22:33:44:55", "--csv", "x.csv"),
        ("10.1.2.3", "--password-stdin"),
        ("10.1.2.3", "--trust", "everybody"),
    ],
)
def test_what_does_not_fit_together_is_a_usage_error(shell: Shell, words: tuple[str, ...]) -> None:
    shell("systems", "add", *words, code=2)
    assert not Job.objects.exists()


def test_one_is_still_registered_before_it_phones_home(shell: Shell) -> None:
    told = shell.json("systems", "add", "--mac", "00:11:22:33:44:55", "--name", "Boardroom")
    assert (told["state"], told["name"]) == ("pre_registered", "Boardroom")


def test_file_adds_and_registers(site: Site, shell: Shell, tmp_path: Path, oslo) -> None:
    endpoint = site.endpoint()
    file = tmp_path / "rooms.csv"
    rows = (
        "host;https_port;username;password;name;folder;serial_number\n"
        f"127.1.82.1;{endpoint.https_port};admin;{PASSWORD};Boardroom;Oslo;\n"
        ";;;;Awaited;;FTT00000077\n"
        f"127.1.82.200;{CLOSED};admin;x;;;\n"
    )
    file.write_text(rows, encoding="utf-16")
    result = shell("systems", "add", "--csv", str(file), code=1)
    assert "1 of 3 could not be added" in result.output
    assert "Added: Boardroom" in result.output
    states = dict(System.objects.values_list("name", "state"))
    assert states == {"Boardroom": State.MANAGED, "Awaited": State.PRE_REGISTERED}
    assert System.objects.get(name="Boardroom").folder_id == oslo.pk


def test_range_is_looked_at_asked_for_and_followed(site: Site, shell: Shell) -> None:
    endpoint = site.endpoint(2)
    ports = ("--https-port", str(endpoint.https_port), "--http-port", str(endpoint.http_port))
    words = ("systems", "scan", "127.1.82.1-4", *LOGIN, *ports)
    looked = shell(*words, "--dry-run", given=f"{PASSWORD}\n").stdout
    assert "4 addresses" in looked
    assert "127.1.82.1 to 127.1.82.4." in looked
    assert "Logins: admin." in looked
    assert not Job.objects.exists()
    shell(*words, given=f"{PASSWORD}\nn\n", code=1)
    assert not Job.objects.exists()
    done = shell(*words, "--yes", given=f"{PASSWORD}\n").stdout
    assert "Added: Room 2" in done
    assert "127.1.82.3" not in done
    told = json.loads(shell(*words, "--yes", "--json", given=f"{PASSWORD}\n").stdout)
    assert (told["state"], told["counts"]["skipped"], told["counts"]["done"]) == ("done", 3, 1)
    assert len(told["items"]) == 4


def test_saved_logins_are_kept_and_used_from_a_shell(site: Site, shell: Shell) -> None:
    endpoint = site.endpoint()
    shell("credentials", "add", "AV team", "--username", "admin", "--password-stdin", given=f"{PASSWORD}\n")
    shell("credentials", "add", "Watch", "--kind", "community", "--community-stdin", given="public\n")
    listed = shell("credentials", "list").stdout
    assert "AV team" in listed
    assert PASSWORD not in listed
    words = ("systems", "add", "127.1.82.1", "--https-port", str(endpoint.https_port))
    told = shell.json(*words, "--credential", "AV team")
    assert told["name"] == "Room 1"
    shell("credentials", "delete", "Watch", "--yes")
    assert [one["name"] for one in shell.json("credentials", "list")["items"]] == ["AV team"]
