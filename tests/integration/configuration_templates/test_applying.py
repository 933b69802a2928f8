"""Planning and applying: what changes, what cannot and why, commands, conflicts, assigned templates, first contact."""

from datetime import timedelta

import pytest
from django.conf import settings
from tests.cast import add_system
from tests.integration.configuration_templates.conftest import (
    COMMANDS,
    NOW,
    VALUE_SPACES,
    Make,
    report,
    store_document,
)

from roomkeeper import keys
from roomkeeper.configuration_templates import first_contact
from roomkeeper.configuration_templates.applying import (
    apply_template,
    bring_into_force,
    newest_of,
    systems_kept,
)
from roomkeeper.configuration_templates.content import TemplateCommand
from roomkeeper.configuration_templates.editing import assign, newest_content
from roomkeeper.configuration_templates.known_settings import known_models, suggest
from roomkeeper.configuration_templates.making import content_from_system
from roomkeeper.configuration_templates.mapping import plan_template
from roomkeeper.configuration_templates.models import FirstContact, TemplateAssignment, TemplateUse
from roomkeeper.provisioning import drift, enforcement, planning, wanted
from roomkeeper.provisioning.models import Action, ChangeItem, Drift
from roomkeeper.systems import admission, inventory
from roomkeeper.systems.models import Folder, State, System

VOLUME = "Audio/DefaultVolume"
SET_VOLUME = TemplateCommand("Audio/Volume/Set", (("Level", "{room}"),))


@pytest.fixture
def rooms(oslo: Folder) -> list[System]:
    """Three that have reported: one is already set, one would change, one is another model that lacks the setting."""
    found = [
        add_system(f"Room {number}", oslo, 50 + number, product="SX10" if number < 3 else "EX60")
        for number in (1, 2, 3)
    ]
    report(found[0], {VOLUME: "40", "Standby/Control": "On", "Time/Zone": "Etc/UTC"})
    report(found[1], {VOLUME: "10", "Standby/Control": "On", "Time/Zone": "Etc/UTC"})
    report(found[2], {"Standby/Control": "On", "Time/Zone": "Etc/UTC"})
    store_document(found[0], "valuespace", VALUE_SPACES.encode())
    store_document(found[0], "command", COMMANDS.encode())
    return found


def test_counts_say_how_many_change_are_so_and_cannot(rooms: list[System], make_template: Make) -> None:
    content = newest_content(make_template("A", {VOLUME: "40"}))
    found = plan_template(content, rooms)
    assert dict(found.counts) == {"change": 1, "already": 1, "cannot": 1}
    assert [(key[0], model.systems) for key, model in found.models.items()] == [("SX10", 2), ("EX60", 1)]
    (line,) = found.models["EX60", rooms[2].software_version].lines.values()
    assert (line.name, line.cause, line.systems) == (VOLUME, "absent", 1)


def test_every_reason_has_its_cause(rooms: list[System], make_template: Make) -> None:
    planning.create_change_set([rooms[1]], {"Time/Zone": "Etc/GMT"}, user=None, now=NOW, is_persistent=True)
    template = make_template(
        "A",
        {
            VOLUME: "400",
            "Standby/Control": "{tag.standby}",
            "Time/Zone": "Europe/Oslo",
            "SIP/Authentication/Password": None,
            "Provisioning/ExternalManager/Address": "elsewhere.example",
            "Filler/Part[1]/Value": "x",
            "Filler/Part[2]/Value": "y {{room}}",
        },
    )
    report(
        rooms[1],
        {
            VOLUME: "1",
            "Standby/Control": "On",
            "Time/Zone": "Etc/UTC",
            "SIP/Authentication/Password": "***",
            "Provisioning/ExternalManager/Address": "here",
        },
        at=NOW + timedelta(hours=1),
    )
    items = plan_template(newest_content(template), [rooms[1]]).systems[0].items
    assert [(item.verdict, item.cause) for item in items] == [
        ("cannot", "not_allowed"),
        ("cannot", "unresolved"),
        ("cannot", "overridden"),
        ("cannot", "secret_missing"),
        ("cannot", "management"),
        ("already", ""),
        ("change", ""),
    ]
    assert "persistent setting of change set" in items[2].reason
    assert items[6].shown == "y {room}"


