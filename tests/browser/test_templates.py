"""From one room's settings to every room's: a template is picked, planned, applied and confirmed by the endpoints."""

import re
from time import monotonic

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

REPORT_TIME = 90.0


def pick_boardroom(page: Page) -> None:
    """Choose the Boardroom, once it has reported its configuration."""
    deadline = monotonic() + REPORT_TIME
    while True:
        page.goto("/templates/from-system/")
        found = page.get_by_label("System", exact=True).locator("option").filter(has_text="Boardroom")
        if found.count():
            page.get_by_label("System", exact=True).select_option(found.first.get_attribute("value"))
            return
        assert monotonic() < deadline, "the Boardroom did not report its configuration"
        page.wait_for_timeout(1000)


def test_settings_of_one_room_are_given_to_all(page: Page) -> None:
    pick_boardroom(page)
    page.get_by_label("Audio/DefaultVolume", exact=True).check()
    page.get_by_role("button", name="Make a template of the chosen…").click()
    expect(page.get_by_label("Setting 1", exact=True)).to_have_value("Audio/DefaultVolume")
    page.get_by_label("Name", exact=True).fill("Quiet rooms")
    page.get_by_label("Value 1", exact=True).fill("33")
    page.get_by_label("Setting 2", exact=True).fill("Nothing/There")
    page.keyboard.press("Tab")
    expect(page.locator("#hint-2")).to_contain_text("not on this device")
    page.get_by_label("Setting 2", exact=True).fill("")
    page.get_by_role("button", name="Store", exact=True).click()
    expect(page.get_by_text("Nothing was sent")).to_be_visible()

    page.get_by_role("link", name="Plan and apply…").click()
    page.get_by_role("button", name="All managed systems").click()
    expect(page.get_by_label("Counts")).to_contain_text("will change")
    page.get_by_role("link", name="Apply once…").click()
    page.locator("#dialog").get_by_role("button", name="Apply it once").click()
    expect(page.get_by_role("heading", name=re.compile("Change set"))).to_be_visible()
    confirmed = page.locator("#change-set-counts a").filter(has_text="CONFIRMED").locator("strong")
    expect(confirmed).not_to_have_text("0", timeout=REPORT_TIME * 1000)

    page.goto("/templates/")
    page.get_by_role("link", name="Quiet rooms").click()
    page.get_by_role("link", name="Where used").click()
    expect(page.get_by_label("Uses").get_by_role("row")).to_have_count(2)


@pytest.mark.parametrize("address", ["/templates/", "/templates/new/", "/templates/from-system/"])
@pytest.mark.parametrize("width", [1440, 900])
def test_every_page_fits_its_window(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
