"""Making a template's content: from what a system has now, or from what was pasted or read from a file."""

from collections.abc import Collection, Iterable

from roomkeeper.configuration_templates import variables
from roomkeeper.configuration_templates.content import Content, TemplateRefused, checked
from roomkeeper.configuration_templates.pasted_text import PastedText
from roomkeeper.devices import names
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.systems.documents import HIDDEN, reported_configuration
from roomkeeper.systems.models import System
from roomkeeper.words import gettext as _


def content_from_system(system: System, paths: Collection[str] | None = None) -> Content:
    """The system's settings at these paths as a template; all of them for None.

    Values are taken as they stand: a brace in one is no variable. Hidden ones are left for a person to type. Raises
    `TemplateRefused` where the system has reported nothing, or not that path.
    """
    reported = reported_configuration(system.pk)
    if reported is None:
        raise TemplateRefused(_("{system} has not reported its configuration yet.", system=system))
    picked: list[tuple[str, str | None]] = []
    errors: dict[str, str] = {}
    for path in reported.settings if paths is None else paths:
        found = reported.find(path)
        if found is None:
            errors[path] = _("{system} has no such setting.", system=system)
        else:
            own, value = found
            picked.append((own, None if value == HIDDEN else variables.escape(value)))
    if errors:
        raise TemplateRefused(errors)
    return checked(picked)


def content_from_reading(reading: PastedText, *, before: Content | None = None) -> Content:
    """What was read as a template; a setting that stands there twice has its last value. Raises `TemplateRefused`."""
    return checked(latest_by_key(reading.settings).values(), reading.commands, before=before)


def latest_by_key(settings: Iterable[tuple[str, str | None]]) -> dict[str, tuple[str, str | None]]:
    """Settings by `key_of`, in order; one that stands there twice has its last value, and its last place."""
    latest: dict[str, tuple[str, str | None]] = {}
    for path, value in settings:
        key = key_of(path)
        latest.pop(key, None)
        latest[key] = (path, value)
    return latest


def key_of(path: str) -> str:
    """The match key; for what is no path, the text as it stands."""
    try:
        return match_key(path)
    except ValueError:
        return path


def is_of_one_device(path: str) -> bool:
    """Whether the setting says what one device alone is called or reached by; whoever picks it is told."""
    return names.is_of_one_device(path)
