"""Kinds of Network settings: each row of the table is the column that keeps the value, with the rule that checks it
and what every surface has to know. The table made of them stands in `models.network_settings`."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypedDict, TypeVar, Unpack

from django.db import models
from django.db.models.fields import NOT_PROVIDED

from roomkeeper.systems.addresses import network_of, parse_address
from roomkeeper.words import gettext as _

_FQDN: Final = re.compile(
    r"(?=.{1,255}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*\.?"
)
_ENCRYPTED: Final = "_ciphertext"
Form = Literal["text", "number", "switch", "lines", "pem", "secret"]
Rule = Callable[[Any], Any]
Nested = dict[str, "Setting | Nested"]
Column = TypeVar("Column", bound="models.Field[Any, Any]")


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that stand together on the page, and what they are for."""

    title: str
    words: str = ""


class Said(TypedDict, total=False):
    """What every row may say: the section, label and hint of the form; its place in the API (`heartbeat.idle`, by
    default its name); and what a change is handed to systems with (see `Setting.concerns`)."""

    section: Section
    label: str
    hint: str
    at: str
    concerns: Literal["", "address", "management", "defaults"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One Network setting.

    `key` is what services and forms call it, `at` its place in the API. `concerns`: a change is an address of ours
    that systems are told, one of their management settings, or a default that they are held against. `check` gives
    the value in the one spelling that is kept, or raises ValueError with the sentence that stands beside the field.
    `least` and `most` bound numbers, and the length of texts and lists.
    """

    form: Form
    api_type: Any
    check: Rule
    column: str = ""
    section: Section = Section("Other")
    label: str = ""
    hint: str = ""
    at: str = ""
    concerns: str = ""
    start: Any = None
    least: int | None = None
    most: int | None = None

    @property
    def key(self) -> str:
        """By which services and forms call it."""
        return self.column.removesuffix(_ENCRYPTED) if self.is_secret else self.column

    @property
    def is_secret(self) -> bool:
        """Whether it is written and never read back."""
        return self.form == "secret"


def settings_of(table: type[models.Model]) -> tuple[Setting, ...]:
    """The rows of a table, in its order."""
    found = []
    for column in table._meta.concrete_fields:
        row: Setting | None = getattr(column, "setting", None)
        if row is not None:
            found.append(replace(row, column=column.name, at=row.at or column.name))
    return tuple(found)


def sections_of(rows: Iterable[Setting]) -> list[tuple[Section, list[Setting]]]:
    """The rows section by section, both in the order of the table."""
    found: dict[Section, list[Setting]] = {}
    for one in rows:
        found.setdefault(one.section, []).append(one)
    return list(found.items())


def grouped(rows: Iterable[Setting]) -> "Nested":
    """The rows as the API nests them: `heartbeat.idle` stands under `heartbeat`."""
    found: Nested = {}
    for one in rows:
        *groups, last = one.at.split(".")
        place = found
        for word in groups:
            inner = place.setdefault(word, {})
            if not isinstance(inner, dict):
                raise ValueError(_("{at} stands below a setting.", at=one.at))
            place = inner
        place[last] = one
    return found


def _kept(column: Column, form: Form, api_type: Any, check: Rule, said: Mapping[str, Any]) -> Column:
    """The column, with its row."""
    column.setting = Setting(  # type: ignore[attr-defined]  # what makes a column a row of the table
        form=form, api_type=api_type, check=check, start=column.get_default(), **said
    )
    return column


# Kinds


def switch(default: bool, **said: Unpack[Said]) -> "models.BooleanField[bool, bool]":
    """On or off."""
    return _kept(models.BooleanField(default=default), "switch", bool, _check_switch, said)


def whole(
    default: int, least: int, most: int, *, what: str = "a whole number", **said: Unpack[Said]
) -> "models.PositiveIntegerField[int, int]":
    """A whole number within bounds."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(_("must be {what} from {least} to {most}.", what=what, least=least, most=most))
        return value

    bounds = {"least": least, "most": most}
    return _kept(models.PositiveIntegerField(default=default), "number", int, check, {**said, **bounds})


def seconds(
    default: int, least: int, most: int, **said: Unpack[Said]
) -> "models.PositiveIntegerField[int, int]":
    """A duration in seconds."""
    return whole(default, least, most, what=_("a whole number of seconds"), **said)


def port(default: int, **said: Unpack[Said]) -> "models.PositiveIntegerField[int, int]":
    """A TCP port."""
    return whole(default, 1, 65_535, what="a port", **said)


def outside_port(
    **said: Unpack[Said],
) -> "models.PositiveIntegerField[int | None, int | None]":
    """A port as it is seen from outside: 0 where nothing comes in, none where it is worked out."""

    def check(value: Any) -> int | None:
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65_535:
            raise ValueError(_("must be a port from 1 to 65535, 0 if nothing arrives there, or empty."))
        return value

    column: models.PositiveIntegerField[int | None, int | None]
    column = models.PositiveIntegerField(null=True, blank=True)
    return _kept(column, "number", int | None, check, {**said, "least": 0, "most": 65_535})


def text(
    rule: Rule, most: int = 255, *, default: str = "", **said: Unpack[Said]
) -> "models.CharField[str, str]":
    """A short text by a rule of its own; `str` for any."""

    def check(value: Any) -> str:
        found = str(rule("" if value is None else value)).strip()
        if len(found) > most:
            raise ValueError(_("may have at most {most} characters.", most=most))
        return found

    column: models.CharField[str, str]
    column = models.CharField(max_length=most, default=default or NOT_PROVIDED, blank=True)
    return _kept(column, "text", str, check, {**said, "most": most})


def host_name(**said: Unpack[Said]) -> "models.CharField[str, str]":
    """A host name in small letters; empty for none."""
    return text(_check_host_name, **said)


def outside_host(**said: Unpack[Said]) -> "models.CharField[str, str]":
    """A host name or an address that somebody could call, without a port; empty for none."""
    return text(_check_outside_host, **said)


def address(
    protocol: Literal["IPv4", "IPv6"], **said: Unpack[Said]
) -> "models.GenericIPAddressField[str | None, str | None]":
    """An address of one protocol; none where it is empty."""
    kind = ipaddress.IPv4Address if protocol == "IPv4" else ipaddress.IPv6Address

    def check(value: Any) -> str | None:
        written = str(value).strip() if value else ""
        try:
            return str(kind(written)) if written else None
        except ValueError:
            raise ValueError(
                _("{written!r} is no {protocol} address.", written=written, protocol=protocol)
            ) from None

    column: models.GenericIPAddressField[str | None, str | None]
    column = models.GenericIPAddressField(protocol=protocol, null=True, blank=True)
    return _kept(column, "text", str | None, check, said)


def lines(check: Rule, most: int = 1000, **said: Unpack[Said]) -> "models.JSONField[Any, list[str]]":
    """A list of texts, one a line of the form."""
    column: models.JSONField[Any, list[str]] = models.JSONField(default=list, blank=True)
    return _kept(column, "lines", list[str], check, {**said, "most": most})


def networks(**said: Unpack[Said]) -> "models.JSONField[Any, list[str]]":
    """Networks as in 10.20.0.0/16."""
    return lines(_check_networks, **said)


def pem(check: Rule, most: int, **said: Unpack[Said]) -> "models.TextField[str, str]":
    """Certificates in PEM, one after the other."""
    return _kept(models.TextField(blank=True), "pem", str, check, {**said, "most": most})


def secret(check: Rule, most: int = 255, **said: Unpack[Said]) -> "models.BinaryField[Any, bytes]":
    """Given in the clear, kept encrypted in a column whose name ends with `_ciphertext`, and read back by nobody."""
    column: models.BinaryField[Any, bytes] = models.BinaryField(default=bytes, blank=True)
    return _kept(column, "secret", str, check, {**said, "most": most})


def _check_switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(_("must be true or false."))
    return value


def _check_host_name(value: Any) -> str:
    written = str(value or "").strip().lower().rstrip(".")
    if written and not _FQDN.fullmatch(written):
        raise ValueError(_("{written!r} is not a host name.", written=written))
    return written


def _check_outside_host(value: Any) -> str:
    written = str(value or "").strip().lower().strip("[]").rstrip(".")
    found = parse_address(written)
    if found is None:
        if ":" in written:
            raise ValueError(
                _("{written!r} is not a host name; ports have fields of their own.", written=written)
            )
        return _check_host_name(written)
    if found.is_unspecified or found.is_multicast:
        raise ValueError(_("{written!r} is an address that nobody can call.", written=written))
    return str(found)


def _check_networks(value: Any) -> list[str]:
    if not isinstance(value, list | tuple):
        raise ValueError(_("must be a list of networks."))
    return [str(network_of(str(one))) for one in value]
