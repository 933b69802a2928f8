"""What was typed into the form of a template comes back with what is wrong with it, whatever that is."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.integration.configuration_templates.conftest import Make
from tests.integration.configuration_templates.conftest import make_template as make_template
from tests.integration.web.conftest import text_of

from roomkeeper.configuration_templates.editing import newest_content
from roomkeeper.configuration_templates.models import ConfigurationTemplate
from roomkeeper.systems.models import Folder

pytestmark = pytest.mark.one_database

VOLUME = "Audio/DefaultVolume"
PASSWORD = "SIP/Authentication/Password"
LINES = "".join(f'xConfiguration Filler Part {number} Value: "{number}"\n' for number in range(1, 301))


def form(folder: Folder, **values: object) -> dict[str, object]:
    return {"name": "Rooms", "folder": folder.pk, "enforcement": "automatic", "step": "save", **values}


def field(page: str, name: str) -> str:
    """What stands in a text field of the page."""
    text = page.split(f'name="{name}"', 1)[1].split(">", 1)[1].split("</textarea>", 1)[0]
    return text.replace("&quot;", '"')


def test_a_refused_value_in_a_long_text_is_told_and_the_text_stays(
    client: Client, root_folder: Folder, make_template: Make
) -> None:
    template = make_template(
        "Long", {f"Filler/Part[{number}]/Value": str(number) for number in range(1, 301)}
    )
    address = f"/templates/{template.pk}/edit/"
    typed = LINES.replace('Value: "7"\n', 'Value: "{nothing}"\n')
    answer = client.post(address, form(root_folder, name="Long", all_text=typed))
    page = text_of(answer)
    assert answer.status_code == 422
    assert "There is no variable {nothing}" in page
    assert field(page, "all_text") == typed
    template.refresh_from_db()
    assert template.newest == 1
    mended = field(page, "all_text").replace("{nothing}", "seven")
    client.post(address, form(root_folder, name="Long", all_text=mended))
    template.refresh_from_db()
    assert {one.path: one.value for one in newest_content(template).settings}[
        "Filler/Part[7]/Value"
    ] == "seven"


def test_a_long_text_with_a_line_that_cannot_be_read_comes_back_whole(
    client: Client, root_folder: Folder
) -> None:
    typed = f"# ours\n{LINES}nonsense\n"
    upload = SimpleUploadedFile("rooms.toml", b'[Standby]\nControl = "Off"\n')
    sent = form(root_folder, all_text=typed, pasted="xConfiguration Audio DefaultVolume: 55", file=upload)
    page = text_of(client.post("/templates/new/", sent))
    assert "Line 302: It is neither a setting" in page
    assert "Choose it again" in page
    assert field(page, "all_text") == typed
    assert field(page, "pasted") == "xConfiguration Audio DefaultVolume: 55"
    assert not ConfigurationTemplate.objects.exists()


def test_a_refused_value_that_was_pasted_stands_in_the_table(client: Client, root_folder: Folder) -> None:
    sent = form(
        root_folder,
        path=[VOLUME],
        value=["40"],
        commands="xCommand Standby Deactivate",
        pasted="xConfiguration Audio DefaultVolume: {nothing}\nxCommand Audio Volume Set Level: 4",
    )
    page = text_of(client.post("/templates/new/", sent))
    assert "There is no variable {nothing}" in page
    assert 'value="{nothing}"' in page
    assert 'value="40"' not in page
    assert field(page, "pasted") == ""
    assert field(page, "commands").splitlines() == [
        "xCommand Standby Deactivate",
        "xCommand Audio Volume Set Level: 4",
    ]


def test_a_pasted_text_with_a_line_that_cannot_be_read_stays_where_it_is(
    client: Client, root_folder: Folder
) -> None:
    typed = "xConfiguration Standby Control: Off\nnonsense\nxCommand Standby Deactivate"
    sent = form(root_folder, path=[VOLUME], value=["40"], commands="nothing either", pasted=typed)
    page = text_of(client.post("/templates/new/", sent))
    assert "Line 2: It is neither a setting" in page
    assert "Commands, line 1" in page
    assert field(page, "pasted") == typed
    assert field(page, "commands") == "nothing either"
    assert 'value="40"' in page
    assert not ConfigurationTemplate.objects.exists()


def test_errors_by_path_are_shown_when_table_and_text_are_too_much_for_a_table(
    client: Client, root_folder: Folder
) -> None:
    sent = form(root_folder, path=[VOLUME, PASSWORD], value=["{nothing}", "swordfish"], pasted=LINES)
    page = text_of(client.post("/templates/new/", sent))
    assert f"{VOLUME}: There is no variable {{nothing}}" in page
    assert 'xConfiguration Audio DefaultVolume: "{nothing}"' in field(page, "all_text")
    # What is secret is in no answer, so that it has to be typed again is said.
    assert "swordfish" not in page
    assert f"Type it again: {PASSWORD}." in page
