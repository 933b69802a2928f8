"""A file of many entries, brought by a program, while others write."""

import pytest
from django.db import connection

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.phonebooks import editing, writing
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.systems import inventory


@pytest.fixture
def book(transactional_db: None) -> PhoneBook:
    return editing.create_book("Corporate", inventory.root_folder())


def lines(count: int) -> str:
    return "name,sip\n" + "".join(f"Person {n},person{n}@example.org\n" for n in range(count))


def test_a_large_file_is_written_in_short_transactions_and_noted_once_without_its_content(
    book: PhoneBook, as_user, administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "AT_ONCE", 10)
    waiting: list[bool] = []
    create = writing._create

    def created(*given):
        # Whatever came before is committed: this transaction is its own.
        waiting.append(len(connection.savepoint_ids) > 0)
        return create(*given)

    monkeypatch.setattr(writing, "_create", created)
    call = as_user(administrator)
    assert call("POST", f"phone-books/{book.pk}/import", {"content": lines(45)}).status_code == 200
    assert waiting == [False] * 5
    noted = AuditEntry.objects.get(act="import phone book")
    assert noted.details == {"bytes": len(lines(45)), "kind": "csv", "may_shrink": False}
    assert Source.objects.get(book=book).entry_count == 45


def test_a_file_that_is_refused_is_not_noted(book: PhoneBook, as_user, administrator) -> None:
    call = as_user(administrator)
    call("POST", f"phone-books/{book.pk}/import", {"content": lines(40)})
    answer = call("POST", f"phone-books/{book.pk}/import", {"content": lines(2)})
    assert answer.status_code == 422
    assert AuditEntry.objects.filter(act="import phone book").count() == 1
    assert Source.objects.get(book=book).entry_count == 40
    call("POST", f"phone-books/{book.pk}/import", {"content": lines(2), "may_shrink": True})
    assert Source.objects.get(book=book).entry_count == 2


def test_an_address_that_nobody_can_dial_is_refused_with_its_kind(
    book: PhoneBook, as_user, administrator
) -> None:
    call = as_user(administrator)
    for kind, address in (("ip", "999.1.1.1"), ("sip", "anna berg@example.org"), ("telephone", "call me")):
        asked = {"book": book.pk, "name": "Anna", kind: address}
        answer = call("POST", "phone-book-entries", asked)
        assert answer.status_code == 422
        assert [one["field"] for one in answer.json()["errors"]] == [f"body.{kind}"]
    made = call("POST", "phone-book-entries", {"book": book.pk, "name": "Anna", "ip": "10.1.2.3"}).json()
    answer = call("PATCH", f"phone-book-entries/{made['id']}", {"ip": "10.1.2"})
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == ["body.ip"]
