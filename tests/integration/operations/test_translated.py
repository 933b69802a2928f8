"""Every page in a language that puts all texts into brackets: nothing outside of them is English but data and names."""

import re
import struct
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from zoneinfo import available_timezones

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse
from scripts import generate_messages
from tests.integration.api.conftest import CallerOf
from tests.integration.operations.conftest import ROWS
from tests.integration.web.conftest import SignedIn

from roomkeeper import words
from roomkeeper.accounts.models import User
from roomkeeper.operations.subjects import all_subjects
from roomkeeper.systems.models import System
from roomkeeper.web.derived_telling import name_of
from roomkeeper.web.system_page import TABS
from roomkeeper.web.urls import urlpatterns

pytestmark = pytest.mark.one_database

LANGUAGE: Final = "qps"
SHOWN: Final = ("title", "aria-label", "alt")
NO_END: Final = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# Optional end tags that lists leave out.
ENDS_BEFORE: Final = {"td": {"td", "th", "tr"}, "th": {"td", "th", "tr"}, "tr": {"tr", "tbody"}}
# What is no text: code, values of devices, keys, and times, whose words the script of the pages says.
QUIET_TAGS: Final = {"script", "style", "code", "pre", "kbd", "textarea", "svg", "use", "time"}
QUIET_CLASSES: Final = {"value", "path"}
# Paths, addresses, versions and the like.
SPELLED: Final = re.compile(r"\S*[/0-9_.#=@]\S*")
# Names, and what is spelled alike in every language.
NAMES: Final = {
    "Roomkeeper", "CSV", "HTTPS", "HTTP", "TLS", "MAC", "SNMP", "DHCP", "IP", "IPv", "URL", "UTC", "API", "REST",
    "xAPI", "PEM", "CA", "ID", "SIP", "DNS", "NTP", "TMS", "Secure", "Only", "Webex", "Cisco", "kB", "MB", "ms",
    "min",
    "Boardroom", "Oslo", "All", "systems", "administrator", "kari", "Standby", "Control", "Off", "Activate",
}  # fmt: skip
# What the cast and the rows are called, and what they hold.
NAMES_OF_ROWS: Final = {
    "A", "trial", "Quiet", "item", "robot", "locked", "owner", "Silent", "team", "HQ", "Shared", "admin", "Rooms",
    "court", "server", "SX", "TelePresence", "Another", "MAC", "address", "codian", "mcu", "mxp", "expressway",
    "room", "navigator", "roomos", "unmanaged", "bytes", "Corporate",
}  # fmt: skip


def catalogue(messages: list[generate_messages.Message]) -> bytes:
    """A compiled catalogue (the format of GNU gettext) in which every text stands in brackets."""
    said = {"": "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"}
    for one in messages:
        if one.plural:
            said[f"{one.text}\0{one.plural}"] = f"⟦{one.text}⟧\0⟦{one.plural}⟧"
        else:
            said[one.text] = f"⟦{one.text}⟧"
    pairs = [(key.encode(), said[key].encode()) for key in sorted(said, key=str.encode)]
    head = 28
    at = head + 16 * len(pairs)
    tables: list[bytes] = []
    body = b""
    for place in (0, 1):
        table = b""
        for pair in pairs:
            table += struct.pack("<II", len(pair[place]), at + len(body))
            body += pair[place] + b"\0"
        tables.append(table)
    return (
        struct.pack("<7I", 0x950412DE, 0, len(pairs), head, head + 8 * len(pairs), 0, 0)
        + b"".join(tables)
        + body
    )


@pytest.fixture(scope="module")
def brackets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a language in which every text stands in brackets."""
    folder = tmp_path_factory.mktemp("locale")
    place = folder / LANGUAGE / "LC_MESSAGES"
    place.mkdir(parents=True)
    (place / f"{words.DOMAIN}.mo").write_bytes(catalogue(generate_messages.collect()))
    return folder


@pytest.fixture
def translated(brackets: Path, settings: Any) -> None:
    """The installation's language is that one."""
    settings.LOCALE_PATHS = [brackets]
    settings.LANGUAGES = [(LANGUAGE, LANGUAGE)]
    settings.LANGUAGE_CODE = LANGUAGE


