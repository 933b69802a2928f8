"""How people's `commURI` names their endpoints."""

import pytest

from roomkeeper.phonebooks.directories.pointers import Endpoints, is_private
from roomkeeper.phonebooks.directories.questions import Entry

DN = "commUniqueId=Comm 1, ou=H350,dc=example,dc=org"
FIELDS = {"h323IdentitydialedDigits": ("62",)}


@pytest.mark.parametrize(
    "pointer",
    [
        "ldap:///commUniqueId=Comm%201,ou=h350,dc=example,dc=org",
        "ldap:///communiqueid=comm%201,%20ou=H350,%20dc=example,%20dc=org Boardroom, second floor",
        "LDAP://dir.example.org:389/commUniqueId=Comm%201,ou=h350,dc=example,dc=org??base",
        "ldap:///ou=h350,dc=example,dc=org??sub?(commUniqueId=Comm%201)",
        "ldaps://dir.example.org/dc=example??one?communiqueid=comm%201",
    ],
)
def test_a_pointer_names_an_endpoint(pointer: str) -> None:
    endpoints = Endpoints()
    endpoints.add(Entry(0, DN, {"commUniqueId": [b"Comm 1"]}), FIELDS)
    assert endpoints.of(pointer) == FIELDS


@pytest.mark.parametrize(
    "pointer",
    [
        "", " ", "no address", "ldap://[", "ldap:///", "https://example.org/", "ldap:///ou=h350,dc=example,dc=org",
        "ldap:///dc=example??sub?(&(commUniqueId=Comm%201)(cn=*))", "ldap:///dc=example??sub?(commUniqueId=*)",
    ],
)  # fmt: skip
def test_what_leads_nowhere_names_none(pointer: str) -> None:
    endpoints = Endpoints()
    endpoints.add(Entry(0, DN, {"commUniqueId": [b"Comm 1"]}), FIELDS)
    assert endpoints.of(pointer) is None


@pytest.mark.parametrize(
    ("values", "is_so"), [([], False), ([b"FALSE"], False), ([b"true"], True), ([b"unlisted"], True)]
)
def test_an_endpoint_is_private_where_it_says_so(values: list[bytes], is_so: bool) -> None:
    entry = Entry(0, DN, {"COMMPRIVATE": values, "commUniqueId": [b"comm1"]})
    assert is_private(entry) is is_so
    endpoints = Endpoints()
    endpoints.add(entry, FIELDS)
    assert endpoints.of("ldap:///o=x??sub?(commUniqueId=comm1)") == ({} if is_so else FIELDS)
