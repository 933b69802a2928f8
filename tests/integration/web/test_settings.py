"""The settings of one system: reported, wanted, searched; and setting a value."""

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.web.conftest import text_of

from roomkeeper.provisioning.models import ChangeItem
from roomkeeper.systems import documents
from roomkeeper.systems.models import ConfigurationVersion, System


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
