"""Change sets: counts by state, cancelling, trying again."""

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import User
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.models import Change, ChangeItem, ChangeSet
from roomkeeper.systems.models import System


@pytest.fixture
def asked(administrator: User, boardroom: System, lobby: System) -> ChangeSet:
    """One setting asked of two systems in two folders."""
    return planning.create_change_set(
        [boardroom, lobby],
        {"Standby/Control": "Off"},
        user=administrator,
        now=timezone.now(),
        description="Quiet",
    )


def test_list_and_page_show_the_states(client: Client, asked: ChangeSet) -> None:
    assert "Quiet" in text_of(client.get("/change-sets/"))
    page = client.get(f"/change-sets/{asked.pk}/")
    assert dict(page.context["counts"])["waiting"] == 2
    assert "Boardroom" in text_of(page)
    assert text_of(client.get("/change-sets/?state=failed")).count("Quiet") == 0


def test_cancelling_asks_how_many_and_takes_back_what_waits(client: Client, asked: ChangeSet) -> None:
    assert "2 changes that still wait" in text_of(client.get(f"/change-sets/{asked.pk}/cancel/"))
    client.post(f"/change-sets/{asked.pk}/cancel/")
    assert set(ChangeItem.objects.values_list("state", flat=True)) == {"cancelled"}


def test_what_failed_waits_again(client: Client, asked: ChangeSet) -> None:
    ChangeItem.objects.update(state="failed")
    Change.objects.update(state="failed")
    client.post(f"/change-sets/{asked.pk}/retry/")
    assert set(ChangeItem.objects.values_list("state", flat=True)) == {"waiting"}


def test_only_the_part_in_ones_folders_is_shown_and_it_cannot_be_cancelled(
    site_administrator: User, signed_in: SignedIn, asked: ChangeSet
) -> None:
    browser = signed_in(site_administrator)
    page = text_of(browser.get(f"/change-sets/{asked.pk}/"))
    assert "Boardroom" in page
    assert "Lobby" not in page
    assert browser.post(f"/change-sets/{asked.pk}/cancel/").status_code == 403


def test_a_set_outside_ones_folders_is_not_there(
    administrator: User, site_administrator: User, signed_in: SignedIn, lobby: System
) -> None:
    made = planning.create_change_set(
        [lobby], {"Standby/Control": "Off"}, user=administrator, now=timezone.now()
    )
    assert signed_in(site_administrator).get(f"/change-sets/{made.pk}/").status_code == 404


def test_undoing_shows_what_it_would_do_and_then_asks_for_the_values_before(
    client: Client, asked: ChangeSet, boardroom: System
) -> None:
    ChangeItem.objects.filter(system=boardroom).update(
        previous="On", state="confirmed", delivered_at=timezone.now()
    )
    ChangeItem.objects.exclude(system=boardroom).update(state="confirmed", delivered_at=timezone.now())
    page = text_of(client.get(f"/change-sets/{asked.pk}/undo/"))
    assert "<strong>1</strong> system will change" in page
    assert "the value before is not known" in page
    answer = client.post(f"/change-sets/{asked.pk}/undo/")
    made = ChangeSet.objects.exclude(pk=asked.pk).get()
    assert answer["Location"] == f"/change-sets/{made.pk}/"
    assert ChangeItem.objects.get(change__change_set=made).value == "On"
    assert f'Undone by <a href="/change-sets/{made.pk}/">' in text_of(client.get(f"/change-sets/{asked.pk}/"))
