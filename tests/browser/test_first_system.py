"""From an empty server to the first system, watched in a browser."""

import pytest
from playwright.sync_api import Page, expect
from tests.acceptance.device import Device
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


def test_an_unknown_system_appears_is_admitted_and_stands_in_the_list(
    empty: Server, empty_page: Page
) -> None:
    page = empty_page
    page.goto("/systems/")
    expect(page.get_by_text("three ways to get the first one")).to_be_visible()
    other = page.context.new_page()
    other.goto("/systems/")
    page.goto("/inbox/")
    expect(page.get_by_text("No system is waiting")).to_be_visible()
    assert Device(server=empty.address, serial="FOC2204NXZ5").event("Boot").status == 200
    expect(page.get_by_role("cell", name="FOC2204NXZ5", exact=True)).to_be_visible(timeout=15_000)
    expect(page.locator("#count-inbox")).to_have_text("1")
    page.get_by_role("row").filter(has_text="FOC2204NXZ5").get_by_role("checkbox").check()
    page.get_by_role("button", name="Admit").click()
    page.get_by_label("Name", exact=True).fill("Kitchen")
    page.get_by_role("button", name="Admit").click()
    expect(page.get_by_text("Kitchen is admitted.")).to_be_visible()
    # The other tab has waited at the empty list all the time.
    expect(other.get_by_role("link", name="Kitchen")).to_be_visible(timeout=15_000)
    expect(other.get_by_text("three ways")).to_be_hidden()
    assert (
        Device(server=empty.address, serial="FOC2204NXZ6", mac="02:AB:00:00:00:02").event("Boot").status
        == 200
    )
    page.goto("/inbox/")
    page.get_by_role("row").filter(has_text="FOC2204NXZ6").get_by_role("link").click()
    page.get_by_role("link", name="Admit", exact=True).click()
    page.get_by_role("dialog").get_by_label("Name").fill("Pantry")
    page.get_by_role("dialog").get_by_role("button", name="Admit").click()
    expect(other.get_by_role("link", name="Pantry")).to_be_visible(timeout=15_000)
