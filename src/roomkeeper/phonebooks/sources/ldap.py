"""A directory of people as a source: Active Directory, or any other by LDAP."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

from roomkeeper.operations.acts import Input
from roomkeeper.phonebooks.directories.decoding import KEYS, Doubts, fields_of, is_secret, key_of
from roomkeeper.phonebooks.directories.questions import Search
from roomkeeper.phonebooks.directories.reading import CONNECTION_INPUTS, LIMIT_INPUTS, Directory
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, SourceKind, register
from roomkeeper.words import gettext as _

NAME: Final = "ldap"
ACTIVE_DIRECTORY: Final = "active_directory"
# People who are not disabled: bit 2 of userAccountControl, by Microsoft's matching rule for bits.
PEOPLE_OF_ACTIVE_DIRECTORY: Final = (
    "(&(objectCategory=person)(|(objectClass=user)(objectClass=contact))"
    "(!(userAccountControl:1.2.840.113556.1.4.803:=2)))"
)
PEOPLE: Final = "(objectClass=person)"
_EVERYTHING: Final = ("*",)


def missing() -> str:
    """What has to be installed, as a sentence; "" where nothing has."""
    if find_spec("bonsai") is not None:
        return ""
    return _(
        "Directories need the extra roomkeeper[ldap], which is not installed here: see “Directories” in the"
        " documentation of phone books."
    )


def demand_installed() -> None:
    """Raises `SourceFailed` where the extra is not installed."""
    if sentence := missing():
        raise SourceFailed(sentence)


def attributes_of(asked: frozenset[str]) -> tuple[str, ...]:
    """What the server is asked for: what is mapped and what names an entry for good, never a password."""
    wanted = sorted(name for name in asked if not is_secret(name)) if asked else _EVERYTHING
    return (*wanted, *KEYS)


def _read(reading: Reading) -> Iterator[Record]:
    demand_installed()
    given = reading.settings
    usual = PEOPLE if given.get("directory") == "other" else PEOPLE_OF_ACTIVE_DIRECTORY
    search = Search(
        str(given.get("base") or ""),
        str(given.get("filter") or "").strip() or usual,
        attributes_of(reading.asked),
        given.get("scope") or "sub",
        int(given.get("page_size") or 500),
        reading.most,
    )
    doubts, told = Doubts(), 0
    for entry in Directory(reading).search([search]):
        told += 1
        yield Record(key_of(entry), fields_of(entry, reading.asked, doubts), at=entry.dn)
        if reading.most is not None and told >= reading.most:
            break
    reading.warnings.extend(doubts.sentences())
    if not told:
        reading.warnings.append(_("Nothing below {base} matches the filter.", base=search.base))


LDAP: Final = register(
    SourceKind(
        name=NAME,
        label="directory (LDAP)",
        meaning="People of Active Directory or another directory, by LDAP.",
        takes=(
            Input(
                name="directory",
                default=ACTIVE_DIRECTORY,
                choices=((ACTIVE_DIRECTORY, "Active Directory"), ("other", "another")),
                label="Directory",
                meaning="Which people are meant where no filter is given.",
            ),
            *CONNECTION_INPUTS,
            Input(
                name="filter",
                default="",
                most=2_000,
                label="Filter",
                meaning="As LDAP writes it: (&(objectClass=person)(telephoneNumber=*)). Empty: all people, in Active"
                " Directory without disabled accounts.",
            ),
            *LIMIT_INPUTS,
        ),
        read=_read,
        mapping={
            "name": ("displayName", "cn"),
            "note": ("title", "department", "description"),
            "sip": ("msRTCSIP-PrimaryUserAddress",),
            "telephone": ("telephoneNumber", "ipPhone", "mobile"),
        },
        every=60,
        reaches_out=True,
        missing=missing,
    )
)
