"""`roomkeeper templates` against a server over a real socket."""

from pathlib import Path

import pytest
from tests.integration.api.test_command_line import Shell
from tests.integration.configuration_templates.conftest import report

from roomkeeper.accounts.models import User
from roomkeeper.provisioning.models import ChangeItem
from roomkeeper.systems.models import System


@pytest.fixture
def shell(live_server: object, administrator: User) -> Shell:
    return Shell(live_server.url, administrator)  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
def test_templates_from_the_shell(shell: Shell, boardroom: System, vault: System, tmp_path: Path) -> None:
    report(boardroom, {"Audio/DefaultVolume": "10", "Standby/Control": "On"})
    report(vault, {"Audio/DefaultVolume": "40"})
    made = shell.json(
        "templates",
        "create",
        "Rooms",
        "--set",
        "Audio DefaultVolume=40",
        "--set",
        "SIP/Authentication/Password=swordfish",
        "--run",
        "xCommand Audio Volume Set Level: 4",
    )
    assert made["version"] == 1
    assert "Audio Volume Set Level: 4" in shell("templates", "show", "Rooms").stdout
    assert "swordfish" not in shell("templates", "show", "Rooms").stdout

    text = tmp_path / "more.txt"
    text.write_text("xConfiguration Standby Control: Off\n", "utf-8")
    shell("templates", "edit", "Rooms", "--file", str(text), "--note", "Replaced")
    shell("templates", "edit", "Rooms", "--set", "Audio/DefaultVolume=40", "--set", "Time/Zone=Etc/UTC")
    shell("templates", "edit", "Rooms", "--unset", "time zone")
    assert "There is no" not in shell("templates", "edit", "Rooms", "--unset", "Nope", code=1).stderr
    shown = shell.json("templates", "show", "Rooms")
    assert [one["path"] for one in shown["settings"]] == ["Standby/Control", "Audio/DefaultVolume"]  # type: ignore[attr-defined]
    assert "Replaced" in shell("templates", "versions", "Rooms").stdout
    assert "removed" in shell("templates", "diff", "Rooms", "1").stdout

    plan = shell("templates", "plan", "Rooms", "all").stdout
    assert "1 systems will change, 0 are already set, 1 cannot." in plan
    assert "not on this device" in plan
    shell("templates", "apply", "Rooms", "Boardroom", "--dry-run")
    assert not ChangeItem.objects.exists()
    assert shell.json("templates", "apply", "Rooms", "Boardroom")["change_set"]
    assert "folder Oslo" in shell("templates", "assign", "Rooms", "--folder", "Oslo").stdout
    listed = shell.json("templates", "assignments", "Rooms")["items"]
    shell("templates", "unassign", "Rooms", str(listed[0]["id"]))  # type: ignore[index]

    exported = tmp_path / "rooms.json"
    exported.write_text(shell("templates", "export", "Rooms").stdout, "utf-8")
    assert shell.json("templates", "import", str(exported), "--name", "Halls")["name"] == "Halls"
    assert "DefaultVolume" in shell("templates", "suggest", "volume").stdout
    assert "nonsense" not in shell("templates", "check", str(text)).stdout
    text.write_text("nonsense", "utf-8")
    assert "cannot be read" in shell("templates", "check", str(text), code=1).stderr
    assert "Halls" in shell("templates").stdout
    shell("templates", "set", "Halls", "--enforcement", "by_hand", "--name", "Big halls")
    shell("templates", "create", "Box", "--from-system", "Vault", "--path", "Audio/DefaultVolume")
    shell("templates", "delete", "Box", "--yes")
