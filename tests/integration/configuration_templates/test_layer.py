"""Templates as a layer: which apply to a system, which wins, what they offer, and that a few statements do."""

from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.cast import add_system
from tests.integration.configuration_templates.conftest import NOW, VALUE_SPACES, Make, report, store_document

from roomkeeper import keys
from roomkeeper.configuration_templates.content import checked, content_of
from roomkeeper.configuration_templates.editing import add_version, assign, change_template, newest_version
from roomkeeper.configuration_templates.models import ConfigurationTemplate, TemplateAssignment
from roomkeeper.configuration_templates.offers import offers_of
from roomkeeper.provisioning import planning, sources, wanted
from roomkeeper.provisioning.sources import Enforcement
from roomkeeper.serving import re_encryption
from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.models import Folder, System, Tag

VOLUME = "Audio/DefaultVolume"


def put(template: ConfigurationTemplate, **target: Any) -> TemplateAssignment:
    return assign(template, user=None, now=NOW, **target)


def offered(system: System) -> list[tuple[str, str, str]]:
    return [(one.path, one.value, one.why) for one in offers_of([system.pk]).get(system.pk, [])]


def test_nothing_is_offered_without_an_assignment(boardroom: System, make_template: Make) -> None:
    make_template("Unused", {VOLUME: "1"})
    assert offers_of([boardroom.pk]) == {}


def test_system_wins_over_tag_over_nearer_folder(
    boardroom: System, root_folder: Folder, oslo: Folder, make_template: Make
) -> None:
    inventory.set_tags(boardroom, ["executive"])
    targets: dict[str, dict[str, Any]] = {
        "everywhere": {"folder": root_folder},
        "in Oslo": {"folder": oslo},
        "tagged": {"tag": "executive"},
        "this one": {"system": boardroom},
        "elsewhere": {"tag": "other"},
    }
    for name, target in targets.items():
        put(make_template(name, {VOLUME: name}), **target)
    assert offered(boardroom) == [
        (VOLUME, "this one", "template this one v1, by this system"),
        (VOLUME, "tagged", "template tagged v1, by tag executive"),
        (VOLUME, "in Oslo", "template in Oslo v1, by folder Oslo"),
        (VOLUME, "everywhere", "template everywhere v1, by folder All systems"),
    ]


def test_among_equals_the_lower_order_wins_then_the_older(
    boardroom: System, oslo: Folder, make_template: Make
) -> None:
    put(make_template("third", {VOLUME: "3"}), folder=oslo)
    put(make_template("fourth", {VOLUME: "4"}), folder=oslo)
    put(make_template("second", {VOLUME: "2"}), folder=oslo, order=20)
    put(make_template("first", {VOLUME: "1"}), folder=oslo, order=10)
    assert [value for _, value, _ in offered(boardroom)] == ["1", "2", "3", "4"]


def test_only_the_newest_version_counts(boardroom: System, oslo: Folder, make_template: Make) -> None:
    template = make_template("Rooms", {VOLUME: "1", "Time/Zone": "Etc/UTC"})
    put(template, folder=oslo)
    add_version(template, checked([(VOLUME, "2")]), user=None, now=NOW)
    assert offered(boardroom) == [(VOLUME, "2", "template Rooms v2, by folder Oslo")]
    unchanged = add_version(template, checked([(VOLUME, "2")]), user=None, now=NOW)
    assert unchanged.number == 2


def test_a_template_reaches_no_system_outside_its_folder(
    boardroom: System, home_office: System, oslo: Folder, bergen: Folder, make_template: Make
) -> None:
    for system in (boardroom, home_office):
        inventory.set_tags(system, ["executive"])
    template = make_template("Oslo's", {VOLUME: "1"}, folder=oslo)
    put(template, tag="executive")
    assert set(offers_of([boardroom.pk, home_office.pk])) == {boardroom.pk}
    with pytest.raises(ValueError, match="cannot be used for systems outside"):
        put(template, folder=bergen)
    with pytest.raises(ValueError, match="cannot be used for systems outside"):
        put(template, system=home_office)
    with pytest.raises(ValueError, match="already assigned"):
        put(template, tag="executive")


def test_variables_are_filled_in_and_values_with_holes_are_nobody_s_wish(
    boardroom: System, vault: System, oslo: Folder, make_template: Make
) -> None:
    report(vault, {"Time/Zone": "Europe/Oslo"})
    inventory.set_tags(vault, ["room:12"])
    values = {
        "SystemUnit/Name": "{folder.path} {room}",
        "Time/Zone": "{time_zone}",
        VOLUME: "5",
    }
    put(make_template("Names", values), folder=oslo)
    assert [one[:2] for one in offered(vault)] == [
        ("SystemUnit/Name", "Oslo 12"),
        ("Time/Zone", "Europe/Oslo"),
        (VOLUME, "5"),
    ]
    assert [one[:2] for one in offered(boardroom)] == [(VOLUME, "5")]


def test_nothing_is_wanted_of_a_model_that_it_refuses(
    boardroom: System, vault: System, oslo: Folder, make_template: Make
) -> None:
    vault.product = "Another product"
    vault.save()
    for system in (boardroom, vault):
        report(system, {VOLUME: "1", "Standby/Control": "On"})
    store_document(boardroom, "valuespace", VALUE_SPACES.encode())
    inventory.set_tags(boardroom, ["mode:Sometimes"])
    inventory.set_tags(vault, ["mode:Sometimes"])
    put(make_template("A", {VOLUME: "400", "Standby/Control": "{tag.mode}", "Time/Zone": "x"}), folder=oslo)
    assert [one[0] for one in offered(boardroom)] == ["Time/Zone"]
    # What is not known of a model is left to the device.
    assert [one[0] for one in offered(vault)] == [VOLUME, "Standby/Control", "Time/Zone"]


