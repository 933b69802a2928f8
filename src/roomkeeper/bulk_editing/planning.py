"""Holding what a sheet asks for against what is, for thousands of systems with a few statements. Writes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import QuerySet

from roomkeeper.accounts.permissions import Grants, Permission, grants_of
from roomkeeper.accounts.person import Person
from roomkeeper.bulk_editing.columns import FIELDS
from roomkeeper.bulk_editing.differences import (
    CANNOT,
    EditPlan,
    RecordEdit,
    SystemEdit,
    ValueChange,
    count,
    digest_of,
)
from roomkeeper.bulk_editing.folders import FolderIndex, NewFolder, read_folders
from roomkeeper.bulk_editing.present import AT_ONCE, Present, present_settings, record_of
from roomkeeper.bulk_editing.reading import Sheet, SheetProblem, SheetRow
from roomkeeper.bulk_editing.values import (
    HIDDEN_CELL,
    TAKEN_BACK,
    Exact,
    NotUsable,
    Value,
    Wish,
    comparable,
    read_setting,
    read_value,
    words_of,
)
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.values import is_same
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.planning import NAME_PATH
from roomkeeper.provisioning.secret_values import is_secret_path
from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.models import State, System, TlsTrust
from roomkeeper.systems.software_versions import version_key
from roomkeeper.words import gettext as _

_NAME_KEY: Final = match_key(NAME_PATH)
_NOTHING: Final = Present()


@dataclass(slots=True)
class _Draft:
    """A row on its way: what it changes in the record, and what it wishes of the device."""

    row: SheetRow
    system: System
    changes: list[ValueChange] = field(default_factory=list)
    record: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    wishes: dict[str, str | None] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    problems: list[SheetProblem] = field(default_factory=list)

    def refuse(self, column: str, sentence: str) -> None:
        """Note why the row cannot be used."""
        self.problems.append(SheetProblem(self.row.line, column, sentence))


def plan_edit(
    sheet: Sheet, *, reach: QuerySet[System], user: Person, makes_folders: bool = False
) -> EditPlan:
    """What the sheet would change. `reach` are the systems that the person sees; with `makes_folders` a folder that is
    not there is made. A row with a problem is left out as a whole, and no other."""
    systems = _read_systems(reach, [row.key for row in sheet.rows])
    ids = list(systems)
    tags = inventory.tags_of(ids)
    folders = read_folders(user, makes_folders=makes_folders)
    labels = inventory.labels_of({system.folder.path for system in systems.values()})
    held = grants_of(user)
    problems = list(sheet.problems)
    drafts = []
    for row in sheet.rows:
        system = systems.get(row.key)
        if system is None:
            problems.append(
                SheetProblem(row.line, "id", _("There is no system {key} that you can see.", key=row.key))
            )
            continue
        draft = _Draft(row, system)
        _check_identity(draft)
        if not draft.problems:
            _compare_record(draft, tags.get(system.pk, ()), labels[system.folder.path], folders)
            _check_rights(draft, held)
        drafts.append(draft)
    _compare_settings(drafts, held)
    problems += [problem for draft in drafts for problem in draft.problems]
    usable = [draft for draft in drafts if not draft.problems]
    names, settings = _plan_wishes(usable)
    edits = tuple(SystemEdit(draft.row.line, draft.system, tuple(draft.changes)) for draft in usable)
    told = tuple(sorted(problems, key=lambda one: one.line))
    records = tuple(
        RecordEdit(draft.system.pk, str(draft.system), draft.record) for draft in usable if draft.record
    )
    made = {edit.changes["folder"][1] for edit in records if "folder" in edit.changes}
    return EditPlan(
        edits,
        told,
        records,
        names,
        settings,
        tuple(one for one in folders.made.values() if one in made),
        digest_of(edits, told, names, settings),
        count(edits, told),
    )


def _read_systems(reach: QuerySet[System], keys: list[int]) -> dict[int, System]:
    found: dict[int, System] = {}
    for start in range(0, len(keys), AT_ONCE):
        rows = reach.filter(pk__in=keys[start : start + AT_ONCE]).select_related("folder")
        found.update({system.pk: system for system in rows})
    return found


def _check_identity(draft: _Draft) -> None:
    """A row that was written for other hardware is not this system's: rows shift in spreadsheets."""
    system = draft.system
    serial, mac = (draft.row.checks.get(name, "") for name in ("serial_number", "mac_address"))
    if serial and system.serial_number and serial.casefold() != system.serial_number.casefold():
        draft.refuse(
            "serial_number",
            _(
                "{system} has the serial number {serial_number}, not {serial!r}: wrong row?",
                system=system,
                serial_number=system.serial_number,
                serial=serial[:60],
            ),
        )
    if mac and system.mac_address and _plain(mac) != system.mac_address:
        draft.refuse(
            "mac_address",
            _("{system} has a MAC address other than {mac!r}: wrong row?", system=system, mac=mac[:60]),
        )


def _plain(mac: str) -> str:
    return "".join(letter for letter in mac if letter.isalnum()).upper()


