"""Every address that can be asked for, with every id that could be told, and what answers say."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final

from django.test import Client
from django.urls import URLPattern

from roomkeeper.api.application import api
from roomkeeper.web.urls import urlpatterns
from tests.integration.api.conftest import Caller
from tests.integration.elsewhere.scene import MARKS, Half

# Streams without an end, and pages that sign out.
NOT_WALKED: Final = {"events", "sign_in", "sign_out", "account_login", "account_logout"}
_TIME: Final = re.compile(r"<time .*?</time>|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:00)?")
# What stands in the place of a word in addresses: tabs of pages, acts, parts of a move.
WORDS: Final = {
    "tab": [
        "settings",
        "changes",
        "timeline",
        "backups",
        "connection",
        "diagnosis",
        "tickets",
        "drift",
        "used",
        "versions",
    ],
    "act": ["restart", "folder", "rename", "move", "cancel", "ignore"],
}
PLACES: Final = {
    "systems": "system",
    "change-sets": "change_set",
    "templates": "template",
    "folders": "folder",
    "jobs": "job",
    "backups": "backup",
    "tickets": "ticket",
    "tags": "tag",
    "secure-only": "move",
    "secure-only-moves": "move",
    "actions": "action",
    "saved-views": "saved_view",
}


def api_addresses(method: str) -> Iterator[tuple[str, Any]]:
    """The paths of the API with their descriptions, of one method."""
    for path, operations in api.get_openapi_schema()["paths"].items():
        if method in operations:
            yield path, operations[method]


def page_addresses() -> Iterator[str]:
    """The addresses of pages, with `<int:pk>` and `<slug:tab>` in them."""
    for pattern in urlpatterns:
        if isinstance(pattern, URLPattern) and pattern.name not in NOT_WALKED:
            yield "/" + str(pattern.pattern)


def filled(path: str, ids: Mapping[str, set[int]]) -> Iterator[str]:
    """The path with every id of the things that its numbers mean, and every word."""
    pieces = re.split(r"[{<](?:(int|slug):)?(\w+)[}>]", path)
    place = pieces[0].removeprefix("/api/v1").strip("/").split("/")[0]
    chosen: list[list[str]] = []
    for number, (kind, name) in enumerate(zip(pieces[1::3], pieces[2::3], strict=True)):
        if kind == "slug":
            chosen.append(WORDS.get(name, ["enforce"]))
            continue
        meant = PLACES.get(place, "") if number == 0 else name.removesuffix("_id")
        chosen.append([str(key) for key in sorted(ids.get(meant, {1}))])
    for values in product(*chosen):
        yield "".join(piece + value for piece, value in zip(pieces[::3], (*values, ""), strict=True))


def said(content: bytes) -> list[str]:
    """The marks of what is elsewhere that stand in an answer, each with the words around it."""
    text = content.decode("utf-8", "replace")
    low = text.lower()
    return [text[max(0, place - 60) : place + 40] for mark in MARKS if (place := low.find(mark)) >= 0]


def without_times(content: bytes) -> str:
    """The answer's text without what differs each time."""
    text = content.decode("utf-8", "replace")
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"|nonce-[\w=+/-]+|nonce="[^"]+"', "", text)
    text = re.sub(r'csrf-token" content="\w+|"X-CSRFToken": ?"\w+"', "", text)
    # Made anew for each: a token's text, and what tells a difference that was shown from another.
    text = re.sub(r"\brk_[\w-]+", "", text)
    text = re.sub(r'"(digest|token|prefix)": "[^"]*"', "", text)
    return _TIME.sub("", text)


def content_of(answer: Any) -> bytes:
    """The whole of an answer, of a file in pieces, too."""
    if getattr(answer, "streaming", False):
        if answer.is_async:
            return b""
        return b"".join(answer.streaming_content)
    return bytes(answer.content)


def walk(call: Caller, browser: Client, ids: Mapping[str, set[int]]) -> dict[str, tuple[int, bytes]]:
    """Every GET address of API and pages: status and content by address."""
    found = {}
    for path, _ in api_addresses("get"):
        for address in filled(path, ids):
            answer = call("GET", address)
            found[address] = (answer.status_code, content_of(answer))
    for path in page_addresses():
        for address in filled(path, ids):
            answer = browser.get(address)
            found[address] = (answer.status_code, content_of(answer))
    return found


def difference(before: tuple[int, bytes], after: tuple[int, bytes]) -> str:
    """The first place in which two answers differ; "" where they are the same."""
    if before[0] != after[0]:
        return f"{before[0]} became {after[0]}"
    first, second = without_times(before[1]), without_times(after[1])
    if first == second:
        return ""
    lines = zip(first.splitlines(), second.splitlines(), strict=False)
    told = next(((one, other) for one, other in lines if one != other), (first[-200:], second[-200:]))
    place = next((at for at, (a, b) in enumerate(zip(*told, strict=False)) if a != b), 0)
    return " | ".join(text[max(0, place - 80) : place + 80] for text in told)


NOWHERE: Final = 999_999
# Filters, and members of bodies, that name a thing by its id.
_KINDS: Final = {
    "folder": "folder",
    "parent": "folder",
    "system": "system",
    "from_system": "system",
    "change_set": "change_set",
    "id": "system",
    "object_id": "system",
    "view": "saved_view",
}
_WORD, _NO_WORD = "qxzorro", "qywhere"
_TEXTS: Final = (
    "search",
    "name",
    "named",
    "tag",
    "serial_number",
    "host",
    "template",
    "command",
    "q",
    "path",
)


def filters(there: Half) -> Iterator[tuple[str, str, Any, Any]]:
    """(address, filter, what is elsewhere, what is nowhere) for every list of API and pages."""
    lists = {path: [one["name"] for one in told["parameters"]] for path, told in api_addresses("get")}
    for address in page_addresses():
        lists.setdefault(address, ["folder", "system", "tag", "q", "view"])
    for address, names in lists.items():
        if "{" in address or "<" in address:
            continue
        for name in names:
            if name in _KINDS:
                yield address, name, there.ids[_KINDS[name]], NOWHERE
            elif name in _TEXTS:
                yield address, name, f"{_WORD}", f"{_NO_WORD}"
                yield address, name, f"{_WORD}-tag", f"{_NO_WORD}-tag"


def alike(text: str, given: Any) -> str:
    """The text without what the caller gave: an answer may repeat that."""
    for one in _leaves([given]):
        if len(str(one)) > 5:
            text = text.replace(str(one), "GIVEN")
        text = re.sub(rf"(?<![0-9A-Za-z]){re.escape(str(one))}(?![0-9A-Za-z])", "GIVEN", text)
    return text


def _leaves(given: Any) -> Iterator[Any]:
    if isinstance(given, Mapping):
        for one in given.values():
            yield from _leaves(one)
    elif isinstance(given, list):
        for one in given:
            yield from _leaves(one)
    elif given not in (None, "") and not isinstance(given, bool):
        yield given
