"""Folders, tags and the record of a system: what an administrator organises by hand."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import ProtectedError, Value
from django.db.models.functions import Concat, Substr

from roomkeeper.systems import live, windows
from roomkeeper.systems.inventory import places
from roomkeeper.systems.models import Folder, System, Tag
from roomkeeper.words import gettext as _
from roomkeeper.words import ngettext

ROOT_NAME = "All systems"
# A system's name and its wanted SystemUnit/Name are one (rule R7), and that takes no more.
NAME_LIMIT = 50
_AT_ONCE = 500
_NAMED = 5
_NOT_HEX = re.compile(r"[^0-9A-Fa-f]")
_MAC_SHAPE = re.compile(r"[0-9A-Fa-f]{2}([-:. ]?[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{4}([-:.][0-9A-Fa-f]{4}){2}")


class FolderRefused(ValueError):
    """The folder cannot be changed like that."""


def normalize_mac(text: str) -> str:
    """A MAC address as 12 upper-case hex digits (rule R3); raises ValueError for anything else."""
    if not _MAC_SHAPE.fullmatch(text.strip()):
        raise ValueError(
            _(
                "{text!r} is not a MAC address: it needs 12 hexadecimal digits, such as 00:11:22:AA:BB:CC.",
                text=text,
            )
        )
    return _NOT_HEX.sub("", text).upper()


def root_folder() -> Folder:
    """The folder that holds all others; made where it does not exist yet."""
    root = Folder.objects.filter(parent__isnull=True).first()
    if root is None:
        root, _rest = Folder.objects.get_or_create(parent=None, defaults={"name": ROOT_NAME, "path": "/"})
    return root


def create_folder(parent: Folder, name: str) -> Folder:
    """A new folder below `parent`; raises `FolderRefused` for an empty or used name."""
    with transaction.atomic():
        # As it stands now: the caller's copy may be old.
        is_given = Folder.objects.filter(pk=parent.pk, has_phone_book=True).exists()
        folder = Folder(parent=parent, name=_free_name(parent, name), has_phone_book=is_given)
        folder.save()
        folder.path = f"{parent.path}{folder.pk}/"
        folder.save(update_fields=["path"])
        live.publish("systems")
    return folder


def rename_folder(folder: Folder, name: str) -> None:
    """Give the folder another name; raises `FolderRefused` for an empty or used one."""
    folder.name = _free_name(folder.parent, name, beside=folder) if folder.parent else _usable_name(name)
    folder.save(update_fields=["name"])
    live.publish("systems")


def move_folder(folder: Folder, parent: Folder) -> None:
    """Move the folder with all below it; raises `FolderRefused` where it would stand inside itself."""
    if folder.parent is None:
        raise FolderRefused(_("The root folder cannot be moved."))
    if parent.path.startswith(folder.path):
        raise FolderRefused(
            _("{folder} cannot be moved into itself or into a folder below it.", folder=folder)
        )
    with transaction.atomic():
        _free_name(parent, folder.name, beside=folder)
        old, new = folder.path, f"{parent.path}{folder.pk}/"
        Folder.objects.filter(pk=folder.pk).update(parent=parent)
        Folder.objects.filter(path__startswith=old).update(
            path=Concat(Value(new), Substr("path", len(old) + 1))
        )
        folder.refresh_from_db()
        places.tell_of_folder(folder)
        live.publish("systems")


def set_maintenance_window(folder: Folder, text: str) -> None:
    """When systems in the folder and below it may be disturbed; "" as the folder above says. Raises `BadWindow`."""
    text = " ".join(text.split())
    if len(text) > windows.TEXT_LIMIT:
        raise windows.BadWindow(
            _("A maintenance window has at most {TEXT_LIMIT} characters.", TEXT_LIMIT=windows.TEXT_LIMIT)
        )
    windows.parse(text)
    folder.maintenance_window = text
    folder.save(update_fields=["maintenance_window"])
    live.publish("systems")


def delete_folder(folder: Folder) -> None:
    """Delete an empty folder; raises `FolderRefused` while it holds systems or folders, or anything else belongs to
    it."""
    if folder.parent is None:
        raise FolderRefused(_("The root folder cannot be deleted."))
    systems, folders = folder.systems.count(), folder.children.count()
    if systems or folders:
        raise FolderRefused(
            _(
                "{folder} still contains {systems} and {folders}. Move or delete them first.",
                folder=folder,
                systems=ngettext("{count} system", "{count} systems", systems),
                folders=ngettext("{count} folder", "{count} folders", folders),
            )
        )
    try:
        folder.delete()
    except ProtectedError as error:
        kept = sorted(f"{one._meta.verbose_name} {one}" for one in error.protected_objects)
        more = ", ..." if len(kept) > _NAMED else ""
        raise FolderRefused(
            _(
                "{kept} belongs to {folder}. Move or delete it first.",
                kept=", ".join(kept[:_NAMED]) + more,
                folder=folder,
            )
        ) from error
    live.publish("systems")


def folder_label(folder: Folder) -> str:
    """Where the folder stands, in words: `Oslo / HQ / 4th floor`; the root is its own name."""
    return labels_of({folder.path})[folder.path]


def labels_of(paths: Collection[str]) -> dict[str, str]:
    """Each folder path in words (`Oslo / HQ`), with one query for all; the root's is its own name."""
    return {path: " / ".join(names) for path, names in folder_names(paths).items()}


