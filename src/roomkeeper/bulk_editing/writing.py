"""Writing records exactly as was shown, some systems in a short transaction. Done twice it is done once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.accounts.person import Person
from roomkeeper.bulk_editing.columns import FIELDS
from roomkeeper.bulk_editing.differences import RecordEdit
from roomkeeper.provisioning import planning
from roomkeeper.systems import inventory
from roomkeeper.systems.contact import connectivity_changes
from roomkeeper.systems.inventory import records
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Folder, System
from roomkeeper.words import gettext as _

# On SQLite a transaction of people's acts takes at most 50 ms (rule R9): the services write some rows a system.
AT_ONCE: Final = 15


@dataclass(slots=True)
class Written:
    """What became of records: how many hold now what was asked, and why others do not, by system id."""

    done: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


class ChangedMeanwhile(ValueError):
    """The record does not hold any more what was shown."""


def write_records(
    edits: Sequence[RecordEdit], *, user: Person, now: datetime, note: Callable[[], object] = lambda: None
) -> Written:
    """Write them, `AT_ONCE` in a transaction, in each of which `note` is called. A value that is already set stays; one
    that is neither what was shown nor what was asked has been changed meanwhile, and the system is left alone."""
    written = Written()
    held = Grants(user)
    for start in range(0, len(edits), AT_ONCE):
        part = edits[start : start + AT_ONCE]
        with transaction.atomic():
            note()
            _write_part(part, written, held, user, now)
    return written


def _write_part(
    edits: Sequence[RecordEdit], written: Written, held: Grants, user: Person, now: datetime
) -> None:
    ids = [edit.system_id for edit in edits]
    lock_contacts(ids)
    rows = System.objects.select_for_update(of=("self",)).select_related("folder").filter(pk__in=ids)
    systems = {system.pk: system for system in rows.order_by("pk")}
    targets = Folder.objects.in_bulk(
        [edit.changes["folder"][1] for edit in edits if "folder" in edit.changes]
    )
    tags: dict[System, list[str]] = {}
    for edit in edits:
        system = systems.get(edit.system_id)
        try:
            if system is None:
                raise ChangedMeanwhile(_("It has been deleted meanwhile."))
            with transaction.atomic():
                asked = _still_to_do(system, edit, held)
                _write_one(system, asked, targets, held, user, now)
                if "tags" in asked:
                    tags[system] = asked["tags"]
            written.done += 1
        except ValueError as refusal:
            written.refused.append((edit.system_id, f"{edit.label}: {refusal}"))
    if tags:
        inventory.set_tags_of(tags)


def _still_to_do(system: System, edit: RecordEdit, held: Grants) -> dict[str, Any]:
    """The values that are still to be written, by field; raises `ChangedMeanwhile`."""
    asked = {}
    for name, (before, after) in edit.changes.items():
        present = _present(system, name)
        if present == after:
            continue
        if present != before:
            raise ChangedMeanwhile(
                _("{label} has been changed meanwhile, so it was not written.", label=FIELDS[name].label)
            )
        permission = FIELDS[name].permission
        if not held.may(permission, system.folder.path):
            raise ChangedMeanwhile(
                _(
                    "The person who asked for it may no longer {value} in {folder}.",
                    value=permission.value,
                    folder=system.folder,
                )
            )
        asked[name] = after
    return asked


def _present(system: System, name: str) -> Any:
    if name == "folder":
        return system.folder_id
    if name == "tags":
        return sorted(system.tags.values_list("name", flat=True))
    return getattr(system, name)


def _write_one(
    system: System,
    asked: dict[str, Any],
    targets: dict[int, Folder],
    held: Grants,
    user: Person,
    now: datetime,
) -> None:
    if "name" in asked:
        planning.rename(system, asked["name"], user=user, now=now)
    if "notes" in asked:
        records.set_notes(system, asked["notes"])
    if asked.keys() & {"host", "http_port", "https_port"}:
        host, http_port, https_port = (
            asked.get(name, getattr(system, name)) for name in ("host", "http_port", "https_port")
        )
        records.set_address(system, host, http_port, https_port)
    if "password_may_use_http" in asked:
        records.allow_password_over_http(system, asked["password_may_use_http"])
    if asked.keys() & {"tls_trust", "tls_is_legacy"}:
        records.set_trust(
            system,
            asked.get("tls_trust", system.tls_trust),
            is_legacy=asked.get("tls_is_legacy", system.tls_is_legacy),
            user=user,
            now=now,
        )
    if "connectivity" in asked:
        connectivity_changes.set_by_hand(system, asked["connectivity"], user=user, now=now)
    if "connectivity_is_locked" in asked:
        _lock(asked["connectivity_is_locked"])(system, user=user, now=now)
    if "folder" in asked:
        folder = targets.get(asked["folder"])
        if folder is None or not held.may(Permission.MANAGE_SYSTEMS, folder.path):
            raise ChangedMeanwhile(_("The folder no longer exists, or you may not use it."))
        records.move(system, folder)


def _lock(is_locked: bool) -> Callable[..., None]:
    return connectivity_changes.lock if is_locked else connectivity_changes.unlock
