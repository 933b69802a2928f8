"""Takes the documentation's pictures of the pages: starts the demonstration, signs in, looks at every page.

    python scripts/screenshots.py [FOLDER]      (default: docs/images)

Needs Chromium on the path. Ends what it started.
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
HTTP, HTTPS = 18090, 18490
PASSWORD = "correct horse battery"  # noqa: S105  of a server that lives for a minute
PAGES = {"overview": "/", "systems": "/systems/", "add-systems": "/add-systems/?tab=finding"}
TABS = {"system": "", "system-connection": "connection/", "system-timeline": "timeline/"}
DARK = {"systems"}


def main() -> int:
    """Take all pictures: in light, and some in dark."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    chromium = shutil.which("chromium")
    if chromium is None:
        print("Chromium is needed on the path.", file=sys.stderr)  # noqa: T201
        return 1
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="roomkeeper-screenshots-") as data:
        server = subprocess.Popen(  # noqa: S603  our own program
            [Path(sys.executable).with_name("roomkeeper"), "demo", "--data", data, *_listeners()],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None  # noqa: S101
            server.stdout.readline()
            found = re.search(r"one-time password (\S+)", server.stdout.readline())
            if found is None:
                return 1
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
                )
                _take_all(browser, found[1], target)
                browser.close()
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
    return 0


def _listeners() -> list[str]:
    hosts = ("127.0.0.1", "127.0.0.2")
    return [f"--http={host}:{HTTP}" for host in hosts] + [f"--https={host}:{HTTPS}" for host in hosts]


def _take_all(browser: Browser, one_time_password: str, target: Path) -> None:
    password = one_time_password
    for scheme in ("light", "dark"):
        context = browser.new_context(
            base_url=f"http://127.0.0.1:{HTTP}",
            viewport={"width": 1440, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page = context.new_page()
        page.goto("/")
        _sign_in(page, password)
        password = PASSWORD
        page.goto("/systems/")
        expect(page.get_by_role("table").get_by_text("alive", exact=True)).to_have_count(12, timeout=60_000)
        for name, address in PAGES.items():
            page.goto(address)
            if scheme == "light" or name in DARK:
                page.screenshot(path=target / f"{name}{'-dark' if scheme == 'dark' else ''}.png")
        if scheme == "dark":
            continue
        page.goto("/systems/")
        page.get_by_role("link", name="Home Office").click()
        for name, address in TABS.items():
            page.goto(re.sub(r"(/systems/\d+/).*", rf"\g<1>{address}", page.url))
            page.screenshot(path=target / f"{name}.png")


def _sign_in(page: Page, password: str) -> None:
    page.get_by_label("Name").fill("administrator")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    if password != PASSWORD:
        page.get_by_label("The password you signed in with").fill(password)
        page.get_by_label("New password, at least ten characters").fill(PASSWORD)
        page.get_by_label("The new password again").fill(PASSWORD)
        page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


if __name__ == "__main__":
    raise SystemExit(main())
