"""What vCards tell a phone book."""

import pytest

from roomkeeper.phonebooks.mapping import entry_of
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed, vcard_file


def card(*lines: str, version: str = "3.0") -> bytes:
    return "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", "")).encode()


def read(data: bytes) -> tuple[list[Record], list[str]]:
    reading = Reading({})
    return list(vcard_file.read_file(data, reading)), reading.warnings


def fields(*lines: str, version: str = "3.0") -> dict[str, tuple[str, ...]]:
    (record,), warnings = read(card(*lines, version=version))
    assert not warnings
    return dict(record.fields)


def test_numbers_stand_under_their_types_and_labels_best_first() -> None:
    found = fields(
        "FN:Anna Berg",
        "TEL;TYPE=work:+47 1",
        "TEL;TYPE=cell,pref:+47 2",
        "TEL;TYPE=fax:+47 3",
        "item1.TEL:+47 4",
        "item1.X-ABLabel:Reception",
        "item2.TEL;type=pref:+47 5",
        "item2.X-ABLabel:_$!<Mobile>!$_",
    )
    assert found == {
        "FN": ("Anna Berg",),
        "TEL": ("+47 2", "+47 5", "+47 1", "+47 4"),
        "TEL.cell": ("+47 2",),
        "TEL.work": ("+47 1",),
        "TEL.fax": ("+47 3",),
        "TEL.Reception": ("+47 4",),
        "TEL.mobile": ("+47 5",),
    }


def test_preference_of_4_0_orders() -> None:
    assert fields("FN:A", "TEL;PREF=50:1", "TEL:2", "TEL;PREF=1:3", version="4.0")["TEL"] == ("3", "1", "2")


def test_uris_are_addresses() -> None:
    found = fields(
        "FN:A",
        'TEL;VALUE=uri;TYPE="voice,home":tel:+1-555-1212;ext=5555',
        "TEL;VALUE=uri:sip:a@example.org",
        "IMPP:sip:anna%20b@example.org",
        "IMPP;TYPE=work:xmpp:anna@example.org",
        "X-SIP:sip:anna@example.com",
        "X-JABBER:anna@example.net",
        "URL:h323:room@example.org",
        version="4.0",
    )
    assert found == {
        "FN": ("A",),
        "TEL": ("+1-555-1212",),
        "TEL.home": ("+1-555-1212",),
        "TEL.ext": ("5555",),
        "TEL.sip": ("a@example.org",),
        "IMPP.sip": ("anna b@example.org",),
        "IMPP": ("sip:anna%20b@example.org", "xmpp:anna@example.org"),
        "X-SIP": ("anna@example.com",),
        "URL.h323": ("room@example.org",),
        "URL": ("h323:room@example.org",),
    }


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (("N:Berg;Anna;Maria;Dr.;MSc",), "Dr. Anna Maria Berg MSc"),
        (("FN:", "N:Berg;Anna"), "Anna Berg"),
        (("FN:Anna", "N:Berg;Anna"), "Anna"),
        (("N:;;;;", "ORG:Example\\, Ltd.;Sales"), "Example, Ltd., Sales"),
        (("NICKNAME:Reception",), "Reception"),
    ],
)
def test_a_name_is_found_where_there_is_any(lines: tuple[str, ...], name: str) -> None:
    assert fields(*lines)["FN"] == (name,)


def test_cards_without_a_name_are_told_and_groups_are_none() -> None:
    records, warnings = read(
        card("TEL:1")
        + card("FN:Group", "KIND:group", version="4.0")
        + card("FN:Group", "X-ADDRESSBOOKSERVER-KIND:group")
        + card("FN:Anna", "broken")
    )
    assert [(record.fields["FN"], record.at) for record in records] == [(("Anna",), "Line 15")]
    assert [sentence.partition(":")[0] for sentence in warnings] == ["Line 1", "Line 18"]


def test_keys_last() -> None:
    uid = card("UID:urn:uuid:1", "FN:Anna", "TEL:1")
    no_uid, other = card("FN:Anna", "TEL:1", "NOTE:x"), card("FN:Anna", "TEL:2")
    keys = [record.key for record in read(uid + no_uid + other + uid + no_uid)[0]]
    assert keys[0] == "urn:uuid:1"
    assert len(set(keys)) == 5
    assert keys[3] == "urn:uuid:1 #2"
    # Another order, another note: the same card.
    assert [record.key for record in read(other + card("NOTE:y", "TEL:1", "FN:Anna"))[0]] == [
        keys[2],
        keys[1],
    ]
    (long,), _ = read(card("FN:Anna", "UID:" + "x" * 300))
    assert len(long.key) < 256


def test_what_is_too_long_or_too_much_is_left_out() -> None:
    (record,), warnings = read(
        card("FN:Anna", "TEL:" + "1" * 256, *[f"TEL:{number}" for number in range(50)])
    )
    assert len(record.fields["TEL"]) == 10
    assert len(warnings) == 2
    (record,), _ = read(card("FN:Anna", "X-SIP:a@b.c", *[f"TEL:{number}" for number in range(50)]))
    assert len(entry_of(record, vcard_file.MAPPING).methods) == 10


def test_many_faults_are_told_in_few_sentences() -> None:
    _, warnings = read(card("FN:Anna", *["broken"] * 100))
    assert len(warnings) == vcard_file.TOLD + 1
    assert "90" in warnings[-1]


def test_a_preview_ends_early() -> None:
    reading = Reading({}, most=2)
    data = card("FN:A") * 3 + b"BEGIN:VCARD\r\n"
    assert len(list(vcard_file.read_file(data, reading))) == 2


@pytest.mark.parametrize("data", [b"", b"Name;Telephone\r\n", card("FN:Anna")[:-8]])
def test_what_cannot_be_taken_as_a_whole_fails(data: bytes) -> None:
    with pytest.raises(SourceFailed):
        read(data)


def test_what_is_suggested_makes_an_entry() -> None:
    (record,), _ = read(
        card(
            "UID:7", "FN:Anna", "ORG:Example;Sales", "TEL;TYPE=cell:+47 2", "TEL;TYPE=fax:9", "IMPP:sip:a@b.c"
        )
    )
    entry = entry_of(record, vcard_file.MAPPING)
    assert (entry.key, entry.name, entry.note) == ("7", "Anna", "Example, Sales")
    assert entry.methods == (("sip", "a@b.c", ""), ("telephone", "+47 2", ""))