def test_commands_are_checked_against_what_the_model_told(rooms: list[System], make_template: Make) -> None:
    commands = (
        SET_VOLUME,
        TemplateCommand("Audio/Volume/Set", (("Level", "400"),)),
        TemplateCommand("Audio/Volume/Set"),
        TemplateCommand("Audio/Volume/Set", (("Lvl", "4"),)),
        TemplateCommand("Standby/Deactivate"),
        TemplateCommand("Audio/Volume/Set", (("Level", "{tag.level}"),)),
        TemplateCommand("audio/volume/set", (("level", "4"),), "body"),
    )
    content = newest_content(make_template("A", {}, commands=commands))
    found = plan_template(content, rooms)
    told = [(one.verdict, one.cause) for one in found.systems[0].commands]
    assert told == [
        ("run", ""),
        ("cannot", "not_allowed"),
        ("cannot", "not_allowed"),
        ("cannot", "not_allowed"),
        ("cannot", "absent"),
        ("cannot", "unresolved"),
        ("cannot", "not_allowed"),
    ]
    assert found.systems[0].commands[0].command.arguments == (("Level", "1"),)
    assert "cannot be checked" in found.systems[2].commands[0].reason


def test_applying_once_asks_each_for_what_it_can_have(rooms: list[System], make_template: Make) -> None:
    values = {VOLUME: "40", "Time/Zone": "Europe/Oslo", "SIP/Authentication/Password": "swordfish"}
    template = make_template("A", values, commands=(SET_VOLUME,))
    report(
        rooms[0],
        {VOLUME: "40", "Time/Zone": "Etc/UTC", "SIP/Authentication/Password": "***"},
        at=NOW + timedelta(hours=1),
    )
    done = apply_template(newest_of(template), rooms, user=None, now=NOW)
    assert done.change_set is not None
    items = ChangeItem.objects.filter(change__change_set=done.change_set).order_by("system_id", "id")
    assert [(item.system_id, item.path, item.value) for item in items] == [
        (rooms[0].pk, "Time/Zone", "Europe/Oslo"),
        (rooms[0].pk, "SIP/Authentication/Password", "***"),
        (rooms[1].pk, VOLUME, "40"),
        (rooms[1].pk, "Time/Zone", "Europe/Oslo"),
        (rooms[2].pk, "Time/Zone", "Europe/Oslo"),
    ]
    assert keys.load(settings.OPTIONS.data).decrypt(bytes(items[1].secret_value)) == "swordfish"
    assert [action.arguments for action in Action.objects.order_by("id")] == [
        [["Level", "1"]],
        [["Level", "2"]],
        [["Level", "3"]],
    ]
    assert not Action.objects.filter(during_calls=True).exists()
    assert not Action.objects.filter(only_in_window=True).exists()
    use = TemplateUse.objects.get()
    assert (use.number, use.systems, use.commands) == (1, 3, 3)


def test_commands_wait_for_what_the_settings_wait_for(rooms: list[System], make_template: Make) -> None:
    template = make_template("A", {VOLUME: "40"}, commands=(SET_VOLUME,))
    care = planning.Care(during_calls=True, only_in_window=True)
    done = apply_template(newest_of(template), rooms, user=None, now=NOW, care=care)
    assert done.change_set is not None
    assert (done.change_set.during_calls, done.change_set.only_in_window) == (True, True)
    waits = set(Action.objects.values_list("during_calls", "only_in_window"))
    assert waits == {(True, True)}


