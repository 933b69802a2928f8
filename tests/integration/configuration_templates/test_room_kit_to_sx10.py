"""A template made from what a Room Kit answered, planned for what an SX10 answered (both read in place)."""

import pytest
from tests.cast import add_system
from tests.integration.configuration_templates.conftest import NOW, Read, report_document, store_document

from roomkeeper.configuration_templates.applying import apply_template
from roomkeeper.configuration_templates.content import Content
from roomkeeper.configuration_templates.editing import create_template, newest_content, newest_version
from roomkeeper.configuration_templates.making import content_from_system
from roomkeeper.configuration_templates.mapping import MappedItem, MappingReport, plan_template
from roomkeeper.protocols.xapi.configuration import ConfigurationLeaf, decode_configuration
from roomkeeper.protocols.xapi.valuespace import decode_valuespace
from roomkeeper.provisioning.models import ChangeItem
from roomkeeper.systems.models import Folder, System

Leaves = dict[str, ConfigurationLeaf]


@pytest.fixture
def room_kit(oslo: Folder, read_capture: Read) -> System:
    system = add_system("Room Kit", oslo, 21, product="Cisco Webex Room Kit")
    report_document(system, read_capture("roomkit_ce10.9.1/configuration.xml"))
    return system


@pytest.fixture
def sx10(oslo: Folder, read_capture: Read) -> System:
    system = add_system("SX10", oslo, 22, product="Cisco TelePresence SX10")
    report_document(system, read_capture("sx10_ce9.6.1/configuration.xml"))
    store_document(system, "valuespace", read_capture("sx10_ce9.6.1/valuespace.xml"))
    return system


@pytest.fixture
def leaves(read_capture: Read) -> tuple[Leaves, Leaves]:
    """(the Room Kit's, the SX10's)."""
    return (
        decode_configuration(read_capture("roomkit_ce10.9.1/configuration.xml")).settings,
        decode_configuration(read_capture("sx10_ce9.6.1/configuration.xml")).settings,
    )


@pytest.fixture
def content(room_kit: System) -> Content:
    return content_from_system(room_kit)


@pytest.fixture
def found(content: Content, sx10: System) -> MappingReport:
    return plan_template(content, [sx10])


def is_lacking(item: MappedItem) -> bool:
    """Whether the device has no setting of that very path: none at all, or one under another spelling."""
    return item.cause == "absent" or item.own_path != item.path


def test_the_report_names_exactly_the_paths_that_the_sx10_lacks(
    found: MappingReport, leaves: tuple[Leaves, Leaves]
) -> None:
    ours, theirs = leaves
    (mapping,) = found.systems
    lacking = [item for item in mapping.items if is_lacking(item)]
    assert len(mapping.items) == len(ours) == 288
    assert {item.path for item in lacking} == set(ours) - set(theirs)
    assert len(lacking) == 148
    # Two of them stand there under another spelling, by which they are asked for.
    respelled = {item.path: item.own_path for item in lacking if item.own_path != item.path}
    assert set(respelled) == {
        "Cameras/Camera/Brightness/DefaultLevel",
        "Cameras/Camera/Brightness/Mode",
    }
    assert set(respelled.values()) <= set(theirs)
    assert found.causes["absent"] == 146


def test_each_lacking_setting_is_told_with_the_value_it_would_have_had(
    found: MappingReport, leaves: tuple[Leaves, Leaves]
) -> None:
    ours, _ = leaves
    lacking = [item for item in found.systems[0].items if is_lacking(item)]
    assert {item.path: item.shown for item in lacking} == {
        item.path: ours[item.path].value for item in lacking
    }


def test_the_report_names_exactly_the_values_that_the_sx10_does_not_allow(
    found: MappingReport, leaves: tuple[Leaves, Leaves], read_capture: Read
) -> None:
    ours, theirs = leaves
    spaces = decode_valuespace(read_capture("sx10_ce9.6.1/valuespace.xml"))
    (mapping,) = found.systems
    told = {item.path: item.reason for item in mapping.items if item.cause == "not_allowed"}
    expected = {}
    for item in mapping.items:
        own = theirs.get(item.own_path)
        if (
            own is None
            or item.cause in ("management", "secret_missing")
            or own.value == ours[item.path].value
        ):
            continue
        if refusal := spaces[own.value_space_ref].refusal(ours[item.path].value):
            expected[item.path] = refusal
    assert expected
    assert told == expected


def test_every_setting_has_one_verdict_and_the_model_is_summed_up(found: MappingReport) -> None:
    (mapping,) = found.systems
    ((key, model),) = found.models.items()
    assert key[0] == "Cisco TelePresence SX10"
    assert model.systems == 1
    assert sum(model.verdicts.values()) == 288
    assert sum(model.causes.values()) == model.verdicts["cannot"] == len(model.lines)
    assert mapping.verdict == "change"
    assert {item.cause for item in mapping.items if item.verdict == "cannot"} == {
        "absent",
        "not_allowed",
        "management",
        "secret_missing",
    }


def test_applying_asks_for_what_the_sx10_can_have_and_for_nothing_else(
    content: Content, found: MappingReport, sx10: System, oslo: Folder
) -> None:
    template = create_template("From the Room Kit", oslo, content, user=None, now=NOW)
    assert newest_content(template) == content
    version = newest_version(template)
    assert version is not None
    applied = apply_template(version, [sx10], user=None, now=NOW)
    assert applied.change_set is not None
    able = {item.own_path for item in found.systems[0].items if item.verdict == "change"}
    items = ChangeItem.objects.filter(change__change_set=applied.change_set)
    assert {item.path for item in items} == able
    assert not items.filter(state="failed").exists()
