"""Network settings: all at once or not at all, errors beside their fields, audited."""

from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone
from tests.integration.web.conftest import text_of

from roomkeeper import keys
from roomkeeper.accounts.models import AuditEntry
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import Contact, System
from roomkeeper.systems.network_settings import TABLE
from roomkeeper.systems.network_settings.surface import STRAGGLERS


def form(**changed: Any) -> dict[str, Any]:
    """What a browser sends for the settings in force, with some fields changed."""
    found = network_settings.get()
    values: dict[str, Any] = {}
    for name, field in TABLE.items():
        if field.is_secret:
            continue
        value = getattr(found, name)
        if field.form == "switch":
            values.update({name: "1"} if value else {})
        else:
            values[name] = "\n".join(value) if field.form == "lines" else ("" if value is None else value)
    return values | changed


def test_every_setting_has_a_field(client: Client) -> None:
    page = text_of(client.get("/network-settings/"))
    assert not [key for key in TABLE if f'name="{key}"' not in page]


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


def community() -> str:
    kept = bytes(network_settings.get().snmp_community_ciphertext)
    return keys.load(settings.OPTIONS.data).decrypt(kept) if kept else ""


def test_the_community_is_written_kept_replaced_and_forgotten_and_never_shown(
    client: Client, boardroom: System
) -> None:
    assert "One is stored" not in text_of(client.get("/network-settings/"))
    page = text_of(client.post("/network-settings/", form(snmp_community="quite-secret"), follow=True))
    assert community() == "quite-secret"
    assert Contact.objects.get(system=boardroom).has_work
    assert "Changed: Community" in page
    assert "One is stored" in page
    assert "quite-secret" not in page
    client.post("/network-settings/", form(snmp_contact="Help desk"))
    assert community() == "quite-secret"
    assert network_settings.get().snmp_contact == "Help desk"
    client.post("/network-settings/", form(snmp_community="another"))
    assert community() == "another"
    client.post("/network-settings/", form(snmp_community_forget="1"))
    assert community() == ""
    assert "secret" not in str(list(AuditEntry.objects.values_list("details", flat=True)))


def test_a_refused_form_keeps_what_was_typed_but_for_the_community(client: Client) -> None:
    answer = client.post(
        "/network-settings/",
        form(snmp_community="quite-secret", snmp_contact="x" * 51, device_authorities="nonsense"),
    )
    assert answer.status_code == 422
    page = text_of(answer)
    assert "at most 50 characters" in page
    assert "must be certificates in PEM" in page
    assert "nonsense</textarea>" in page
    assert "quite-secret" not in page
    assert community() == ""


def test_systems_that_still_call_an_old_address_are_listed(client: Client, boardroom: System) -> None:
    network_settings.update({"internal_ipv4": "10.0.0.5"}, user=None, now=timezone.now())
    Contact.objects.filter(system=boardroom).update(used_host="10.0.0.5:8080")
    assert "old address" not in text_of(client.get("/network-settings/"))
    network_settings.update({"internal_ipv4": "10.0.0.6"}, user=None, now=timezone.now())
    page = text_of(client.get("/network-settings/"))
    assert f"{STRAGGLERS.pages.heading}: 1 system" in page
    assert "/network-settings/stragglers/" in page
    assert "10.0.0.5:8080" in text_of(client.get("/network-settings/stragglers/"))
