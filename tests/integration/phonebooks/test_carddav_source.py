"""Address books of a real Radicale as a source, and servers that can less."""

from datetime import UTC, datetime

import pytest
from tests.integration.phonebooks.address_books import (
    answering,
    at,
    before,
    changed,
    failure,
    first,
    names,
    pages,
    read,
    unchanged,
)
from tests.integration.phonebooks.peers import Asked, Reply, serving
from tests.integration.phonebooks.radicale import User

from roomkeeper.phonebooks import editing, keeping, syncing
from roomkeeper.phonebooks.mapping import entry_of
from roomkeeper.phonebooks.models import IS_SHOWN, Contact, Source
from roomkeeper.phonebooks.sources import Reading, SourceFailed, carddav
from roomkeeper.phonebooks.sources.carddav import CARDDAV
from roomkeeper.systems import inventory

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("path", ["", "/", "{home}", "{home}people/", "{home}people", "/nothing/here"])
def test_books_are_found_from_the_server_the_account_and_the_book(user: User, path: str) -> None:
    user.make_book("rooms")
    user.put("rooms", "lobby")
    found = names(read(Reading(user.settings(path.format(home=user.home)))))
    assert found == (["anna", "bo", "cy"] if "people" in path else ["anna", "bo", "cy", "lobby"])


def test_only_what_changed_is_read_again(user: User) -> None:
    memory = first(user.settings()).memory
    user.put("people", "anna", "FN:Anna Berg", "N:Berg;Anna;;;")
    user.put("people", "dora with blanks")
    user.remove("people", "bo")
    reading = Reading(user.settings(), memory=memory)
    records = read(reading)
    assert reading.is_partial
    assert [record.key for record in records if record.is_gone] == [f"{user.home}people/bo.vcf"]
    assert names(records) == ["Anna Berg", "dora with blanks"]
    again = Reading(user.settings(), memory=reading.memory)
    assert read(again) == []
    assert again.is_partial


def test_a_preview_reads_a_few_and_remembers_nothing(user: User) -> None:
    reading = Reading(user.settings(), most=2)
    assert len(read(reading)) == 2
    assert reading.memory == {}


def test_everything_is_read_anew_where_the_server_lost_its_tokens(user: User) -> None:
    memory = first(user.settings()).memory
    user.remove("people", "bo")
    user.server.forget_tokens(user.name)
    reading = Reading(user.settings(), memory=memory)
    assert names(read(reading)) == ["anna", "cy"]
    assert not reading.is_partial
    assert reading.memory != memory


def test_everything_is_read_anew_where_a_book_came_or_went(user: User) -> None:
    memory = first(user.settings()).memory
    user.make_book("rooms")
    user.put("rooms", "lobby")
    with_rooms = Reading(user.settings(), memory=memory)
    assert names(read(with_rooms)) == ["anna", "bo", "cy", "lobby"]
    user.remove_book("people")
    without = Reading(user.settings(), memory=with_rooms.memory)
    assert names(read(without)) == ["lobby"]
    assert not with_rooms.is_partial
    assert not without.is_partial
    user.remove_book("rooms")
    failure(user.settings(), without.memory)


def test_books_are_chosen_by_their_names(user: User) -> None:
    user.make_book("rooms", "Meeting rooms")
    user.put("rooms", "lobby")
    for chosen in (["meeting ROOMS"], ["rooms"]):
        assert names(read(Reading(user.settings(books=chosen)))) == ["lobby"]
    assert len(read(Reading(user.settings(books=["rooms", "People", "people"])))) == 4
    sentence = failure(user.settings(books=["rooms", "Staff"]))
    assert "Staff" in sentence
    assert "Meeting rooms" in sentence


def test_many_cards_are_read_in_portions(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carddav, "AT_ONCE", 2)
    with before(user.server, unchanged) as peer:
        assert len(read(Reading(at(peer, user)))) == 3
    assert sum(b"addressbook-multiget" in asked.body for asked in peer.asked) == 2


def test_a_card_becomes_an_entry(user: User) -> None:
    user.put(
        "people", "zoe", "FN:Zoë\\, Dr.", "N:;;;;", "ORG:Example\\, Ltd.;Sales", "item1.TEL;TYPE=pref:+47 1",
        "item1.X-ABLabel:Reception", "TEL;TYPE=fax:+47 2", "IMPP:sip:zoe@example.org",
    )  # fmt: skip
    user.put("people", "team", "FN:Team", "N:;;;;", "KIND:group", version="4.0")
    records = read(Reading(user.settings()))
    (zoe,) = (record for record in records if record.fields["FN"][0].startswith("Zo"))
    assert len(records) == 4
    assert zoe.fields["TEL.Reception"] == ("+47 1",)
    assert zoe.at == "People: zoe.vcf"
    entry = entry_of(zoe, CARDDAV.mapping)
    assert (entry.name, entry.note) == ("Zoë, Dr.", "Example, Ltd., Sales")
    assert entry.methods == (("sip", "zoe@example.org", ""), ("telephone", "+47 1", ""))


def test_a_card_that_became_a_group_is_gone(user: User) -> None:
    memory = first(user.settings()).memory
    user.put("people", "anna", "FN:Anna", "N:;;;;", "X-ADDRESSBOOKSERVER-KIND:group")
    (record,) = read(Reading(user.settings(), memory=memory))
    assert record.is_gone


