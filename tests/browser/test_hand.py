"""Fast to the hand: keys, dialogs, filters in the address, rows, themes."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/systems/",
    "/inbox/",
    "/add-systems/",
    "/add-systems/?tab=range",
    "/add-systems/?tab=csv",
    "/add-systems/?tab=one",
    "/add-systems/?tab=list",
    "/add-systems/?tab=finding",
    "/folders/",
    "/change-sets/",
    "/tickets/",
    "/network-settings/",
    "/credentials/",
    "/credentials/do/create/?kind=snmp_user",
    "/users/",
    "/groups/",
    "/tokens/",
    "/jobs/",
    "/audit/",
    "/account/",
    "/help/",
)
TABS = ("", "connection/", "settings/", "changes/", "timeline/", "status/", "log/")


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("width", [1440, 900])
def test_every_page_fits_its_window_and_the_browser_has_nothing_to_complain_of(
    page: Page, address: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_every_tab_of_a_system(page: Page) -> None:
    page.goto("/systems/")
    page.get_by_role("link", name="Boardroom").click()
    address = page.url
    for tab in TABS:
        page.goto(address + tab)
        expect(page.locator(".tabs [aria-current=page]")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_keys(page: Page) -> None:
    page.goto("/help/")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile("/systems/$"))
    page.keyboard.press("/")
    page.keyboard.type("lobby")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/systems/\?search=lobby$"))
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    for key, address in (("i", "/inbox/"), ("t", "/tickets/"), ("o", "/")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(re.escape(address) + "$"))


def test_filters_stand_in_the_address_and_back_works(page: Page) -> None:
    page.goto("/systems/")
    page.get_by_role("combobox", name="Connectivity").select_option("behind_firewall")
    expect(page).to_have_url(re.compile(r"\?connectivity=behind_firewall$"))
    expect(page.get_by_role("link", name="Boardroom")).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("link", name="Boardroom")).to_be_visible()


def test_acts_on_rows_wait_for_a_choice(page: Page) -> None:
    page.goto("/systems/")
    more = page.get_by_role("button", name="More")
    expect(more).to_be_disabled()
    expect(page.get_by_role("button", name="Change a setting")).to_be_disabled()
    page.get_by_label("Choose all rows of this page").check()
    expect(page.get_by_text("4 chosen")).to_be_visible()
    more.click()
    page.get_by_role("button", name="Restart").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Restart: 4 systems")
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Systems")


def test_a_dangerous_act_asks_in_a_dialog_and_can_be_left(page: Page) -> None:
    page.goto("/systems/")
    page.get_by_role("link", name="Boardroom").click()
    page.get_by_role("link", name="Restart").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("cancelled until then")
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Delete").click()
    expect(dialog.get_by_label("to confirm")).to_be_visible()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_dark_and_light_follow_the_system(
    demo: Server, chromium: Browser, signed_in_state: dict[str, object], scheme: str
) -> None:
    context = chromium.new_context(
        base_url=demo.address,
        storage_state=signed_in_state,
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
    context.close()
