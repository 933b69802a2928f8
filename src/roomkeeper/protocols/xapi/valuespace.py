"""Value spaces: what a setting or a parameter may hold on a device. Not here: which setting has which."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from roomkeeper.protocols.xapi.document import get_document, text_of
from roomkeeper.protocols.xapi.values import INTEGER, LITERAL, STRING, find_integer, trimmed
from roomkeeper.protocols.xml import children, find_child
from roomkeeper.words import gettext as _

_ARRAY: Final = "Array"
_MANY: Final = 8  # values listed in a refusal
_ROOT: Final = "/Valuespace/"


@dataclass(frozen=True, slots=True)
class ValueSpace:
    """What is allowed: `type` is the device's word (Integer, Literal, String, or one of them with Array).

    Limits are None where the device gives none; `values` are the literals in its order. Lengths are in
    characters. `is_hidden`: a password, reported as `***`.
    """

    type: str
    values: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    step: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    is_hidden: bool = False

    def refusal(self, value: str) -> str | None:
        """Why the value is not allowed, as a sentence for the person who wrote it; None if it is.

        Asked of a value in any spelling that is the same to the device; `own_spelling` is what to send. A type that we
        do not know allows everything: the device decides then.
        """
        kind, value = self.kind, self.own_spelling(value)
        if kind == LITERAL and self.values:
            return self._refuse_literal(value)
        if kind == INTEGER:
            return self._refuse_integer(value)
        if kind == STRING:
            return self._refuse_length(value)
        return None

    @property
    def kind(self) -> str:
        """Its type, of which an array has several."""
        return self.type.removesuffix(_ARRAY)

    def own_spelling(self, value: str) -> str:
        """The value as the device spells it (rule R12): `on` as `On`, `05` as `5`, a text without blanks at its ends.

        What is not allowed and what is hidden stay as they are."""
        if self.is_hidden or value in self.values:
            return value
        text = trimmed(value)
        if self.kind == LITERAL:
            return next((own for own in self.values if own.casefold() == text.casefold()), text)
        if self.kind == INTEGER:
            number = find_integer(text)
            return text if number is None else str(number)
        return text if self.kind == STRING else value

    def _refuse_literal(self, value: str) -> str | None:
        if value in self.values:
            return None
        if len(self.values) > _MANY:
            return _(
                "It must be one of {count} values, such as {values}.",
                count=len(self.values),
                values=", ".join(self.values[:_MANY]),
            )
        if len(self.values) == 1:
            return _("It can only be {values}.", values=self.values[0])
        return _(
            "It must be {values} or {values_2}.", values=", ".join(self.values[:-1]), values_2=self.values[-1]
        )

    def _refuse_integer(self, value: str) -> str | None:
        number = find_integer(value)
        if number is None:
            return _("It must be a whole number.")
        if self.minimum is not None and self.maximum is not None:
            if not self.minimum <= number <= self.maximum:
                return _(
                    "It must be a number from {minimum} to {maximum}.",
                    minimum=self.minimum,
                    maximum=self.maximum,
                )
        elif self.minimum is not None and number < self.minimum:
            return _("It must be at least {minimum}.", minimum=self.minimum)
        elif self.maximum is not None and number > self.maximum:
            return _("It can be at most {maximum}.", maximum=self.maximum)
        if self._has_steps and self.step and (number - (self.minimum or 0)) % self.step:
            return _(
                "It must go in steps of {step} from {minimum}.", step=self.step, minimum=self.minimum or 0
            )
        return None

    @property
    def _has_steps(self) -> bool:
        """From 9.15 on schemas print the maximum as the step, which says nothing: what devices report themselves, and
        have as default, lies between (protocol notes O)."""
        if not self.step or self.step < 2:
            return False
        return self.maximum is None or self.step < min(self.maximum, self.maximum - (self.minimum or 0))

    def _refuse_length(self, value: str) -> str | None:
        length = len(value)
        if self.min_length is not None and length < self.min_length:
            if not value:
                return _("It cannot be empty.")
            return _(
                "It must have at least {min_length} characters; this one has {length}.",
                min_length=self.min_length,
                length=length,
            )
        if self.max_length is not None and length > self.max_length:
            return _(
                "It can have at most {max_length} characters; this one has {length}.",
                max_length=self.max_length,
                length=length,
            )
        return None


def decode_valuespace(data: bytes) -> dict[str, ValueSpace]:
    """The Valuespace document of a device: spaces by name (`TTPAR_OnOff`), as `valueSpaceRef` names them.

    Raises ProtocolError for anything else.
    """
    return {child.tag: decode_value_space(child) for child in get_document(data, "Valuespace")}


def read_reference(element: Element) -> str:
    """The name of the space that a setting or a parameter refers to, "" where it gives none."""
    return element.get("valueSpaceRef", "").removeprefix(_ROOT)


def decode_value_space(element: Element) -> ValueSpace:
    """One space, in a Valuespace document or within a command's parameter.

    Limits that are no numbers are left out.
    """
    return ValueSpace(
        type=element.get("type", "")[:40],
        values=tuple(_values(element)),
        minimum=_read_limit(element, "Min"),
        maximum=_read_limit(element, "Max"),
        step=_read_limit(element, "Step"),
        min_length=_read_limit(element, "MinLength"),
        max_length=_read_limit(element, "MaxLength"),
        is_hidden=_read_text(element, "HiddenValue").lower() == "true",
    )


def _values(element: Element) -> Iterator[str]:
    return (text_of(value) for value in children(element, "Value"))


def _read_text(element: Element, name: str) -> str:
    child = find_child(element, name)
    return text_of(child) if child is not None else ""


def _read_limit(element: Element, name: str) -> int | None:
    return find_integer(_read_text(element, name))
