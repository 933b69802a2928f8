"""What differs between two contents: two versions of a template, or two templates. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from roomkeeper.configuration_templates.content import Content, TemplateSetting
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_OTHER_HIDDEN: Final = noop("*** (another secret)")


@dataclass(frozen=True, slots=True)
class TemplateDifference:
    """One difference; None where that side lacks it. `kind` is setting or command, `name` the path or the command."""

    kind: str
    name: str
    old: str | None
    new: str | None

    @property
    def word(self) -> str:
        """added, removed or changed."""
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"


def compare(old: Content, new: Content) -> list[TemplateDifference]:
    """The differences, settings first, in the order of the new content, what is gone at the end of each kind."""
    return [*_settings(old, new), *_commands(old, new)]


def _settings(old: Content, new: Content) -> Iterator[TemplateDifference]:
    before = {match_key(one.path): one for one in old.settings}
    for setting in new.settings:
        earlier = before.pop(match_key(setting.path), None)
        if earlier is None:
            yield TemplateDifference("setting", setting.path, None, setting.shown)
        elif earlier.value != setting.value:
            yield TemplateDifference("setting", setting.path, earlier.shown, _shown_beside(setting, earlier))
    for setting in before.values():
        yield TemplateDifference("setting", setting.path, setting.shown, None)


def _shown_beside(setting: TemplateSetting, earlier: TemplateSetting) -> str:
    return _(_OTHER_HIDDEN) if setting.shown == earlier.shown else setting.shown


def _commands(old: Content, new: Content) -> Iterator[TemplateDifference]:
    before = list(old.commands)
    for command in new.commands:
        if command in before:
            before.remove(command)
            continue
        same = next((one for one in before if one.command == command.command), None)
        if same is not None:
            before.remove(same)
        shown = command.shown
        if same is not None and same.shown == shown:
            shown += " (another body)"
        yield TemplateDifference("command", command.command, same.shown if same else None, shown)
    for command in before:
        yield TemplateDifference("command", command.command, command.shown, None)
