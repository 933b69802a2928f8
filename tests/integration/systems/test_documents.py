"""Reading what systems reported: the newest of it, and what one system's report says of others like it."""

import zlib
from datetime import UTC, datetime, timedelta

import pytest

from roomkeeper.systems import documents
from roomkeeper.systems.models import ConfigurationVersion, StoredDocument, System

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
VALUE_SPACES = (
    b'<Valuespace product="Cisco Codec" version="ce11.5" apiVersion="4">'
    b'<TTPAR_OnOff type="Literal"><Value>On</Value><Value>Off</Value></TTPAR_OnOff></Valuespace>'
)


def report_value_spaces(system: System, product: str, version: str) -> None:
    System.objects.filter(pk=system.pk).update(product=product, software_version=version)
    StoredDocument.objects.create(
        system=system,
        kind=StoredDocument.Kind.VALUESPACE,
        received_at=NOW,
        content=zlib.compress(VALUE_SPACES),
        size=len(VALUE_SPACES),
    )


def report(system: System, value: str, at: datetime) -> None:
    ConfigurationVersion.objects.create(
        system=system,
        digest=value,
        content=documents.pack_configuration({"SystemUnit/Name": value}, {}) if value else b"",
        size=len(value),
        first_at=at,
        last_at=at,
    )


def test_value_spaces_are_those_of_any_system_of_the_model(boardroom):
    report_value_spaces(boardroom, "Room Kit", "ce11.5")
    assert documents.value_spaces_of_model("Room Kit", "ce11.5")["TTPAR_OnOff"].values == ("On", "Off")
    assert documents.value_spaces_of_model("Room Kit", "ce11.6") == {}


@pytest.mark.parametrize(("product", "version"), [("", ""), ("Room Kit", ""), ("", "ce11.5")])
def test_systems_that_have_not_said_what_they_are_have_nothing_in_common(boardroom, product, version):
    report_value_spaces(boardroom, product, version)
    assert documents.value_spaces_of_model(product, version) == {}
    assert "TTPAR_OnOff" in documents.value_spaces_of(boardroom)


def test_what_a_caller_does_with_value_spaces_is_seen_by_no_other(boardroom):
    report_value_spaces(boardroom, "Room Kit", "ce11.5")
    documents.value_spaces_of(boardroom).clear()
    assert "TTPAR_OnOff" in documents.value_spaces_of(boardroom)


def test_newest_configuration_of_each_system_is_read(boardroom, vault, lobby):
    report(boardroom, "new", NOW)
    report(boardroom, "old", NOW - timedelta(days=1))
    # Of new hardware, what was reported before holds no more.
    report(vault, "before", NOW - timedelta(days=1))
    report(vault, "", NOW)
    found = documents.reported_configurations([boardroom.pk, vault.pk, lobby.pk])
    assert {pk: one.settings for pk, one in found.items()} == {boardroom.pk: {"SystemUnit/Name": "new"}}
