"""Pages that keep themselves up to date, and leave alone what a person is about to click."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

MARK = "document.body.dataset.mark = 'same page'"
IS_SAME_PAGE = "document.body.dataset.mark === 'same page'"


def test_the_fleet_comes_alive_each_by_its_own_connectivity(page: Page) -> None:
    page.goto("/systems/")
    for name, connectivity in (
        ("Boardroom", "LAN"),
        ("Lobby", "Public Internet"),
        ("Home Office", "Behind Firewall"),
    ):
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name=re.compile(f"^{name}")))
        expect(row.get_by_text("alive", exact=True)).to_be_visible(timeout=30_000)
        expect(row.get_by_text(connectivity, exact=True)).to_be_visible(timeout=30_000)


def test_renaming_a_system_behind_a_firewall_is_followed_to_its_confirmation(page: Page) -> None:
    page.goto("/systems/")
    page.get_by_role("link", name=re.compile("^Home Office")).click()
    page.get_by_role("link", name="Changes", exact=True).click()
    page.evaluate(MARK)
    page.locator(".rename summary").click()
    page.get_by_label("Name", exact=True).fill("Home Office west")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Home Office west")
    changes = page.locator("#live-changes")
    row = changes.get_by_role("row").filter(has_text="Home Office west").first
    for state in ("WAITING", "DELIVERED", "CONFIRMED"):
        expect(row.get_by_role("listitem").filter(has_text=state)).to_be_visible(timeout=60_000)
    expect(row.locator(".state")).to_have_text("CONFIRMED")
    assert page.evaluate(IS_SAME_PAGE)


def test_what_the_pointer_is_on_is_left_alone_until_it_leaves(page: Page) -> None:
    page.goto("/systems/")
    page.get_by_role("link", name="Boardroom").click()
    page.get_by_role("link", name="Changes", exact=True).click()
    address = page.url
    other = page.context.new_page()
    other.goto(address.replace("changes/", "settings/set/?path=Standby/Delay"))
    other.get_by_label("Value", exact=True).fill("33")
    other.get_by_role("button", name="Check").click()
    page.evaluate("document.querySelector('#system-state').dataset.mark = 'old'")
    link = page.locator("#system-state")
    link.evaluate("element => element.insertAdjacentHTML('beforeend', '<a href=\"#\">about to click</a>')")
    page.get_by_role("link", name="about to click").hover()
    other.get_by_role("button", name="Ask it of").click()
    expect(page.locator("#live-changes")).to_contain_text("Standby/Delay", timeout=20_000)
    expect(page.locator("#system-state")).to_have_attribute("data-mark", "old")
    page.mouse.move(5, 5)
    expect(page.locator("#system-state")).not_to_have_attribute("data-mark", "old", timeout=10_000)


def test_tabs_of_one_browser_share_one_event_stream(page: Page) -> None:
    streams: list[str] = []
    page.context.on(
        "request", lambda request: streams.append(request.url) if "/events" in request.url else None
    )
    page.goto("/systems/")
    second = page.context.new_page()
    second.goto("/systems/")
    # The stream belongs to the shared worker, so no page asks for one itself.
    assert second.evaluate("'SharedWorker' in window")
    assert not streams
