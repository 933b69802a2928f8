"""Every POST of the pages: on what is elsewhere, and of forms here that name what is elsewhere."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final
from urllib.parse import parse_qs

from django.contrib.messages import get_messages
from django.db import transaction
from django.test import Client

from roomkeeper.operations.subjects import all_subjects
from tests.integration.elsewhere.scene import Half
from tests.integration.elsewhere.walking import (
    NOWHERE,
    PLACES,
    WORDS,
    alike,
    content_of,
    page_addresses,
    without_times,
)

# Parts of forms that name a thing by its id.
_KINDS: Final = {
    "system": "system",
    "systems": "system",
    "from_system": "system",
    "folder": "folder",
    "parent": "folder",
    "template": "template",
    "backup": "backup",
    "change_set": "change_set",
}
_TEXTS: Final = ("tags", "tag", "name")
_CONFIRMED: Final = {"step": "confirm", "word": "1"}

Try = tuple[str, dict[str, Any], str, dict[str, Any]]
"""An address and a form that name what is elsewhere; the same that name what is nowhere."""


def on_what_is_elsewhere(there: Half) -> Iterator[Try]:
    """Every page that is about one thing."""
    for path in page_addresses():
        kind = _kind_of(path)
        if "<int:" not in path or kind not in there.ids:
            continue
        for words in _words_in(path):
            yield (
                _filled(words, there.ids, there.ids[kind]),
                dict(_CONFIRMED),
                _filled(words, there.ids, NOWHERE),
                dict(_CONFIRMED),
            )


def of_forms_that_name_it(browser: Client, here: Half, there: Half) -> Iterator[Try]:
    """Every form here, with each of its parts that name a thing naming once what is elsewhere; and each list's acts on
    what is chosen by its number or by a filter."""
    for path in page_addresses():
        kind = _kind_of(path)
        if "<int:" in path and kind not in here.ids:
            continue
        for words in _words_in(path):
            address = _filled(words, here.ids, here.ids.get(kind, NOWHERE))
            own = here.ids.get(kind, NOWHERE)
            chosen = {"row": own, "system": here.ids["system"]}
            shown = browser.get(address, chosen)
            names = set(re.findall(r'name="([\w.-]+)"', content_of(shown).decode("utf-8", "replace")))
            if not {"csrfmiddlewaretoken"} & names:
                continue
            base = {**_CONFIRMED, **chosen}
            for name, value, nowhere in _tried(names, kind, there):
                yield address, {**base, name: value}, address, {**base, name: nowhere}
            for words_of_filter in ("?folder={folder}", "?search={text}", "?tags={tag}"):
                asked = [
                    words_of_filter.format(**one)
                    for one in (
                        {"folder": there.ids["folder"], "text": "qxzorro", "tag": "qxzorro-tag"},
                        {"folder": NOWHERE, "text": "qywhere", "tag": "qywhere-tag"},
                    )
                ]
                if "rows" in names or "every" in names or "/do/" in address:
                    first, other = ({**_CONFIRMED, "every": "1", "filter": one} for one in asked)
                    yield address, first, address, other


def _tried(names: set[str], kind: str, there: Half) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted(names | {"row", "rows"}):
        part = name.rpartition(".")[2]
        if name in ("row", "rows") and kind in there.ids:
            yield name, there.ids[kind], NOWHERE
        elif part in _KINDS:
            yield name, there.ids[_KINDS[part]], NOWHERE
        elif part in _TEXTS:
            yield name, "qxzorro-tag", "qywhere-tag"


def _kind_of(path: str) -> str:
    return PLACES.get(path.strip("/").split("/")[0], "")


def _words_in(path: str) -> Iterator[str]:
    """The path with every act that its subject offers, and every other word that may stand in it."""
    acts = sorted(
        {act.slug for one in all_subjects() for act in one.acts if path.startswith(f"/{one.pages_path}/")}
    )
    names = re.findall(r"<slug:(\w+)>", path)
    for values in product(*(acts if name == "act" else WORDS.get(name, ["enforce"]) for name in names)):
        filled = iter(values)
        yield re.sub(r"<slug:\w+>", lambda _, filled=filled: next(filled), path)  # type: ignore[misc]


def _filled(path: str, ids: Mapping[str, int], first: int) -> str:
    path = re.sub(r"<int:\w+>", str(first), path, count=1)
    return re.sub(r"<int:(\w+?)(?:_id)?>", lambda found: str(ids.get(found[1], NOWHERE)), path)


def told(
    browser: Client, address: str, form: dict[str, Any], *, beside: str = ""
) -> tuple[int, str, list[str], str]:
    """What a form is answered, and says afterwards; nothing of it stays. A small number stands on a page for other
    reasons, too: what the address `beside` gives is left out as well."""
    browser.cookies.pop("messages", None)
    with transaction.atomic():
        answer = browser.post(address, form)
        said = [str(one) for one in get_messages(answer.wsgi_request)]
        transaction.set_rollback(True)
    given = [
        form,
        parse_qs(form.get("filter", "").removeprefix("?")),
        re.findall(r"/(\d+)", address + beside),
    ]
    texts = (answer.headers.get("Location", ""), *said, without_times(content_of(answer)))
    place, *messages, content = (alike(text, given) for text in texts)
    return answer.status_code, place, messages, content
