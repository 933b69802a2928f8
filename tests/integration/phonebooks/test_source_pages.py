"""Sources and files by pages and programs: step by step, with a preview, and for whom."""

import base64
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.integration.api.conftest import Caller
from tests.integration.operations.book_sources import value_for
from tests.integration.web.conftest import text_of

from roomkeeper.accounts.models import AuditEntry, Role, RoleAssignment, User
from roomkeeper.operations.subjects import get_subject
from roomkeeper.phonebooks import editing, keeping, sources, syncing
from roomkeeper.phonebooks.models import Contact, PhoneBook, Source
from roomkeeper.phonebooks.sources import Reading, Record, SourceKind
from roomkeeper.systems import inventory

pytestmark = pytest.mark.django_db
SECRET = "correct horse"


def tell(reading: Reading) -> Iterable[Record]:
    return [Record("1", {"cn": ("Anna",), "mail": ("anna@example.org",), "title": ("Chief",)})]


@pytest.fixture
def book() -> PhoneBook:
    return editing.create_book("Corporate", inventory.root_folder())


@pytest.fixture
def browser(administrator: User) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def tells(monkeypatch: pytest.MonkeyPatch) -> Callable[..., SourceKind]:
    """Has a registered kind tell what a function gives, whatever it is set to."""

    def make(name: str = "our_systems", **more: Any) -> SourceKind:
        kind = SourceKind(
            name=name, label="people", read=tell, mapping={"name": ("cn",), "sip": ("mail",)}, **more
        )
        monkeypatch.setitem(sources._kinds, name, kind)
        return kind

    return make


def test_a_source_is_added_tried_mapped_and_read_step_by_step(
    book: PhoneBook, browser: Client, tells
) -> None:
    tells()
    asked = text_of(browser.get(f"/phone-book-sources/new/?book={book.pk}"))
    address = f"/phone-book-sources/do/add-our-systems/?is_on=0&book={book.pk}"
    assert address.replace("&", "&amp;") in asked
    assert browser.get(address).status_code == 200
    made = browser.post("/phone-book-sources/do/add-our-systems/", {"book": book.pk, "is_on": "0"})
    source = Source.objects.get()
    page = f"/phone-book-sources/{source.pk}/fields/"
    assert (made.status_code, made["Location"]) == (302, page)
    # Nothing is read before somebody has seen it.
    assert (source.is_on, source.due_at) == (False, None)

    shown = text_of(browser.post(page, {"step": "preview", "every": "5"}))
    assert "anna@example.org" in shown
    assert "Chief" in shown
    assert not Contact.objects.exists()

    chosen = {"field": ["cn", "mail", "title"], "part": ["name", "sip", "note"], "every": "30", "is_on": "1"}
    assert browser.post(page, chosen | {"step": "read"}).status_code == 302
    source.refresh_from_db()
    assert (source.every, source.is_on) == (30, True)
    syncing.read_one(source, now=source.due_at)
    assert Contact.objects.get().note == "Chief"
    assert browser.get(f"/phone-book-sources/{source.pk}/").status_code == 200
    done = AuditEntry.objects.filter(object_id=source.pk).order_by("pk").values_list("act", flat=True)
    assert list(done) == [f"{act} phone book source" for act in ("add", "preview", "map", "change", "read")]


def test_an_interval_that_is_no_number_saves_nothing(book: PhoneBook, browser: Client, tells) -> None:
    source = keeping.add_source(tells(), book, {}, now=None, is_on=False)
    page = f"/phone-book-sources/{source.pk}/fields/"
    answer = browser.post(page, {"step": "save", "every": "often", "field": ["cn"], "part": ["note"]})
    assert answer.status_code == 200
    source.refresh_from_db()
    assert source.mapping == []


def test_a_program_looks_at_a_source_and_says_what_its_fields_are(
    book: PhoneBook, administrator: User, tells
) -> None:
    source = keeping.add_source(tells(), book, {}, now=None, is_on=False)
    call = Caller(administrator)
    found = call("POST", f"phone-book-sources/{source.pk}/preview").json()
    assert [(one["name"], one["part"]) for one in found["fields"]] == [
        ("cn", "name"),
        ("mail", "sip"),
        ("title", ""),
    ]
    assert found["entries"][0]["addresses"] == ["SIP: anna@example.org"]
    told = call(
        "PUT", f"phone-book-sources/{source.pk}/mapping", {"mapping": [{"part": "name", "field": "title"}]}
    ).json()
    assert told["mapping"] == [{"part": "name", "field": "title"}]
    assert call("PUT", f"phone-book-sources/{source.pk}/mapping", {}).json()["mapping"][0]["field"] == "cn"
    assert call("POST", f"phone-book-sources/{source.pk}/read").status_code == 202
    refused = call(
        "PUT", f"phone-book-sources/{source.pk}/mapping", {"mapping": [{"part": "x", "field": "cn"}]}
    )
    assert refused.status_code == 422


def reaching() -> Any:
    """The declared acts that add a source which makes this server connect elsewhere, with what they take."""
    return [
        (kind, get_subject("phone book sources").act(f"add {kind.name.replace('_', ' ')}"))
        for kind in sources.all_kinds()
        if kind.reaches_out and kind.read is not None
    ]


