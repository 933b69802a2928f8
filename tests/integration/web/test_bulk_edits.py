"""The pages for editing many systems: the file out, the difference, doing it, and acts that run as jobs."""

import csv
import io
import re
import warnings
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.integration.configuration_templates.conftest import report
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.configuration_templates.several_settings import read_settings
from roomkeeper.jobs.models import Job
from roomkeeper.provisioning.models import ChangeItem, ChangeSet
from roomkeeper.systems.models import Folder, System


@pytest.fixture
def rooms(boardroom: System, home_office: System) -> list[System]:
    """Two systems that have reported."""
    for system in (boardroom, home_office):
        report(system, {"SystemUnit/Name": system.name, "Audio/DefaultVolume": "50"})
    return [boardroom, home_office]


def download(client: Client, query: str = "") -> list[dict[str, str]]:
    """The file as a spreadsheet shows it."""
    answer = client.get(f"/systems/edit/systems.csv{query}")
    assert answer.status_code == 200, text_of(answer)
    with warnings.catch_warnings():
        # Under ASGI it is sent piece by piece; Django's own client, which is synchronous, warns of that.
        warnings.simplefilter("ignore")
        text = b"".join(answer).decode("utf-8-sig")  # type: ignore[call-overload]
    return list(csv.DictReader(io.StringIO(text, newline="")))