class Shown(HTMLParser):
    """Collects what people read of a page: text, and the texts that marks carry."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self._open and tag in ENDS_BEFORE.get(self._open[-1][0], ()):
            self._open.pop()
        given = dict(attrs)
        classes = set((given.get("class") or "").split())
        quiet = tag in QUIET_TAGS or bool(classes & QUIET_CLASSES) or self._is_quiet
        self.texts += [given[name] or "" for name in SHOWN if name in given and not quiet]
        if tag not in NO_END:
            self._open.append((tag, quiet))

    def handle_endtag(self, tag: str) -> None:
        if any(name == tag for name, _quiet in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._is_quiet:
            self.texts.append(data)

    @property
    def _is_quiet(self) -> bool:
        return bool(self._open) and self._open[-1][1]


def outside(text: str) -> str:
    """What stands outside of brackets, which may stand within each other."""
    depth, left = 0, []
    for one in text:
        depth += (one == "⟦") - (one == "⟧")
        if depth == 0 and one != "⟧":
            left.append(one)
    return "".join(left)


def english_of(html: str, names: set[str]) -> list[str]:
    """Texts with words outside of brackets that are no names."""
    shown = Shown()
    shown.feed(html)
    # A translated sentence may be broken by marks: what is judged is the whole page, with its marks as spaces.
    left = outside("\x1f".join(shown.texts)).split("\x1f")
    return [
        text.strip()
        for text in left
        if any(word not in NAMES | names for word in re.findall(r"[A-Za-z]{2,}", SPELLED.sub(" ", text)))
    ]


def reached(name: str, *keys: Any) -> Iterator[str]:
    """The address of that name, where it takes just that."""
    try:
        yield reverse(name, args=keys)
    except NoReverseMatch:
        return


def addresses(system: System, rows: dict[str, Any]) -> Iterator[str]:
    """Pages without an object, the pages of a system, and of every subject its list, an object and its questions."""
    for pattern in urlpatterns:
        yield from reached(str(pattern.name))
    yield from (reverse("system_tab", args=[system.pk, tab]) for tab in TABS)
    for subject in all_subjects():
        if not subject.has_pages:
            continue
        row, name = rows[subject.plural], name_of(subject)
        if subject.page:
            yield from reached(subject.page, row.pk)
        for act in subject.acts:
            if act.is_mounted and act.on == "one":
                yield from reached(f"{name}_act", row.pk, act.slug)
            elif act.is_mounted:
                yield from reached(f"{name}_do_many", act.slug)


def test_no_page_shows_english_outside_of_the_catalogue(
    translated: None, boardroom: System, administrator: User, signed_in: SignedIn
) -> None:
    rows = {plural: make(boardroom) for plural, make in ROWS.items()}
    client = signed_in(administrator)
    # What the cast, and the rows are called, and what they hold.
    named = (str(getattr(row, "name", "")) for row in rows.values())
    spelled = re.findall(r"[A-Za-z]{2,}", " ".join([*available_timezones(), *named]))
    names = NAMES_OF_ROWS | set(spelled)
    found: dict[str, list[str]] = {}
    looked = 0
    for address in sorted(set(addresses(boardroom, rows))):
        answer = client.get(address)
        if answer.streaming or "text/html" not in answer.headers.get("Content-Type", ""):
            continue
        looked += 1
        if left := english_of(answer.content.decode(), names):
            found[address] = left
    assert looked > 60
    assert not found, "\n".join(f"{where} {left}" for where, left in found.items())


def test_refusals_are_in_the_language_too(
    translated: None,
    boardroom: System,
    administrator: User,
    stranger: User,
    signed_in: SignedIn,
    as_user: CallerOf,
) -> None:
    pages, outsider, program = signed_in(administrator), signed_in(stranger), as_user(administrator)
    answers = {
        "a filter that there is not": pages.get("/systems/?nonsense=1"),
        "a sort that there is not": pages.get("/tickets/?sort=nonsense"),
        "an address that there is not": pages.get("/nothing/"),
        "a page without a role": outsider.get("/users/"),
        "a word that was not typed": pages.post("/folders/do/create/", {"name": ""}),
        "a name that is taken": pages.post("/groups/do/create/", {"name": "x" * 400}),
        "network settings": pages.post("/network-settings/", {"internal_ipv4": "nonsense"}),
        "addresses to add": pages.post("/add-systems/?tab=address", {"step": "start", "targets": "a/b"}),
        "a wrong password": Client().post("/sign-in/", {"login": "administrator", "password": "wrong"}),
    }
    found = {}
    for what, answer in answers.items():
        assert answer.status_code >= 400 or what == "a wrong password", (what, answer.status_code)
        if left := english_of(answer.content.decode(), NAMES_OF_ROWS | {"nonsense", "stranger"}):
            found[what] = left
    assert not found, "\n".join(f"{what} {left}" for what, left in found.items())
    refused = [
        program("GET", "systems/99999"),
        program("GET", "systems?nonsense=1"),
        program("POST", "tags", {"name": ""}),
        program("POST", "change-sets", {"systems": [boardroom.pk], "settings": {}}),
        program("POST", "nothing", {}),
    ]
    assert [answer.status_code for answer in refused if answer.status_code < 400] == []
    told = [answer.json() for answer in refused]
    assert [text for one in told for text in (one["title"], one["detail"]) if not text.startswith("⟦")] == []


def test_a_text_outside_of_brackets_is_found() -> None:
    page = '<p title="Help">⟦One ⟦two⟧ <b>Boardroom</b> three⟧</p><td class="value">Raw<td>⟦Yes⟧ Nobody knows'
    assert english_of(page, set()) == ["Help", "Nobody knows"]
