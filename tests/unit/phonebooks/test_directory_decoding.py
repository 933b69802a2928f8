"""What a directory sends, made text: numbers keep their plus, odd octets are told, options and ranges count."""

import uuid

import pytest

from roomkeeper.phonebooks.directories.decoding import Doubts, fields_of, key_of
from roomkeeper.phonebooks.directories.questions import Entry

DN = "cn=Somebody,dc=example,dc=org"


def fields(values: dict[str, list[bytes]], *asked: str) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """(fields, sentences of what was odd)."""
    doubts = Doubts()
    found = fields_of(Entry(0, DN, values), frozenset(asked), doubts)
    assert all(isinstance(one, tuple) for one in found.values())
    return {name: tuple(one) for name, one in found.items()}, doubts.sentences()


@pytest.mark.parametrize(
    "octets", [b"+4722334455", b"0047 22", b"007", b"1_000", b"0x10", b"TRUE", "Ærlig".encode()]
)
def test_text_stays_as_it_is(octets: bytes) -> None:
    assert fields({"telephoneNumber": [octets]}, "telephoneNumber") == (
        {"telephoneNumber": (octets.decode(),)},
        [],
    )


def test_values_keep_their_order_and_come_once() -> None:
    found, _ = fields({"mobile": [b"2", b"1", b" 2 ", b""]}, "mobile")
    assert found == {"mobile": ("2", "1")}


def test_names_are_those_that_were_asked_for() -> None:
    found, _ = fields({"TELEPHONENUMBER": [b"1"], "unasked": [b"2"]}, "telephoneNumber")
    assert found == {"telephoneNumber": ("1",)}


def test_values_with_options_stand_behind_those_without() -> None:
    values = {"cn;lang-de": [b"Aase"], "cn": [b"\xc3\x85se"], "mail;x-home": [b"a@b"]}
    assert fields(values, "cn", "mail")[0] == {"cn": ("Åse", "Aase"), "mail": ("a@b",)}
    assert fields(values, "cn;lang-de")[0] == {"cn;lang-de": ("Aase",)}
    assert set(fields(values)[0]) == {"cn", "cn;lang-de", "mail;x-home"}


def test_the_first_part_of_a_range_counts_as_the_attribute() -> None:
    assert fields({"otherTelephone;range=0-1499": [b"1", b"2"]}, "otherTelephone")[0] == {
        "otherTelephone": ("1", "2")
    }


@pytest.mark.parametrize(
    "name", ["jpegPhoto", "objectGUID", "userCertificate;binary", "name;binary", "userPassword", "unicodePwd"]
)
def test_octets_that_are_no_text_and_passwords_are_not_taken(name: str) -> None:
    assert fields({name: [b"secret"]}, name) == ({}, [])
    assert fields({name: [b"secret"]}) == ({}, [])


def test_what_is_not_utf_8_is_told_where_it_was_asked_for() -> None:
    found, sentences = fields({"cn": [b"M\xfcller"]}, "cn")
    assert found == {"cn": ("M\N{REPLACEMENT CHARACTER}ller",)}
    assert len(sentences) == 1
    assert DN in sentences[0]
    assert fields({"cn": [b"M\xfcller"]}) == ({}, [])


def test_each_kind_of_oddity_is_told_once() -> None:
    doubts = Doubts()
    for number in range(1_000):
        entry = Entry(0, f"cn={number}", {"cn": [b"\xff"], "mail": []}, {"mail": 9_000}, frozenset({"cn"}))
        fields_of(entry, frozenset({"cn", "mail"}), doubts)
    sentences = doubts.sentences()
    assert len(sentences) == 3
    assert all("cn=0" in one for one in sentences)
    assert any("1000" in one for one in sentences)


# Keys

GUID = uuid.UUID("67231896-81c2-1041-9807-7ff7de58c6b1")


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"objectGUID": [GUID.bytes_le], "entryUUID": [b"other"]}, str(GUID)),
        ({"entryUUID": [str(GUID).upper().encode()]}, str(GUID)),
        ({"nsuniqueid": [b"66446001-1dd211b2"]}, "66446001-1dd211b2"),
        ({"objectGUID": [b"short"]}, DN),
        ({}, DN),
    ],
)
def test_an_entry_is_known_by_what_never_changes(values: dict[str, list[bytes]], key: str) -> None:
    assert key_of(Entry(0, DN, values)) == key


def test_long_names_stay_different_where_they_are_the_key() -> None:
    keys = {key_of(Entry(0, f"cn={'x' * 300}{number}", {})) for number in range(3)}
    assert len(keys) == 3
    assert max(map(len, keys)) <= 255
