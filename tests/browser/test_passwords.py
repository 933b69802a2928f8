"""A generated password, set on a virtual endpoint through the page and proven while one looks."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.test_diagnosis import open_system
from tests.declared import act_of

pytestmark = pytest.mark.browser


def test_a_generated_password_is_set_and_proven(page: Page) -> None:
    open_system(page, "Boardroom", "LAN")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Set its password…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Boardroom")).to_be_visible()
    expect(dialog.get_by_text("Proven by a login")).to_be_visible()
    expect(dialog.get_by_label("Once more")).to_be_hidden()
    dialog.get_by_role("radio", name="typed").check()
    expect(dialog.get_by_label("Once more")).to_be_visible()
    dialog.get_by_role("radio", name="generated").check()
    dialog.get_by_role("button", name=act_of("systems", "password").button).click()
    row = page.locator("#live-actions").get_by_role("row").filter(has_text="a new password for admin").first
    expect(row.get_by_text("CONFIRMED", exact=True)).to_be_visible(timeout=30_000)
    expect(row.get_by_text("a login with the new password worked")).to_be_visible()


def test_an_authority_is_looked_at_before_it_is_installed(page: Page) -> None:
    open_system(page, "Boardroom", "LAN")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Install an authority…").click()
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("Nothing has been sent yet.")).to_be_visible()
    expect(page.get_by_text(re.compile("^([0-9A-F]{2}:){31}[0-9A-F]{2}$"))).to_be_visible()
    page.locator("main").get_by_role("button", name=act_of("systems", "authorities").button).click()
    row = page.locator("#live-actions").get_by_role("row").filter(has_text="Certificates/CA/Add").first
    expect(row.get_by_text("CONFIRMED", exact=True)).to_be_visible(timeout=30_000)
