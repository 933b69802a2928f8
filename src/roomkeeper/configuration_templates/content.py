"""What a version of a template holds: settings and commands, checked, packed for the database and unpacked."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from django.conf import settings as django_settings

from roomkeeper import keys
from roomkeeper.configuration_templates import variables
from roomkeeper.configuration_templates.models import TemplateVersion
from roomkeeper.protocols.xapi.command_line import write_call
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning import actions, planning
from roomkeeper.provisioning.secret_values import is_secret_path, secret_names
from roomkeeper.systems.documents import HIDDEN
from roomkeeper.words import gettext as _

COMMANDS_LIMIT: Final = 50
_COMMAND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(/[A-Za-z][A-Za-z0-9]*){0,7}")

Argument: TypeAlias = "tuple[str, str | tuple[str, ...]]"


class TemplateRefused(ValueError):
    """The template cannot be like that; `errors` holds a sentence by field or path, "" for the whole."""

    def __init__(self, errors: Mapping[str, str] | str) -> None:
        self.errors = {"": errors} if isinstance(errors, str) else dict(errors)
        super().__init__(
            " ".join(f"{name}: {sentence}" if name else sentence for name, sentence in self.errors.items())
        )


@dataclass(frozen=True, slots=True)
class TemplateSetting:
    """A setting of a template. `value` may name variables; None where it is a secret that nobody has typed yet."""

    path: str
    value: str | None

    @property
    def is_secret(self) -> bool:
        """Whether the value is kept encrypted and shown to nobody."""
        return is_secret_path(self.path)

    @property
    def shown(self) -> str:
        """The value as anybody may see it."""
        return HIDDEN if self.is_secret and self.value != "" else self.value or ""


@dataclass(frozen=True, slots=True)
class TemplateCommand:
    """A command of a template; values of arguments may name variables. A tuple repeats the argument."""

    command: str
    arguments: tuple[Argument, ...] = ()
    body: str | None = None

    @property
    def shown(self) -> str:
        """The command as devices take it."""
        return write_call(self.command, self.arguments)


@dataclass(frozen=True, slots=True)
class Content:
    """The settings and the commands of a template, in order."""

    settings: tuple[TemplateSetting, ...] = ()
    commands: tuple[TemplateCommand, ...] = ()

    @property
    def has_secrets(self) -> bool:
        """Whether any value is kept encrypted."""
        return any(setting.is_secret and setting.value for setting in self.settings)

    def variables(self) -> set[str]:
        """The variables that any value names, in lower case."""
        return {name.lower() for text in self._texts() for name in variables.names_in(text)}

    def _texts(self) -> Iterable[str]:
        for setting in self.settings:
            yield setting.value or ""
        for command in self.commands:
            yield command.body or ""
            for _rest, value in command.arguments:
                yield from [value] if isinstance(value, str) else value


def checked(
    settings: Iterable[tuple[str, str | None]],
    commands: Iterable[TemplateCommand] = (),
    *,
    before: Content | None = None,
) -> Content:
    """Settings and commands as a template may hold them.

    A secret that is given as None or `***` is the one of `before`, where that has one. Raises `TemplateRefused` with a
    sentence for each path at fault.
    """
    errors: dict[str, str] = {}
    known = {match_key(one.path): one.value for one in before.settings} if before else {}
    kept: list[TemplateSetting] = []
    given = list(settings)
    if len(given) > planning.SETTINGS_LIMIT:
        raise TemplateRefused(
            _("A template has at most {SETTINGS_LIMIT} settings.", SETTINGS_LIMIT=planning.SETTINGS_LIMIT)
        )
    seen: set[str] = set()
    for text, value in given:
        try:
            cleaned = planning.clean_settings({text: "" if value is None else _sample(value)})
        except planning.PlanRefused as refusal:
            errors[text] = next(iter(refusal.errors.values()))
            continue
        path = next(iter(cleaned))
        key = match_key(path)
        problems = variables.problems_of(value or "")
        if key in seen:
            errors[text] = _("appears twice.")
        elif problems:
            errors[text] = " ".join(problems)
        elif value is None and not is_secret_path(path):
            errors[text] = _('needs a text as its value ("" sets it empty).')
        else:
            if is_secret_path(path) and value in (None, HIDDEN):
                value = known.get(key)
            kept.append(TemplateSetting(path, value))
        seen.add(key)
    asked = list(commands)
    if len(asked) > COMMANDS_LIMIT:
        errors["commands"] = _("A template has at most {limit} commands.", limit=COMMANDS_LIMIT)
    checked_commands = []
    for command in asked:
        try:
            checked_commands.append(_checked_command(command))
        except ValueError as refusal:
            errors[command.command[:255] or "commands"] = str(refusal)
    if errors:
        raise TemplateRefused(errors)
    return Content(tuple(kept), tuple(checked_commands))


def _sample(value: str) -> str:
    """What limits are held against: a value with variables is only known for each system."""
    return "" if variables.names_in(value) and len(value) <= planning.VALUE_LIMIT else value


def storable(text: str) -> str:
    """The text without characters that neither a database nor a device takes."""
    return planning.UNPRINTABLE.sub("", text)


def _checked_command(command: TemplateCommand) -> TemplateCommand:
    if not _COMMAND.fullmatch(command.command):
        raise TemplateRefused(_("is not a command such as Audio/Volume/Set."))
    cleaned = actions.clean_arguments(command.arguments)
    if hidden := secret_names(command.command, cleaned):
        raise TemplateRefused(
            _(
                "{hidden}: is a secret, which would stay readable in a template. Run the command on "
                "the systems instead.",
                hidden=hidden[0],
            )
        )
    if command.body is not None and len(command.body) > actions.BODY_LIMIT:
        raise TemplateRefused(_("has a body of over one million characters."))
    if storable(command.body or "") != (command.body or ""):
        raise TemplateRefused(_("has a body with characters that no device accepts."))
    arguments = tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in cleaned)
    for name, value in arguments:
        for one in [value] if isinstance(value, str) else value:
            if storable(one) != one:
                raise TemplateRefused(_("{name}: contains characters that no device accepts.", name=name))
            if problems := variables.problems_of(one):
                raise TemplateRefused(" ".join(problems))
    return TemplateCommand(command.command, arguments, command.body)


def version_of(content: Content, **values: Any) -> TemplateVersion:
    """A version, not saved, that holds the content."""
    typed = {
        match_key(one.path): one.value for one in content.settings if one.is_secret and one.value is not None
    }
    return TemplateVersion(
        settings=[
            {"path": one.path, "value": None if one.is_secret else one.value} for one in content.settings
        ],
        commands=[
            {"command": one.command, "arguments": [list(pair) for pair in one.arguments], "body": one.body}
            for one in content.commands
        ],
        secrets_ciphertext=_keys().encrypt(json.dumps(typed)) if typed else b"",
        **values,
    )


def content_of(version: TemplateVersion | None) -> Content:
    """What the version holds, secrets in clear; nothing for None."""
    if version is None:
        return Content()
    ciphertext = bytes(version.secrets_ciphertext)
    typed: dict[str, str] = json.loads(_keys().decrypt(ciphertext)) if ciphertext else {}
    return Content(
        tuple(
            TemplateSetting(
                one["path"], typed.get(match_key(one["path"])) if one["value"] is None else one["value"]
            )
            for one in version.settings
        ),
        tuple(decode_command(one) for one in version.commands),
    )


def decode_command(found: Mapping[str, Any]) -> TemplateCommand:
    """A command as it stands in JSON: `arguments` as an object or as pairs."""
    pairs: Any = found.get("arguments") or ()
    arguments: Sequence[tuple[str, Any]] = list(pairs.items()) if isinstance(pairs, Mapping) else list(pairs)
    return TemplateCommand(
        found["command"],
        tuple(
            (name, tuple(map(str, value)) if isinstance(value, list) else str(value))
            for name, value in arguments
        ),
        found.get("body"),
    )


def _keys() -> keys.Keys:
    return keys.load(django_settings.OPTIONS.data)