def _compare_record(draft: _Draft, tags: Iterable[str], folder: str, folders: FolderIndex) -> None:
    present = record_of(draft.system, tags, folder)
    for name, cell in draft.row.fields.items():
        before = present[name]
        if not isinstance(cell, Exact) and comparable(cell) == comparable(words_of(before)):
            continue
        try:
            value = read_value(name, cell)
            if name == "folder":
                _compare_folder(draft, folders.find(value), folder, folders)
                continue
            if name == "tls_trust":
                _check_trust(value)
        except NotUsable as refusal:
            draft.refuse(name, str(refusal))
            continue
        if value == before:
            continue
        draft.changes.append(ValueChange(name, words_of(before), words_of(value)))
        if name == "name" and draft.system.state == State.MANAGED:
            # The name is the wanted SystemUnit/Name (rule R7): the device takes it as well.
            draft.wishes[NAME_PATH] = str(value)
        else:
            draft.record[name] = (_stored(before), _stored(value))


def _stored(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _compare_folder(draft: _Draft, found: Any, label: str, folders: FolderIndex) -> None:
    if isinstance(found, NewFolder):
        draft.changes.append(ValueChange("folder", label, _("{label} (new)", label=found.label)))
        draft.record["folder"] = (draft.system.folder_id, found)
    elif found.pk != draft.system.folder_id:
        draft.changes.append(ValueChange("folder", label, folders.labels[found.path]))
        draft.record["folder"] = (draft.system.folder_id, found.pk)
        if not grants_of(folders.user).may(Permission.MANAGE_SYSTEMS, found.path):
            draft.refuse(
                "folder", _("You may not put systems into {labels}.", labels=folders.labels[found.path])
            )


def _check_trust(value: Value) -> None:
    if value == TlsTrust.AUTHORITY and not network_settings.get().device_authorities:
        raise NotUsable(_("Network settings contain no authority for certificates of devices yet."))


def _check_rights(draft: _Draft, held: Grants) -> None:
    for change in draft.changes:
        permission = FIELDS[change.name].permission
        if not held.may(permission, draft.system.folder.path):
            draft.refuse(
                change.name,
                _("You may not {value} in {folder}.", value=permission.value, folder=draft.system.folder),
            )


def _compare_settings(drafts: list[_Draft], held: Grants) -> None:
    """What the cells of settings wish, once it is known what they held."""
    asking = [draft for draft in drafts if draft.row.settings and not draft.problems]
    for start in range(0, len(asking), AT_ONCE):
        part = asking[start : start + AT_ONCE]
        paths = {path for draft in part for path in draft.row.settings}
        present = present_settings([draft.system for draft in part], paths)
        for draft in part:
            _compare_own_settings(draft, present[draft.system.pk])
            if draft.wishes and not held.may(Permission.CHANGE_SETTINGS, draft.system.folder.path):
                draft.refuse("", _("You may not change settings in {folder}.", folder=draft.system.folder))


def _compare_own_settings(draft: _Draft, present: Mapping[str, Present]) -> None:
    for path, cell in draft.row.settings.items():
        known = present.get(path, _NOTHING)
        try:
            wish = read_setting(cell, known.cell)
        except NotUsable as refusal:
            draft.refuse(path, str(refusal))
            continue
        if wish is None or _is_so(wish, known):
            continue
        draft.wishes[path] = wish.value
        draft.before[path] = known.cell
    if not draft.wishes:
        return
    try:
        planning.clean_settings(draft.wishes)
    except planning.PlanRefused as refusal:
        for path, sentence in refusal.errors.items():
            draft.refuse(path, sentence)


def _is_so(wish: Wish, known: Present) -> bool:
    if wish.value is None:
        return not known.is_wished
    return known.cell != HIDDEN_CELL and is_same(wish.value, known.cell, known.kind)


def _plan_wishes(drafts: list[_Draft]) -> tuple[planning.ChangePlan | None, planning.ChangePlan | None]:
    """The wishes held against what systems reported; what they cannot have is told, and not asked of them. Names are
    apart: they disturb nobody, and wait for nothing."""
    asking = [draft for draft in drafts if draft.wishes]
    # Systems of one model beside each other: their value spaces are read once.
    asking.sort(key=lambda draft: (draft.system.product, version_key(draft.system.software_version)))
    names: list[planning.PlannedChange] = []
    settings: list[planning.PlannedChange] = []
    for start in range(0, len(asking), AT_ONCE):
        part = asking[start : start + AT_ONCE]
        found = planning.plan_each([(draft.system, draft.wishes) for draft in part], {})
        for draft, change in zip(part, found.per_system, strict=True):
            _tell_verdicts(draft, change)
            for items, group in ((True, names), (False, settings)):
                own = tuple(
                    item
                    for item in change.items
                    if item.verdict != CANNOT and (match_key(item.path) == _NAME_KEY) is items
                )
                if own:
                    group.append(planning.PlannedChange(draft.system, own))
    return _as_plan(names), _as_plan(settings)


def _as_plan(changes: list[planning.PlannedChange]) -> planning.ChangePlan | None:
    return planning.ChangePlan(tuple(sorted(changes, key=lambda one: one.system.pk)), {}) if changes else None


def _tell_verdicts(draft: _Draft, change: planning.PlannedChange) -> None:
    for path, item in zip(draft.wishes, change.items, strict=True):
        if path == NAME_PATH:
            place = next(place for place, one in enumerate(draft.changes) if one.name == "name")
            told = draft.changes[place]
            if item.verdict == CANNOT:
                draft.changes[place] = ValueChange("name", told.before, told.after, CANNOT, item.reason)
            continue
        after = TAKEN_BACK if item.value is None else item.value
        if item.value and is_secret_path(path):
            after = HIDDEN_CELL
        # That an earlier wish is taken back needs no reason.
        reason = item.reason if item.value is not None else ""
        draft.changes.append(
            ValueChange(path, draft.before[path], after, item.verdict, reason, is_setting=True)
        )
