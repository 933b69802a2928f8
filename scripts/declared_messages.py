"""The texts that declarations hold: subjects, Network settings, choices, manifests, findings, tickets, commands."""

import inspect
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from zoneinfo import available_timezones

import typer
from django.apps import apps

import roomkeeper
from roomkeeper.accounts.permissions import Permission
from roomkeeper.bulk_editing.columns import FIELDS
from roomkeeper.cli.main import app
from roomkeeper.devices import errors
from roomkeeper.diagnosis.fixes import FIXES
from roomkeeper.operations.acts import Act, Input
from roomkeeper.operations.fields import Field
from roomkeeper.operations.filters import words_of
from roomkeeper.operations.subjects import Subject, all_subjects
from roomkeeper.phonebooks.sources import all_kinds
from roomkeeper.systems.models import NetworkSettings
from roomkeeper.systems.models.setting_kinds import settings_of
from roomkeeper.web.frame import NAVIGATION
from roomkeeper.web.templatetags import rk

# Names, which are not translated.
ZONES: Final = available_timezones()
SOURCE: Final = Path(roomkeeper.__file__).parent
# In the tables beside the code: the keys whose values people read.
_READ: Final = {
    "answers.toml": {"heading", "words"},
    "findings.toml": {"check", "sentence", "next"},
    "ticket_kinds.toml": {"what", "todo", "closes"},
    "manifest.toml": {
        "title",
        "about",
        "why",
        "changes",
        "by_hand",
        "words",
        "note",
        "sentence",
        "never_calls",
    },
}


def collect() -> dict[str, list[str]]:
    """Texts by where they are declared."""
    found: dict[str, list[str]] = {}
    for subject in all_subjects():
        found[f"declaration of {subject.plural}"] = list(_of_subject(subject))
    found["Network settings"] = list(_of_settings())
    found["permissions"] = [one.value for one in Permission]
    found["navigation"] = [
        text for title, entries in NAVIGATION for text in (title, *(one.label for one in entries))
    ]
    found["fixes"] = [text for one in FIXES.values() for text in (one.button, one.what, one.undo)]
    found["phone book sources"] = [text for one in all_kinds() for text in (one.label, one.meaning)]
    found["columns"] = [one.label for one in FIELDS.values()]
    found["states"] = list(_of_states())
    found["sides"] = ["left", "right", "Internal", "Public"]
    found["posts"] = ["boot", "register", "heartbeat"]
    for model in apps.get_models():
        if model.__module__.startswith("roomkeeper."):
            found[f"choices of {model.__name__}"] = list(_of_choices(model))
    found["devices/errors.py"] = [_one_line(kind) for kind in _kinds(errors.DeviceError)]
    found["command line"] = list(_of_command(typer.main.get_command(app)))
    for name, keys in _READ.items():
        for path in sorted(SOURCE.rglob(name)):
            table = tomllib.loads(path.read_text("utf-8"))
            place = str(path.relative_to(SOURCE))
            found[place] = list(_of_table(table, keys))
            if name == "ticket_kinds.toml":
                found[place] += list(table)
    return found


def label_of(name: str) -> str:
    """What something is called that has no words of its own."""
    return name.replace("_", " ").capitalize()


def _of_subject(subject: Subject) -> Iterator[str]:
    yield from (subject.noun, subject.plural, subject.noun.capitalize(), subject.plural.capitalize())
    yield from (subject.pages.heading, subject.meaning)
    yield subject.pages.empty if not subject.pages.empty.endswith(".html") else ""
    yield from (tab.label for tab in subject.pages.tabs)
    for one in subject.fields:
        yield from _of_field(one)
    for act in subject.acts:
        yield from _of_act(act, subject.noun)


def _of_field(one: Field) -> Iterator[str]:
    yield from (one.heading, one.meaning, label_of(one.name))
    yield label_of(one.name.removeprefix("is_").removeprefix("has_"))
    yield one.name.replace("_", " ")
    yield from (word for _value, word in words_of(one))


def _of_act(act: Act, noun: str) -> Iterator[str]:
    yield from (act.title, act.what, act.undo, act.button, act.done, act.summary, act.name)
    yield from (act.name.capitalize(), act.audit_word(noun))
    yield from (one.label for one in act.page.variants)
    for one in act.takes:
        yield from _of_input(one)
    for one in (*act.tells, *act.plans):
        yield from _of_field(one)


def _of_input(one: Input) -> Iterator[str]:
    yield from (one.label, one.hint, one.meaning, label_of(one.name))
    yield from (word for _value, word in one.choices if word not in ZONES)
    for part in one.parts:
        yield from _of_input(part)


def _of_settings() -> Iterator[str]:
    for one in settings_of(NetworkSettings):
        yield from (one.label, one.hint, one.section.title, one.section.words)


def _of_states() -> Iterator[str]:
    for kind, table in rk.STATES.items():
        words = (word if isinstance(look, str) else look[1] for word, look in table.items())
        yield from (word.upper() if kind == "delivery" else word for word in words)
    yield from (*rk.CONNECTIVITY.values(), *rk.SHORT_CONNECTIVITY.values())


def _of_choices(model: Any) -> Iterator[str]:
    yield str(model._meta.verbose_name)
    for one in model._meta.get_fields():
        yield from (str(label) for _value, label in getattr(one, "choices", None) or ())


def _kinds(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _kinds(one)


def _one_line(kind: type[Exception]) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


def _of_command(command: Any) -> Iterator[str]:
    yield command.help or ""
    yield from (getattr(one, "help", None) or "" for one in command.params)
    for one in getattr(command, "commands", {}).values():
        yield from _of_command(one)


def _of_table(value: Any, keys: Iterable[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if isinstance(one, str):
                yield one if key in keys else ""
            yield from _of_table(one, keys)
    for one in value if isinstance(value, list) else ():
        yield from _of_table(one, keys)
