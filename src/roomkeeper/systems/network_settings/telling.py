"""Network settings as programs are told them and give them: JSON that is nested as the places in their table say."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, create_model

from roomkeeper.operations.fields import Field as Declared
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import NetworkSettings
from roomkeeper.systems.models.setting_kinds import Nested, Setting, grouped

NESTED: Final = grouped(network_settings.TABLE.values())


class Group(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(extra="forbid")


def parts_of(nested: Nested, *, is_patch: bool, before: str = "") -> dict[str, Any]:
    """(type, default with description and bounds) of each part by its name: what is told, or what may be changed."""
    fields: dict[str, Any] = {}
    for outer, one in nested.items():
        if isinstance(one, Setting):
            if is_patch or not one.is_secret:
                fields[outer] = field_of(one, is_patch=is_patch)
            continue
        name = f"{before}{outer.title().replace('_', '')}{'Patch' if is_patch else 'Out'}"
        inner = parts_of(one, is_patch=is_patch, before=before + outer.title())
        group: Any = create_model(name, __base__=Group, __doc__=_words_of(one), **inner)
        fields[outer] = (group, Field(None) if is_patch else Field(...))
    return fields


def _words_of(nested: Nested) -> str:
    """What the settings below are for."""
    first = next(iter(nested.values()))
    return _words_of(first) if isinstance(first, dict) else first.section.words or f"{first.section.title}."


def field_of(one: Setting, *, is_patch: bool) -> tuple[Any, Any]:
    """(type, description and bounds) of a setting."""
    words = ". ".join(part.rstrip(".") for part in (one.label, one.hint) if part) + "."
    known: dict[str, Any] = {"description": words + (" Write-only." if one.is_secret else "")}
    kind = one.api_type
    if one.form == "number":
        # Told to programs; the table's own rule refuses with a better sentence.
        bounds: Any = {"minimum": one.least, "maximum": one.most}
        kind = Annotated.__class_getitem__((kind, Field(json_schema_extra=bounds)))  # type: ignore[attr-defined]
    elif one.most is not None and is_patch:
        known["max_length"] = one.most
    return kind, Field(None if is_patch else ..., **known)


def declared() -> tuple[Declared, ...]:
    """A field of the subject for each part that is told."""
    return tuple(
        Declared(name=name, type=kind, meaning=known.description or "", read=_reader(NESTED[name]))
        for name, (kind, known) in parts_of(NESTED, is_patch=False).items()
    )


def by_key(sent: Mapping[str, Any], nested: Nested = NESTED) -> dict[str, Any]:
    """What was sent, by the keys of the settings."""
    found: dict[str, Any] = {}
    for word, value in sent.items():
        one = nested[word]
        found |= {one.key: value} if isinstance(one, Setting) else by_key(value or {}, one)
    return found


def _reader(one: "Setting | Nested") -> Any:
    return lambda row: _shown(row, one)


def _shown(row: NetworkSettings, one: "Setting | Nested") -> Any:
    if isinstance(one, Setting):
        return getattr(row, one.column)
    return {
        word: _shown(row, inner)
        for word, inner in one.items()
        if isinstance(inner, dict) or not inner.is_secret
    }
