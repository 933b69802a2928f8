"""A source of a phone book, from its kind to its entries; and a file whose columns nobody knew before."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

READ_TIME = 60_000.0


def test_a_file_with_columns_of_its_own_and_our_systems_come_into_a_new_phone_book(empty_page: Page) -> None:
    page = empty_page
    page.goto("/phone-books/do/create/")
    page.get_by_label("Name", exact=True).fill("Corporate")
    page.locator("main form button[type=submit]").last.click()
    page.get_by_role("link", name="Corporate", exact=True).click()

    page.get_by_role("link", name="Import a file").click()
    page.locator("#file").set_input_files(
        {
            "name": "people.csv",
            "mimeType": "text/csv",
            "buffer": "Wer;Adresse\nJürgen;j@example.org\n".encode(),
        }
    )
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_text("Jürgen")).to_be_visible()
    page.get_by_label("What wer is").select_option("name")
    page.get_by_label("What adresse is").select_option("sip")
    page.get_by_role("button", name="Preview again").click()
    expect(page.get_by_label("Entries").get_by_text("j@example.org")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("link", name="Jürgen")).to_be_visible()

    page.goto("/phone-books/")
    page.get_by_role("link", name="Corporate", exact=True).click()
    page.get_by_role("link", name="Add a source").click()
    page.locator("a[href*='do/add-our-systems/']").click()
    page.locator("main form button[type=submit]").last.click()
    expect(page).to_have_url("/phone-book-sources/2/fields/")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_role("button", name="Preview again")).to_be_visible()
    page.get_by_role("button", name="Save and read now").click()
    # The page shows by itself what came of it.
    expect(page.locator("dl.facts").get_by_text("0 added")).to_be_visible(timeout=READ_TIME)
