"""Network settings are validated as a whole before anything is written."""

from datetime import UTC, datetime

import pytest

from roomkeeper.systems import network_settings
from roomkeeper.systems.models import ChangeEvent, Contact, NetworkSettings, State, System
from roomkeeper.systems.network_settings import FIELDS, InvalidNetworkSettings

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)

GOOD = {
    "internal_ipv4": "10.0.0.5",
    "internal_ipv6": "2001:db8::5",
    "internal_fqdn": "rk.corp.example",
    "public_ipv4": "192.0.2.5",
    "public_ipv6": "2001:db8:1::5",
    "public_fqdn": "rk.example.org",
    "update_connectivity": False,
    "secure_only": True,
    "secrets_may_use_http": False,
    "password_over_http_networks": ["10.0.0.0/8"],
    "contactable_networks": ["127.1.0.0/16", "fe80::/10"],
    "heartbeat_idle": 600,
    "heartbeat_waiting": 20,
    "heartbeat_watched": 15,
    "heartbeat_admitted": 5,
    "heartbeat_unknown": 60,
    "outside_internal_host": "proxy.corp.example",
    "outside_internal_http_port": 8000,
    "outside_internal_https_port": 8001,
    "outside_public_host": "proxy.example.org",
    "outside_public_http_port": 0,
    "outside_public_https_port": 443,
    "device_http_port": 8080,
    "device_https_port": 8443,
    "admission_by_hand": False,
    "admission_networks": ["10.20.0.0/16", "2001:db8::/32"],
    "polling": False,
    "poll_idle": 600,
    "poll_in_call": 30,
    "poll_watched": 10,
    "poll_dead": 120,
    "polls_at_once": 50,
    "polls_at_once_in_a_network": 5,
    "maintenance_window": "Mon-Fri 20:00-06:00",
    "time_zone": "Europe/Oslo",
    "device_authorities": "",
    "snmp_contact": "Help desk, 4711",
    "snmp_location": "Oslo",
    "snmp_community": "quite-secret",
    "feedback_slot": 2,
    "phone_books_always": True,
    "phone_books_route": False,
    "ntp_servers": ["ntp1.example.org", "192.0.2.123"],
    "device_time_zone": "Europe/Oslo",
}

BAD = [
    *[("feedback_slot", value) for value in (0, 5, "3", True, None)],
    *[("ntp_servers", value) for value in ("ntp1", ["a b"], ["ntp1:123"], ["n1", "n2", "n3", "n4"])],
    *[("device_time_zone", value) for value in ("Oslo", "GMT+1")],
    *[
        (field, value)
        for field in ("internal_ipv4", "public_ipv4")
        for value in ("10.0.0", "2001:db8::5", "name", 5)
    ],
    *[
        (field, value)
        for field in ("internal_ipv6", "public_ipv6")
        for value in ("10.0.0.5", "2001:::5", "name")
    ],
    *[
        (field, value)
        for field in ("internal_fqdn", "public_fqdn")
        for value in (
            "two words",
            "-x.example",
            "a..b",
            "x" * 64 + ".example",
            "x." * 130,
            "rk_1.example",
            "ø.no",
        )
    ],
    *[
        (field, value)
        for field in ("update_connectivity", "secure_only", "secrets_may_use_http", "admission_by_hand")
        for value in ("true", 1, None)
    ],
    *[
        (field, value)
        for field in ("password_over_http_networks", "admission_networks", "contactable_networks")
        for value in ("10.0.0.0/8", None, ["10.0.0.0/33"], ["here"], [None], [[]])
    ],
    *[
        (field, value)
        for field in (
            "heartbeat_idle",
            "heartbeat_waiting",
            "heartbeat_watched",
            "heartbeat_admitted",
            "heartbeat_unknown",
        )
        for value in (0, 1, -5, 86_401, "30", 30.0, True, None)
    ],
    *[
        (field, value)
        for field in ("device_http_port", "device_https_port")
        for value in (0, 65_536, "80", True, None, 80.0)
    ],
    *[
        (field, value)
        for field in (
            "poll_idle",
            "poll_in_call",
            "poll_watched",
            "poll_dead",
            "polls_at_once",
            "polls_at_once_in_a_network",
        )
        for value in (0, -5, 86_401, "60", 60.0, True, None)
    ],
    *[("polling", value) for value in ("true", 1, None)],
    ("device_authorities", "no certificate"),
    ("maintenance_window", "sometimes"),
    ("time_zone", "Europe/Nowhere"),
    *[
        (field, value)
        for field in ("snmp_contact", "snmp_location", "snmp_community")
        for value in ("x" * 51, "a\nb")
    ],
    ("snmp_community_ciphertext", b"x"),
    ("no_such_setting", 1),
    ("id", 2),
]


