"""Links inside the documentation lead somewhere: to a file that is there, and to a heading that it has."""

import re
import unicodedata
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def links(page: Path) -> list[str]:
    """The targets of a page's links, without those that stand in code."""
    text = _CODE.sub("", _FENCE.sub("", page.read_text("utf-8")))
    return [inline or reference for inline, reference in _LINK.findall(text)]


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, made as the site's builder makes them."""
    found = set()
    for heading in _HEADING.findall(_FENCE.sub("", page.read_text("utf-8"))):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
        found.add(re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower()))
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    lost = []
    for link in links(page):
        if _ELSEWHERE.match(link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            lost.append(link)
    assert not lost


def test_pages_of_the_site_link_only_within_the_site() -> None:
    docs = ROOT / "docs"
    outside = [
        (str(page.relative_to(ROOT)), link)
        for page in PAGES
        if page.is_relative_to(docs)
        for link in links(page)
        if not _ELSEWHERE.match(link)
        and not (page.parent / unquote(link).partition("#")[0]).resolve().is_relative_to(docs)
    ]
    assert not outside