def upload(client: Client, rows: list[dict[str, str]], **fields: str) -> Any:
    """What the page says to the file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    file = SimpleUploadedFile("edited.csv", text.getvalue().encode(), "text/csv")
    return client.post("/systems/edit/", {"file": file, "step": "check", **fields})


def hidden(page: str) -> dict[str, str]:
    """What the page carries for the next step."""
    fields = {}
    for name in ("packed", "digest"):
        match = re.search(f'name="{name}" value="([^"]+)"', page)
        assert match is not None
        fields[name] = match[1]
    return fields


def test_file_out_changed_shown_and_done(client: Client, rooms: list[System]) -> None:
    form = text_of(client.get("/systems/edit/export/?filter=%3F"))
    assert "2 systems" in form
    assert '<option value="Audio/DefaultVolume">' in form

    rows = download(client, "?field=name&field=tags&setting=Audio/DefaultVolume&setting=")
    assert list(rows[0])[:3] == ["id", "name", "tags"]
    assert [row["Audio/DefaultVolume"] for row in rows] == ["50", "50"]
    rows[0] |= {"tags": "court", "name": "<b>Big</b>", "Audio/DefaultVolume": "70"}
    page = text_of(upload(client, rows))
    assert "&lt;b&gt;Big&lt;/b&gt;" in page
    assert "Will change 1" in page
    assert "Change 1 system<" in page
    assert System.objects.get(pk=rooms[0].pk).tags.count() == 0

    unchanged = text_of(client.post("/systems/edit/", {**hidden(page), "show": "unchanged"}))
    assert "Home Office" in unchanged
    assert "Boardroom" not in unchanged

    answer = client.post(
        "/systems/edit/", {**hidden(page), "step": "apply", "only_in_window": "1"}, follow=True
    )
    names, settings = ChangeSet.objects.order_by("pk")
    assert settings.only_in_window
    assert not names.only_in_window
    done = text_of(answer)
    assert f'href="/change-sets/{settings.pk}/"' in done
    assert f'href="/change-sets/{names.pk}/"' in done
    system = System.objects.get(pk=rooms[0].pk)
    assert (system.name, system.tags.get().name) == ("<b>Big</b>", "court")
    assert AuditEntry.objects.filter(road="page", act="edit systems").count() == 1
    assert "There is nothing to do" in text_of(upload(client, rows))


def test_difference_that_is_another_meanwhile_is_shown_and_not_done(
    client: Client, rooms: list[System]
) -> None:
    rows = download(client)
    rows[0]["notes"] = "mine"
    page = text_of(upload(client, rows))
    System.objects.filter(pk=rooms[0].pk).update(notes="theirs")
    again = text_of(client.post("/systems/edit/", {**hidden(page), "step": "apply"}))
    assert "Something has changed since you saw this" in again
    assert "theirs" in again
    assert System.objects.get(pk=rooms[0].pk).notes == "theirs"
    client.post("/systems/edit/", {**hidden(again), "step": "apply"})
    assert System.objects.get(pk=rooms[0].pk).notes == "mine"


def test_nothing_is_done_that_was_not_shown(client: Client, rooms: list[System]) -> None:
    rows = download(client)
    rows[0]["notes"] = "mine"
    page = text_of(upload(client, rows, step="apply"))
    assert "Something has changed since" in page
    assert System.objects.get(pk=rooms[0].pk).notes == ""


def test_lines_that_cannot_be_used_are_told(client: Client, rooms: list[System]) -> None:
    rows = download(client)
    rows[0] |= {"folder": "Osloo"}
    rows[1] |= {"serial_number": "other", "notes": "x"}
    page = text_of(upload(client, rows))
    assert "Left out 2" in page
    assert "The nearest: Oslo." in page
    assert "wrong row?" in page
    made = text_of(upload(client, rows, create_folders="1"))
    assert "Osloo (new)" in made


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose a file"),
        ({"packed": "!"}, "damaged"),
        ({"packed": "AAAA"}, "damaged"),
        ({"pasted": "name\nx\n"}, "must be id"),
    ],
)
def test_what_is_no_file_is_refused_with_a_sentence(
    client: Client, fields: dict[str, str], words: str
) -> None:
    answer = client.post("/systems/edit/", {"step": "check", **fields})
    assert answer.status_code == 200
    assert words in text_of(answer)


def test_export_holds_what_was_chosen_and_may_be_seen(
    client: Client, signed_in: SignedIn, rooms: list[System], site_administrator: User, bergen: Folder
) -> None:
    chosen = f"?system={rooms[1].pk}"
    assert [row["id"] for row in download(client, chosen)] == [str(rooms[1].pk)]
    assert len(download(client, f"?filter=%3Ffolder%3D{bergen.pk}")) == 1
    theirs = signed_in(site_administrator)
    assert download(theirs, chosen) == []
    assert [row["id"] for row in download(theirs)] == [str(rooms[0].pk)]
    answer = client.get("/systems/edit/systems.csv?setting=nonsense", follow=True)
    assert "is not the path of a setting" in text_of(answer)


def test_only_who_may_change_something_imports(
    signed_in: SignedIn, viewer: User, site_administrator: User, client: Client, rooms: list[System]
) -> None:
    assert signed_in(viewer).get("/systems/edit/").status_code == 403
    rows = download(client)
    rows[0]["notes"] = rows[1]["notes"] = "mine"
    page = text_of(upload(signed_in(site_administrator), rows))
    assert "Will change 1" in page
    assert "Home Office" not in page


def test_several_settings_are_asked_at_once(client: Client, rooms: list[System]) -> None:
    form = {
        "act": "setting",
        "system": [system.pk for system in rooms],
        "several": 'xConfiguration Audio DefaultVolume: "60"\nSystemUnit/Name Same',
        "path": "",
    }
    page = text_of(client.post("/systems/bulk/", {**form, "step": "check"}))
    assert "<strong>2</strong> will change" in page
    client.post("/systems/bulk/", {**form, "step": "confirm"})
    asked = set(ChangeItem.objects.values_list("path", "value"))
    assert asked == {("Audio/DefaultVolume", "60"), ("SystemUnit/Name", "Same")}
    bad = text_of(
        client.post("/systems/bulk/", {**form, "several": "xCommand Dial Number: 1", "step": "check"})
    )
    assert "Commands are not run here" in bad


@pytest.mark.parametrize("act", ["diagnose", "poll", "back-up"])
def test_acts_that_take_long_run_as_jobs(
    client: Client, signed_in: SignedIn, viewer: User, rooms: list[System], act: str
) -> None:
    form = {"row": [system.pk for system in rooms], "step": "confirm"}
    address = f"/systems/do/{act}/"
    assert "2 systems?" in text_of(client.get(address, {"row": form["row"]}))
    signed_in(viewer).post(address, form)
    assert not Job.objects.exists()
    answer = client.post(address, form)
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert job.items.count() == 2


def test_lines_of_settings_are_read_in_all_spellings() -> None:
    text = 'Standby/Control On\nAudio/DefaultVolume: 60\nxConfiguration SIP Proxy 1 Address: "x y"\n# remark\nA/B = c d'
    assert read_settings(text) == {
        "Standby/Control": "On",
        "Audio/DefaultVolume": "60",
        "SIP/Proxy[1]/Address": "x y",
        "A/B": "c d",
    }
    assert read_settings("Standby/Control\nA/B: x", is_taken_back=True) == {
        "Standby/Control": None,
        "A/B": None,
    }
    for bad in ("nonsense", "A/B: 1\nA/B: 2", "A/B: ***"):
        with pytest.raises(ValueError, match=r"\."):
            read_settings(bad)
