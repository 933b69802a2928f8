"""What an LDAP directory sends, made text: attributes, their options, keys and names. Pure."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from roomkeeper.phonebooks.directories.questions import Entry
from roomkeeper.words import gettext as _

# Never changes while the entry lives, whatever it is called: Active Directory, RFC 4530, 389 Directory Server.
KEYS: Final = ("objectGUID", "entryUUID", "nsUniqueId")
_KEY_LENGTH: Final = 255
# Octets that mean nothing to people.
_BINARY: Final = frozenset(
    {
        "audio", "cacertificate", "jpegphoto", "logonhours", "msexchmailboxguid", "ntsecuritydescriptor",
        "objectguid", "objectsid", "photo", "sidhistory", "thumbnaillogo", "thumbnailphoto", "usercertificate",
        "userpkcs12", "usersmimecertificate",
    }
)  # fmt: skip
_SECRET_PARTS: Final = ("password", "pwd")


class Doubts:
    """What was odd about entries: how often, and where first."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, tuple[str, str, int]] = {}

    def note(self, what: str, dn: str, attribute: str, size: int = 0) -> None:
        """Something odd: `encoding`, `long` or `many`."""
        self._counts[what] += 1
        self._first.setdefault(what, (dn, attribute, size))

    def sentences(self) -> list[str]:
        """One for each kind of oddity."""
        found = []
        for what, count in sorted(self._counts.items()):
            dn, attribute, size = self._first[what]
            words = {"count": count, "dn": dn[:200], "attribute": attribute, "size": size}
            if what == "encoding":
                sentence = _(
                    "{count} values are not UTF-8; what cannot be read of them is shown as \N{REPLACEMENT CHARACTER}."
                    " The first is {attribute} of {dn}: correct it in the directory.",
                    **words,
                )
            elif what == "long":
                sentence = _(
                    "{count} values are too long for a phone book and were left out. The first is {attribute} of {dn},"
                    " with {size} bytes.",
                    **words,
                )
            else:
                sentence = _(
                    "{count} attributes have more than 100 values, of which the first 100 were taken. The first is"
                    " {attribute} of {dn}.",
                    **words,
                )
            found.append(sentence)
        return found


def is_secret(attribute: str) -> bool:
    """Whether it may hold a password: such are neither asked for nor shown."""
    name = attribute.lower()
    return any(part in name for part in _SECRET_PARTS)


def is_binary(attribute: str) -> bool:
    """Whether it is known to hold no text."""
    name, *options = attribute.lower().split(";")
    return name in _BINARY or "binary" in options


def key_of(entry: Entry) -> str:
    """What the directory calls the entry for as long as it lives: a GUID where there is one, else the DN."""
    for name in KEYS:
        for value in _values_of(entry, name):
            if name == "objectGUID" and len(value) == 16:
                return str(uuid.UUID(bytes_le=value))
            text = value.decode("ascii", "ignore").strip().lower()
            if text and name != "objectGUID":
                return text[:_KEY_LENGTH]
    if len(entry.dn) <= _KEY_LENGTH:
        return entry.dn
    return f"sha256 {hashlib.sha256(entry.dn.encode()).hexdigest()}"


def _values_of(entry: Entry, attribute: str) -> Sequence[bytes]:
    # Most servers write it as everybody does.
    if attribute in entry.values:
        return entry.values[attribute]
    wanted = attribute.lower()
    return next((values for name, values in entry.values.items() if name.lower() == wanted), ())


def fields_of(entry: Entry, asked: frozenset[str], doubts: Doubts) -> dict[str, Sequence[str]]:
    """The text of each attribute, by the name by which it was asked for; without one, by the server's.

    Values under a name with options (“telephoneNumber;x-work”) stand behind those without, unless they were asked for
    by that name. The first part of a range (“member;range=0-1499”) counts as the attribute.
    """
    plain: dict[str, Sequence[str]] = {}
    behind: dict[str, Sequence[str]] = {}
    for attribute, values in entry.values.items():
        place, is_behind = _place_of(attribute, asked)
        if not place:
            continue
        if attribute in entry.long:
            doubts.note("long", entry.dn, attribute, entry.long[attribute])
        if attribute in entry.many:
            doubts.note("many", entry.dn, attribute)
        texts = [_text(value, entry.dn, attribute, bool(asked), doubts) for value in values]
        if any(texts):
            there = behind if is_behind else plain
            there[place] = tuple(dict.fromkeys([*there.get(place, ()), *filter(None, texts)]))
    return _joined(plain, behind) if behind else plain


# A directory has few names of attributes, and each comes with each entry.
@lru_cache(maxsize=1_000)
def _place_of(attribute: str, asked: frozenset[str]) -> tuple[str, bool]:
    """(the field that the attribute is, whether it stands behind others there); "" where it is not taken."""
    if is_secret(attribute) or is_binary(attribute):
        return "", False
    name = _without_range(attribute)
    if not asked:
        return name, False
    spelled = {one.lower(): one for one in asked}
    if name.lower() in spelled:
        return spelled[name.lower()], False
    return spelled.get(name.lower().partition(";")[0], ""), True


def _joined(
    plain: Mapping[str, Sequence[str]], behind: Mapping[str, Sequence[str]]
) -> dict[str, Sequence[str]]:
    found = {**plain}
    for name, values in behind.items():
        found[name] = tuple(dict.fromkeys([*plain.get(name, ()), *values]))
    return found


def _without_range(attribute: str) -> str:
    name, *options = attribute.split(";")
    return ";".join([name, *(one for one in options if not one.lower().startswith("range="))])


def _text(value: bytes, dn: str, attribute: str, is_asked: bool, doubts: Doubts) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        if not is_asked:
            # Everything is looked at, and much of a directory is no text.
            return ""
        doubts.note("encoding", dn, attribute)
        text = value.decode(errors="replace")
    return text.replace("\0", "").strip()
