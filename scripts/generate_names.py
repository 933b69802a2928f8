"""Writes the table of names per release in docs/reference/protocol-notes.md from the list of names.

Run it after changing the list; tests/unit/devices holds the committed page against it.
"""

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from roomkeeper.devices.families.roomos.quirks import Release, release_of

ROOT: Final = Path(__file__).resolve().parent.parent
NAMES: Final = ROOT / "src" / "roomkeeper" / "devices" / "families" / "roomos" / "names.toml"
PAGE: Final = ROOT / "docs" / "reference" / "protocol-notes.md"
KINDS: Final = ("command", "status", "event", "setting")

_HEAD: Final = """\
## O. Names per release

<!-- Written by scripts/generate_names.py from names.toml of the family roomos; do not edit by hand. -->

Every path and command that Roomkeeper names, without the numbers of its nodes. Nothing else is asked of a release, and
nothing is read under another name. "CE" stands for CE and RoomOS, which goes on in its numbers from 10.

"""


@dataclass(frozen=True, slots=True)
class Name:
    """What a thing is called from a release and below another (None: no bound); `is_renamed`: otherwise elsewhere."""

    what: str
    kind: str
    path: str
    start: str
    below: str
    is_renamed: bool
    mark: str
    source: str

    def holds_for(self, release: Release) -> bool:
        """Whether that release has it under this name."""
        start, below = release_of(self.start), release_of(self.below)
        return (start is None or release >= start) and (below is None or release < below)

    @property
    def releases(self) -> str:
        """In words: `TC`, `from TC7.2 below CE8`, `all`."""
        if not self.start and self.below == "CE8":
            return "TC"
        words = [f"from {self.start}"] if self.start else []
        words += [f"below {self.below}"] if self.below else []
        return " ".join(words) or "all"


def load_names() -> list[Name]:
    """Every name of the list. Raises KeyError for an entry that lacks something, ValueError for one that is wrong."""
    entries: list[dict[str, Any]] = tomllib.loads(NAMES.read_text("utf-8"))["names"]
    return [name for entry in entries for name in _names(entry)]


def _names(entry: dict[str, Any]) -> Iterator[Name]:
    if entry["kind"] not in KINDS or entry["mark"] not in "CRI":
        raise ValueError(f"{entry['what']}: {entry['kind']} or {entry['mark']} is unknown")
    paths = {path for one in entry["spelt"] for path in _paths(one)}
    for one in entry["spelt"]:
        for word in ("from", "below"):
            if word in one and release_of(one[word]) is None:
                raise ValueError(f"{entry['what']}: {one[word]} is no release")
        is_renamed = len(entry["spelt"]) > 1 and paths != set(_paths(one))
        for path in _paths(one):
            yield Name(
                entry["what"],
                entry["kind"],
                path,
                one.get("from", ""),
                one.get("below", ""),
                is_renamed,
                entry["mark"],
                entry["source"],
            )


def _paths(spelt: dict[str, Any]) -> list[str]:
    return [spelt["as"]] if isinstance(spelt["as"], str) else list(spelt["as"])


def section() -> str:
    """The section of the page."""
    names = load_names()
    lines = [_HEAD, "| what | kind | called | on | how certain |\n|---|---|---|---|---|\n"]
    for what, kind in dict.fromkeys((name.what, name.kind) for name in names):
        own = [name for name in names if (name.what, name.kind) == (what, kind)]
        for releases in dict.fromkeys(name.releases for name in own):
            called = ", ".join(f"`{name.path}`" for name in own if name.releases == releases)
            lines.append(f"| {what} | {kind} | {called} | {releases} | **{own[0].mark}** {own[0].source} |\n")
    return "".join(lines)


def page(text: str) -> str:
    """The text of the page with the section as the list gives it; what follows it stays."""
    before, _, rest = text.partition("## O. Names per release\n")
    following = rest.find("\n## ")
    return before + section() + (rest[following:] if following >= 0 else "")


def main() -> None:
    """Write the page; with --check only say whether the committed one is the list's."""
    text = PAGE.read_text("utf-8")
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(text), "utf-8")
    elif page(text) != text:
        sys.exit("docs/reference/protocol-notes.md is not what the list gives: run scripts/generate_names.py")


if __name__ == "__main__":
    main()
