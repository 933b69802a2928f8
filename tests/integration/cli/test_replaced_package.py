"""Replacing the package under a running server breaks nothing: all that it will need is loaded at its start."""

import http.client
import json
import re
import shutil
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from tests.integration.cli.conftest import PROGRAM, SECONDS, Folder

pytestmark = pytest.mark.one_database

SOURCE = Path(__file__).resolve().parents[3] / "src" / "roomkeeper"
PASSWORD = "Correct-Horse-Battery-7"
REPLACED = "replaced by another release"
GONE = "web/static/vendor/tabler.css"
# A stream that never ends, and what ends the session.
LEFT_OUT = ("events", "sign-out")
EVENT = "/tms/public/external/management/SystemManagementService.asmx"

STORE = f"""
from django.utils import timezone
from roomkeeper.accounts import tokens
from roomkeeper.accounts.models import RoleAssignment, User
from roomkeeper.systems import inventory
user = User.objects.create_user("anna", password="{PASSWORD}")
RoleAssignment.objects.create(user=user, role="administrator", folder=inventory.root_folder())
print(tokens.create_token(user, now=timezone.now())[1])
"""


class Browser:
    """Requests to the server on one connection each, with the cookies that it has set."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies: dict[str, str] = {}
        self.token = ""

    def __call__(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.address, timeout=SECONDS)
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if path.startswith("/api/"):
            headers["Authorization"] = f"Bearer {self.token}"
        connection.request(method, path, body.encode(), headers)
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return answer.status, text

    def sign_in(self, name: str) -> None:
        """By the page."""
        _, page = self("GET", "/sign-in/")
        fields = dict(re.findall(r'name="(csrfmiddlewaretoken|next)" value="([^"]*)"', page))
        body = urllib.parse.urlencode({**fields, "login": name, "password": PASSWORD})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        assert self("POST", "/sign-in/", body, **kind)[0] == 302


def addresses(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    """Every address of pages and API, with 1 for what stands in it."""
    for one in patterns:
        here = before + re.sub(r"<[^>]+>", "1", str(one.pattern)).lstrip("^").rstrip("$")
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, here)
        else:
            yield here


def replace(package: Path) -> None:
    """As an update does: every file of the package is another one, and none of the new ones fits the old."""
    for path in package.rglob("*"):
        if path.is_dir():
            continue
        path.unlink()
        if path.suffix == ".py":
            path.write_text(f"raise ImportError({REPLACED!r})\n")
        elif path.suffix == ".html":
            path.write_text("{% " + REPLACED + " %}")
        else:
            path.write_text(REPLACED * 10_000)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, as an installed one stands somewhere."""
    return shutil.copytree(
        SOURCE, tmp_path / "site" / "roomkeeper", ignore=shutil.ignore_patterns("__pycache__")
    )


def test_pages_never_asked_before_are_answered_after_the_package_was_replaced(
    here: Folder, package: Path, tmp_path: Path
) -> None:
    token = here.inside(STORE)
    paths = [one for one in addresses(get_resolver().url_patterns) if not one.strip("/").endswith(LEFT_OUT)]
    assert len(paths) > 150
    log = tmp_path / "log"
    environment = here.environment({"PYTHONPATH": str(package.parent)})
    with log.open("w") as errors:
        server = subprocess.Popen(
            [*PROGRAM, "serve"], stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        )
    try:
        assert server.stdout is not None
        ready = server.stdout.readline()
        assert ready.startswith("ready"), log.read_text()
        browser = Browser(ready.split("http://")[1].split()[0])
        replace(package)
        browser.sign_in("anna")
        browser.token = token
        failed = {path: status for path in paths if (status := browser("GET", path)[0]) >= 500}
        assert failed == {}, log.read_text()[-5000:]
        assert browser("GET", "/static/vendor/htmx.js") == (200, REPLACED * 10_000)
        (package / GONE).unlink()
        assert browser("GET", "/static/vendor/tabler.css")[0] == 404
        # A post from a device, its description, and a job.
        assert browser("POST", EVENT, "<nonsense/>")[0] == 400
        assert "wsdl" in browser("GET", EVENT + "?WSDL")[1]
        kind = {"Content-Type": "application/json"}
        status, text = browser("POST", "/api/v1/systems/diagnose", json.dumps({"systems": [1]}), **kind)
        assert status == 202, text
        until = time.monotonic() + SECONDS
        while (state := json.loads(browser("GET", "/api/v1/jobs/1")[1])["state"]) in ("queued", "running"):
            assert time.monotonic() < until, log.read_text()[-5000:]
            time.sleep(0.1)
        assert state == "done"
        assert REPLACED not in log.read_text()
        assert "Traceback" not in log.read_text()
    finally:
        server.kill()
        server.wait(30)
