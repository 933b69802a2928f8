"""Adding systems through the page: a range looked through, started, followed without a reload; stopped; tried again."""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.acceptance.processes import free_port
from tests.browser.conftest import ROOMKEEPER, Server, _environment

pytestmark = pytest.mark.browser

# Nobody is there: these endpoints are found, they do not phone.
NOBODY = "http://127.0.0.9:9"
FIRST, LAST = "127.1.193.1", "127.1.193.8"
WHILE_WORKING = 60_000
MARK = "document.body.dataset.mark = 'same page'"
IS_SAME_PAGE = "document.body.dataset.mark === 'same page'"


@pytest.fixture
def endpoints(tmp_path: Path) -> Iterator[int]:
    """Three virtual endpoints that have another manager; the HTTPS port on which they listen."""
    https = free_port(FIRST)
    process = subprocess.Popen(
        [
            *(ROOMKEEPER, "virtual", "run", "--manager", NOBODY, "--count", "3", "--name", "Room"),
            *("--address", FIRST, "--http-port", str(free_port(FIRST)), "--https-port", str(https)),
        ],
        env=_environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "virtual-stderr").open("wb"),
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("ready ") for line in lines)
        yield https
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def parts(page: Page) -> Locator:
    """The rows of the job's table."""
    return page.get_by_role("table", name="Parts of the job").locator("tbody tr")


def allow_loopback(page: Page) -> None:
    """A server contacts no loopback address unless its administrator allows it, and the endpoints are on one."""
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto("/network-settings/")
    page.get_by_label("Contactable networks").fill("127.0.0.0/8")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Changed: Contactable networks.")).to_be_visible()


def fill_range(page: Page, text: str, port: int) -> None:
    page.goto("/add-systems/?tab=range")
    page.get_by_label("Addresses, names, ranges and networks").fill(text)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill("roomkeeper")
    page.get_by_text("More: how it is reached").click()
    page.get_by_label("HTTPS port").fill(str(port))


def test_a_range_is_looked_through_confirmed_and_followed_to_its_end(
    empty: Server, empty_page: Page, endpoints: int
) -> None:
    page = empty_page
    allow_loopback(page)
    fill_range(page, f"{FIRST}-{LAST.rpartition('.')[2]}\nnonsense!", endpoints)
    page.get_by_role("button", name="Check").click()
    told = page.get_by_role("status", name="What will be done")
    expect(told).to_contain_text(f"8: {FIRST} to {LAST}")
    expect(told).to_contain_text("Not understood and left out")
    # The field to confirm with has the focus, and Enter does the obvious; a wrong number starts nothing.
    expect(page.get_by_label("to confirm")).to_be_focused()
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Confirm with that number")
    # What was typed is still there, the password too.
    expect(page.get_by_label("Password", exact=True)).to_have_value("roomkeeper")
    page.get_by_label("to confirm").fill("8")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/jobs/\d+/\?show=results$"))
    page.evaluate(MARK)
    progress = page.locator("#job-progress")
    expect(progress.locator(".state").first).to_have_text("done", timeout=WHILE_WORKING)
    expect(progress.get_by_role("progressbar")).to_have_attribute("value", "8")
    expect(progress).to_contain_text("3 added")
    expect(parts(page)).to_have_count(3)
    expect(page.get_by_role("link", name="Stop")).to_be_hidden()
    assert page.evaluate(IS_SAME_PAGE)
    # Each leads to its system.
    parts(page).first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Reachable on LAN").first).to_be_visible()
    # The same once more adds nothing.
    page.goto("/add-systems/")
    page.get_by_label("Address or host name").fill(f"{FIRST}:{endpoints}")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill("roomkeeper")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))
    expect(parts(page).first).to_contain_text("Already here", timeout=WHILE_WORKING)
    expect(parts(page).first.get_by_role("link")).to_have_count(1)
    # The list knows both.
    page.goto("/jobs/")
    expect(page.get_by_role("table", name="Jobs").locator("tbody tr")).to_have_count(2)


def test_a_wrong_login_says_what_to_do_and_can_be_tried_again(
    empty: Server, empty_page: Page, endpoints: int
) -> None:
    page = empty_page
    allow_loopback(page)
    page.goto("/add-systems/")
    page.get_by_label("Address or host name").fill(f"{FIRST}:{endpoints}")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))
    row = parts(page).first
    expect(row.locator(".state")).to_have_text("failed", timeout=WHILE_WORKING)
    expect(row).to_contain_text("refused the login")
    page.get_by_role("link", name="Try failed again").click()
    expect(page.get_by_label("Addresses, names")).to_have_value(f"{FIRST}:{endpoints}")
    expect(page.get_by_label("Password", exact=True)).to_have_value("")


def test_a_job_is_stopped(empty: Server, empty_page: Page) -> None:
    page = empty_page
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto("/add-systems/?tab=range")
    page.get_by_label("Addresses, names").fill("127.1.208.0/20")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Start: 4094 addresses").click()
    page.wait_for_url(re.compile(r"/jobs/\d+/"))
    page.get_by_role("link", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    state = page.locator("#job-progress .state").first
    expect(state).to_have_text("cancelled", timeout=WHILE_WORKING)


def test_a_file_is_chosen_once_and_still_there_at_the_start(empty: Server, empty_page: Page) -> None:
    page = empty_page
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto("/add-systems/?tab=csv")
    lines = (
        "mac_address,name\r\n00:50:60:AB:CD:01,Boardroom\r\n00:50:60:AB:CD:02,Huddle\r\nnonsense,Broken\r\n"
    )
    page.get_by_label("CSV file").set_input_files(
        {"name": "rooms.csv", "mimeType": "text/csv", "buffer": lines.encode()}
    )
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("Line 4")).to_be_visible()
    page.get_by_role("button", name="Start: 2 lines").click()
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))
    expect(page.locator("#job-progress .state").first).to_have_text("done", timeout=WHILE_WORKING)
    page.goto("/inbox/?show=awaited")
    expect(page.get_by_role("link", name="Huddle")).to_be_visible()
