"""Acts on many systems: chosen, previewed, confirmed, audited; only where one may."""

from django.test import Client
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.jobs.models import Job
from roomkeeper.provisioning.models import Action, ChangeItem, ChangeSet
from roomkeeper.systems.models import Folder, System


def test_a_setting_is_previewed_before_it_is_asked(client: Client, boardroom: System, lobby: System) -> None:
    chosen = {"act": "setting", "system": [boardroom.pk, lobby.pk], "path": "Standby Control", "value": "Off"}
    preview = client.post("/systems/bulk/", {**chosen, "step": "check"})
    assert "<strong>2</strong> will change" in text_of(preview)
    assert not ChangeSet.objects.exists()
    answer = client.post("/systems/bulk/", {**chosen, "step": "confirm"})
    made = ChangeSet.objects.get()
    assert answer["Location"] == f"/change-sets/{made.pk}/"
    assert set(ChangeItem.objects.values_list("system__name", "path", "value")) == {
        ("Boardroom", "Standby/Control", "Off"),
        ("Lobby", "Standby/Control", "Off"),
    }
    assert AuditEntry.objects.filter(act="change settings", road="page").exists()


def test_a_path_that_is_none_is_refused_in_words(client: Client, boardroom: System) -> None:
    answer = client.post(
        "/systems/bulk/",
        {"act": "setting", "system": boardroom.pk, "path": "[[", "value": "x", "step": "confirm"},
    )
    assert answer.status_code == 200
    assert not ChangeSet.objects.exists()


def test_all_of_the_list_means_all_that_the_filter_lets_through(
    client: Client, boardroom: System, lobby: System, bergen: Folder
) -> None:
    page = client.get("/systems/bulk/", {"act": "setting", "every": "1", "filter": f"?folder={bergen.pk}"})
    assert [system.name for system in page.context["chosen"]] == ["Lobby"]
    client.post("/systems/do/restart/", {"every": "1", "filter": f"?folder={bergen.pk}", "step": "confirm"})
    assert list(Action.objects.values_list("system__name", flat=True)) == ["Lobby"]


def test_systems_that_one_may_not_change_are_left_out(
    site_administrator: User, signed_in: SignedIn, boardroom: System, lobby: System
) -> None:
    signed_in(site_administrator).post(
        "/systems/do/restart/", {"row": [boardroom.pk, lobby.pk], "step": "confirm"}
    )
    assert list(Action.objects.values_list("system__name", flat=True)) == ["Boardroom"]


def test_each_of_many_is_noted_by_itself_with_what_was_begun(
    client: Client, boardroom: System, lobby: System
) -> None:
    client.post("/systems/do/restart/", {"row": [boardroom.pk, lobby.pk], "step": "confirm"})
    assert [(one.object_id, one.details["action"]) for one in AuditEntry.objects.filter(act="restart")] == [
        (one.system_id, one.pk) for one in Action.objects.order_by("pk")
    ]
    client.post("/systems/do/enforce/", {"row": [boardroom.pk, lobby.pk], "step": "confirm"})
    assert AuditEntry.objects.filter(act="enforce settings", object_id=boardroom.pk).exists()


def test_a_viewer_changes_none(viewer: User, signed_in: SignedIn, boardroom: System) -> None:
    signed_in(viewer).post("/systems/do/restart/", {"row": [boardroom.pk], "step": "confirm"})
    assert not Action.objects.exists()


def test_tags_are_added_and_taken(client: Client, boardroom: System) -> None:
    chosen = {"step": "confirm", "row": boardroom.pk}
    client.post("/systems/do/tag/", {**chosen, "add": "court, executive"})
    client.post("/systems/do/tag/", {**chosen, "add": "loaner", "remove": "court"})
    assert set(boardroom.tags.values_list("name", flat=True)) == {"executive", "loaner"}


def test_systems_move_only_into_folders_one_manages(
    site_administrator: User, signed_in: SignedIn, boardroom: System, bergen: Folder, oslo: Folder
) -> None:
    browser = signed_in(site_administrator)
    assert (
        browser.post(
            "/systems/do/move/", {"step": "confirm", "row": boardroom.pk, "folder": bergen.pk}
        ).status_code
        == 404
    )
    boardroom.refresh_from_db()
    assert boardroom.folder == oslo


def test_a_login_for_many_is_tried_by_a_job(client: Client, boardroom: System, lobby: System) -> None:
    chosen = {"row": [boardroom.pk, lobby.pk]}
    assert "tried once on each" in text_of(client.get("/systems/do/login/", chosen))
    typed = {"username": "admin", "password": "secret words", "step": "confirm"}
    answer = client.post("/systems/do/login/", {**chosen, **typed})
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert job.items.count() == 2
    assert "secret words" not in text_of(client.get(answer["Location"]))
    noted = AuditEntry.objects.get(act="log in")
    assert (noted.details["password"], noted.details["job"]) == ("***", job.pk)
