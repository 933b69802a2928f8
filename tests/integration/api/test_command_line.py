"""The remote commands against a server over a real socket."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from django.utils import timezone
from tests.cast import add_system
from typer.testing import CliRunner, Result

from roomkeeper.accounts import tokens
from roomkeeper.accounts.models import User
from roomkeeper.cli import remote
from roomkeeper.jobs.models import Job, Worker
from roomkeeper.provisioning.models import Action, ChangeItem, Drift
from roomkeeper.secure_only.models import Member, Move
from roomkeeper.systems.models import State, System
from roomkeeper.tickets.models import Ticket


class Shell:
    """Runs commands as the owner of a token."""

    def __init__(self, url: str, user: User) -> None:
        _, text = tokens.create_token(user, now=timezone.now())
        self.environment = {"ROOMKEEPER_URL": url, "ROOMKEEPER_TOKEN": text}
        self.program = typer.Typer()
        remote.mount(self.program)

    def __call__(self, *words: str, code: int = 0, given: str = "") -> Result:
        result = CliRunner().invoke(self.program, list(words), env=self.environment, input=given)
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(self(*words, "--json").stdout)
        return found


@pytest.fixture
def shell(live_server: object, administrator: User) -> Shell:
    return Shell(live_server.url, administrator)  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
def test_a_day_with_the_command_line(
    shell: Shell, boardroom: System, home_office: System, vault: System, tmp_path: Path
) -> None:
    listed = shell("systems", "list", "connectivity=behind_firewall").stdout
    assert "Home Office" in listed
    assert "Boardroom" not in listed
    assert shell.json("systems", "list", "--folder", "Oslo", "--sort", "-name")["items"][0]["name"] == "Vault"  # type: ignore[index]
    assert shell.json("systems", "show", "Home Office")["id"] == home_office.pk

    told = shell.json("systems", "set", "Home Office", "--name", "Den", "--tag", "home", "--lock")
    assert (told["name"], told["tags"], told["connectivity_is_locked"]) == ("Den", ["home"], True)
    assert "SystemUnit/Name" in shell("changes", "show", str(told["change_set"])).stdout
    assert "1 settings were cancelled" in shell("changes", "cancel", str(told["change_set"])).stdout

    assert shell.json("systems", "set", "Home Office", "--no-tags", "--unlock")["tags"] == []
    shell("systems", "tag", "Home Office", "Boardroom", "--add", "court", "--add", "loaner")
    shell("systems", "lock", "Home Office", "Boardroom")
    told = shell.json("systems", "show", "Home Office")
    assert (told["tags"], told["connectivity_is_locked"]) == (["court", "loaner"], True)
    assert (
        "one system"
        in shell("systems", "approve", "Home Office", "Boardroom", "--source", "10.0.0.1", code=2).stderr
    )
    plan = shell("changes", "create", "all", "Audio/DefaultVolume=40", "--dry-run").stdout
    assert "3 systems will change" in plan
    made = shell.json("changes", "create", "folder=Oslo", "Audio/DefaultVolume=40", "--persistent")
    assert ChangeItem.objects.filter(change__change_set=made["id"]).count() == 2
    assert "Audio" not in shell("changes", "list").stdout

    shell("run", "folder=Oslo", "xcommand", "Standby", "Activate")
    shell(
        "run",
        "Home Office",
        "xcommand",
        "UserInterface",
        "Message",
        "Alert",
        "Display",
        "Text:",
        "-5 minutes",
    )
    assert Action.objects.get(system=home_office).arguments == [["Text", "-5 minutes"]]
    assert len(shell.json("actions", "list", "state=waiting")["items"]) == 3  # type: ignore[arg-type]

    file = tmp_path / "rooms.csv"
    file.write_text("serial_number,folder\nFTT50,Oslo\nFTT51,Bergen\n")
    shell("systems", "import", str(file))
    again = shell("systems", "import", str(file), code=1)
    assert "2 of 2 could not be done" in again.stderr
    assert System.objects.filter(state=State.PRE_REGISTERED).count() == 2

    waiting = add_system("Unknown", home_office.folder, 77, state=State.PENDING)
    assert "Unknown" in shell("systems", "list", "--state", "pending").stdout
    shell("systems", "approve", str(waiting.pk), "--folder", "Oslo")
    shell("systems", "block", "Unknown")
    assert "Blocked" in shell("systems", "timeline", "Unknown").stdout
    assert shell("systems", "export").stdout.splitlines()[0].startswith("id,name,")

    ticket = Ticket.objects.create(system=boardroom, kind="identity changed", reason="swapped")
    assert "swapped" in shell("tickets", "list").stdout
    assert shell.json("tickets", "close", str(ticket.pk), "--reason", "done")["state"] == "closed"

    assert (
        "rooms.example.org"
        in shell(
            "network-settings",
            "set",
            "internal.fqdn=rooms.example.org",
            "heartbeat.idle=600",
            "admission.networks=10.0.0.0/8,10.1.0.0/16",
        ).stdout
    )
    shell("folders", "add", "HQ", "--parent", "Oslo")
    shell("folders", "move", "Oslo/HQ", "Bergen")
    assert "Bergen / HQ" in shell("folders", "list").stdout
    user = shell.json("users", "add", "kari", "--role", "operator@Oslo", "--role", "viewer")
    assert len(user["roles"]) == 2  # type: ignore[arg-type]
    shell("groups", "add", "Team")
    assert shell.json("groups", "set", "Team", "--user", "kari")["users"] == [user["id"]]
    assert "create user" in shell("audit", "list", "object_kind=user").stdout
    token = shell.json("tokens", "add", "--name", "robot", "--expires-in-days", "3")
    shell("tokens", "delete", str(token["id"]))

    assert "that you can see" in shell("systems", "show", "Nowhere", code=1).stderr
    assert "unknown parameter" in shell("systems", "list", "colour=red", code=1).stderr
    assert shell("systems", "delete", "Home Office", given="n\n", code=1).exit_code == 1
    shell("systems", "delete", "Home Office", "--yes")
    shell("systems", "colour", code=2)
    shell("systems", "set", "Vault", code=2)
    shell.environment["ROOMKEEPER_TOKEN"] = "nonsense"
    assert "Not signed in" in shell("systems", "list", code=1).stderr


@pytest.mark.django_db(transaction=True)
def test_a_folder_is_found_by_id_name_or_path(shell: Shell, boardroom: System, home_office: System) -> None:
    shell("folders", "add", "HQ", "--parent", "Oslo")
    key = shell.json("folders", "add", "HQ", "--parent", "Bergen")["id"]
    shell("folders", "add", "Annex", "--parent", "Oslo")
    for text in (str(key), "bergen/hq", "Bergen / HQ"):
        assert shell.json("folders", "show", text)["id"] == key
    assert shell.json("folders", "show", "annex")["path"] == "Oslo / Annex"
    assert shell.json("folders", "show", "all systems")["parent"] is None
    for text in ("HQ", "Stavanger"):
        assert text in shell("folders", "show", text, code=1).stderr


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("resource", sorted(remote.commands))
def test_a_resource_alone_is_its_list(resource: str, shell: Shell, boardroom: System) -> None:
    # Somebody has to do the jobs, or `this-server` tells a fault.
    Worker.objects.create(name="one", expires_at=timezone.now() + timedelta(seconds=10))
    shell(resource)
    assert shell.json(resource)
    shell(resource, "--json", "show" if resource in ("network-settings", "this-server") else "list", code=2)


@pytest.mark.django_db(transaction=True)
def test_long_lists_are_given_whole(shell: Shell, boardroom: System) -> None:
    Job.objects.bulk_create([Job(kind="poll", title=f"Poll {number}") for number in range(60)])
    Drift.objects.bulk_create(
        [
            Drift(
                system=boardroom,
                path=f"A/B{number}",
                match_key=f"a/b{number}",
                layer="persistent",
                enforcement="by_hand",
                wanted="1",
                found="2",
                since=timezone.now(),
            )
            for number in range(60)
        ]
    )
    moves = Move.objects.bulk_create([Move() for _ in range(60)])
    Member.objects.bulk_create([Member(move=move, system=boardroom, wave=0) for move in moves])
    for words in (("jobs", "list"), ("drift", "list"), ("secure-only", "list")):
        assert len(shell.json(*words)["items"]) == 50  # type: ignore[arg-type]
        assert len(shell.json(*words, "--all")["items"]) == 60  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_a_phone_book_is_imported_from_a_file_or_standard_input(shell: Shell, tmp_path: Path) -> None:
    shell("phone-books", "create", "Corporate")
    file = tmp_path / "people.csv"
    file.write_text("name,sip\nAnn,ann@example.org\nBob,bob@example.org\n", "utf-8-sig")
    shell("phone-books", "import", "Corporate", str(file))
    assert "bob@example.org" in shell("phone-book-entries", "list", "book_name=Corporate").stdout
    shell("phone-books", "import", "Corporate", "-", "--may-shrink", given="name,sip\nCid,cid@example.org\n")
    names = shell("phone-book-entries", "list").stdout
    assert "Cid" in names
    assert "Bob" not in names
    assert (
        "cannot be read" in shell("phone-books", "import", "Corporate", str(tmp_path / "no"), code=2).stderr
    )
