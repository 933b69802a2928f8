"""Network settings: all at once or not at all, errors beside their fields, audited."""

from typing import Any

from django.test import Client
from tests.integration.web.conftest import text_of

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import Contact, NetworkSettings, System
from roomkeeper.web.network_settings import FIELDS


def form(**changed: Any) -> dict[str, Any]:
    """What a browser sends for the settings in force, with some fields changed."""
    found = network_settings.get()
    values: dict[str, Any] = {}
    for name, field in FIELDS.items():
        value = getattr(found, name)
        if field.kind == "switch":
            values.update({name: "1"} if value else {})
        else:
            values[name] = "\n".join(value) if field.kind == "networks" else ("" if value is None else value)
    return values | changed


def test_every_setting_of_the_model_has_a_field() -> None:
    columns = {field.name for field in NetworkSettings._meta.concrete_fields} - {"id"}
    assert set(FIELDS) == columns


def test_a_changed_address_is_saved_audited_and_told_to_managed_systems(
    client: Client, boardroom: System
) -> None:
    client.post(
        "/network-settings/",
        form(internal_fqdn="rooms.example.org", admission_networks="10.0.0.0/8\n::1/128"),
    )
    found = network_settings.get()
    assert found.internal_fqdn == "rooms.example.org"
    assert found.admission_networks == ["10.0.0.0/8", "::1/128"]
    assert Contact.objects.get(system=boardroom).has_work
    entry = AuditEntry.objects.get(act="change network settings")
    assert set(entry.details["changed"]) == {"internal_fqdn", "admission_networks"}


def test_one_wrong_value_changes_nothing_and_is_told_beside_its_field(client: Client) -> None:
    answer = client.post(
        "/network-settings/", form(internal_fqdn="rooms.example.org", public_ipv4="not an address")
    )
    assert answer.status_code == 422
    page = text_of(answer)
    assert 'value="not an address"' in page
    assert "field-error" in page
    assert network_settings.get().internal_fqdn == ""


def test_saving_what_is_there_changes_and_notes_nothing(client: Client) -> None:
    assert "Nothing was changed" in text_of(client.post("/network-settings/", form(), follow=True))
    assert not AuditEntry.objects.exists()


def test_switches_are_turned_off_by_being_absent(client: Client) -> None:
    values = form()
    del values["update_connectivity"]
    client.post("/network-settings/", values)
    assert network_settings.get().update_connectivity is False
