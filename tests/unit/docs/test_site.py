"""The site can be built whole: its navigation and its pictures are there, and no page is left out of it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
_NAVIGATED = re.compile(r"^\s+- [^:]+: (\S+\.md)$", re.MULTILINE)
_PICTURE = re.compile(r"!\[[^\]]*\]\(<?([^)\s>]+)|<img[^>]+src=\"([^\"]+)\"")


def navigated() -> list[str]:
    """The pages that mkdocs.yml names."""
    return _NAVIGATED.findall((ROOT / "mkdocs.yml").read_text("utf-8"))


def test_every_page_of_the_navigation_is_there_and_once() -> None:
    named = navigated()
    assert len(named) > 40
    assert [name for name in named if not (DOCS / name).is_file()] == []
    assert len(set(named)) == len(named)


def test_every_page_is_in_the_navigation() -> None:
    assert {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} == set(navigated())


def test_every_picture_is_there() -> None:
    missing = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for pair in _PICTURE.findall(page.read_text("utf-8"))
        if (target := pair[0] or pair[1]) and "://" not in target and not (page.parent / target).is_file()
    ]
    assert missing == []
