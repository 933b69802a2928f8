"""Systems go out as a file, are changed in it, come back, and only what was seen is done."""

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def export(page: Page, folder: Path) -> list[dict[str, str]]:
    """The rows of the file that the export form gives."""
    page.goto("/systems/")
    page.get_by_role("button", name="Edit in a spreadsheet").click()
    page.get_by_role("link", name="Export for editing…").click()
    page.get_by_label("Setting 1", exact=True).fill("Audio/DefaultVolume")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    file = folder / "exported.csv"
    download.value.save_as(file)
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8"), newline="")))


def test_a_file_is_changed_looked_at_and_done(page: Page, tmp_path: Path) -> None:
    rows = export(page, tmp_path)
    assert len(rows) == 4
    changed = next(row for row in rows if row["name"] == "Boardroom")
    changed |= {"notes": "By the window", "tags": "court; executive"}
    rows[rows.index(changed) - 1] |= {"serial_number": "FTT00000000", "notes": "another row's"}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    file = tmp_path / "edited.csv"
    file.write_text(text.getvalue(), "utf-8")

    page.goto("/systems/")
    page.get_by_role("button", name="Edit in a spreadsheet").click()
    page.get_by_role("link", name="Import changes…").click()
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Show the difference").click()
    expect(page.get_by_role("button", name="Will change 1")).to_be_visible()
    difference = page.get_by_label("Difference")
    expect(difference).to_contain_text("By the window")
    page.get_by_role("button", name="Left out 1").click()
    expect(page.get_by_label("Left out")).to_contain_text("wrong row?")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.get_by_role("button", name="Change 1 system", exact=True).click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    expect(page.get_by_text("1 written")).to_be_visible()

    page.goto("/systems/")
    page.get_by_role("link", name="Boardroom").first.click()
    expect(page.get_by_text("By the window")).to_be_visible()
    expect(
        page.get_by_role("link", name=re.compile("executive")).or_(page.get_by_text("executive")).first
    ).to_be_visible()


@pytest.mark.parametrize("address", ["/systems/", "/systems/edit/", "/systems/edit/export/"])
@pytest.mark.parametrize("width", [1440, 900])
def test_every_page_fits_its_window(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
