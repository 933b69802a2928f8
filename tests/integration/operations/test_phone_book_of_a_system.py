"""A search as a system makes it, for people: what it finds, and why it does not find the rest."""

from datetime import UTC, datetime

import pytest

from roomkeeper.accounts.models import User
from roomkeeper.phonebooks import editing, setting, syncing
from roomkeeper.phonebooks.models import Source
from roomkeeper.phonebooks.writing import Entry
from roomkeeper.systems.documents import pack_configuration
from roomkeeper.systems.models import ConfigurationVersion, System

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


def brings(system: System, name: str, *entries: Entry) -> Source:
    book = editing.create_book(name, system.folder)
    source = Source.objects.create(book=book, kind="test", name="People")
    syncing.apply(source, entries, may_shrink=True, now=NOW)
    return source


@pytest.fixture
def searched(boardroom: System) -> System:
    """A system with SIP alone, with a book set on it and another one that is not."""
    content = pack_configuration({"NetworkServices/SIP/Mode": "On", "NetworkServices/H323/Mode": "Off"}, {})
    ConfigurationVersion.objects.create(
        system=boardroom, digest="x", content=content, size=len(content), first_at=NOW, last_at=NOW
    )
    given = brings(
        boardroom, "Given",
        Entry("1", "Anna Found", (("sip", "anna@example.org", ""),)),
        Entry("2", "Anna Again", (("sip", "ANNA@example.org", ""),)),
        Entry("3", "Anna Alias", (("h323", "anna", ""),)),
        Entry("4", "Anna Silent"),
    )  # fmt: skip
    brings(boardroom, "Other", Entry("5", "Anna Elsewhere", (("sip", "e@example.org", ""),)))
    setting.set_on_system(given.book, boardroom)
    return boardroom


def test_each_entry_that_is_hidden_has_its_reason(searched: System, as_user, administrator: User) -> None:
    told = as_user(administrator).get(f"systems/{searched.pk}/phone-book?search=anna")
    assert (told["books"], [one["name"] for one in told["entries"]]) == (["Given"], ["Anna Found"])
    assert told["entries"][0]["addresses"][0]["dial_string"] == "anna@example.org"
    why = {one["name"]: one["why"] for one in told["hidden"]}
    assert "not set" in why["Anna Elsewhere"]
    assert "H.323 only" in why["Anna Alias"]
    assert "no address" in why["Anna Silent"]
    assert "Anna Found" in why["Anna Again"]


def test_without_a_search_it_is_the_list_that_a_touch_panel_begins_with(
    searched: System, as_user, administrator: User
) -> None:
    told = as_user(administrator).get(f"systems/{searched.pk}/phone-book")
    assert [one["name"] for one in told["entries"]] == ["Anna Found"]
    assert told["hidden"] == []


def test_the_page_shows_the_same(searched: System, signed_in, administrator: User) -> None:
    page = signed_in(administrator).get(f"/systems/{searched.pk}/phone_book/?search=anna").content.decode()
    assert "anna@example.org (SIP)" in page
    assert "Anna Elsewhere" in page
