"""Folders: made, renamed, moved, deleted when empty."""

from django.test import Client
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import User
from roomkeeper.systems.models import Folder, System


def test_create_rename_move_and_delete(client: Client, oslo: Folder, bergen: Folder) -> None:
    client.post("/folders/do/create/", {"name": "4th floor", "parent": oslo.pk})
    floor = Folder.objects.get(name="4th floor")
    assert floor.parent == oslo
    client.post(f"/folders/{floor.pk}/rename/", {"name": "5th floor"})
    client.post(f"/folders/{floor.pk}/move/", {"parent": bergen.pk})
    floor.refresh_from_db()
    assert (floor.name, floor.parent) == ("5th floor", bergen)
    client.post(f"/folders/{floor.pk}/delete/")
    assert not Folder.objects.filter(pk=floor.pk).exists()


def test_a_folder_with_systems_stays_and_says_why(client: Client, oslo: Folder, boardroom: System) -> None:
    page = text_of(client.post(f"/folders/{oslo.pk}/delete/", follow=True))
    assert "still contains 1 system and 0 folders" in page
    assert Folder.objects.filter(pk=oslo.pk).exists()


def test_a_site_administrator_moves_nothing_out_of_her_site(
    site_administrator: User, signed_in: SignedIn, oslo: Folder, bergen: Folder
) -> None:
    browser = signed_in(site_administrator)
    browser.post("/folders/do/create/", {"name": "4th floor", "parent": oslo.pk})
    floor = Folder.objects.get(name="4th floor")
    assert browser.post(f"/folders/{floor.pk}/move/", {"parent": bergen.pk}).status_code == 404
    assert browser.post(f"/folders/{bergen.pk}/rename/", {"name": "Mine"}).status_code == 404