# Servers that can less


def without_sync(asked: Asked, reply: Reply) -> Reply:
    return Reply(501) if b"sync-collection" in asked.body else reply


def test_tags_stand_in_for_tokens(user: User) -> None:
    with before(user.server, without_sync) as peer:
        reading = first(at(peer, user))
        user.put("people", "anna", "FN:Anna Berg", "N:Berg;Anna;;;")
        user.remove("people", "bo")
        changed = Reading(at(peer, user), memory=reading.memory)
        records = read(changed)
        assert changed.is_partial
        assert names(records) == ["Anna Berg"]
        assert [record.key for record in records if record.is_gone] == [f"{user.home}people/bo.vcf"]
        assert read(Reading(at(peer, user), memory=changed.memory)) == []


def test_of_many_cards_no_tags_are_remembered(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carddav, "MOST_TAGS", 2)
    with before(user.server, without_sync) as peer:
        memory = first(at(peer, user)).memory
        reading = Reading(at(peer, user), memory=memory)
        assert len(read(reading)) == 3
        assert not reading.is_partial


def test_cards_are_asked_one_by_one_where_they_cannot_be_asked_together(user: User) -> None:
    def change(asked: Asked, reply: Reply) -> Reply:
        return Reply(403) if b"addressbook-multiget" in asked.body else reply

    with before(user.server, change) as peer:
        assert names(read(Reading(at(peer, user)))) == ["anna", "bo", "cy"]


def test_a_card_that_an_answer_passes_over_is_asked_alone(user: User) -> None:
    def change(asked: Asked, reply: Reply) -> Reply:
        if b"addressbook-multiget" in asked.body:
            return Reply(207, reply.body.replace(b"/bo.vcf", b"/other.vcf"), reply.headers)
        return reply

    with before(user.server, change) as peer:
        assert names(read(Reading(at(peer, user)))) == ["anna", "bo", "cy"]


def test_a_card_that_cannot_be_understood_is_told_and_its_entry_kept(user: User) -> None:
    def change(asked: Asked, reply: Reply) -> Reply:
        return Reply(reply.status, reply.body.replace(b"FN:bo", b"FN:"), reply.headers)

    with before(user.server, change) as peer:
        reading = Reading(at(peer, user))
        records = read(reading)
    assert [dict(record.fields) for record in records if record.key.endswith("/bo.vcf")] == [{}]
    assert [sentence.partition(" ")[0] for sentence in reading.warnings if "bo.vcf" in sentence] == [
        "People:"
    ]


def test_control_signs_in_a_card_do_not_cost_the_others(user: User) -> None:
    def change(asked: Asked, reply: Reply) -> Reply:
        return Reply(reply.status, reply.body.replace(b"FN:bo", b"FN:b\x0bo"), reply.headers)

    with before(user.server, change) as peer:
        assert len(names(read(Reading(at(peer, user))))) == 3


def test_changes_that_are_told_in_parts_are_read_to_the_end() -> None:
    more = "<response><href>/b/</href><status>HTTP/1.1 507 Insufficient Storage</status></response>"
    gone = "<response><href>/b/a.vcf</href><status>HTTP/1.1 404 Not Found</status></response>"
    with serving(pages(changed("a") + changed("b") + more, gone + changed("c"))) as peer:
        reading = Reading({"url": f"{peer.url}/b/"})
        assert [record.key for record in read(reading) if not record.is_gone] == ["/b/b.vcf", "/b/c.vcf"]
        assert reading.memory == {"books": {f"{peer.url}/b/": {"token": "2"}}}


# Through to the entries


def shown(source: Source) -> list[str]:
    source.refresh_from_db()
    rows = Contact.objects.filter(IS_SHOWN, source=source).order_by("name")
    return list(rows.values_list("name", flat=True))


def test_entries_follow_the_cards_and_stay_where_a_reading_fails(user: User) -> None:
    book = editing.create_book("Corporate", inventory.root_folder())
    with before(user.server, unchanged) as peer:
        source = keeping.add_source(CARDDAV, book, at(peer, user), now=NOW)
        syncing.read_now(source, now=NOW)
        assert shown(source) == ["anna", "bo", "cy"]
        user.put("people", "anna", "FN:Anna Berg", "N:Berg;Anna;;;")
        user.remove("people", "bo")

        def is_down(asked: Asked, reply: Reply) -> Reply:
            return Reply(500) if b"multiget" in asked.body else reply

        peer.answer, good = answering(user.server, is_down), peer.answer
        with pytest.raises(SourceFailed):
            syncing.read_now(source, now=NOW)
        assert shown(source) == ["anna", "bo", "cy"]
        peer.answer = good
        syncing.read_now(source, now=NOW)
        assert shown(source) == ["Anna Berg", "cy"]

        def is_broken(asked: Asked, reply: Reply) -> Reply:
            return Reply(reply.status, reply.body.replace(b"FN:cy", b"FN:"), reply.headers)

        user.server.forget_tokens(user.name)
        user.put("people", "dora")
        peer.answer = answering(user.server, is_broken)
        syncing.read_now(source, now=NOW)
        assert shown(source) == ["Anna Berg", "cy", "dora"]