def folder_names(paths: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Of each folder path the names below the root, in order; that of "/" holds the root's own."""
    ids = {int(part) for path in paths for part in path.split("/") if part}
    names = dict(Folder.objects.filter(pk__in=ids).values_list("pk", "name"))
    found = {path: tuple(names.get(int(part), "?") for part in path.split("/") if part) for path in paths}
    if "/" in paths:
        root = Folder.objects.filter(parent__isnull=True).first()
        found["/"] = (root.name if root else "",)
    return found


def set_tags(system: System, names: Iterable[str]) -> None:
    """Make the system carry exactly these tags; new words become tags, unused ones go."""
    set_tags_of({system: names})


def tags_of(system_ids: Sequence[int]) -> dict[int, list[str]]:
    """The tags of each of these systems that has some, in the order of their letters."""
    found: dict[int, list[str]] = {}
    for start in range(0, len(system_ids), _AT_ONCE):
        rows = System.tags.through.objects.filter(system__in=system_ids[start : start + _AT_ONCE])
        for system_id, tag in rows.values_list("system_id", "tag__name"):
            found.setdefault(system_id, []).append(tag)
    # Databases sort letters each in their own way.
    return {system_id: sorted(names) for system_id, names in found.items()}


def set_tags_of(wanted: Mapping[System, Iterable[str]]) -> None:
    """The same for each of these systems, with a few statements whatever their number."""
    words = {
        system.pk: {name.strip()[:50] for name in names if name.strip()} for system, names in wanted.items()
    }
    with transaction.atomic():
        named = set().union(*words.values())
        Tag.objects.bulk_create([Tag(name=name) for name in named], ignore_conflicts=True)
        ids = dict(Tag.objects.filter(name__in=named).values_list("name", "pk"))
        rows = System.tags.through.objects
        before = {
            (system_id, tag_id): pk
            for pk, system_id, tag_id in rows.filter(system_id__in=words).values_list(
                "pk", "system_id", "tag_id"
            )
        }
        after = {(system_id, ids[name]) for system_id, names in words.items() for name in names}
        rows.filter(pk__in=[pk for pair, pk in before.items() if pair not in after]).delete()
        rows.bulk_create(
            [System.tags.through(system_id=one, tag_id=tag) for one, tag in sorted(after - before.keys())]
        )
        Tag.objects.filter(systems__isnull=True).delete()
        live.publish_many([("system", system.pk, system.folder.path) for system in wanted])


def delete_system(system: System) -> None:
    """Delete the record with all that is known of it. A device that phones home again stands in the inbox."""
    with transaction.atomic():
        live.publish("systems", folder_path=system.folder.path)
        system.delete()


def _usable_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 100:
        raise FolderRefused(_("A folder needs a name of 1 to 100 characters."))
    return name


def _free_name(parent: Folder, name: str, *, beside: Folder | None = None) -> str:
    name = _usable_name(name)
    others = Folder.objects.filter(parent=parent, name=name)
    if beside is not None:
        others = others.exclude(pk=beside.pk)
    if others.exists():
        raise FolderRefused(_("{parent} already has a folder named {name}.", parent=parent, name=name))
    return name


def shared_path(paths: Iterable[str]) -> str:
    """The path of the deepest folder that holds all of these; that of the root where there are none."""
    parts = [path.strip("/").split("/") if path != "/" else [] for path in paths]
    shared: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "/" + "".join(f"{part}/" for part in shared)
