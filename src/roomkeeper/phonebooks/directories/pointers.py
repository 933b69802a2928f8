"""How H.350 joins people to their endpoints: `commURI` of a person names commObjects by LDAP URLs (RFC 3944). Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from roomkeeper.phonebooks.directories.questions import Entry

POINTER: Final = "commURI"
UNIQUE_ID: Final = "commUniqueId"
PRIVATE: Final = "commPrivate"
_BY_ID: Final = re.compile(r"\(?\s*commUniqueId\s*=\s*([^()*]+?)\s*\)?\Z", re.IGNORECASE)
# RFC 3944 leaves open what says that an endpoint is unlisted.
_NOT_PRIVATE: Final = frozenset({"", "false", "0", "no"})


@dataclass(slots=True)
class Endpoints:
    """The commObjects of a directory, by their names and by their identifiers."""

    by_dn: dict[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    by_id: dict[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)

    def add(self, entry: Entry, fields: Mapping[str, Sequence[str]]) -> None:
        """One more, with what is wanted of it; of one that is private nothing is."""
        if is_private(entry):
            fields = {}
        self.by_dn[_plain_dn(entry.dn)] = fields
        for value in values_of(entry, UNIQUE_ID):
            self.by_id.setdefault(value.lower(), fields)

    def of(self, pointer: str) -> Mapping[str, Sequence[str]] | None:
        """What a person's `commURI` points at; None where it is none of these."""
        # A label may stand behind it (RFC 2079).
        url = (pointer.split(None, 1) or [""])[0]
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        if parts.scheme.lower() not in ("ldap", "ldaps"):
            return None
        words = [unquote(one) for one in parts.query.split("?")]
        named = _BY_ID.match(words[2]) if len(words) > 2 else None
        if named is not None:
            return self.by_id.get(named[1].lower())
        return self.by_dn.get(_plain_dn(unquote(parts.path.lstrip("/"))))


def is_private(entry: Entry) -> bool:
    """Whether the endpoint is not to stand in phone books."""
    return any(value.lower() not in _NOT_PRIVATE for value in values_of(entry, PRIVATE))


def values_of(entry: Entry, attribute: str) -> list[str]:
    """The text of an attribute, whichever letters the server writes it with."""
    found: Iterable[bytes] = ()
    for name, values in entry.values.items():
        if name.lower() == attribute.lower():
            found = values
    return [value.decode(errors="replace").strip() for value in found]


def _plain_dn(dn: str) -> str:
    """One spelling of a DN: letter case and blanks around its signs do not count (RFC 4514)."""
    return re.sub(r"\s*([,=+])\s*", r"\1", dn.strip()).lower()
