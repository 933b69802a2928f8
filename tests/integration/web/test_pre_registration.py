"""Announcing systems: one, and a list with its preview."""

from django.test import Client
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.adding.registration_lists import read_lines
from roomkeeper.systems.models import Folder, System


def test_one_is_registered(client: Client, bergen: Folder) -> None:
    typed = {"mac_address": "00:11:22:aa:bb:cc", "name": "Study", "folder": bergen.pk, "tags": "a,b"}
    client.post("/add-systems/?tab=one", typed)
    system = System.objects.get()
    assert (system.state, system.mac_address, system.folder) == ("pre_registered", "001122AABBCC", bergen)
    assert AuditEntry.objects.get(act="pre-register system").object_id == system.pk
    assert "Study" in text_of(client.get("/inbox/?show=awaited"))


def test_what_cannot_be_registered_says_why_and_keeps_what_was_typed(client: Client, bergen: Folder) -> None:
    page = text_of(
        client.post(
            "/add-systems/?tab=one", {"mac_address": "nonsense", "name": "Study", "folder": bergen.pk}
        )
    )
    assert "not a MAC address" in page
    assert 'value="Study"' in page
    page = text_of(
        client.post(
            "/add-systems/?tab=one", {"serial_number": "S1", "hint_address": "there", "folder": bergen.pk}
        )
    )
    assert "is not an IP address such as" in page
    assert not System.objects.exists()


def test_a_list_is_previewed_with_an_error_a_line(client: Client, bergen: Folder, boardroom: System) -> None:
    text = f"00:11:22:AA:BB:CC, Study\nFOC1, Den\nFOC1, Den again\n00:11, Broken\n{boardroom.serial_number}, Known"
    preview = client.post("/add-systems/?tab=list", {"list": text, "folder": bergen.pk, "step": "check"})
    errors = [line.error for line in preview.context["lines"]]
    assert [bool(error) for error in errors] == [False, False, True, True, True]
    assert "line 2" in errors[2]
    assert System.objects.count() == 1
    client.post("/add-systems/?tab=list", {"list": text, "folder": bergen.pk, "step": "register"})
    assert set(System.objects.filter(state="pre_registered").values_list("name", flat=True)) == {
        "Study",
        "Den",
    }


def test_a_list_may_have_a_heading_in_any_order() -> None:
    lines = read_lines("name;serial number;mac\nStudy;FOC1;001122AABBCC\n;FOC2;\n")
    assert [(line.number, line.name, line.serial, line.mac) for line in lines] == [
        (2, "Study", "FOC1", "001122AABBCC"),
        (3, "", "FOC2", ""),
    ]


def test_only_into_folders_where_one_may_admit(
    site_administrator: User, signed_in: SignedIn, oslo: Folder, root_folder: Folder
) -> None:
    browser = signed_in(site_administrator)
    assert (
        browser.post("/add-systems/?tab=one", {"serial_number": "FOC1", "folder": root_folder.pk}).status_code
        == 404
    )
    browser.post("/add-systems/?tab=one", {"serial_number": "FOC1", "folder": oslo.pk})
    assert System.objects.get().folder == oslo
