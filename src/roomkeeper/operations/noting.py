"""What the names of what the audit trail notes are called: by the labels and headings of what is declared."""

from functools import lru_cache
from typing import Any

from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import all_subjects
from roomkeeper.words import gettext as _


def label_of(name: str, act: str = "") -> str:
    """What a name is called that stands in the details of an act of that word; its own letters where nobody says."""
    words = name.removeprefix("is_").replace("_", " ").replace(".", " ").capitalize()
    return _(_labels().get((act, name)) or _labels().get(("", name)) or words)


@lru_cache(maxsize=1)
def _labels() -> dict[tuple[str, str], str]:
    """By the word of an act and a name what that is called there, and by the name alone."""
    found: dict[tuple[str, str], str] = {}
    for subject in all_subjects():
        fields: dict[str, Field] = subject.by_name
        for act in subject.acts:
            word = act.audit_word(subject.noun)
            taken = {one.name: one.label for one in act.takes if one.label}
            headed = {one.name: fields[one.name].heading for one in act.takes if one.name in fields}
            for name, label in {**headed, **taken}.items():
                found[word, name] = label
                found.setdefault(("", name), label)
    return found


def noted(value: Any, act: str = "") -> str:
    """What is noted, as people read it: no value of Python's, no name of a field."""
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return " ".join(f"{label_of(key, act)} {noted(part, act)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(noted(part, act) for part in value)
    return str(value)
