"""Folders, tags and deleting a record."""

import pytest

from roomkeeper.systems import inventory
from roomkeeper.systems.inventory import FolderRefused
from roomkeeper.systems.models import ChangeEvent, Folder, System, Tag


def test_there_is_one_root_folder_however_often_it_is_asked_for(db):
    assert inventory.root_folder() == inventory.root_folder()
    assert Folder.objects.count() == 1
    assert inventory.root_folder().path == "/"


def test_new_folder_stands_below_its_parent(root_folder, oslo):
    floor = inventory.create_folder(oslo, "  4th floor ")
    assert floor.name == "4th floor"
    assert floor.path == f"/{oslo.pk}/{floor.pk}/"
    assert inventory.folder_label(floor) == "Oslo / 4th floor"
    assert inventory.folder_label(root_folder) == "All systems"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_folder_without_a_usable_name_is_refused(root_folder, name):
    with pytest.raises(FolderRefused, match="1 to 100 characters"):
        inventory.create_folder(root_folder, name)
    with pytest.raises(FolderRefused):
        inventory.rename_folder(root_folder, name)
    assert Folder.objects.count() == 1


def test_names_differ_beside_each_other_and_may_repeat_elsewhere(root_folder, oslo, bergen):
    with pytest.raises(FolderRefused, match="already has a folder named Oslo"):
        inventory.create_folder(root_folder, "Oslo")
    with pytest.raises(FolderRefused, match="already has a folder named Oslo"):
        inventory.rename_folder(bergen, "Oslo")
    inventory.create_folder(bergen, "Oslo")


def test_renaming_keeps_the_path(oslo):
    path = oslo.path
    inventory.rename_folder(oslo, " Oslo HQ ")
    oslo.refresh_from_db()
    assert (oslo.name, oslo.path) == ("Oslo HQ", path)
    inventory.rename_folder(oslo, "Oslo HQ")


def test_root_folder_may_be_renamed_but_not_moved_or_deleted(root_folder, oslo):
    inventory.rename_folder(root_folder, "Everything")
    assert Folder.objects.get(parent=None).name == "Everything"
    with pytest.raises(FolderRefused):
        inventory.move_folder(root_folder, oslo)
    with pytest.raises(FolderRefused):
        inventory.delete_folder(root_folder)


def test_moving_takes_the_whole_subtree_along(oslo, bergen, boardroom):
    floor = inventory.create_folder(oslo, "4th floor")
    wing = inventory.create_folder(floor, "West")
    neighbour = inventory.create_folder(bergen, "Quay")
    inventory.move_folder(oslo, bergen)
    for folder in (oslo, floor, wing, neighbour):
        folder.refresh_from_db()
    assert oslo.parent == bergen
    assert oslo.path == f"/{bergen.pk}/{oslo.pk}/"
    assert wing.path == f"/{bergen.pk}/{oslo.pk}/{floor.pk}/{wing.pk}/"
    assert neighbour.path == f"/{bergen.pk}/{neighbour.pk}/"
    assert System.objects.filter(folder__path__startswith=bergen.path).get() == boardroom


def test_folder_whose_id_begins_like_another_one_stays_where_it_is(root_folder, bergen):
    first, other = (
        Folder.objects.create(pk=number, parent=root_folder, name=str(number), path=f"/{number}/")
        for number in (9001, 90012)
    )
    inventory.move_folder(first, bergen)
    other.refresh_from_db()
    assert first.path == f"{bergen.path}9001/"
    assert other.path == "/90012/"


def test_folder_cannot_be_moved_into_itself_or_below(oslo):
    floor = inventory.create_folder(oslo, "4th floor")
    for place in (oslo, floor):
        with pytest.raises(FolderRefused, match="into itself"):
            inventory.move_folder(oslo, place)


def test_folder_cannot_be_moved_beside_one_of_its_name(oslo, bergen):
    other = inventory.create_folder(bergen, "Oslo")
    with pytest.raises(FolderRefused, match="already has a folder named Oslo"):
        inventory.move_folder(oslo, bergen)
    oslo.refresh_from_db()
    assert oslo.path == f"/{oslo.pk}/"
    assert other.parent == bergen


def test_only_an_empty_folder_can_be_deleted(oslo, bergen, boardroom):
    floor = inventory.create_folder(bergen, "4th floor")
    with pytest.raises(FolderRefused, match="1 system and 0 folders"):
        inventory.delete_folder(oslo)
    with pytest.raises(FolderRefused, match="0 systems and 1 folder"):
        inventory.delete_folder(bergen)
    inventory.delete_folder(floor)
    inventory.delete_folder(bergen)
    assert set(Folder.objects.filter(parent__isnull=False)) == {oslo}


def test_tags_are_exactly_those_given_and_unused_words_go(boardroom, vault):
    inventory.set_tags(boardroom, ["board", " board ", "", "4k"])
    inventory.set_tags(vault, ["board"])
    assert sorted(tag.name for tag in boardroom.tags.all()) == ["4k", "board"]
    inventory.set_tags(boardroom, ["x" * 60])
    assert [tag.name for tag in boardroom.tags.all()] == ["x" * 50]
    assert sorted(Tag.objects.values_list("name", flat=True)) == ["board", "x" * 50]
    inventory.set_tags(vault, [])
    inventory.set_tags(boardroom, [])
    assert not Tag.objects.exists()


def test_deleting_a_record_takes_all_that_is_known_of_it(boardroom, vault):
    gone = boardroom.pk
    inventory.set_tags(boardroom, ["board"])
    inventory.delete_system(boardroom)
    assert System.objects.get() == vault
    assert ChangeEvent.objects.filter(topic="systems", folder_path=vault.folder.path).exists()
    # Ids are never given again.
    assert System.objects.create(name="New", folder=vault.folder).pk > gone


@pytest.mark.parametrize(
    "text",
    ["00:11:22:aa:bb:cc", "00-11-22-AA-BB-CC", " 001122aabbcc ", "0011.22aa.bbcc", "00 11 22 aa bb cc"],
)
def test_mac_addresses_are_taken_in_every_usual_spelling(text):
    assert inventory.normalize_mac(text) == "001122AABBCC"


@pytest.mark.parametrize(
    "text", ["", "00:11:22:aa:bb", "00:11:22:aa:bb:cg", "00:11:22:aa:bb:cc:dd", "x001122aabbcc"]
)
def test_what_is_no_mac_address_is_refused_in_words(text):
    with pytest.raises(ValueError, match="is not a MAC address"):
        inventory.normalize_mac(text)
