"""A command is found by completion, confirmed, run on a virtual endpoint, and its answer appears by itself."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def open_form(page: Page) -> None:
    """The form of the Boardroom, once it can be reached and has told its commands."""
    page.goto("/systems/")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=re.compile("^Boardroom")))
    expect(row.get_by_text("LAN", exact=True)).to_be_visible(timeout=60_000)
    row.get_by_role("link", name=re.compile("^Boardroom")).click()
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Run a command…").click()
    # It is asked for them now, and they appear by themselves.
    expect(page.locator("#command-hint")).to_contain_text("commands that Boardroom reported", timeout=60_000)


def test_a_command_is_chosen_run_and_answered(page: Page) -> None:
    open_form(page)
    command = page.get_by_role("combobox", name="Command", exact=True)
    assert page.locator('#known-commands option[value="Audio Volume Set"]').count() == 1
    command.fill("Audio Volume Set")
    command.press("Tab")
    level = page.get_by_label("Level", exact=True)
    expect(level).to_have_attribute("max", "100")
    level.fill("37")
    page.get_by_role("button", name="Run it…").click()
    expect(page.get_by_text("xCommand Audio Volume Set Level: 37")).to_be_visible()
    page.get_by_role("button", name="Run it", exact=True).click()
    expect(page.get_by_role("heading", name="Audio/Volume/Set on Boardroom")).to_be_visible()
    action = page.locator("#action")
    expect(action.get_by_text("CONFIRMED").first).to_be_visible(timeout=60_000)

    page.get_by_role("link", name="Run it again…").click()
    expect(page.get_by_label("Level", exact=True)).to_have_value("37")
    page.get_by_role("combobox", name="Command", exact=True).fill("xCommand Time DateTime Get")
    page.keyboard.press("Tab")
    expect(page.get_by_text("It has no parameters.")).to_be_visible()
    page.get_by_role("button", name="Run it…").click()
    page.get_by_role("button", name="Run it", exact=True).click()
    answer = page.locator("#action").get_by_role("row").filter(has_text="Year")
    expect(answer).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("width", [1440, 900])
def test_the_form_fits_its_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_form(page)
    page.goto(page.url + "?command=SystemUnit+FactoryReset")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
