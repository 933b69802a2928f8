"""A file out, changed, and back in: what would differ, what is done, and what is left alone."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.cast import add_system
from tests.integration.configuration_templates.conftest import VALUE_SPACES, report, store_document

from roomkeeper.accounts.actors import Actor, Road
from roomkeeper.accounts.models import AuditEntry, Role, User
from roomkeeper.accounts.permissions import assign
from roomkeeper.bulk_editing.applying import AppliedEdit, PlanChanged
from roomkeeper.bulk_editing.columns import FIELDS
from roomkeeper.bulk_editing.differences import EditPlan
from roomkeeper.bulk_editing.exporting import write_csv
from roomkeeper.bulk_editing.planning import plan_edit
from roomkeeper.bulk_editing.reading import read_csv, read_rows
from roomkeeper.bulk_editing.surface import EDIT, EDITING
from roomkeeper.operations.door import do
from roomkeeper.operations.taking import take
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.provisioning import persistent, planning
from roomkeeper.provisioning.models import ChangeItem
from roomkeeper.systems import inventory
from roomkeeper.systems.contact import connectivity_changes
from roomkeeper.systems.models import Connectivity, Folder, State, System, TimelineEntry

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
PATHS = ("SIP/DisplayName", "Audio/DefaultVolume", "Standby/Control", "SIP/Proxy[1]/Password", "No/Such")
ROOM = {
    "SystemUnit/Name": "Room",
    "SIP/DisplayName[1]": "=1+1",
    "Audio/DefaultVolume": "50",
    "Standby/Control": "On",
    "SIP/Proxy[1]/Password": "***",
}


@pytest.fixture
def rooms(boardroom: System, home_office: System) -> list[System]:
    """Two systems that have reported."""
    for system in (boardroom, home_office):
        report(system, ROOM)
    store_document(boardroom, "valuespace", VALUE_SPACES.encode())
    return [boardroom, home_office]


def export(*paths: str) -> list[dict[str, str]]:
    """The file of all systems with all fields, as a spreadsheet shows it."""
    lines = write_csv(System.objects.order_by("pk"), fields=list(FIELDS), paths=paths, now=NOW)
    return list(csv.DictReader(io.StringIO("".join(lines), newline="")))


def plan(rows: list[dict[str, str]], user: User, **options: Any) -> EditPlan:
    """What these rows would do."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return plan_edit(read_csv(text.getvalue()), reach=System.objects.all(), user=user, **options)


def apply(found: EditPlan, user: User, **options: Any) -> AppliedEdit:
    """Do it."""
    taken = take(EDITING, EDIT, options) | {"plan": found}
    done: AppliedEdit = do(EDITING, EDIT, None, actor=Actor(user, Road.PAGE), now=NOW, taken=taken)
    return done


def told(found: EditPlan) -> list[tuple[str, str, str, str, str]]:
    return [
        (str(edit.system), change.name, change.before, change.after, change.verdict)
        for edit in found.edits
        for change in edit.changes
    ]


def test_exported_and_imported_unchanged_changes_nothing(rooms: list[System], administrator: User) -> None:
    room = rooms[0]
    room.name, room.notes, room.http_port = "@Home 'quoted'", "-1\r\n+2", 8080
    room.save()
    inventory.set_tags(room, ["b", "a, c", "=x"])
    inventory.rename_folder(room.folder, "=Oslo / HQ")
    planning.create_change_set([room], {"SIP/DisplayName": "(none)"}, user=None, now=NOW)
    planning.create_change_set([room], {"Audio/DefaultVolume": "70"}, user=None, now=NOW, is_persistent=True)

    rows = export(*PATHS)
    assert rows[0]["name"] == "'@Home 'quoted'"
    assert rows[0]["folder"] == "'=Oslo / HQ"
    assert rows[0]["SIP/DisplayName"] == "'(none)"
    assert rows[0]["Audio/DefaultVolume"] == "70"
    assert rows[0]["SIP/Proxy[1]/Password"] == "***"
    assert rows[0]["No/Such"] == ""
    assert rows[1]["SIP/DisplayName"] == "'=1+1"
    found = plan(rows, administrator)
    assert told(found) == []
    assert found.problems == ()
    assert not found.has_changes
    assert found.counts["unchanged"] == 2