def test_a_secret_is_offered_encrypted_and_stored_nowhere_in_clear(
    boardroom: System, oslo: Folder, make_template: Make
) -> None:
    template = make_template(
        "Login", {"SIP/Authentication/Password": "swordfish", "H323/Authentication/Password": None}
    )
    put(template, folder=oslo)
    (offer,) = offers_of([boardroom.pk])[boardroom.pk]
    assert offer.value == "***"
    assert offer.is_secret
    assert "swordfish" not in str(offer)
    version = newest_version(template)
    assert version is not None
    assert "swordfish" not in str(version.settings)
    assert b"swordfish" not in bytes(version.secrets_ciphertext)
    assert content_of(version).settings[0].value == "swordfish"


def test_wanted_values_name_the_template_and_what_it_overrides(
    boardroom: System, oslo: Folder, root_folder: Folder, make_template: Make
) -> None:
    put(make_template("In Oslo", {VOLUME: "1"}, enforcement=Enforcement.WINDOW), folder=oslo)
    put(make_template("Everywhere", {VOLUME: "2"}), folder=root_folder)
    (value,) = [one for one in wanted.wanted_values(boardroom) if one.path == VOLUME]
    assert (value.layer, value.value, value.enforcement) == ("template", "1", Enforcement.WINDOW)
    assert [(one.layer, one.value) for one in value.overridden] == [("template", "2")]
    planning.create_change_set([boardroom], {VOLUME: "9"}, user=None, now=NOW, is_persistent=True)
    (value,) = [one for one in wanted.wanted_values(boardroom) if one.path == VOLUME]
    assert (value.layer, value.value) == ("persistent", "9")


def test_many_systems_cost_no_more_statements_than_one(
    oslo: Folder, root_folder: Folder, make_template: Make
) -> None:
    systems = [add_system(f"Room {number}", oslo, 100 + number) for number in range(60)]
    inventory.set_tags(systems[0], ["executive"])
    put(make_template("A", {VOLUME: "{room}"}), folder=oslo)
    put(make_template("B", {"Time/Zone": "{tag.zone}"}), tag="executive")
    put(make_template("C", {"SystemUnit/Name": "{folder.path}"}), system=systems[1])
    network_settings.get()
    with CaptureQueriesContext(connection) as few:
        sources.collect([systems[0].pk])
    with CaptureQueriesContext(connection) as many:
        found = sources.collect([system.pk for system in systems])
    assert len(found) == 60
    assert len(many) <= len(few) + 1
    assert len(few) <= 16


def test_assignments_follow_a_renamed_tag_and_survive_one_that_nobody_carries(
    boardroom: System, make_template: Make
) -> None:
    inventory.set_tags(boardroom, ["executive"])
    put(make_template("A", {VOLUME: "1"}), tag="executive")
    tag = Tag.objects.get(name="executive")
    tag.name = "board"
    tag.save(update_fields=["name"])
    assert offered(boardroom)[0][2] == "template A v1, by tag board"
    inventory.set_tags(boardroom, [])
    assert offered(boardroom) == []
    inventory.set_tags(boardroom, ["board"])
    assert len(offered(boardroom)) == 1


def test_the_templates_of_a_deleted_folder_belong_to_the_one_above(
    oslo: Folder, boardroom: System, make_template: Make
) -> None:
    place = inventory.create_folder(oslo, "HQ")
    template = make_template("A", {VOLUME: "1"}, folder=place, is_first_contact=True)
    put(template, folder=place)
    put(template, tag="executive")
    inventory.set_tags(boardroom, ["executive"])
    inventory.delete_folder(place)
    template.refresh_from_db()
    assert template.folder == oslo
    assert newest_version(template) is not None
    # It touches none of that folder's systems before somebody says so.
    assert not template.is_first_contact
    assert not template.assignments.exists()
    assert offered(boardroom) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": " "}, "1 to 100"),
        ({"name": "Taken"}, "already"),
        ({"families": ["toasters"]}, "no family toasters"),
        ({"enforcement": "sometimes"}, "automatic"),
    ],
)
def test_what_no_template_can_be_is_refused(
    values: dict[str, object], words: str, make_template: Make
) -> None:
    make_template("Taken", {VOLUME: "1"})
    template = make_template("Other", {VOLUME: "1"})
    with pytest.raises(ValueError, match=words):
        change_template(template, now=NOW, **values)  # type: ignore[arg-type]


def test_secrets_of_templates_are_readable_under_a_new_key(make_template: Make) -> None:
    template = make_template("Login", {"SIP/Authentication/Password": "swordfish"})
    before = bytes(template.versions.get().secrets_ciphertext)
    keys.add_encryption_key(settings.OPTIONS.data)
    re_encryption.re_encrypt_all()
    keys.drop_old_encryption_keys(settings.OPTIONS.data)
    version = template.versions.get()
    assert bytes(version.secrets_ciphertext) != before
    assert content_of(version).settings[0].value == "swordfish"
