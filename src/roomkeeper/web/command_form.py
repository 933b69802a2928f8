"""The form of a command: what was typed, a field for each parameter that a device describes, and what it refuses."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.http import HttpRequest, QueryDict

from roomkeeper.protocols.xapi.command import CommandCall, CommandDescription, CommandParameter
from roomkeeper.protocols.xapi.command_line import canonical_command, read_call, write_call
from roomkeeper.provisioning.command_checks import BODY, CommandFault, as_listed, faults_of, find_parameter
from roomkeeper.provisioning.planning import Care
from roomkeeper.words import gettext as _

_PREFIX: Final = "p-"
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}(\.\d{1,3})?")
FIELDS_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class ParameterField:
    """One parameter in the form; `parameter` None where the device describes none of that name."""

    name: str
    parameter: CommandParameter | None
    given: tuple[str, ...]
    error: str = ""

    @property
    def address(self) -> str:
        """The field's name in the form."""
        return _PREFIX + self.name

    @property
    def kind(self) -> str:
        """How it is typed: choice, choices, number, lines, text."""
        space = self.parameter.value_space if self.parameter else None
        is_many = self.parameter is not None and self.parameter.multiple > 1
        if space is not None and space.values:
            return "choices" if is_many else "choice"
        if is_many or len(self.given) > 1:
            return "lines"
        # What is no number has to come back as it was typed.
        is_number = space is not None and space.type == "Integer" and not self.error
        return "number" if is_number else "text"

    @property
    def value(self) -> str:
        """What was typed, as one text."""
        return "\n".join(self.given)

    @property
    def hint(self) -> str:
        """What it may hold, in words."""
        words = []
        parameter = self.parameter
        space = parameter.value_space if parameter else None
        if parameter is not None and parameter.multiple > 1:
            words.append(
                _("up to {multiple} values", multiple=parameter.multiple)
                + ("" if space and space.values else _(", one a line"))
            )
        if space is not None:
            low, high = (space.minimum, space.maximum)
            if low is not None or high is not None:
                words.append(_("a whole number{bounds}", bounds=_bounds(low, high)))
            if space.max_length is not None:
                words.append(
                    _(
                        "{what}{max_length} characters",
                        what=f"{space.min_length} to " if space.min_length else _("at most "),
                        max_length=space.max_length,
                    )
                )
        return ", ".join(words)


def _bounds(low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return _(" from {low} to {high}", low=low, high=high)
    return _(", at least {low}", low=low) if low is not None else _(", at most {high}", high=high)


@dataclass(slots=True)
class CommandForm:
    """A command as it stands in the form. `call` is None where nothing, or what is no command, was typed."""

    text: str
    call: CommandCall | None = None
    command: CommandDescription | None = None
    fields: list[ParameterField] = field(default_factory=list)
    error: str = ""
    body_error: str = ""
    is_anyway: bool = False
    is_not_during_calls: bool = False
    is_only_in_window: bool = False
    unlisted: list[CommandFault] = field(default_factory=list)

    @property
    def takes_body(self) -> bool:
        """Whether a text may go with it: the device says so, or has no such command."""
        return self.command is None or self.command.is_multiline or bool(self.call and self.call.body)

    @property
    def is_good(self) -> bool:
        """Whether it may be asked for as it stands."""
        is_wrong = self.error or self.body_error or any(one.error for one in self.fields)
        return self.call is not None and not is_wrong

    @property
    def care(self) -> Care:
        """How carefully it is asked for."""
        return Care(during_calls=not self.is_not_during_calls, only_in_window=self.is_only_in_window)

    def hidden(self) -> list[tuple[str, str]]:
        """All of it as hidden fields, for the question that comes before it is done."""
        pairs = [("command", self.text), ("shown", self.text)]
        for one in self.fields:
            pairs += [(one.address, value) for value in one.given]
        if self.call is not None and self.call.body is not None:
            pairs.append((BODY, self.call.body))
        ticks = {
            "anyway": self.is_anyway,
            "not_during_calls": self.is_not_during_calls,
            "only_in_window": self.is_only_in_window,
        }
        return pairs + [(name, "1") for name, is_set in ticks.items() if is_set]


def read_form(
    request: HttpRequest, commands: Mapping[str, CommandDescription] | None, *, is_done: bool
) -> CommandForm:
    """What was typed, held against the commands of a device by lower-case path; None where none are known.

    A command that was pasted with its arguments fills the fields. Unless typing `is_done`, nothing is missing yet.
    """
    data = request.POST if request.method == "POST" else request.GET
    text = data.get("command", "").strip()
    form = CommandForm(
        text,
        is_anyway=bool(data.get("anyway")),
        is_not_during_calls=bool(data.get("not_during_calls")),
        is_only_in_window=bool(data.get("only_in_window")),
    )
    if not text:
        return form
    body = data.get(BODY, "").replace("\r\n", "\n") or None
    try:
        typed = read_call(text, body)
    except ValueError as refusal:
        form.error = str(refusal)
        return form
    arguments = dict(typed.arguments)
    # Fields of another command that was shown before say nothing about this one.
    if canonical_command(data.get("shown", "")).lower() == typed.path.lower():
        arguments = {**_given(data, commands, typed.path), **arguments}
    command = commands.get(typed.path.lower()) if commands is not None else None
    form.command = command
    form.call = as_listed(command, CommandCall(typed.path, tuple(arguments.items()), body))
    form.text = write_call(form.call.path, ())
    form.fields = _fields(form.call, command)
    if commands is not None:
        given = {"", BODY, *(name for name, _ in form.call.arguments)}
        faults = faults_of(command, form.call.arguments, body)
        _note_faults(form, [fault for fault in faults if is_done or fault.part in given])
    return form


def _given(
    data: QueryDict, commands: Mapping[str, CommandDescription] | None, path: str
) -> dict[str, str | tuple[str, ...]]:
    """The arguments of the fields; those that are empty are left out."""
    command = commands.get(path.lower()) if commands is not None else None
    found: dict[str, str | tuple[str, ...]] = {}
    for key in list(data)[:FIELDS_LIMIT]:
        name = key.removeprefix(_PREFIX)
        if name == key or not _NAME.fullmatch(name):
            continue
        parameter = find_parameter(command, name) if command else None
        texts = data.getlist(key)
        if parameter is not None and parameter.multiple > 1:
            texts = [line for text in texts for line in text.splitlines()]
        values = tuple(text for text in texts if text.strip())
        if values:
            is_list = len(values) > 1 or (parameter is not None and parameter.multiple > 1)
            found[name] = values if is_list else values[0]
    return found


def _fields(call: CommandCall, command: CommandDescription | None) -> list[ParameterField]:
    given = {name: (value,) if isinstance(value, str) else value for name, value in call.arguments}
    parameters: Sequence[CommandParameter] = list(command.parameters.values()) if command else []
    ordered = sorted(parameters, key=lambda one: not one.is_required)
    fields = [ParameterField(one.name, one, given.pop(one.name, ())) for one in ordered]
    return fields + [ParameterField(name, None, values) for name, values in given.items()]


def _note_faults(form: CommandForm, faults: Iterable[CommandFault]) -> None:
    """Put what is wrong beside the field that it is about."""
    errors: dict[str, str] = {}
    for fault in faults:
        if fault.is_unlisted:
            form.unlisted.append(fault)
            if form.is_anyway:
                continue
        errors.setdefault(fault.part, fault.sentence)
    form.error = errors.pop("", "")
    form.body_error = errors.pop(BODY, "")
    form.fields = [
        ParameterField(one.name, one.parameter, one.given, errors.get(one.name, "")) for one in form.fields
    ]
