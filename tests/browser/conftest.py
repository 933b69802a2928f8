"""A real Chromium against a real server: one with the demonstration's fleet, one that is empty."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.acceptance.processes import free_port
from tests.cast import PASSWORD

ROOMKEEPER = Path(sys.executable).with_name("roomkeeper")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
START_TIME = 60.0


@dataclass(frozen=True)
class Server:
    """A running server: its address, and the administrator's one-time password."""

    address: str
    password: str
    data: Path


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium; without it the test is skipped, and fails where continuous integration must have it."""
    path = shutil.which("chromium")
    if path is None:
        reason = "Chromium is not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Server]:
    """`roomkeeper demo`: the cast as virtual endpoints, on ports of their own."""
    yield from _serve(tmp_path_factory.mktemp("demo"), "demo", "--systems", "4")


@pytest.fixture
def empty(tmp_path: Path, chromium: Browser) -> Iterator[Server]:
    """`roomkeeper serve` with one administrator and no system."""
    made = subprocess.run(
        [ROOMKEEPER, "migrate", "--data", tmp_path],
        env=_environment(tmp_path),
        check=False,
        capture_output=True,
    )
    assert made.returncode == 0, made.stderr.decode()
    made = subprocess.run(
        [
            ROOMKEEPER,
            "user",
            "create",
            "administrator",
            "--role=administrator",
            "--password-stdin",
            "--data",
            tmp_path,
        ],
        env=_environment(tmp_path),
        check=False,
        capture_output=True,
        input=PASSWORD.encode(),
    )
    assert made.returncode == 0, made.stderr.decode()
    yield from _serve(tmp_path, "serve")


def _serve(data: Path, *command: str) -> Iterator[Server]:
    http, https = free_port(), free_port()
    listeners = [f"--http={host}:{http}" for host in ("127.0.0.1", "127.0.0.2")]
    listeners += [f"--https={host}:{https}" for host in ("127.0.0.1", "127.0.0.2")]
    process = subprocess.Popen(
        [ROOMKEEPER, *command, "--data", data, *listeners],
        env=_environment(data),
        stdout=subprocess.PIPE,
        stderr=(data / "stderr").open("wb"),
        text=True,
    )
    killer = threading.Timer(START_TIME, process.kill)
    killer.start()
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("ready "), (data / "stderr").read_text("utf-8", "replace")
        password = PASSWORD
        if command[0] == "demo":
            found = re.search(r"one-time password (\S+)", process.stdout.readline())
            assert found is not None
            password = found[1]
        killer.cancel()
        yield Server(f"http://127.0.0.1:{http}", password, data)
    finally:
        killer.cancel()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(data: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("ROOMKEEPER_", "DJANGO_"))
    }
    return {**kept, "ROOMKEEPER_DATA": str(data)}


@pytest.fixture(scope="session")
def signed_in_state(demo: Server, chromium: Browser) -> dict[str, object]:
    """The cookies of the administrator after the one-time password was changed."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(demo.address)
    sign_in(page, demo.password)
    page.get_by_label("The password you signed in with").fill(demo.password)
    page.get_by_label("New password, at least ten characters").fill(PASSWORD)
    page.get_by_label("The new password again").fill(PASSWORD)
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    state = context.storage_state()
    context.close()
    return dict(state)


def sign_in(page: Page, password: str) -> None:
    """Fill the sign-in form that the page shows."""
    page.get_by_label("Name").fill("administrator")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def page(demo: Server, chromium: Browser, signed_in_state: dict[str, object]) -> Iterator[Page]:
    """A tab of the demonstration's administrator; whatever the browser complains of fails the test."""
    context = chromium.new_context(
        base_url=demo.address,
        storage_state=signed_in_state,
        viewport={"width": 1440, "height": 900},  # type: ignore[arg-type]
    )
    yield from watched_tab(context)


@pytest.fixture
def empty_page(empty: Server, chromium: Browser) -> Iterator[Page]:
    """A tab of the empty server's administrator."""
    context = chromium.new_context(base_url=empty.address, viewport={"width": 1440, "height": 900})
    for tab in watched_tab(context):
        tab.goto("/")
        sign_in(tab, empty.password)
        yield tab


def watched_tab(context: BrowserContext) -> Iterator[Page]:
    """A tab whose errors fail the test."""
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    context.close()
    assert not complaints
