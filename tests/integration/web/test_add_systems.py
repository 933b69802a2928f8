"""Add systems by address, range, list and CSV: the look beforehand, the confirmation, the start, and who may."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import Credential, Folder, System
from roomkeeper.web.add_systems import TABS

PASSWORD = "s3cret-of-the-room"
HOSTILE = "<script>alert(1)</script>"


def send(browser: Client, tab: str, folder: Folder, step: str = "start", **typed: Any) -> Any:
    """What the form of that tab sends."""
    return browser.post(f"/add-systems/?tab={tab}", {"folder": folder.pk, "step": step, **typed})


@pytest.fixture
def shared(administrator: User) -> Credential:
    """A login that is stored."""
    values = {"username": "admin", "password": PASSWORD}
    return credential_list.add(name="Shared", kind="login", values=values, now=timezone.now())


@pytest.mark.parametrize("tab", [key for key, _ in TABS])
def test_every_tab_is_there(client: Client, tab: str) -> None:
    page = text_of(client.get(f"/add-systems/?tab={tab}"))
    assert page.count('aria-current="page"') == 2


def test_one_address_is_added_with_one_click(client: Client, oslo: Folder) -> None:
    typed = {"targets": " 10.1.2.3:8443 ", "name": "Study", "username": "admin", "password": PASSWORD}
    answer = send(client, "address", oslo, tags="a, b", **typed)
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert job.kind == "add systems"
    assert job.folder_path == oslo.path
    item = job.items.get()
    assert item.parameters["host"] == "10.1.2.3"
    assert item.parameters["https_port"] == 8443
    assert item.parameters["name"] == "Study"
    assert job.parameters["tags"] == ["a", "b"]
    assert work.secrets_of(job)["logins"] == [["admin", PASSWORD]]
    page = text_of(client.get(answer["Location"]))
    assert PASSWORD not in page
    entry = AuditEntry.objects.get(act="add systems")
    assert entry.object_id == job.pk
    assert PASSWORD not in str(entry.details)


def test_looking_beforehand_starts_nothing_and_keeps_what_was_typed(
    client: Client, oslo: Folder, boardroom: System
) -> None:
    typed = {"targets": boardroom.host, "name": "Study", "username": "admin", "password": PASSWORD}
    page = text_of(send(client, "address", oslo, "check", **typed))
    assert "What will be done" in page
    assert f'href="/systems/{boardroom.pk}/"' in page
    assert "not added twice" in page
    assert 'value="Study"' in page
    assert PASSWORD not in page
    assert not Job.objects.exists()


def test_a_range_with_logins_is_confirmed_with_its_number(
    client: Client, oslo: Folder, shared: Credential
) -> None:
    typed = {"targets": "10.1.2.0/24", "credentials": shared.pk}
    preview = text_of(send(client, "range", oslo, "check", **typed))
    assert "<strong>254</strong>" in preview
    assert "10.1.2.1" in preview
    assert "10.1.2.254" in preview
    assert "admin (Shared)" in preview
    assert 'name="confirmed_count"' in preview
    assert not Job.objects.exists()
    for wrong in ("", "253", "nonsense"):
        refused = send(client, "range", oslo, **typed, confirmed_count=wrong)
        assert refused.status_code == 422
        assert "Confirm with that number" in text_of(refused)
        assert 'name="confirmed_count"' in text_of(refused)
    assert not Job.objects.exists()
    answer = send(client, "range", oslo, **typed, confirmed_count="254")
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/?show=results"
    assert job.items.count() == 254
    assert job.parameters["credential_ids"] == [shared.pk]


def test_a_list_without_logins_needs_no_number(client: Client, oslo: Folder) -> None:
    assert "confirmed_count" not in text_of(
        send(client, "range", oslo, "check", targets="10.1.2.3, codec.example.org")
    )
    send(client, "range", oslo, targets="10.1.2.3, codec.example.org")
    assert [item.label for item in Job.objects.get().items.order_by("pk")] == [
        "10.1.2.3",
        "codec.example.org",
    ]


def test_what_is_not_understood_is_told_and_left_out(client: Client, oslo: Folder) -> None:
    page = text_of(send(client, "range", oslo, "check", targets=f"10.1.2.3\n10.1.2.999\n{HOSTILE}"))
    assert "Not understood and left out" in page
    assert "Line 2" in page
    assert HOSTILE not in page


def test_csv_is_looked_at_and_started(client: Client, oslo: Folder, bergen: Folder) -> None:
    text = (
        "host,username,password,name,folder,mac_address\r\n"
        f"10.1.2.3,admin,{PASSWORD},Study,Bergen,\r\n"
        ",,,Den,,00:50:60:AB:CD:02\r\n"
        "nonsense host,,,,,\r\n"
    )

    def file() -> SimpleUploadedFile:
        return SimpleUploadedFile("systems.csv", text.encode(), "text/csv")

    page = text_of(send(client, "csv", oslo, "check", file=file()))
    assert "<strong>2</strong>" in page
    assert "Line 4" in page
    assert PASSWORD not in page
    send(client, "csv", oslo, file=file())
    job = Job.objects.get()
    assert job.items.count() == 2
    assert PASSWORD not in str(list(job.items.values_list("parameters", flat=True)))
    assert "1 line" in text_of(client.get(f"/jobs/{job.pk}/"))


def test_the_file_to_begin_with_is_understood(client: Client, oslo: Folder) -> None:
    answer = client.get("/add-systems/template.csv")
    assert answer["Content-Disposition"].startswith("attachment")
    file = SimpleUploadedFile("systems.csv", answer.content, "text/csv")
    page = text_of(send(client, "csv", oslo, "check", file=file))
    assert "<strong>3</strong>" in page
    assert "left out" not in page


@pytest.mark.parametrize(
    ("tab", "typed", "words"),
    [
        ("address", {"targets": ""}, "Enter at least one address"),
        ("address", {"targets": "10.1.2.3 10.1.2.4"}, "one address or name"),
        ("address", {"targets": "10.1.2.0/30"}, "one address or name"),
        ("address", {"targets": "10.1.2.999"}, "Addresses:"),
        ("address", {"targets": "10.1.2.3", "password": "x"}, "User name:"),
        ("address", {"targets": "10.1.2.3", "https_port": "0"}, "HTTPS port:"),
        ("address", {"targets": "10.1.2.3", "http_port": "x"}, "HTTP port:"),
        ("address", {"targets": "10.1.2.3", "name": "x" * 51}, "Name:"),
        ("address", {"targets": "10.1.2.3", "connectivity": "behind_firewall"}, "Connectivity:"),
        ("address", {"targets": "10.1.2.3", "trust": "nonsense"}, "Certificate:"),
        ("address", {"targets": "10.1.2.3", "trust": "authority"}, "Certificate:"),
        ("address", {"targets": "10.1.2.3", "username": "a:b"}, "User name:"),
        ("range", {"targets": "10.0.0.0/8"}, "at most 4,096"),
        ("csv", {}, "Choose a CSV file"),
    ],
)
def test_what_cannot_be_used_says_why(
    client: Client, oslo: Folder, tab: str, typed: dict[str, str], words: str
) -> None:
    answer = send(client, tab, oslo, **typed)
    assert answer.status_code == 422
    page = text_of(answer)
    assert 'role="alert"' in page
    assert words in page.replace("<strong>", "").replace("</strong>", "")
    if typed.get("targets"):
        assert typed["targets"] in page
    assert not Job.objects.exists()


def test_a_form_in_the_page_is_sent_on_to_the_job(client: Client, oslo: Folder) -> None:
    form = {"folder": oslo.pk, "step": "start", "targets": "10.1.2.3"}
    answer = client.post("/add-systems/?tab=address", form, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == f"/jobs/{Job.objects.get().pk}/"
    refused = client.post("/add-systems/?tab=address", form | {"targets": ""}, headers={"HX-Request": "true"})
    assert refused.status_code == 200
    assert 'role="alert"' in text_of(refused)


def test_only_into_folders_where_one_may_admit(
    site_administrator: User, operator: User, viewer: User, signed_in: SignedIn, oslo: Folder, bergen: Folder
) -> None:
    for person in (operator, viewer):
        browser = signed_in(person)
        assert browser.get("/add-systems/").status_code == 403
        assert browser.get("/add-systems/template.csv").status_code == 403
        for tab in ("address", "range", "csv", "one", "list"):
            assert send(browser, tab, oslo, targets="10.1.2.3").status_code == 403
    browser = signed_in(site_administrator)
    assert send(browser, "address", bergen, targets="10.1.2.3").status_code == 404
    assert not Job.objects.exists()
    assert send(browser, "address", oslo, targets="10.1.2.3").status_code == 302
    assert Job.objects.get().folder_path == oslo.path


def test_stored_logins_are_for_administrators_of_all_systems(
    site_administrator: User, signed_in: SignedIn, oslo: Folder, shared: Credential
) -> None:
    browser = signed_in(site_administrator)
    assert "Shared" not in text_of(browser.get("/add-systems/"))
    send(browser, "address", oslo, targets="10.1.2.3", credentials=shared.pk)
    assert Job.objects.get().parameters["credential_ids"] == []


def test_stored_communities_too(
    client: Client, site_administrator: User, signed_in: SignedIn, oslo: Folder, shared: Credential
) -> None:
    credential_list.add(
        name="Reading", kind="community", values={"community": "quite-secret"}, now=timezone.now()
    )
    assert "Reading" in text_of(send(client, "range", oslo, "check", targets="10.1.2.0/30"))
    browser = signed_in(site_administrator)
    assert "Reading" not in text_of(send(browser, "range", oslo, "check", targets="10.1.2.0/30", snmp="yes"))
    send(browser, "range", oslo, targets="10.1.2.0/30", snmp="yes")
    assert Job.objects.get().parameters["uses_snmp"] is False


def test_systems_of_other_folders_are_not_told_beforehand(
    site_administrator: User, signed_in: SignedIn, oslo: Folder, home_office: System
) -> None:
    page = text_of(send(signed_in(site_administrator), "address", oslo, "check", targets=home_office.host))
    assert "Home Office" not in page


def test_names_of_systems_are_text(client: Client, oslo: Folder, boardroom: System) -> None:
    System.objects.filter(pk=boardroom.pk).update(name=HOSTILE)
    page = text_of(send(client, "address", oslo, "check", targets=boardroom.host, name=HOSTILE, tags=HOSTILE))
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
