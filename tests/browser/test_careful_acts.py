"""Acts that must not lose a room: a restart, Secure-Only, a change and its undoing, a login for many."""

import base64
import re
import tomllib
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.acceptance.device import request
from tests.browser.conftest import Server
from tests.declared import act_of

from roomkeeper.provisioning import holding

pytestmark = pytest.mark.browser


def open_system(page: Page, name: str) -> None:
    page.goto("/systems/")
    page.get_by_role("link", name=name, exact=True).click()


def test_a_restart_asks_when(page: Page, tmp_path: Path) -> None:
    open_system(page, "Boardroom")
    page.get_by_role("link", name="Restart").click()
    dialog = page.get_by_role("dialog")
    during_calls, only_in_window = (one.label for one in act_of("systems", "restart").takes)
    expect(dialog.get_by_label(during_calls)).not_to_be_checked()
    dialog.get_by_label(only_in_window).check()
    page.screenshot(path=tmp_path / "restart.png")
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()


def run_on_device(demo: Server, name: str, command: str) -> None:
    """As somebody does who stands in the room."""
    plan = tomllib.loads((demo.data / "demo-fleet.toml").read_text("utf-8"))
    room = next(one for one in plan["endpoint"] if one["name"] == name)
    login = base64.b64encode(f"{room['username']}:{room['password']}".encode()).decode()
    answer = request(
        "POST",
        f"https://{room['address']}:{room['https_port']}/putxml",
        f"<Command>{command}</Command>".encode(),
        headers={"Authorization": f"Basic {login}", "Content-Type": "text/xml"},
    )
    assert b'status="OK"' in answer.body


def test_a_restart_knows_of_the_call_and_waits_for_its_end(page: Page, demo: Server, tmp_path: Path) -> None:
    run_on_device(demo, "Lobby", '<Dial command="True"><Number>aula@uni.invalid</Number></Dial>')
    page.goto("/systems/")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Lobby", exact=True))
    expect(row).to_contain_text("in call", timeout=60_000)
    open_system(page, "Lobby")
    page.get_by_role("link", name="Restart").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("in a call with aula@uni.invalid")
    page.screenshot(path=tmp_path / "restart-in-call.png")
    dialog.get_by_role("button", name="Restart").click()
    actions = page.get_by_role("table").filter(has_text="Action: Restart")
    expect(actions).to_contain_text(holding.IN_CALL)
    page.screenshot(path=tmp_path / "waits.png")
    run_on_device(demo, "Lobby", '<Call><Disconnect command="True"/></Call>')
    expect(actions).to_contain_text("CONFIRMED", timeout=60_000)


def test_a_template_is_made_persistent_on_the_planned_systems(page: Page, tmp_path: Path) -> None:
    page.goto("/templates/new/")
    page.get_by_label("Name", exact=True).fill("Soon in standby")
    page.get_by_label("Setting 1", exact=True).fill("Standby/Delay")
    page.get_by_label("Value 1", exact=True).fill("7")
    page.get_by_role("button", name="Store", exact=True).click()
    page.get_by_role("link", name="Plan and apply…").click()
    page.get_by_label("System's name").fill("Boardroom")
    page.get_by_role("button", name="Plan these").click()
    page.get_by_role("link", name="Make it persistent…").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("persistent on 1 system?")
    page.screenshot(path=tmp_path / "persistent.png")
    dialog.get_by_role("button", name="Make it persistent").click()
    expect(page.get_by_text("It is persistent.")).to_be_visible()
    expect(page.get_by_role("heading", name="Systems on which it is enforced")).to_be_visible()
    expect(page.get_by_role("link", name="Boardroom").first).to_be_visible()


def test_secure_only_of_one_system_is_a_move_that_is_followed(page: Page, tmp_path: Path) -> None:
    open_system(page, "Boardroom")
    page.get_by_role("link", name="Connection").click()
    page.get_by_role("link", name="Turn Secure-Only on").click()
    expect(page.get_by_label("It does already")).to_be_checked()
    page.screenshot(path=tmp_path / "secure-only.png", full_page=True)
    page.get_by_role("button", name="Begin").click()
    expect(page).to_have_url(re.compile(r"/secure-only/\d+/$"))
    expect(page.get_by_role("link", name="Boardroom")).to_be_visible()
    page.screenshot(path=tmp_path / "move.png", full_page=True)


def test_a_change_is_undone_after_a_look_at_what_that_does(page: Page, tmp_path: Path) -> None:
    page.goto("/systems/")
    page.get_by_label("Choose all rows of this page").check()
    page.get_by_role("button", name="Change a setting").click()
    page.get_by_label("Setting", exact=True).fill("Audio/DefaultVolume")
    page.get_by_label("Value", exact=True).fill("41")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name=re.compile("^Ask it of")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Change set")
    page.get_by_role("link", name="Undo…").click()
    expect(page.get_by_role("table", name="Restored", exact=True)).to_contain_text("Audio/DefaultVolume")
    page.screenshot(path=tmp_path / "undo.png", full_page=True)
    page.get_by_role("button", name=re.compile("^Undo on")).click()
    expect(page.get_by_text("Undoes change set")).to_be_visible()
    page.screenshot(path=tmp_path / "undone.png", full_page=True)


def test_a_login_is_stored_and_tried_on_many(page: Page, tmp_path: Path) -> None:
    page.goto("/systems/")
    page.get_by_label("Choose all rows of this page").check()
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name=act_of("systems", "login").button).click()
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill("not the right one")
    page.screenshot(path=tmp_path / "login.png", full_page=True)
    page.get_by_role("button", name=act_of("systems", "login").button).click()
    expect(page).to_have_url(re.compile(r"/jobs/\d+/$"))
    expect(page.get_by_text("The login works on 0, not on 4.")).to_be_visible(timeout=60_000)
    page.screenshot(path=tmp_path / "job.png", full_page=True)