def update(**values):
    return network_settings.update(values, user=None, now=NOW)


def test_every_setting_can_be_changed_and_is_read_back(db):
    assert set(GOOD) == set(FIELDS)
    update(**GOOD)
    found = network_settings.get()
    shown = {field: getattr(found, field) for field in FIELDS if field != "snmp_community"}
    # The community is written and not read back.
    assert shown | {"snmp_community": "quite-secret"} == GOOD
    assert b"quite-secret" not in bytes(found.snmp_community_ciphertext)
    assert NetworkSettings.objects.count() == 1


@pytest.mark.parametrize(("field", "value"), BAD)
def test_bad_value_is_refused_by_its_field_and_nothing_is_written(db, field, value):
    before = NetworkSettings.objects.filter(pk=network_settings.get().pk).values().get()
    with pytest.raises(InvalidNetworkSettings) as refused:
        update(heartbeat_idle=901, **{field: value}) if field != "heartbeat_idle" else update(
            heartbeat_idle=value
        )
    assert set(refused.value.errors) == {field}
    assert refused.value.errors[field]
    assert field in str(refused.value)
    assert NetworkSettings.objects.values().get() == before


def test_every_bad_value_gets_a_sentence_of_its_own(db):
    with pytest.raises(InvalidNetworkSettings) as refused:
        update(internal_ipv4="x", device_http_port=0, public_fqdn="two words")
    # Addresses are checked last and together, once the rest can be used.
    assert {"device_http_port", "public_fqdn"} <= set(refused.value.errors)


def test_names_and_networks_are_kept_in_one_spelling(db):
    found = update(internal_fqdn=" RK.Corp.Example. ", admission_networks=(" 10.20.0.0/16 ",))
    assert found.internal_fqdn == "rk.corp.example"
    assert found.admission_networks == ["10.20.0.0/16"]


@pytest.mark.parametrize("empty", [None, ""])
def test_addresses_can_be_emptied(db, empty):
    update(**GOOD)
    found = update(internal_ipv4=empty, public_ipv6=empty, internal_fqdn=empty)
    assert (found.internal_ipv4, found.public_ipv6, found.internal_fqdn) == (None, None, "")


ADDRESSES = ("internal_ipv4", "internal_ipv6", "internal_fqdn", "public_ipv4", "public_ipv6", "public_fqdn")


@pytest.mark.parametrize("field", ADDRESSES)
def test_changed_server_address_is_handed_to_all_managed_systems(boardroom, vault, field):
    System.objects.filter(pk=vault.pk).update(state=State.PRE_REGISTERED)
    System.objects.filter(pk=boardroom.pk).update(management_rounds=2)
    update(**{field: GOOD[field]})
    boardroom.refresh_from_db()
    vault.refresh_from_db()
    assert (boardroom.management_is_due, vault.management_is_due) == (True, False)
    # Three fresh rounds for the new address.
    assert boardroom.management_rounds == 0
    assert Contact.objects.get(system=boardroom).has_work
    assert not Contact.objects.get(system=vault).has_work


def test_other_settings_and_equal_values_bother_no_system(boardroom):
    update(internal_ipv4="10.0.0.5")
    System.objects.update(management_is_due=False)
    Contact.objects.update(has_work=False)
    ChangeEvent.objects.all().delete()
    update(internal_ipv4="10.0.0.5")
    assert not ChangeEvent.objects.exists()
    update(heartbeat_idle=600, device_http_port=8080)
    assert ChangeEvent.objects.get().topic == "network_settings"
    boardroom.refresh_from_db()
    assert not boardroom.management_is_due
    assert not Contact.objects.get(system=boardroom).has_work
