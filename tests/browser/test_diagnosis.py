"""A diagnosis on its page: rows come without a reload, what the mode rules out is struck out, a fix asks first."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

MARK = "document.body.dataset.mark = 'same page'"
IS_SAME_PAGE = "document.body.dataset.mark === 'same page'"


def open_system(page: Page, name: str, connectivity: str) -> None:
    page.goto("/systems/")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=re.compile(f"^{name}")))
    expect(row.get_by_text(connectivity, exact=True)).to_be_visible(timeout=60_000)
    row.get_by_role("link", name=re.compile(f"^{name}")).click()


def test_rows_appear_by_themselves(page: Page) -> None:
    open_system(page, "Boardroom", "LAN")
    page.get_by_role("link", name="Diagnosis", exact=True).click()
    expect(page.get_by_role("heading", name="Why can it be managed, or why not?")).to_be_visible()
    page.get_by_role("button", name="Diagnose", exact=True).last.click()
    page.evaluate(MARK)
    live = page.locator("#diagnosis-live")
    expect(live.get_by_text("speaks TLS 1.")).to_be_visible(timeout=30_000)
    expect(live.get_by_text("asked by administrator")).to_be_visible(timeout=30_000)
    expect(live.get_by_text(re.compile(r"^\d+ ms$")).first).to_be_visible()
    assert page.evaluate(IS_SAME_PAGE)


def test_what_the_mode_rules_out_is_struck_out(page: Page) -> None:
    open_system(page, "Home Office", "Behind Firewall")
    page.get_by_role("button", name="Diagnose", exact=True).click()
    live = page.locator("#diagnosis-live")
    expect(live.get_by_text("sent to it by HTTPS")).to_be_visible(timeout=30_000)
    expect(live.locator(".struck")).to_have_count(3)
    expect(live.get_by_text("The last post of Home Office")).to_be_visible(timeout=30_000)
