"""Variables in values: `{system.name}` and the like, filled in for each system. Pure; no facts are read here.

| variable | is |
|---|---|
| `{system.name}` | the system's name in Roomkeeper |
| `{folder.name}`, `{folder.path}` | the folder it stands in: `HQ`, and `Oslo / HQ` |
| `{room}` | the tag `room:…` where there is one; else the number at the end of the name, else that at its beginning |
| `{tag.KEY}` | what follows in the tag `KEY:…` or `KEY=…`; letter case of the key does not count |
| `{time_zone}` | the time zone that the system reported |

`{{` and `}}` stand for a brace.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from roomkeeper.words import gettext as _

NAMES: Final = ("system.name", "folder.name", "folder.path", "room", "tag.KEY", "time_zone")
_PIECE: Final = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]{0,100})\}|(?P<open>\{)")
_NUMBER: Final = r"[0-9]{1,9}(?:[.-][0-9]{1,9}){0,4}"
_LAST_NUMBER: Final = re.compile(rf"({_NUMBER})\W*\Z")
_FIRST_NUMBER: Final = re.compile(rf"\A\W*({_NUMBER})")
_TAG: Final = re.compile(r"\s*([^:=]+?)\s*[:=]\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """What variables are filled from. `folders` are the names below the root, the system's own last."""

    name: str
    folders: Sequence[str] = ()
    root: str = ""
    tags: Sequence[str] = ()
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """A value for one system; `problems` are sentences, and then the value must not be sent."""

    value: str
    problems: tuple[str, ...] = ()


def has_variables(text: str) -> bool:
    """Whether filling in would change the text, or tell of a problem in it."""
    return _PIECE.search(text) is not None


def names_in(text: str) -> tuple[str, ...]:
    """The variables that the text names, in order, each once."""
    found = (match["name"] for match in _PIECE.finditer(text) if match["name"] is not None)
    return tuple(dict.fromkeys(name.strip() for name in found))


def escape(text: str) -> str:
    """The text as a value that says the same: its braces are no variables."""
    return text.replace("{", "{{").replace("}", "}}")


def problems_of(text: str) -> tuple[str, ...]:
    """What is wrong with the text for every system: unknown variables, a brace that is not closed."""
    found = []
    for match in _PIECE.finditer(text):
        name = match["name"]
        if match["open"]:
            found.append(_("A brace is not closed; write {{ where a brace is meant."))
        elif name is not None and not _is_known(name.strip()):
            found.append(
                _("There is no variable {{{name}}}; there are {listed}.", name=name.strip(), listed=_listed())
            )
    return tuple(dict.fromkeys(found))


def fill(text: str, facts: SystemFacts) -> Filled:
    """The text with its variables filled in for a system."""
    problems = list(problems_of(text))

    def put(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return match[0][0]
        name = name.strip()
        if not _is_known(name):
            return match[0]
        value = value_of(name, facts)
        if isinstance(value, str):
            return value
        problems.append(value.sentence)
        return match[0]

    value = _PIECE.sub(put, text)
    return Filled(value, tuple(dict.fromkeys(problems)))


@dataclass(frozen=True, slots=True)
class Missing:
    """A variable that has no value for a system, and what gives it one."""

    sentence: str


def value_of(name: str, facts: SystemFacts) -> str | Missing:
    """The value of a known variable for a system."""
    match name.lower():
        case "system.name":
            return facts.name or Missing(_("{system.name}: the system has no name."))
        case "folder.name":
            return facts.folders[-1] if facts.folders else facts.root
        case "folder.path":
            return " / ".join(facts.folders) or facts.root
        case "time_zone":
            return facts.time_zone or Missing(_("{time_zone}: the system has reported no time zone."))
        case "room":
            return _room(facts)
    key = name[len("tag.") :]
    found = _tagged(key, facts.tags)
    if len(found) > 1:
        return Missing(
            _(
                "{{{name}}}: the system has {count} tags {key}:VALUE, so none is used.",
                name=name,
                count=len(found),
                key=key,
            )
        )
    return (
        found[0]
        if found
        else Missing(_("{{{name}}}: the system has no tag {key}:VALUE.", name=name, key=key))
    )


def _room(facts: SystemFacts) -> str | Missing:
    tagged = _tagged("room", facts.tags)
    if len(tagged) == 1:
        return tagged[0]
    if tagged:
        return Missing(
            _("{{room}}: the system has {count} tags room:VALUE, so none is used.", count=len(tagged))
        )
    number = _LAST_NUMBER.search(facts.name) or _FIRST_NUMBER.search(facts.name)
    if number is None:
        return Missing(
            _("{room}: the system has no tag room:VALUE, and its name neither begins nor ends with a number.")
        )
    return number[1]


def _tagged(key: str, tags: Iterable[str]) -> list[str]:
    found = []
    for tag in tags:
        match = _TAG.fullmatch(tag)
        if match and match[1].casefold() == key.casefold() and match[2]:
            found.append(match[2])
    return sorted(set(found))


def _is_known(name: str) -> bool:
    lower = name.lower()
    return (lower.startswith("tag.") and len(lower) > len("tag.")) or lower in NAMES[:4] or lower == NAMES[5]


def _listed() -> str:
    return ", ".join(f"{{{name}}}" for name in NAMES)
