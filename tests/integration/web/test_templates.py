"""The pages of templates: making in every way, versions, where used, planning, applying, keeping; and who may."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.declared import act_of
from tests.integration.configuration_templates.conftest import (
    COMMANDS,
    NOW,
    VALUE_SPACES,
    Make,
    report,
    store_document,
)
from tests.integration.configuration_templates.conftest import make_template as make_template
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.configuration_templates import editing
from roomkeeper.configuration_templates.editing import newest_content
from roomkeeper.configuration_templates.models import ConfigurationTemplate
from roomkeeper.provisioning.models import ChangeItem, ChangeSet
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Folder, System

VOLUME = "Audio/DefaultVolume"


@pytest.fixture(autouse=True)
def reported(boardroom: System, vault: System, home_office: System) -> None:
    for system, volume in ((boardroom, "10"), (vault, "40"), (home_office, "20")):
        report(system, {VOLUME: volume, "Standby/Control": "On", "SIP/Authentication/Password": "***"})
    store_document(boardroom, "valuespace", VALUE_SPACES.encode())


def form(folder: Folder, **values: object) -> dict[str, object]:
    return {
        "name": "Rooms",
        "folder": folder.pk,
        "enforcement": "automatic",
        "path": [VOLUME, ""],
        "value": ["40", ""],
        "commands": "",
        "pasted": "",
        "step": "save",
        **values,
    }


def test_an_empty_list_shows_the_ways_to_the_first_template(client: Client) -> None:
    page = text_of(client.get("/templates/"))
    assert "No templates yet" in page
    assert "/templates/from-system/" in page


def test_a_template_is_written_by_hand_and_shown(client: Client, root_folder: Folder) -> None:
    sent = form(
        root_folder,
        path=["audio default volume"[:5] + " DefaultVolume", "SIP/Authentication/Password"],
        value=["40", "swordfish"],
        commands="xCommand Audio Volume Set Level: 4",
        note="First",
    )
    answer = client.post("/templates/new/", sent, follow=True)
    page = text_of(answer)
    assert act_of("templates", "create").done.format(row="Rooms") in page
    assert "swordfish" not in page
    assert "xCommand Audio Volume Set Level: 4" in page
    assert "First" in page
    assert AuditEntry.objects.get(act="create template").object_label == "Rooms"
    assert "Rooms" in text_of(client.get("/templates/?q=room"))
    assert "No template is called that" in text_of(client.get("/templates/?q=nothing"))


def test_what_is_wrong_stands_beside_the_row_and_nothing_is_stored(
    client: Client, root_folder: Folder
) -> None:
    sent = form(root_folder, path=["Nothing//There", VOLUME], value=["x", "{nothing}"], name="")
    answer = client.post("/templates/new/", sent)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "leaves out a name between two slashes" in page
    assert "There is no variable {nothing}" in page
    assert not ConfigurationTemplate.objects.exists()


def test_checking_tells_what_known_models_say_and_keeps_what_was_typed(
    client: Client, root_folder: Folder
) -> None:
    sent = form(root_folder, path=[VOLUME, "Nothing/There"], value=["400", "x"], step="check", name="Half")
    page = text_of(client.post("/templates/new/", sent))
    assert "It must be a number from 0 to 100." in page
    assert "not on this device" in page
    assert 'value="Half"' in page
    assert 'value="400"' in page
    assert f'<option value="{VOLUME}">' in page


def test_commands_are_checked_against_what_models_told(
    client: Client, root_folder: Folder, boardroom: System
) -> None:
    store_document(boardroom, "command", COMMANDS.encode())
    text = (
        "xCommand Audio Volume Set Level: 400\nxCommand Nothing Here\nxCommand Audio Volume Set Level: {room}"
    )
    page = text_of(client.post("/templates/new/", form(root_folder, step="check", commands=text)))
    assert "Level: It must be a number from 0 to 100." in page
    assert page.count("it has no such command") == 1
    hint = text_of(client.get("/templates/hint/?kind=command&path=volume+set"))
    assert "xCommand Audio/Volume/Set Level: 0..100" in hint


def test_hints_come_while_typing(client: Client) -> None:
    page = text_of(client.get(f"/templates/hint/?path={VOLUME}&value=400&number=2"))
    assert "It must be a number from 0 to 100." in page
    assert 'id="values-2"' in page
    page = text_of(client.get("/templates/hint/?path=audio+defaultvolume&value=4&number=999999"))
    assert 'id="values-0"' in page
    assert "a number from 0 to 100" in page
    assert "datalist" not in text_of(client.get("/templates/hint/?path=Audio&value=4"))
    assert "No known system" in text_of(client.get("/templates/hint/?kind=command&path=Nothing"))


def test_text_and_files_are_added_to_the_table(client: Client, root_folder: Folder) -> None:
    sent = form(
        root_folder,
        step="read",
        pasted="xConfiguration Audio DefaultVolume: 55\nxCommand Standby Deactivate\n!",
    )
    page = text_of(client.post("/templates/new/", sent))
    assert 'name="value" value="55"' in page
    assert 'name="value" value="40"' not in page
    assert "xCommand Standby Deactivate" in page
    upload = SimpleUploadedFile("rooms.toml", b'[Standby]\nControl = "Off"\n')
    page = text_of(client.post("/templates/new/", {**form(root_folder, step="read"), "file": upload}))
    assert 'value="Standby/Control"' in page
    page = text_of(client.post("/templates/new/", form(root_folder, step="read", pasted="nonsense")))
    assert "Line 1: It is neither a setting" in page


def test_a_template_with_many_settings_is_edited_as_text(
    client: Client, root_folder: Folder, make_template: Make
) -> None:
    values = {f"Filler/Part[{number}]/Value": str(number) for number in range(1, 301)}
    values["SIP/Authentication/Password"] = "swordfish"
    template = make_template("Long", values)
    page = text_of(client.get(f"/templates/{template.pk}/edit/"))
    assert "xConfiguration Filler Part 300 Value" in page
    assert "swordfish" not in page
    text = page.split('name="all_text"')[1].split(">", 1)[1].split("</textarea>")[0].replace("&quot;", '"')
    sent = form(
        root_folder, name="Long", path=[], value=[], all_text=text.replace('Value: "300"', 'Value: "x"')
    )
    client.post(f"/templates/{template.pk}/edit/", sent)
    template.refresh_from_db()
    content = newest_content(template)
    assert (template.newest, len(content.settings)) == (2, 301)
    assert content.settings[299].value == "x"
    assert content.settings[300].value == "swordfish"


def test_settings_are_picked_from_a_system(client: Client, boardroom: System) -> None:
    assert "Boardroom" in text_of(client.get("/templates/from-system/"))
    page = text_of(client.get(f"/templates/from-system/?system={boardroom.pk}&q=audio"))
    assert VOLUME in page
    assert "Standby/Control" not in page
    body = {"system": boardroom.pk, "path": [VOLUME, "SIP/Authentication/Password"]}
    page = text_of(client.post("/templates/from-system/", body, follow=True))
    assert f'value="{VOLUME}"' in page
    assert "not entered yet" in page
    page = text_of(client.post("/templates/from-system/", {"system": boardroom.pk}))
    assert "Choose 1 to 500 settings." in page


def test_versions_are_compared(client: Client, root_folder: Folder, make_template: Make) -> None:
    template = make_template("Rooms", {VOLUME: "30"})
    client.post(f"/templates/{template.pk}/edit/", form(root_folder, note="Louder"))
    page = text_of(client.get(f"/templates/{template.pk}/versions/"))
    assert "What differs from version 1 to version 2" in page
    assert "Louder" in page
    held = client.get(f"/templates/{template.pk}/settings/?version=1")
    assert held.context["version"].number == 1
    page = text_of(client.get(f"/templates/{template.pk}/versions/?old=2&new=1"))
    assert "What differs from version 2 to version 1" in page
    assert "As it was in version 1" in text_of(client.get(f"/templates/{template.pk}/?version=1"))


def test_the_plan_counts_and_says_why_not(client: Client, make_template: Make, boardroom: System) -> None:
    template = make_template("Rooms", {VOLUME: "40", "Nothing/There": "x", "Standby/Control": "{tag.mode}"})
    page = text_of(client.get(f"/templates/{template.pk}/plan/"))
    assert "Choose systems" in page
    page = text_of(client.get(f"/templates/{template.pk}/plan/?every=1"))
    assert "<strong>2</strong>will change" in page
    assert "<strong>1</strong>cannot" in page
    assert "not on this device 3" in page
    assert "variable without a value 3" in page
    page = text_of(client.get(f"/templates/{template.pk}/plan/?every=1&show={boardroom.pk}"))
    assert "the system has no tag mode" in page
    page = text_of(client.get(f"/templates/{template.pk}/plan/?q=nowhere"))
    assert "No managed system matches." in page


def test_applying_once_asks_first(client: Client, make_template: Make, boardroom: System) -> None:
    template = make_template("Rooms", {VOLUME: "40"})
    address = f"/templates/{template.pk}/apply/"
    page = text_of(client.get(f"{address}?every=1"))
    assert "3 systems: 2 will change, 1 already set, 0 cannot." in page
    answer = client.post(address, {"every": "1", "filter": "?search=Boardroom", "only_in_window": "1"})
    made = ChangeSet.objects.get()
    assert answer["Location"] == f"/change-sets/{made.pk}/"
    assert made.only_in_window
    assert [item.system for item in ChangeItem.objects.all()] == [boardroom]
    assert AuditEntry.objects.get(act="apply template").details["change_set"] == made.pk
    page = text_of(client.get(f"/templates/{template.pk}/used/"))
    assert f"/change-sets/{made.pk}/" in page


def test_keeping_it_so_asks_first_and_new_versions_follow(
    client: Client, make_template: Make, oslo: Folder, root_folder: Folder, boardroom: System
) -> None:
    template = make_template("Rooms", {VOLUME: "40"})
    address = f"/templates/{template.pk}/assign/"
    target = {"folder": str(oslo.pk)}
    page = text_of(client.get(address, target))
    assert "2 more systems: 1 will change, 1 already set, 0 cannot." in page
    page = text_of(client.post(address, target, follow=True))
    assert "1 system is asked by change set" in page
    assert "folder Oslo" in page
    assert "Make it persistent" in text_of(client.get(f"/templates/{template.pk}/plan/"))
    page = text_of(client.get(f"/templates/{template.pk}/edit/"))
    assert "Store and ask 2 systems" in page
    client.post(f"/templates/{template.pk}/edit/", form(root_folder, value=["45", ""]))
    assert ChangeItem.objects.filter(value="45").count() == 2
    assignment = template.assignments.get()
    address = f"/template-assignments/{assignment.pk}/delete/"
    assert "What it set stays" in text_of(client.get(address))
    client.post(address)
    assert not template.assignments.exists()


def test_it_is_kept_on_tags_and_systems_by_name(
    client: Client, make_template: Make, boardroom: System
) -> None:
    inventory.set_tags(boardroom, ["executive"])
    template = make_template("Rooms", {VOLUME: "40"})
    address = f"/templates/{template.pk}/assign/"
    client.post(address, {"tag": "executive"})
    client.post(address, {"system": "boardroom", "order": "5"})
    assert [(one.tag, one.system, one.order) for one in template.assignments.order_by("id")] == [
        ("executive", None, 100),
        ("", boardroom, 5),
    ]
    page = text_of(client.post(address, {"system": "nobody"}, follow=True))
    assert "Choose a folder, a tag or a system." in page


def test_it_is_exported_and_deleted(client: Client, make_template: Make) -> None:
    template = make_template("Rooms", {VOLUME: "40", "SIP/Authentication/Password": "swordfish"})
    answer = client.get(f"/templates/{template.pk}/export.json")
    assert "swordfish" not in text_of(answer)
    assert answer["Content-Disposition"] == 'attachment; filename="Rooms-v1.json"'
    assert "It cannot be undone" in text_of(client.get(f"/templates/{template.pk}/delete/"))
    client.post(f"/templates/{template.pk}/delete/")
    assert not ConfigurationTemplate.objects.exists()
    entry = AuditEntry.objects.get(act="delete template")
    assert (entry.object_label, entry.object_id) == ("Rooms", template.pk)


def test_the_list_asks_for_the_folders_of_all_rows_at_once(
    client: Client, make_template: Make, oslo: Folder, bergen: Folder
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            page = text_of(client.get("/templates/"))
        assert "folder Oslo" in page
        return len(asked)

    editing.assign(make_template("First", {VOLUME: "40"}), user=None, now=NOW, folder=oslo)
    before = queries()
    for number in range(4):
        template = make_template(f"More {number}", {VOLUME: "40"}, folder=bergen)
        editing.assign(template, user=None, now=NOW, folder=bergen)
    assert queries() == before


def test_templates_elsewhere_are_not_there_and_viewers_change_nothing(
    signed_in: SignedIn,
    site_administrator: User,
    viewer: User,
    stranger: User,
    oslo: Folder,
    bergen: Folder,
    make_template: Make,
) -> None:
    here = make_template("Oslo's", {VOLUME: "40"}, folder=oslo)
    there = make_template("Bergen's", {VOLUME: "40"}, folder=bergen)
    mine = signed_in(site_administrator)
    page = text_of(mine.get("/templates/"))
    assert "Oslo&#x27;s" in page
    assert "Bergen&#x27;s" not in page
    for tab in ("", "settings/", "edit/", "plan/", "used/", "versions/", "apply/", "delete/", "export.json"):
        assert mine.get(f"/templates/{there.pk}/{tab}").status_code == 404
    assert mine.post("/templates/new/", form(bergen)).status_code == 404
    looking = signed_in(viewer)
    assert looking.get(f"/templates/{here.pk}/").status_code == 200
    for tab in ("edit/", "apply/", "delete/", "assign/"):
        assert looking.get(f"/templates/{here.pk}/{tab}").status_code == 403
    assert looking.get("/templates/new/").status_code == 403
    assert signed_in(stranger).get("/templates/").status_code == 403


def test_the_planned_systems_stay_chosen_when_it_is_made_persistent(
    client: Client, make_template: Make, boardroom: System, vault: System
) -> None:
    template = make_template("Rooms", {VOLUME: "40"})
    choice = f"system={boardroom.pk}"
    page = text_of(client.get(f"/templates/{template.pk}/plan/?{choice}"))
    assert f"/templates/{template.pk}/make-persistent/?{choice}" in page
    asked = text_of(client.get(f"/templates/{template.pk}/make-persistent/?{choice}"))
    assert "persistent on 1 system?" in asked
    client.post(f"/templates/{template.pk}/make-persistent/", {"system": boardroom.pk})
    assert list(template.assignments.values_list("system", flat=True)) == [boardroom.pk]
    # Once more changes nothing.
    client.post(f"/templates/{template.pk}/make-persistent/", {"system": boardroom.pk})
    assert template.assignments.count() == 1
