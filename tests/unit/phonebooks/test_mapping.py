"""What of a record is what of an entry."""

from roomkeeper.phonebooks.mapping import PARTS, entry_of
from roomkeeper.phonebooks.sources import Record
from roomkeeper.phonebooks.writing import Entry


def test_the_first_name_that_holds_something_counts_and_every_address() -> None:
    record = Record(
        "7",
        {
            "displayName": (" ",),
            "cn": ("Anna Berg", "Berg Anna"),
            "mail": ("anna@example.org",),
            "telephoneNumber": ("+49 30 1", " ", "+49 30 2"),
            "mobile": ("+49 171 3",),
            "class": ("768",),
        },
    )
    mapping = {
        "name": ("displayName", "cn"),
        "note": ("department",),
        "telephone": ("mobile", "telephoneNumber"),
        "sip": ("mail",),
        "bandwidth": ("class",),
    }
    assert entry_of(record, mapping) == Entry(
        "7",
        "Anna Berg",
        (
            ("sip", "anna@example.org", "768"),
            ("telephone", "+49 171 3", "768"),
            ("telephone", "+49 30 1", "768"),
            ("telephone", "+49 30 2", "768"),
        ),
    )


def test_what_is_not_mapped_is_not_taken() -> None:
    assert entry_of(Record("1", {"cn": ("Anna",), "sip": ("a@b.c",)}), {"name": ("cn",)}) == Entry(
        "1", "Anna"
    )
    assert {"name", "note", "sip", "bandwidth"} <= set(PARTS)
