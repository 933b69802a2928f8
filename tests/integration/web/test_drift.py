"""The drift feed: what differs, setting it back after asking, accepting, ignoring; windows of folders."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.provisioning import planning
from roomkeeper.provisioning.models import ChangeItem, ChangeSet, Drift
from roomkeeper.systems.models import Folder, System, TimelineEntry

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
VOLUME = "Audio/DefaultVolume"


@pytest.fixture
def row(boardroom: System) -> Drift:
    """Boardroom's persistent volume was changed by hand."""
    planning.create_change_set([boardroom], {VOLUME: "44"}, user=None, now=NOW, is_persistent=True)
    ChangeItem.objects.update(state="confirmed")
    TimelineEntry.objects.create(
        system=boardroom, kind="feedback", summary="Configuration: by panel", first_at=NOW, last_at=NOW
    )
    return Drift.objects.create(
        system=boardroom,
        match_key=ChangeItem.objects.get().match_key,
        path=VOLUME,
        layer="persistent",
        why="persistent setting of change set 1",
        enforcement="automatic",
        wanted="44",
        found="<b>70</b>",
        since=NOW,
        noticed_by="feedback",
    )


def test_empty_feed_says_what_would_stand_there(client: Client) -> None:
    assert "No system differs" in text_of(client.get("/drift/"))


def test_feed_shows_wanted_and_found_as_text_and_filters_by_layer(client: Client, row: Drift) -> None:
    page = text_of(client.get("/drift/"))
    assert "&lt;b&gt;70" in page
    assert "Boardroom" in page
    assert "Boardroom" not in text_of(client.get("/drift/?layer=template"))
    assert "Boardroom" in text_of(client.get(f"/drift/?q=volume&system={row.system_id}"))


def test_one_difference_tells_what_the_timeline_knows(client: Client, row: Drift) -> None:
    page = text_of(client.get(f"/drift/{row.pk}/"))
    assert "Configuration: by panel" in page
    assert "noticed as it was changed" in page


def test_setting_back_is_asked_first_and_opens_the_wish_again(client: Client, row: Drift) -> None:
    question = text_of(client.post("/drift/do/enforce/", {"row": [row.pk]}))
    assert "Restore: 1 drift?" in question
    assert ChangeItem.objects.get().state == "confirmed"
    client.post("/drift/do/enforce/", {"row": [row.pk], "step": "confirm"})
    assert ChangeItem.objects.get().state == "waiting"
    assert AuditEntry.objects.filter(act="enforce drift").exists()


def test_ignoring_and_taking_up(client: Client, row: Drift) -> None:
    assert "Leave this difference alone?" in text_of(client.get(f"/drift/{row.pk}/ignore/"))
    client.post(f"/drift/{row.pk}/ignore/")
    assert "Boardroom" not in text_of(client.get("/drift/"))
    assert "Boardroom" in text_of(client.get("/drift/?is_ignored=true"))
    client.post(f"/drift/{row.pk}/resume/")
    assert "Boardroom" in text_of(client.get("/drift/"))


def test_accepting_makes_a_persistent_wish_of_it(client: Client, row: Drift) -> None:
    client.post(f"/drift/{row.pk}/accept/")
    newest = ChangeSet.objects.latest("id")
    assert newest.is_persistent
    assert newest.changes.get().items.get().value == "<b>70</b>"
    assert "No system differs" in text_of(client.get("/drift/"))


def test_who_may_not_change_settings_reads_and_does_nothing(
    viewer: User, stranger: User, signed_in: SignedIn, row: Drift
) -> None:
    browser = signed_in(viewer)
    page = text_of(browser.get("/drift/"))
    assert "Boardroom" in page
    assert "Ignore" not in page.split("<table")[1]
    assert browser.post(f"/drift/{row.pk}/ignore/").status_code == 403
    browser.post("/drift/do/enforce/", {"row": [row.pk], "step": "confirm"})
    assert ChangeItem.objects.get().state == "confirmed"
    assert signed_in(stranger).get("/drift/").status_code == 403


def test_window_of_a_folder(client: Client, oslo: Folder) -> None:
    assert "Maintenance window of Oslo" in text_of(client.get(f"/folders/{oslo.pk}/set-window-of/"))
    client.post(f"/folders/{oslo.pk}/set-window-of/", {"maintenance_window": "Mon-Fri  20:00-06:00"})
    oslo.refresh_from_db()
    assert oslo.maintenance_window == "Mon-Fri 20:00-06:00"
    answer = client.post(f"/folders/{oslo.pk}/set-window-of/", {"maintenance_window": "whenever"})
    assert answer.status_code == 422
    assert "not a maintenance window" in text_of(answer)
    assert "Mon-Fri 20:00-06:00" in text_of(client.get("/folders/"))


def test_careful_change_of_many(client: Client, boardroom: System) -> None:
    asked = {
        "act": "setting",
        "system": [boardroom.pk],
        "path": VOLUME,
        "value": "30",
        "only_in_window": "1",
        "failure_limit": "5",
        "step": "confirm",
    }
    client.post("/systems/bulk/", asked)
    made = ChangeSet.objects.get()
    assert (made.only_in_window, made.during_calls, made.failure_limit) == (True, False, 5)
    page = text_of(client.get(f"/change-sets/{made.pk}/"))
    assert "stops when more than 5 systems fail" in page
    refused = text_of(client.post("/systems/bulk/", {**asked, "failure_limit": "many"}))
    assert "is not a number of systems" in refused