def test_a_wish_on_its_way_is_replaced_though_the_last_report_is_as_the_template_says(
    rooms: list[System], make_template: Make
) -> None:
    earlier = planning.create_change_set([rooms[0]], {VOLUME: "77"}, user=None, now=NOW)
    apply_template(newest_of(make_template("A", {VOLUME: "40"})), rooms, user=None, now=NOW)
    assert earlier.changes.get().items.get().state == "superseded"


def test_another_system_s_wish_for_a_path_that_it_cannot_have_stays(
    rooms: list[System], make_template: Make
) -> None:
    earlier = planning.create_change_set([rooms[1]], {"Standby/Control": "Off"}, user=None, now=NOW)
    inventory.set_tags(rooms[0], ["standby:Off"])
    template = make_template("A", {"Standby/Control": "{tag.standby}"})
    apply_template(newest_of(template), rooms, user=None, now=NOW)
    assert earlier.changes.get().items.get().state == "waiting"


def test_what_a_template_keeps_is_asked_at_once_of_those_it_wins_on(
    rooms: list[System], oslo: Folder, make_template: Make
) -> None:
    nearer = make_template("Nearer", {VOLUME: "5"})
    assign(nearer, user=None, now=NOW, system=rooms[0])
    template = make_template("Wider", {VOLUME: "20"})
    assuming = TemplateAssignment(template=template, folder=oslo)
    assert systems_kept(template) == []
    assert systems_kept(template, assuming=[assuming]) == rooms
    content = newest_content(template)
    preview = plan_template(content, rooms, template=template, assuming=[assuming])
    assert [one.items[0].cause for one in preview.systems] == ["overridden", "", "absent"]
    assign(template, user=None, now=NOW, folder=oslo)
    done = bring_into_force(template, user=None, now=NOW)
    assert done is not None
    assert done.change_set is not None
    assert [item.system for item in ChangeItem.objects.filter(change__change_set=done.change_set)] == [
        rooms[1]
    ]


@pytest.mark.parametrize(("word", "in_window"), [("automatic", False), ("window", True)])
def test_enforcement_says_when_it_is_brought_into_force(
    word: str, in_window: bool, rooms: list[System], oslo: Folder, make_template: Make
) -> None:
    template = make_template("A", {VOLUME: "20"}, enforcement=word)
    assign(template, user=None, now=NOW, folder=oslo)
    done = bring_into_force(template, user=None, now=NOW)
    assert done is not None
    assert done.change_set is not None
    assert done.change_set.only_in_window == in_window


def test_a_person_brings_it_into_force_where_that_is_wanted(
    rooms: list[System], oslo: Folder, make_template: Make
) -> None:
    template = make_template("A", {VOLUME: "20"}, enforcement="by_hand")
    assign(template, user=None, now=NOW, folder=oslo)
    assert bring_into_force(template, user=None, now=NOW) is None


def test_a_template_from_a_system_takes_values_as_they_stand(boardroom: System) -> None:
    report(boardroom, {"SystemUnit/Name": "{room}", "SIP/Authentication/Password": "***", VOLUME: "4"})
    content = content_from_system(boardroom, ["systemunit name", "SIP/Authentication/Password"])
    assert [(one.path, one.value) for one in content.settings] == [
        ("SystemUnit/Name", "{{room}}"),
        ("SIP/Authentication/Password", None),
    ]
    assert plan_template(content, [boardroom]).systems[0].items[0].verdict == "already"
    with pytest.raises(ValueError, match="no such setting"):
        content_from_system(boardroom, ["Nothing/There"])


def test_nothing_can_be_made_of_a_system_that_reported_nothing(vault: System) -> None:
    with pytest.raises(ValueError, match="has not reported"):
        content_from_system(vault)


@pytest.fixture
def newcomer(oslo: Folder) -> System:
    return add_system("Room 9", oslo, 99, state=State.PENDING)


