"""Books set on folders and systems, and the systems told to search here."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction

from roomkeeper.phonebooks.models import PhoneBook, PhoneBookSetting
from roomkeeper.systems import live
from roomkeeper.systems.locking import lock_contacts
from roomkeeper.systems.models import Contact, Folder, Portion, State, System

AT_ONCE: Final = 200
# With the id of a folder that was moved: its systems are told, some at a time.
_BELOW: Final = "phone books below "


def set_on_folder(book: PhoneBook, folder: Folder) -> PhoneBookSetting:
    """Give the book to all systems in the folder and below, and to those that come there."""
    with transaction.atomic():
        found, is_new = PhoneBookSetting.objects.get_or_create(book=book, folder=folder)
        if is_new:
            Folder.objects.filter(path__startswith=folder.path).update(has_phone_book=True)
            live.publish("phone_books")
    return found


def set_on_system(book: PhoneBook, system: System) -> PhoneBookSetting:
    """Give the book to one system."""
    with transaction.atomic():
        found, is_new = PhoneBookSetting.objects.get_or_create(
            book=book, system=system, defaults={"up_to": None}
        )
        if is_new:
            System.objects.filter(pk=system.pk).update(has_own_phone_book=True)
            _tell([system.pk])
            live.publish("system", system)
    return found


def take_away(row: PhoneBookSetting) -> None:
    """The systems keep our address, and find what other books they are given, or nothing."""
    with transaction.atomic():
        row.delete()
        if row.folder is not None:
            refresh_folders(row.folder.path)
        elif row.system is not None:
            left = PhoneBookSetting.objects.filter(system=row.system).exists()
            System.objects.filter(pk=row.system.pk).update(has_own_phone_book=left)
        live.publish("phone_books")


def take_away_everywhere(book: PhoneBook) -> None:
    """The book is set nowhere any more: before it is deleted."""
    for row in book.settings.select_related("folder", "system"):
        take_away(row)


def refresh_folders(path: str = "/") -> list[str]:
    """Work out anew which folders below that path are given a book: after one was taken away, or a folder moved. Gives
    the paths of those that are given one now and were not before."""
    books = PhoneBookSetting.objects.filter(folder__isnull=False).values_list("folder__path", flat=True)
    given = tuple(set(books))
    begun = []
    for pk, own, has in list(
        Folder.objects.filter(path__startswith=path).values_list("id", "path", "has_phone_book")
    ):
        wanted = own.startswith(given)
        if wanted != has:
            Folder.objects.filter(pk=pk).update(has_phone_book=wanted)
            if wanted:
                begun.append(own)
    return begun


def follow_system(system: System, before: Folder, **_rest: object) -> None:
    """A system that moves to where a book is set is told to search here, unless it does already."""
    folder = Folder.objects.get(pk=system.folder_id)
    stood = Folder.objects.filter(pk=before.pk, has_phone_book=True).exists()
    if folder.has_phone_book and not stood and not system.has_own_phone_book:
        _tell([system.pk])


def follow_folder(folder: Folder, **_rest: object) -> None:
    """What a moved folder is given follows from where it stands now, for all below it."""
    if folder.path in refresh_folders(folder.path):
        Portion.objects.update_or_create(name=f"{_BELOW}{folder.pk}", defaults={"up_to": 0})


def tell_some(*, now: datetime) -> int:
    """Scheduled until it returns 0: the next systems of a folder on which a book was set, or that was moved to where
    one is, are told to search here. A few hundred at a time, because nobody but the batcher may write for long (rule
    R9)."""
    row = (
        PhoneBookSetting.objects.filter(up_to__isnull=False, folder__isnull=False)
        .select_related("folder")
        .first()
    )
    if row is None or row.folder is None:
        return _tell_some_moved()
    with transaction.atomic():
        ids = _next(row.folder, row.up_to or 0)
        _tell(ids)
        up_to = ids[-1] if len(ids) == AT_ONCE else None
        PhoneBookSetting.objects.filter(pk=row.pk).update(up_to=up_to)
    return len(ids) or 1


def _tell_some_moved() -> int:
    portion = Portion.objects.filter(name__startswith=_BELOW).order_by("name").first()
    if portion is None:
        return 0
    with transaction.atomic():
        folder = Folder.objects.filter(pk=int(portion.name.removeprefix(_BELOW)), has_phone_book=True).first()
        ids = _next(folder, portion.up_to) if folder is not None else []
        _tell(ids)
        if len(ids) < AT_ONCE:
            portion.delete()
        else:
            Portion.objects.filter(pk=portion.pk).update(up_to=ids[-1])
    return len(ids) or 1


def _next(folder: Folder, up_to: int) -> list[int]:
    systems = System.objects.filter(folder__path__startswith=folder.path, state=State.MANAGED, pk__gt=up_to)
    return list(systems.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def _tell(ids: Collection[int]) -> None:
    """Their management settings are due, now with our phone book."""
    if not ids:
        return
    lock_contacts(list(ids))
    System.objects.filter(pk__in=ids, state=State.MANAGED).update(management_is_due=True, management_rounds=0)
    Contact.objects.filter(system_id__in=ids).update(has_work=True)
