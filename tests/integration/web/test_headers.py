"""What every page is sent with, and what none may hold."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from tests.integration.web.conftest import text_of

from roomkeeper.systems.models import System

pytestmark = pytest.mark.one_database

TEMPLATES = Path(settings.ROOT) / "web" / "templates"
COPY = Path(settings.ROOT).parent.parent / "frontend" / "copy.mjs"
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)


def test_only_our_own_scripts_run(client: Client) -> None:
    policy = client.get("/systems/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_pages_are_kept_by_no_cache(client: Client) -> None:
    assert client.get("/systems/")["Cache-Control"] == "no-store"


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_holds_inline_script_or_style(template: Path) -> None:
    # Without what the server replaces: `{% with one=… %}` is no attribute.
    assert not INLINE.search(re.sub(r"{%.*?%}", "", template.read_text("utf-8")))


def test_no_template_marks_text_as_safe_or_calls_another_host() -> None:
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text("utf-8")
        assert "|safe" not in text, template
        assert "autoescape" not in text, template
        assert not re.search(r'(src|href)="(https?:)?//', text), template


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    sprite = set(
        re.findall(r'"([a-z0-9-]+)"', COPY.read_text("utf-8").split("const icons = [")[1].split("]")[0])
    )
    named = set()
    for file in [*TEMPLATES.rglob("*.html"), *(TEMPLATES.parent).rglob("*.py")]:
        text = file.read_text("utf-8")
        named |= set(re.findall(r'\{% icon "([a-z0-9-]+)"', text)) | set(
            re.findall(r'\bicon\("([a-z0-9-]+)"', text)
        )
        named |= set(re.findall(r' sign="([a-z0-9-]+)"', text))
        named |= set(re.findall(r'Entry\("[^"]+", "[^"]+", "([a-z0-9-]+)"', text))
    assert named <= sprite, named - sprite
    assert sprite <= named, sprite - named


def test_every_help_mark_leads_to_a_section(client: Client, boardroom: System) -> None:
    sections = set(re.findall(r'<section id="([a-z-]+)"', text_of(client.get("/help/"))))
    named = set()
    for template in TEMPLATES.rglob("*.html"):
        named |= set(re.findall(r'\{% help_mark "([a-z-]+)"', template.read_text("utf-8")))
    assert named <= sections


def test_static_files_are_sent_packed_and_not_sent_again(client: Client) -> None:
    first = client.get("/static/vendor/tabler.css", headers={"Accept-Encoding": "gzip"})
    assert first.status_code == 200
    assert first["Content-Type"].startswith("text/css")
    assert first["Content-Encoding"] == "gzip"
    assert len(first.content) == int(first["Content-Length"])
    again = client.get(
        "/static/vendor/tabler.css",
        headers={
            "Accept-Encoding": "gzip",
            "If-None-Match": first.get("ETag", ""),
            "If-Modified-Since": first["Last-Modified"],
        },
    )
    assert again.status_code == 304
    assert again.content == b""
    assert client.get("/static/vendor/nothing.css").status_code == 404