def test_first_contact_applies_once_by_family_and_folder_after_the_report(
    newcomer: System, oslo: Folder, bergen: Folder, make_template: Make
) -> None:
    make_template("All", {VOLUME: "1", "Standby/Control": "Off"}, is_first_contact=True)
    make_template("Oslo", {VOLUME: "2"}, folder=oslo, is_first_contact=True, families=["roomos"])
    make_template("Bergen", {VOLUME: "3"}, folder=bergen, is_first_contact=True)
    make_template("Boxes", {VOLUME: "4"}, is_first_contact=True, families=["mxp"])
    make_template("Not first", {VOLUME: "5"})
    admission.approve(newcomer, user=None, now=NOW, source="10.0.0.99")
    assert first_contact.apply_due(now=NOW) == 0
    report(newcomer, {VOLUME: "40", "Standby/Control": "On"}, at=NOW + timedelta(seconds=20))
    assert first_contact.apply_due(now=NOW + timedelta(seconds=30)) == 1
    asked = {item.path: item.value for item in ChangeItem.objects.filter(system=newcomer)}
    assert asked == {VOLUME: "2", "Standby/Control": "Off"}
    assert first_contact.apply_due(now=NOW + timedelta(seconds=60)) == 0
    admission.approve(newcomer, user=None, now=NOW, source="10.0.0.99")
    assert not FirstContact.objects.exists()
    admission.readmit(newcomer, user=None, now=NOW)
    assert FirstContact.objects.exists()


def test_a_newcomer_that_reports_nothing_is_asked_all_the_same(newcomer: System, make_template: Make) -> None:
    make_template("All", {VOLUME: "1"}, is_first_contact=True)
    admission.approve(newcomer, user=None, now=NOW, source="10.0.0.99")
    assert first_contact.apply_due(now=NOW + first_contact.PATIENCE) == 1
    assert ChangeItem.objects.get(system=newcomer).state == "waiting"


def test_without_first_contact_templates_nothing_is_noted(newcomer: System, make_template: Make) -> None:
    make_template("All", {VOLUME: "1"})
    admission.approve(newcomer, user=None, now=NOW, source="10.0.0.99")
    assert not FirstContact.objects.exists()


def test_known_models_count_systems_and_not_what_they_reported(rooms: list[System]) -> None:
    report(rooms[0], {VOLUME: "41", "Standby/Control": "On"}, at=NOW + timedelta(hours=1))
    models = known_models(System.objects.all())
    assert [(model.product, model.systems) for model in models] == [("SX10", 2), ("EX60", 1)]
    (suggestion,) = suggest(models, "default volume")
    assert (suggestion.path, suggestion.models) == (VOLUME, [str(models[0])])
    assert suggestion.space is not None
    store_document(rooms[2], "command", COMMANDS.encode())
    assert "audio/volume/set" in known_models(System.objects.all())[1].commands


@pytest.mark.parametrize(("enforcement_word", "values"), [("automatic", ["20"]), ("by_hand", [])])
def test_a_later_difference_is_drift_of_the_template_and_set_back_as_it_says(
    enforcement_word: str, values: list[str], rooms: list[System], oslo: Folder, make_template: Make
) -> None:
    template = make_template("A", {VOLUME: "20", "Standby/Delay": "9"}, enforcement=enforcement_word)
    assign(template, user=None, now=NOW, folder=oslo)
    found = {system.pk: wanted.drift_of(system) for system in rooms}
    drift.note(found, noticed_by="report", now=NOW, being_managed={system.pk for system in rooms})
    rows = Drift.objects.filter(layer="template", system=rooms[1])
    assert [(row.path, row.wanted, row.found, row.why) for row in rows] == [
        (VOLUME, "20", "10", "template A v1, by folder Oslo")
    ]
    enforcement.enforce_due(now=NOW)
    asked = ChangeItem.objects.filter(system=rooms[1], path=VOLUME)
    assert [item.value for item in asked] == values
