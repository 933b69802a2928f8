"""An H.350 directory as a source: video endpoints as commObjects, by themselves or as those of people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from roomkeeper.operations.acts import Input
from roomkeeper.phonebooks.directories.decoding import Doubts, fields_of, key_of
from roomkeeper.phonebooks.directories.pointers import (
    POINTER,
    PRIVATE,
    UNIQUE_ID,
    Endpoints,
    is_private,
    values_of,
)
from roomkeeper.phonebooks.directories.questions import Search
from roomkeeper.phonebooks.directories.reading import CONNECTION_INPUTS, LIMIT_INPUTS, Directory
from roomkeeper.phonebooks.sources import Reading, Record, SourceKind, register
from roomkeeper.phonebooks.sources.ldap import attributes_of, demand_installed, missing
from roomkeeper.words import gettext as _

NAME: Final = "h350"
PEOPLE: Final = "people"
ENDPOINTS: Final = "endpoints"
_OF_PEOPLE: Final = f"({POINTER}=*)"
_OF_ENDPOINTS: Final = "(objectClass=commObject)"


def _read(reading: Reading) -> Iterator[Record]:
    demand_installed()
    told, doubts = 0, Doubts()
    records = _endpoints if reading.settings.get("entries") == ENDPOINTS else _people
    for record in records(reading, doubts):
        told += 1
        yield record
        if reading.most is not None and told >= reading.most:
            break
    reading.warnings.extend(doubts.sentences())
    if not told:
        reading.warnings.append(
            _("Nothing below {base} matches the filter.", base=reading.settings.get("base"))
        )


def _endpoints(reading: Reading, doubts: Doubts) -> Iterator[Record]:
    search = _search(reading, "base", _OF_ENDPOINTS, (PRIVATE,), reading.most)
    for entry in Directory(reading).search([search]):
        if not is_private(entry):
            yield Record(key_of(entry), fields_of(entry, reading.asked, doubts), at=entry.dn)


def _people(reading: Reading, doubts: Doubts) -> Iterator[Record]:
    """People with what their endpoints have, which are told first."""
    of_endpoints = "endpoints_base" if reading.settings.get("endpoints_base") else "base"
    searches = [
        _search(reading, of_endpoints, _OF_ENDPOINTS, (UNIQUE_ID, PRIVATE), None, is_filtered=False),
        _search(reading, "base", _OF_PEOPLE, (POINTER,), reading.most),
    ]
    endpoints, lost, first = Endpoints(), 0, ""
    for entry in Directory(reading).search(searches):
        fields = fields_of(entry, reading.asked, doubts)
        if entry.search == 0:
            endpoints.add(entry, fields)
            continue
        pointed = [endpoints.of(pointer) for pointer in values_of(entry, POINTER)]
        if None in pointed:
            lost += pointed.count(None)
            first = first or entry.dn
        yield Record(key_of(entry), _joined(fields, pointed), at=entry.dn)
    if lost:
        reading.warnings.append(
            _(
                "{count} endpoints of people were not found where endpoints were looked for. The first is one of {dn}:"
                " check where endpoints are.",
                count=lost,
                dn=first[:200],
            )
        )


def _search(
    reading: Reading,
    base: str,
    usual: str,
    besides: Sequence[str],
    most: int | None,
    *,
    is_filtered: bool = True,
) -> Search:
    given = reading.settings
    wanted = str(given.get("filter") or "").strip() if is_filtered else ""
    return Search(
        str(given.get(base) or ""),
        wanted or usual,
        tuple(dict.fromkeys((*attributes_of(reading.asked), *besides))),
        (given.get("scope") or "sub") if base == "base" else "sub",
        int(given.get("page_size") or 500),
        most,
    )


def _joined(
    person: Mapping[str, Sequence[str]], endpoints: Sequence[Mapping[str, Sequence[str]] | None]
) -> dict[str, Sequence[str]]:
    """What the person has, and behind it what each endpoint has."""
    found: dict[str, list[str]] = {name: list(values) for name, values in person.items()}
    for endpoint in endpoints:
        for name, values in (endpoint or {}).items():
            known = found.setdefault(name, [])
            known.extend(value for value in values if value not in known)
    return {name: tuple(values) for name, values in found.items()}


H350: Final = register(
    SourceKind(
        name=NAME,
        label="H.350 directory",
        meaning="Video endpoints of a directory by H.350, on their own or as those of people.",
        takes=(
            Input(
                name="entries",
                default=PEOPLE,
                choices=((PEOPLE, "people, with their endpoints"), (ENDPOINTS, "endpoints")),
                label="Entries",
                meaning="What stands in the phone book.",
            ),
            *CONNECTION_INPUTS,
            Input(
                name="endpoints_base",
                default="",
                most=1_000,
                label="Where endpoints are",
                meaning="The branch with the endpoints of people (ou=h350,dc=example,dc=org), where it is another than"
                " the base.",
                when=lambda known: known.get("entries") != ENDPOINTS,
            ),
            Input(
                name="filter",
                default="",
                most=2_000,
                label="Filter",
                meaning="As LDAP writes it. Empty: all people that name an endpoint, or all endpoints.",
            ),
            *LIMIT_INPUTS,
        ),
        read=_read,
        mapping={
            "name": ("displayName", "cn", "h323Identityh323-ID", UNIQUE_ID),
            "note": ("title", "department"),
            "sip": ("SIPIdentitySIPURI",),
            "h323": ("h323Identityh323-ID", "h323IdentityURL-ID"),
            "e164": ("h323IdentitydialedDigits",),
        },
        every=60,
        reaches_out=True,
        missing=missing,
    )
)
