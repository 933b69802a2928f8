"""H.350 read from a real slapd: people with what their endpoints can be dialled by, and endpoints by themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.slapd import ADMINISTRATOR, HOST, PASSWORD, SUFFIX, Slapd, person

from roomkeeper.phonebooks.mapping import entry_of
from roomkeeper.phonebooks.sources import Reading, SourceFailed
from roomkeeper.phonebooks.sources.h350 import H350
from roomkeeper.phonebooks.writing import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
ENDPOINTS = f"ou=h350,{SUFFIX}"


def endpoint(number: int, *lines: str) -> str:
    return "\n".join(
        [
            f"dn: commUniqueId=comm{number},{ENDPOINTS}", "objectClass: commObject", "objectClass: h323Identity",
            "objectClass: SIPIdentity", f"commUniqueId: comm{number}", *lines, "",
        ]
    )  # fmt: skip


def owner(name: str, *pointers: str) -> str:
    return person(name, "objectClass: commURIObject", *(f"commURI: {pointer}" for pointer in pointers))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    entries = [
        f"dn: {ENDPOINTS}\nobjectClass: organizationalUnit\nou: h350\n",
        endpoint(
            1, "h323Identityh323-ID: ada.room", "h323IdentitydialedDigits: 0626262",
            "SIPIdentitySIPURI: sip:ada@example.org", "SIPIdentityPassword: secret",
        ),
        endpoint(2, "h323IdentitydialedDigits: 727272"),
        endpoint(3, "h323IdentitydialedDigits: 828282", "commPrivate: true"),
        owner(
            "Ada", f"ldap:///commUniqueId=comm1,{ENDPOINTS} Boardroom",
            f"ldap://dir.example.org/{ENDPOINTS.replace(',', ',%20')}??sub?(commUniqueId=COMM2)",
        ),
        owner("Bea", f"ldap:///commUniqueId=comm3,{ENDPOINTS}"),
        owner("Cleo", f"ldap:///commUniqueId=gone,{ENDPOINTS}", "https://example.org/"),
        person("Nobody"),
    ]  # fmt: skip
    schema = Path(__file__).with_name("h350.schema")
    with Slapd(tmp_path_factory.mktemp("slapd"), entries, schemas=[schema]) as slapd:
        yield slapd


def read(slapd: Slapd, *, is_preview: bool = False, **given: Any) -> tuple[dict[str, Entry], list[str]]:
    """(entries by name, warnings)."""
    settings = {
        "servers": HOST, "port": slapd.port, "security": "none", "user": ADMINISTRATOR, "password": PASSWORD,
        "base": f"ou=people,{SUFFIX}", "endpoints_base": ENDPOINTS, "time_limit": 5, **given,
    }  # fmt: skip
    asked = frozenset(name for names in H350.mapping.values() for name in names)
    reading = Reading(settings, frozenset() if is_preview else asked, 50 if is_preview else None)
    assert H350.read is not None
    records = list(H350.read(reading))
    assert not [name for record in records for name in record.fields if "assword" in name]
    return {entry.name: entry for entry in (entry_of(one, H350.mapping) for one in records)}, reading.warnings


@pytest.mark.parametrize("is_preview", [True, False])
def test_people_have_the_addresses_of_all_their_endpoints(directory: Slapd, is_preview: bool) -> None:
    found, _ = read(directory, is_preview=is_preview)
    assert set(found) == {"Ada", "Bea", "Cleo"}
    assert found["Ada"].methods == (
        ("sip", "sip:ada@example.org", ""),
        ("h323", "ada.room", ""),
        ("e164", "0626262", ""),
        ("e164", "727272", ""),
    )


def test_a_private_endpoint_is_not_told(directory: Slapd) -> None:
    assert read(directory)[0]["Bea"].methods == ()


def test_an_endpoint_that_is_not_there_is_told(directory: Slapd) -> None:
    found, warnings = read(directory)
    assert found["Cleo"].methods == ()
    assert any("2 endpoints" in one and "cn=Cleo" in one for one in warnings)


def test_endpoints_stand_by_themselves(directory: Slapd) -> None:
    found, _ = read(directory, entries="endpoints", base=ENDPOINTS)
    assert set(found) == {"ada.room", "comm2"}
    assert found["comm2"].methods == (("e164", "727272", ""),)


def test_endpoints_may_be_below_the_base(directory: Slapd) -> None:
    found, _ = read(directory, base=SUFFIX, endpoints_base="")
    assert len(found["Ada"].methods) == 4


def test_a_branch_of_endpoints_that_is_not_there_is_named(directory: Slapd) -> None:
    for given in ("endpoints_base", "base"):
        with pytest.raises(SourceFailed, match="ou=nowhere"):
            read(directory, **{given: f"ou=nowhere,{SUFFIX}"})
