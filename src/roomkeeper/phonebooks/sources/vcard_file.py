"""vCards as a source: of a card the fields that a mapping can use, under the names of the standard. Pure.

A field is called as the property is (`TEL`), and again with each type (`TEL.cell`) and with the label that people gave
it (`TEL.Reception`). `TEL` alone leaves faxes and pagers out: nobody wants to dial them.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind, register
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.vcard import Card, Property, read_cards
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

NAME: Final = "vcard"
MAPPING: Final[Mapping[str, Sequence[str]]] = {
    "name": ("FN",),
    "note": ("ORG", "TITLE"),
    "sip": ("IMPP.sip", "X-SIP", "TEL.sip", "URL.sip"),
    "h323": ("IMPP.h323", "X-H323", "TEL.h323", "URL.h323"),
    "telephone": ("TEL",),
}
TOLD: Final = 10
_LONGEST: Final = 255
_LONGEST_NOTE: Final = 1_000
_MOST_VALUES: Final = 20  # of one field of a card
_MOST_ADDRESSES: Final = 10  # of an entry; one with more would be refused
_TEXTS: Final = frozenset({"NICKNAME", "TITLE", "ROLE", "NOTE", "CATEGORIES", "EMAIL", "X-SIP", "X-H323"})
_DIALLED: Final = frozenset({"TEL", "IMPP", "URL"})
_COMPOUND: Final = frozenset({"ORG", "ADR"})
# How a value is sent, and not what it is for.
_SILENT_TYPES: Final = frozenset({"voice", "pref", "internet", "uri", "text"})
_NOT_DIALLED: Final = frozenset({"fax", "pager", "modem", "bbs"})
# Apple's own words for labels: _$!<Mobile>!$_
_APPLE_LABEL: Final = re.compile(r"_\$!<(.*)>!\$_", re.DOTALL)
_SCHEME: Final = re.compile(r"(sips?|h323|tel|x-apple|xmpp|callto):", re.IGNORECASE)


class Problems:
    """Sentences on single cards, of which the first are told and the rest counted."""

    def __init__(self, warnings: list[str]) -> None:
        self.where = ""
        self._warnings = warnings
        self._more = 0
        self._told = 0

    def add(self, line: int, reason: str) -> None:
        """Something that was left out, in that line, or `where` that is set."""
        if self._told < TOLD:
            self._told += 1
            self._warnings.append(
                _("{where}: {reason}", where=self.where or _("Line {line}", line=line), reason=reason)
            )
        else:
            self._more += 1

    def close(self) -> None:
        """Say how many were not told."""
        if self._more:
            self._warnings.append(
                ngettext(
                    "{count} more line could not be read.",
                    "{count} more lines could not be read.",
                    self._more,
                )
            )
            self._more = 0


def read_file(data: bytes, reading: Reading) -> Iterator[Record]:
    """The records of a file of vCards. Raises `SourceFailed` where it cannot be taken as a whole; what is wrong with
    single cards is told in `reading.warnings`."""
    problems = Problems(reading.warnings)
    keys: dict[str, int] = {}
    told = 0
    try:
        for found in read_cards(data):
            if reading.most is not None and told >= reading.most:
                break
            if not isinstance(found, Card):
                problems.add(found.line, found.reason)
                continue
            one = record_of(found, problems)
            if one is None:
                continue
            # The same card may stand there twice, and the same UID in two.
            number = keys[one.key] = keys.get(one.key, 0) + 1
            if number > 1:
                one = Record(f"{one.key[:240]} #{number}", one.fields, at=one.at)
            told += 1
            yield one
    except ProtocolError as error:
        raise SourceFailed(_("{problem} Nothing was changed.", problem=str(error))) from error
    finally:
        problems.close()


def is_group(card: Card) -> bool:
    """Whether the card is a list of others."""
    return any(
        one.name in ("KIND", "X-ADDRESSBOOKSERVER-KIND") and one.text.lower() == "group"
        for one in card.properties
    )


def record_of(card: Card, problems: Problems, key: str = "") -> Record | None:
    """What a card tells; None for a group and for one without any name. The key is the given one, or its UID, or a
    digest of its name and first address."""
    if is_group(card):
        return None
    fields = fields_of(card, problems)
    name = fields.get("FN", ("",))[0]
    if not name:
        problems.add(card.line, _("The card has no name; it was left out."))
        return None
    key = key or _uid(card)
    if not key or len(key) > _LONGEST:
        first = next(
            (
                fields[one][0]
                for part in ("sip", "h323", "telephone")
                for one in MAPPING[part]
                if one in fields
            ),
            "",
        )
        key = "card " + hashlib.sha256("\0".join((key, name, first)).encode()).hexdigest()[:40]
    return Record(key, fields, at=_("Line {line}", line=card.line))


def fields_of(card: Card, problems: Problems) -> dict[str, tuple[str, ...]]:
    """The fields of a card, values in order of preference; `FN` is there wherever the card has any name."""
    labels = {one.group: _label(one.text) for one in card.properties if one.group and one.name == "X-ABLABEL"}
    found = _Fields()
    for one in sorted(card.properties, key=lambda each: each.preference):
        label = labels.get(one.group, "") or one.parameters.get("LABEL", "") if one.name != "ADR" else ""
        if one.name in _DIALLED:
            _add_dialled(found, one, label)
        elif one.name in _TEXTS:
            found.add(one.name, _without_scheme(one.text) if one.name.startswith("X-") else one.text)
            if one.name == "EMAIL":
                found.add_types(one, label, one.text)
        elif one.name in _COMPOUND:
            found.add(one.name, ", ".join(part for part in one.parts if part))
        elif one.name in ("FN", "N"):
            found.add(one.name, one.text if one.name == "FN" else _name_of(one))
    if "FN" not in found.values:
        for other in ("N", "NICKNAME", "ORG"):
            if other in found.values:
                found.values["FN"] = found.values[other][:1]
                break
    others = sum(len(found.values.get(name, ())) for part in ("sip", "h323") for name in MAPPING[part])
    if len(numbers := found.values.get("TEL", [])) > max(room := _MOST_ADDRESSES - others, 1):
        found.values["TEL"] = numbers[: max(room, 1)]
        problems.add(
            card.line, _("It has more than {most} addresses; the first were taken.", most=_MOST_ADDRESSES)
        )
    for name in found.too_long:
        problems.add(card.line, _("{field} is too long; it was left out.", field=name))
    return {name: tuple(values) for name, values in found.values.items()}


@dataclass(slots=True)
class _Fields:
    """Fields as they are gathered, within bounds and without repetitions."""

    values: dict[str, list[str]] = field(default_factory=dict)
    too_long: list[str] = field(default_factory=list)

    def add(self, name: str, value: str) -> None:
        value = value.strip()
        if len(value) > _LONGEST and name in _DIALLED | {"EMAIL", "X-SIP", "X-H323"}:
            self.too_long.append(name)
            return
        value = value[:_LONGEST_NOTE]
        standing = self.values.get(name, [])
        if value and value not in standing and len(standing) < _MOST_VALUES:
            self.values[name] = [*standing, value]

    def add_types(self, one: Property, label: str, value: str) -> None:
        """Under each type, and under the label."""
        for kind in (*(kind for kind in one.types if kind not in _SILENT_TYPES), label):
            if kind:
                self.add(f"{one.name}.{kind[:60]}", value)


def _add_dialled(found: _Fields, one: Property, label: str) -> None:
    """A number or an address, which may be a URI."""
    text = one.text
    scheme = _SCHEME.match(text)
    kind = scheme[1].lower().removesuffix("s") if scheme else ""
    if kind in ("sip", "h323"):
        found.add(f"{one.name}.{kind}", _without_scheme(text))
        if one.name != "TEL":
            found.add(one.name, text)
        return
    if one.name != "TEL":
        found.add(one.name, text)
        return
    if kind in ("tel", "callto"):
        text, *more = unquote(text[scheme.end() :] if scheme else text).split(";")
        for part in more:
            # A switchboard's: no endpoint dials it with the number.
            if part.lower().startswith("ext="):
                found.add("TEL.ext", part[4:])
    if not _NOT_DIALLED & set(one.types) or "voice" in one.types:
        found.add("TEL", text)
    found.add_types(one, label, text)


def _without_scheme(text: str) -> str:
    scheme = _SCHEME.match(text)
    return unquote(text[scheme.end() :]).strip() if scheme else text


def _label(text: str) -> str:
    found = _APPLE_LABEL.fullmatch(text)
    return (found[1].lower() if found else text).strip()


def _name_of(one: Property) -> str:
    """A name of parts as it is said: Dr. Anna Maria Berg."""
    family, given, additional, prefixes, suffixes = (*one.parts, "", "", "", "", "")[:5]
    return " ".join(part for part in (prefixes, given, additional, family, suffixes) if part)


def _uid(card: Card) -> str:
    return next((one.text for one in card.properties if one.name == "UID"), "")


VCARD: Final = register(
    SourceKind(
        name=NAME,
        label="vCard file",
        meaning="Contacts as telephones, Outlook and address books export them: vCard 2.1, 3.0 or 4.0.",
        read_file=read_file,
        endings=(".vcf", ".vcard"),
        mapping=MAPPING,
    )
)
