"""The settings of one system: reported, wanted, searched; and setting a value."""

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.configuration_templates.conftest import Make
from tests.integration.configuration_templates.conftest import make_template as make_template
from tests.integration.web.conftest import text_of

from roomkeeper.configuration_templates import editing
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.models import ChangeItem
from roomkeeper.systems import documents
from roomkeeper.systems.models import ConfigurationVersion, Folder, System


@pytest.fixture
def reported(boardroom: System) -> System:
    """Boardroom, having reported three settings and as many others as a whole report has."""
    rest = {f"Filler/Part[{number}]/Value": "x" for number in range(documents.WHOLE_CONFIGURATION)}
    settings = {
        **rest,
        "SystemUnit/Name": "Boardroom",
        "Standby/Delay": "10",
        "SIP/Proxy[1]/Address": "sip.example.org",
    }
    now = timezone.now()
    ConfigurationVersion.objects.create(
        system=boardroom,
        digest="1",
        content=documents.pack_configuration(settings, {}),
        size=1,
        first_at=now,
        last_at=now,
    )
    return boardroom


def test_before_the_first_report_the_page_says_why_it_is_empty(client: Client, boardroom: System) -> None:
    page = text_of(client.get(f"/systems/{boardroom.pk}/settings/?show=drift"))
    assert "No drift" in page


def test_settings_are_found_by_any_spelling(client: Client, reported: System) -> None:
    for q in ("sip proxy", "SIP/Proxy", "sip.example"):
        rows = client.get(f"/systems/{reported.pk}/settings/", {"q": q}).context["rows"]
        assert [row.path for row in rows] == ["SIP/Proxy[1]/Address"], q


def test_drift_stands_beside_what_is_wanted(client: Client, reported: System) -> None:
    System.objects.filter(pk=reported.pk).update(name="Another name")
    rows = client.get(f"/systems/{reported.pk}/settings/?show=drift").context["rows"]
    assert ("SystemUnit/Name", "Boardroom", "Another name") in [
        (row.path, row.reported, row.wanted) for row in rows
    ]


def test_what_a_wanted_value_won_against_stands_below_it(
    client: Client, reported: System, root_folder: Folder, make_template: Make
) -> None:
    now = timezone.now()
    for name, value in (("Near", "20"), ("Far", "<b>30")):
        template = make_template(name, {"Standby/Delay": value, "SIP/Authentication/Password": "swordfish"})
        order = 1 if name == "Near" else 2
        editing.assign(template, user=None, now=now, folder=root_folder, order=order)
    planning.create_change_set([reported], {"Standby/Delay": "40"}, user=None, now=now, is_persistent=True)
    address = f"/systems/{reported.pk}/settings/?show=wanted&q="
    answer = client.get(f"{address}delay")
    (row,) = answer.context["rows"]
    assert (row.layer, row.wanted) == ("persistent", "40")
    assert [(one.layer, one.value) for one in row.overridden] == [("template", "20"), ("template", "<b>30")]
    page = " ".join(text_of(answer).split())
    first, second = page.index(">20</span> by template: "), page.index(">&lt;b&gt;30</span> by template: ")
    assert page.index("persistent") < first < second
    assert "Near" in page[first:second]
    secret = text_of(client.get(f"{address}password"))
    assert "instead of" in secret
    assert "swordfish" not in secret


def test_a_value_is_checked_before_it_is_set(client: Client, reported: System) -> None:
    address = f"/systems/{reported.pk}/settings/set/"
    chosen = {"path": "Standby Delay", "value": "20"}
    assert "Will change" in text_of(client.post(address, {**chosen, "step": "check"}))
    assert not ChangeItem.objects.exists()
    client.post(address, {**chosen, "step": "confirm"})
    item = ChangeItem.objects.get()
    assert (item.path, item.value, item.state) == ("Standby/Delay", "20", "waiting")


def test_a_setting_that_the_device_lacks_cannot_be_set_and_it_says_so(
    client: Client, reported: System
) -> None:
    typed = {"path": "No/Such", "value": "1", "step": "check"}
    page = text_of(client.post(f"/systems/{reported.pk}/settings/set/", typed))
    assert "Cannot" in page
    assert "no such setting" in page