def test_what_was_changed_is_told_done_and_then_nothing_is_left(
    rooms: list[System], administrator: User, oslo: Folder
) -> None:
    boardroom, home_office = rooms
    rows = export(*PATHS)
    rows[0] |= {"name": "Big Room", "tags": "court; executive", "Audio/DefaultVolume": "70"}
    rows[1] |= {"folder": "oslo", "notes": "By the lift", "host": "codec.example.org", "https_port": "8443"}
    rows[1] |= {"connectivity": "Reachable on LAN", "connectivity_is_locked": "yes", "tls_is_legacy": "yes"}
    rows[1] |= {"SIP/DisplayName": "Office", "Standby/Control": "Maybe", "Audio/DefaultVolume": "50"}

    found = plan(rows, administrator)
    assert told(found) == [
        ("Boardroom", "name", "Boardroom", "Big Room", "change"),
        ("Boardroom", "tags", "", "court; executive", "change"),
        ("Boardroom", "Audio/DefaultVolume", "50", "70", "change"),
        ("Home Office", "folder", "Bergen", "Oslo", "change"),
        ("Home Office", "notes", "", "By the lift", "change"),
        ("Home Office", "host", "10.0.0.2", "codec.example.org", "change"),
        ("Home Office", "https_port", "", "8443", "change"),
        ("Home Office", "connectivity", "behind_firewall", "reachable_on_lan", "change"),
        ("Home Office", "connectivity_is_locked", "no", "yes", "change"),
        ("Home Office", "tls_is_legacy", "no", "yes", "change"),
        ("Home Office", "SIP/DisplayName", "=1+1", "Office", "change"),
        ("Home Office", "Standby/Control", "On", "Maybe", "cannot"),
    ]
    assert System.objects.get(pk=boardroom.pk).name == "Boardroom"

    done = apply(found, administrator, persistent=True)
    assert done.records == 2
    assert done.refused == []
    assert done.change_set is not None
    assert done.name_change_set is not None
    assert done.change_set.is_persistent
    assert done.name_change_set.during_calls
    boardroom.refresh_from_db()
    home_office.refresh_from_db()
    assert boardroom.name == "Big Room"
    assert sorted(tag.name for tag in boardroom.tags.all()) == ["court", "executive"]
    assert (home_office.folder_id, home_office.host, home_office.https_port) == (
        oslo.pk,
        "codec.example.org",
        8443,
    )
    assert home_office.connectivity == Connectivity.REACHABLE_ON_LAN
    assert home_office.connectivity_is_locked
    assert home_office.tls_is_legacy
    assert TimelineEntry.objects.filter(system=home_office, kind="connectivity").count() == 2
    asked = ChangeItem.objects.filter(change__change_set=done.change_set).values_list(
        "system_id", "path", "value"
    )
    # The device spells the display name's path in its own way; what cannot be is not asked.
    assert sorted(asked) == [
        (boardroom.pk, "Audio/DefaultVolume", "70"),
        (home_office.pk, "SIP/DisplayName[1]", "Office"),
    ]
    (entry,) = AuditEntry.objects.filter(act="edit systems")
    assert entry.details["values"] == 11
    assert entry.details["change_set"] == done.change_set.pk

    again = plan(rows, administrator)
    assert told(again) == [("Home Office", "Standby/Control", "On", "Maybe", "cannot")]
    assert not again.has_changes


def test_a_name_that_was_made_persistent_stays_so_under_another_name(
    rooms: list[System], administrator: User
) -> None:
    boardroom, home_office = rooms
    planning.create_change_set(
        [boardroom], {"SystemUnit/Name": "Boardroom"}, user=None, now=NOW, is_persistent=True
    )
    rows = export()
    rows[0]["name"], rows[1]["name"] = "Big Room", "Small Office"

    done = apply(plan(rows, administrator), administrator)

    assert persistent.is_kept(boardroom.pk, match_key("SystemUnit/Name"))
    assert not persistent.is_kept(home_office.pk, match_key("SystemUnit/Name"))
    sets = (done.name_change_set, done.kept_name_change_set)
    assert [one.is_persistent for one in sets if one] == [False, True]
    asked = ChangeItem.objects.filter(
        change__change_set__in=[one for one in sets if one], value__contains=" "
    )
    assert sorted(asked.values_list("value", flat=True)) == ["Big Room", "Small Office"]


