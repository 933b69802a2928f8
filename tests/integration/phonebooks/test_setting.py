"""Which systems are given a book, and told to search here, while folders, systems and books come, move and go."""

from datetime import UTC, datetime

import pytest

from roomkeeper.phonebooks import editing, keeping, setting, syncing
from roomkeeper.phonebooks.models import PhoneBook, PhoneBookSetting
from roomkeeper.phonebooks.sources import SourceFailed, our_systems
from roomkeeper.systems import inventory
from roomkeeper.systems.inventory import records
from roomkeeper.systems.models import Contact, Folder, State, System

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def book() -> PhoneBook:
    return editing.create_book("Corporate", inventory.root_folder())


@pytest.fixture
def given(book: PhoneBook) -> Folder:
    """A folder on which the book is set."""
    folder = inventory.create_folder(inventory.root_folder(), "Given")
    setting.set_on_folder(book, folder)
    tell_all()
    return folder


def tell_all() -> None:
    while setting.tell_some(now=NOW):
        pass


def a_system(folder: Folder, number: int = 1) -> System:
    system = System.objects.create(name=f"Room {number}", folder=folder, state=State.MANAGED)
    Contact.objects.create(system=system)
    return system


def is_told(system: System) -> bool:
    """Whether its management settings are due; not after this any more."""
    found = System.objects.filter(pk=system.pk, management_is_due=True).exists()
    assert found == Contact.objects.filter(system=system, has_work=True).exists()
    System.objects.filter(pk=system.pk).update(management_is_due=False)
    Contact.objects.filter(system=system).update(has_work=False)
    return found


def has(folder: Folder) -> bool:
    folder.refresh_from_db()
    return folder.has_phone_book


def test_a_folder_that_is_moved_is_given_what_is_set_above_its_new_place(given: Folder) -> None:
    moved = inventory.create_folder(inventory.root_folder(), "Moved")
    below = inventory.create_folder(moved, "Below")
    beside = inventory.create_folder(inventory.root_folder(), "Beside")
    inside, outside = a_system(below), a_system(beside, 2)
    inventory.move_folder(moved, given)
    assert (has(moved), has(below), has(beside), has(given)) == (True, True, False, True)
    tell_all()
    assert (is_told(inside), is_told(outside)) == (True, False)
    inventory.move_folder(moved, inventory.root_folder())
    assert (has(moved), has(below), has(given)) == (False, False, True)
    tell_all()
    assert not is_told(inside)


def test_a_folder_takes_along_what_is_set_on_itself_and_nobody_is_told_again(
    given: Folder, book: PhoneBook
) -> None:
    system = a_system(given)
    target = inventory.create_folder(inventory.root_folder(), "Target")
    inventory.move_folder(given, target)
    assert (has(given), has(target)) == (True, False)
    tell_all()
    assert not is_told(system)


def test_many_systems_of_a_moved_folder_are_told_some_at_a_time(
    given: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setting, "AT_ONCE", 2)
    moved = inventory.create_folder(inventory.root_folder(), "Moved")
    each = [a_system(moved, number) for number in range(1, 6)]
    inventory.move_folder(moved, given)
    assert [setting.tell_some(now=NOW) for _ in range(4)] == [2, 2, 1, 0]
    assert all(is_told(system) for system in each)


def test_a_system_that_moves_to_where_a_book_is_set_is_told_once(given: Folder, book: PhoneBook) -> None:
    inner = inventory.create_folder(given, "Inner")
    elsewhere = inventory.create_folder(inventory.root_folder(), "Elsewhere")
    system = a_system(elsewhere)
    records.move(system, inner)
    assert is_told(system)
    records.move(system, given)
    assert not is_told(system)
    records.move(system, elsewhere)
    assert not is_told(system)
    blocked = a_system(elsewhere, 2)
    System.objects.filter(pk=blocked.pk).update(state=State.BLOCKED)
    records.move(blocked, given)
    assert not System.objects.get(pk=blocked.pk).management_is_due


def test_a_book_that_is_deleted_is_set_nowhere_any_more(given: Folder, book: PhoneBook) -> None:
    system = a_system(inventory.root_folder())
    setting.set_on_system(book, system)
    editing.delete_book(book)
    system.refresh_from_db()
    assert (has(given), system.has_own_phone_book) == (False, False)
    assert not PhoneBookSetting.objects.exists()


def test_another_book_on_the_folder_keeps_it_given(given: Folder, book: PhoneBook) -> None:
    other = editing.create_book("Other", inventory.root_folder())
    setting.set_on_folder(other, given)
    editing.delete_book(book)
    assert has(given)


def test_a_folder_to_which_a_book_belongs_is_not_deleted() -> None:
    folder = inventory.create_folder(inventory.root_folder(), "Owner")
    owned = editing.create_book("Owned", folder)
    with pytest.raises(inventory.FolderRefused, match="phone book Owned belongs to Owner"):
        inventory.delete_folder(folder)
    editing.delete_book(owned)
    inventory.delete_folder(folder)
    assert not Folder.objects.filter(pk=folder.pk).exists()


def test_a_source_whose_folder_is_deleted_does_not_show_the_systems_of_another(book: PhoneBook) -> None:
    folder = inventory.create_folder(inventory.root_folder(), "Oslo")
    system = a_system(inventory.root_folder())
    System.objects.filter(pk=system.pk).update(sip_uri="hidden@example.org")
    source = keeping.add_source(our_systems.OUR_SYSTEMS, book, {"folder": folder}, now=NOW)
    inventory.delete_folder(folder)
    with pytest.raises(SourceFailed, match="is deleted"):
        syncing.read_now(source, now=NOW)
    assert syncing.read_due(now=NOW) == 1
    source.refresh_from_db()
    assert source.entry_count == 0
    assert "is deleted" in source.problem
