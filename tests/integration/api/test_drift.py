"""`drift` of the API: the feed, enforcing, accepting, ignoring, and who may."""

from datetime import UTC, datetime

import pytest

from roomkeeper.provisioning import planning
from roomkeeper.provisioning.models import ChangeItem, Drift

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
VOLUME = "Audio/DefaultVolume"


@pytest.fixture
def row(boardroom):
    planning.create_change_set([boardroom], {VOLUME: "44"}, user=None, now=NOW, is_persistent=True)
    ChangeItem.objects.update(state="confirmed")
    return Drift.objects.create(
        system=boardroom,
        match_key=ChangeItem.objects.get().match_key,
        path=VOLUME,
        layer="persistent",
        enforcement="automatic",
        wanted="44",
        found="70",
        since=NOW,
        noticed_by="feedback",
    )


def test_feed_tells_wanted_found_since_and_why(as_user, viewer, row):
    (found,) = as_user(viewer).get("drift?layer=persistent&path=volume&is_ignored=false")["items"]
    assert (found["path"], found["wanted"], found["found"], found["noticed_by"]) == (
        VOLUME,
        "44",
        "70",
        "feedback",
    )
    assert as_user(viewer).get("drift?layer=template")["items"] == []


def test_enforcing_opens_the_wish_again(as_user, operator, row):
    answer = as_user(operator)("POST", "drift/enforce", {"drift": [row.pk]})
    assert (answer.status_code, answer.json()["done"]) == (200, 1)
    assert ChangeItem.objects.get().state == "waiting"
    told = as_user(operator)("POST", "drift/enforce", {"drift": [999, row.pk]}).json()["items"]
    assert [(one["id"], one["status"]) for one in told] == [(999, 404), (row.pk, 200)]


def test_accepting_and_ignoring(as_user, operator, row, boardroom):
    call = as_user(operator)
    assert call("POST", f"drift/{row.pk}/ignore").json()["is_ignored"]
    assert not call("POST", f"drift/{row.pk}/resume").json()["is_ignored"]
    assert call("POST", f"drift/{row.pk}/accept").status_code == 200
    assert call.get("drift")["items"] == []
    newest = ChangeItem.objects.order_by("-id").first()
    assert (newest.value, newest.change.change_set.is_persistent) == ("70", True)


def test_who_may_not_change_settings_only_looks(as_user, viewer, stranger, row):
    for path in (f"drift/{row.pk}/accept", f"drift/{row.pk}/ignore", f"drift/{row.pk}/resume"):
        assert as_user(viewer)("POST", path).status_code == 403
    assert as_user(viewer)("POST", "drift/enforce", {"drift": [row.pk]}).status_code == 403
    assert as_user(stranger)("GET", "drift").status_code == 403