def test_two_bad_rows_among_good_ones_are_told_and_left_out(
    rooms: list[System], administrator: User, lobby: System
) -> None:
    rows = export()
    rows[0] |= {"http_port": "eighty", "name": "X"}
    rows[1] |= {"serial_number": "FTT99999999", "name": "Y"}
    rows[2] |= {"name": "Entrance"}
    rows.append({**rows[2], "id": "4711"})
    found = plan(rows, administrator)
    assert [(problem.line, problem.column) for problem in found.problems] == [
        (2, "http_port"),
        (3, "serial_number"),
        (5, "id"),
    ]
    assert "wrong row?" in found.problems[1].sentence
    assert told(found) == [("Lobby", "name", "Lobby", "Entrance", "change")]
    assert (found.counts["refused"], found.counts["change"]) == (3, 1)


def test_mac_address_of_another_refuses_the_row(rooms: list[System], administrator: User) -> None:
    rows = export()
    assert rows[0]["mac_address"] == "00:11:22:33:00:01"
    rows[0] |= {"mac_address": rows[1]["mac_address"], "name": "X"}
    assert [problem.column for problem in plan(rows, administrator).problems] == ["mac_address"]


def test_missing_columns_are_left_and_emptied_ones_are_not(rooms: list[System], administrator: User) -> None:
    room = rooms[0]
    room.notes, room.http_port = "old", 8080
    room.save()
    inventory.set_tags(room, ["a"])
    rows = [{"id": str(room.pk), "notes": "", "tags": "", "http_port": "", "Audio/DefaultVolume": ""}]
    assert [change[1:4] for change in told(plan(rows, administrator))] == [
        ("notes", "old", ""),
        ("tags", "a", ""),
        ("http_port", "8080", ""),
    ]
    (problem,) = plan([{"id": str(room.pk), "name": " "}], administrator).problems
    assert problem.column == "name"


def test_settings_are_set_empty_and_wishes_taken_back(rooms: list[System], administrator: User) -> None:
    room = rooms[0]
    planning.create_change_set([room], {"Audio/DefaultVolume": "70"}, user=None, now=NOW, is_persistent=True)
    rows = [{"id": str(room.pk), "SIP/DisplayName": '""', "Audio/DefaultVolume": "(none)"}]
    rows.append({"id": str(rooms[1].pk), "SIP/DisplayName": "(none)", "Audio/DefaultVolume": "(none)"})
    found = plan(rows, administrator)
    assert told(found) == [
        ("Boardroom", "SIP/DisplayName", "=1+1", "", "change"),
        ("Boardroom", "Audio/DefaultVolume", "70", "(none)", "change"),
    ]
    done = apply(found, administrator)
    values = ChangeItem.objects.filter(change__change_set=done.change_set).values_list("path", "value")
    assert dict(values) == {"SIP/DisplayName[1]": "", "Audio/DefaultVolume": None}
    assert told(plan(rows, administrator)) == []


def test_secrets_are_never_told(rooms: list[System], administrator: User) -> None:
    rows = export(*PATHS)
    rows[0]["SIP/Proxy[1]/Password"] = "hunter2"
    found = plan(rows, administrator)
    assert told(found) == [("Boardroom", "SIP/Proxy[1]/Password", "***", "***", "change")]
    apply(found, administrator)
    assert "hunter2" not in str(list(AuditEntry.objects.values()))
    assert export(*PATHS)[0]["SIP/Proxy[1]/Password"] == "***"
    other = [{**rows[0], "SIP/Proxy[1]/Password": "hunter3"}]
    assert plan(other, administrator).digest != plan(rows[:1], administrator).digest


def test_changed_meanwhile_is_shown_again_and_not_done(rooms: list[System], administrator: User) -> None:
    rows = export()
    rows[0] |= {"notes": "new"}
    shown = plan(rows, administrator)
    System.objects.filter(pk=rooms[0].pk).update(notes="somebody else's")
    now_found = plan(rows, administrator)
    with pytest.raises(PlanChanged):
        apply(now_found, administrator, digest=shown.digest)
    assert System.objects.get(pk=rooms[0].pk).notes == "somebody else's"
    # Between the last look and the writing, too: what was not shown is not overwritten.
    done = apply(shown, administrator)
    assert done.records == 0
    assert "changed meanwhile" in done.refused[0][1]
    assert System.objects.get(pk=rooms[0].pk).notes == "somebody else's"


def test_digest_is_the_same_as_long_as_nothing_changes(rooms: list[System], administrator: User) -> None:
    rows = export(*PATHS)
    rows[0] |= {"notes": "new", "Audio/DefaultVolume": "70"}
    assert plan(rows, administrator).digest == plan(rows, administrator).digest
    assert plan(rows[:1], administrator).digest == plan(rows, administrator).digest
    assert plan([{**rows[0], "notes": "other"}], administrator).digest != plan(rows, administrator).digest