def test_only_who_manages_the_server_has_it_connect_elsewhere(book: PhoneBook, boardroom) -> None:
    site = User.objects.create_user("site")
    RoleAssignment.objects.create(user=site, role=Role.ADMINISTRATOR, folder=boardroom.folder)
    own = editing.create_book("Own", boardroom.folder)
    call, client = Caller(site), Client()
    client.force_login(site)
    assert call("POST", "phone-book-sources/add-our-systems", {"book": own.pk}).status_code == 201
    assert reaching()
    for _kind, act in reaching():
        given = {one.name: value_for(one) for one in act.takes if one.is_required} | {"book": own.pk}
        assert call("POST", f"phone-book-sources{act.tail}", given).status_code == 403
        assert client.get(f"/phone-book-sources/do/{act.slug}/").status_code == 403
    offered = text_of(client.get("/phone-book-sources/new/"))
    assert "add-our-systems" in offered
    assert not [act.slug for _kind, act in reaching() if act.slug in offered]


def test_secrets_of_a_source_stand_in_no_answer_and_in_no_trail(
    book: PhoneBook, administrator: User, browser: Client
) -> None:
    call, tried = Caller(administrator), 0
    for kind, act in reaching():
        secret = [one.name for one in kind.takes if one.is_secret]
        if not secret or (kind.missing is not None and kind.missing()):
            continue
        given = {one.name: value_for(one) for one in act.takes if one.is_required}
        given |= dict.fromkeys(secret, SECRET) | {"book": book.pk, "is_on": False}
        made = call("POST", f"phone-book-sources{act.tail}", given)
        assert made.status_code == 201, made.content
        assert (made.json()["secrets"], SECRET in made.content.decode()) == (sorted(secret), False)
        key = made.json()["id"]
        name = kind.name.replace("_", "-")
        changed = call(
            "PATCH", f"phone-book-sources/{key}/{name}", {kind.takes[0].name: value_for(kind.takes[0])}
        )
        assert changed.json()["secrets"] == sorted(secret)
        for page in ("", "fields/", f"set-{name}/"):
            assert SECRET not in text_of(browser.get(f"/phone-book-sources/{key}/{page}"))
        tried += 1
    assert tried
    assert not [one for one in AuditEntry.objects.all() if SECRET in str(one.details)]


def upload(browser: Client, book: PhoneBook, name: str, data: bytes, **more: Any) -> str:
    sent = {"file": SimpleUploadedFile(name, data), "step": "look", **more}
    return text_of(browser.post(f"/phone-books/{book.pk}/file/", sent))


def test_a_file_is_looked_at_and_imported_with_the_columns_that_were_chosen(
    book: PhoneBook, browser: Client
) -> None:
    shown = upload(browser, book, "people.csv", "Wer;SIP;Durchwahl\nJürgen;j@example.org;1234567\n".encode())
    assert "Jürgen" in shown
    assert not Contact.objects.exists()
    packed = shown.split('name="packed" value="')[1].split('"')[0]
    fields = {"field": ["wer", "sip", "durchwahl"], "part": ["name", "sip", "telephone"]}
    sent = {"packed": packed, "kind": "csv", **fields}
    again = text_of(browser.post(f"/phone-books/{book.pk}/file/", sent | {"step": "look"}))
    assert "telephone: 1234567" in again
    assert browser.post(f"/phone-books/{book.pk}/file/", sent | {"step": "import"}).status_code == 302
    entry = Contact.objects.get()
    assert (entry.name, entry.methods) == (
        "Jürgen",
        [["sip", "j@example.org", ""], ["telephone", "1234567", ""]],
    )
    # The next file of that kind is understood likewise.
    assert "telephone: 7654321" in upload(browser, book, "x.csv", b"Wer,Durchwahl\nA,7654321\n")


@pytest.mark.parametrize("data", [b"", b"sip\na@b\n", b"\x00\xff\xfe" * 40, b"name,sip\n"])
def test_a_file_that_is_none_changes_nothing_and_says_so(
    book: PhoneBook, browser: Client, data: bytes
) -> None:
    answer = browser.post(
        f"/phone-books/{book.pk}/file/",
        {"file": SimpleUploadedFile("x.csv", data or b" "), "step": "import"},
    )
    assert answer.status_code == 200
    assert not Contact.objects.exists()


def test_a_binary_file_comes_in_base64(book: PhoneBook, administrator: User) -> None:
    call = Caller(administrator)
    text = "name,sip\nÅse,a@example.org\n".encode("cp1252")
    content = "data:;base64," + base64.b64encode(text).decode()
    assert call("POST", f"phone-books/{book.pk}/import", {"content": content}).status_code == 200
    assert Contact.objects.get().name == "Åse"
    refused = call("POST", f"phone-books/{book.pk}/import", {"content": "data:;base64,no!"})
    assert refused.status_code == 422
    assert call("POST", f"phone-books/{book.pk}/import", {"content": "x", "kind": "odd"}).status_code == 422