def test_rights_are_those_on_the_folder_of_each_system(
    rooms: list[System], site_administrator: User, bergen: Folder
) -> None:
    rows = export("Audio/DefaultVolume")
    rows[0] |= {"notes": "mine"}
    rows[1] |= {"notes": "not mine"}
    reach = System.objects.filter(folder__path__startswith=rooms[0].folder.path)
    sheet = read_rows([{"id": int(row["id"]), "notes": row["notes"]} for row in rows])
    found = plan_edit(sheet, reach=reach, user=site_administrator)
    assert told(found) == [("Boardroom", "notes", "", "mine", "change")]
    assert "that you can see" in found.problems[0].sentence

    assign(site_administrator, bergen, Role.VIEWER)
    site_administrator = User.objects.get(pk=site_administrator.pk)
    rows[0] |= {"folder": "Bergen"}
    rows[1] |= {"Audio/DefaultVolume": "70"}
    found = plan(rows, site_administrator)
    assert told(found) == []
    assert [(problem.line, problem.column) for problem in found.problems] == [(2, "folder"), (3, "notes")]


def test_operator_may_rename_and_set_and_not_move(rooms: list[System], operator: User, oslo: Folder) -> None:
    rows = [{"id": str(rooms[0].pk), "name": "New", "Audio/DefaultVolume": "70"}]
    assert plan(rows, operator).problems == ()
    assert [one.column for one in plan([{**rows[0], "tags": "a"}], operator).problems] == ["tags"]


def test_unknown_folder_is_told_with_the_nearest_or_made(rooms: list[System], administrator: User) -> None:
    rows = export()
    for row, folder in zip(rows, ("Osloo", "oslo/ Annex / Cellar"), strict=True):
        row["folder"] = folder
    found = plan(rows, administrator)
    assert "The nearest: Oslo." in found.problems[0].sentence
    assert told(found) == []

    found = plan(rows, administrator, makes_folders=True)
    assert told(found)[1][3] == "oslo / Annex / Cellar (new)"
    apply(found, administrator)
    labels = {system.folder.name: inventory.folder_label(system.folder) for system in System.objects.all()}
    assert labels == {"Osloo": "Osloo", "Cellar": "Oslo / Annex / Cellar"}
    assert told(plan(rows, administrator, makes_folders=True)) == []


def test_record_that_is_not_managed_is_renamed_and_gets_no_settings(
    rooms: list[System], administrator: User
) -> None:
    System.objects.filter(pk=rooms[0].pk).update(state=State.IGNORED)
    rows = [{"id": str(rooms[0].pk), "name": "New", "Audio/DefaultVolume": "70"}]
    found = plan(rows, administrator)
    assert [(change[1], change[4]) for change in told(found)] == [
        ("name", "change"),
        ("Audio/DefaultVolume", "cannot"),
    ]
    done = apply(found, administrator)
    assert (done.records, done.change_set, done.name_change_set) == (1, None, None)
    assert System.objects.get(pk=rooms[0].pk).name == "New"


def test_written_twice_is_written_once(rooms: list[System], administrator: User) -> None:
    rows = export()
    rows[0] |= {"connectivity": "inaccessible", "tags": "a"}
    found = plan(rows, administrator)
    apply(found, administrator)
    before = TimelineEntry.objects.count()
    done = apply(found, administrator)
    assert (done.records, done.refused) == (1, [])
    assert TimelineEntry.objects.count() == before


def test_lock_that_was_set_meanwhile_is_not_taken_back(rooms: list[System], administrator: User) -> None:
    rows = export()
    rows[0] |= {"connectivity_is_locked": "yes"}
    found = plan(rows, administrator)
    connectivity_changes.lock(rooms[0], user=None, now=NOW + timedelta(minutes=1))
    assert apply(found, administrator).refused == []


def test_a_file_of_many_systems_takes_few_statements(oslo: Folder, administrator: User) -> None:
    for number in range(1, 41):
        add_system(f"Room {number}", oslo, number)
    rows = export("Audio/DefaultVolume")
    for row in rows:
        row |= {"notes": "new", "Audio/DefaultVolume": "70", "folder": "Oslo"}
    with CaptureQueriesContext(
        connection,
    ) as few:
        plan(rows[:2], administrator)
    with CaptureQueriesContext(connection) as many:
        plan(rows, administrator)
    assert len(many) <= len(few) + 1
