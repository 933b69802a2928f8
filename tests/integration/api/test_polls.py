"""Polling systems and looking at their polls, by REST and by the command line."""

import json

import pytest
from django.utils import timezone
from tests.integration.api.conftest import CallerOf
from tests.integration.api.test_command_line import Shell

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.polling.models import Poll
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import Contact, System


def test_polling_one_system_makes_a_job(as_user: CallerOf, operator: User, boardroom: System) -> None:
    answer = as_user(operator)("POST", f"systems/{boardroom.pk}/poll")
    assert answer.status_code == 202
    job = Job.objects.get()
    assert answer["Location"] == f"/api/v1/jobs/{job.pk}"
    assert (job.kind, job.title, job.folder_path) == ("poll", "Poll Boardroom", boardroom.folder.path)
    assert answer.json()["counts"]["waiting"] == 1
    assert JobItem.objects.get().system_id == boardroom.pk
    noted = AuditEntry.objects.get()
    assert (noted.act, noted.object_label, noted.details) == ("poll system", "Boardroom", {"job": job.pk})


def test_polling_many_systems_makes_one_job(
    as_user: CallerOf, operator: User, boardroom: System, lobby: System
) -> None:
    answer = as_user(operator)("POST", "systems/poll", {"systems": [boardroom.pk, lobby.pk, boardroom.pk]})
    assert answer.status_code == 202
    assert [item.label for item in JobItem.objects.order_by("id")] == ["Boardroom", "Lobby"]
    job = Job.objects.get()
    assert job.folder_path == "/"
    noted = AuditEntry.objects.get()
    told = {"job": job.pk, "count": 2, "systems": [boardroom.pk, lobby.pk]}
    assert (noted.act, noted.object_id, noted.details) == ("poll systems", None, told)


def test_who_may_not_act_may_not_poll(
    as_user: CallerOf,
    viewer: User,
    site_administrator: User,
    stranger: User,
    boardroom: System,
    lobby: System,
) -> None:
    assert as_user(viewer)("POST", f"systems/{boardroom.pk}/poll").status_code == 403
    assert as_user(stranger)("POST", f"systems/{boardroom.pk}/poll").status_code == 403
    # One that is out of sight is an outcome of its own.
    call = as_user(site_administrator)
    told = call("POST", "systems/poll", {"systems": [lobby.pk]}).json()
    assert [one["status"] for one in told["items"]] == [404]
    assert not Job.objects.exists()
    told = call("POST", "systems/poll", {"systems": [boardroom.pk, lobby.pk]}).json()
    assert [(one["system"], one["status"]) for one in told["refused"]] == [(lobby.pk, 404)]
    assert [item.label for item in JobItem.objects.all()] == ["Boardroom"]


def test_systems_are_polled_by_a_filter(
    as_user: CallerOf, site_administrator: User, boardroom: System, lobby: System
) -> None:
    as_user(site_administrator)("POST", "systems/poll", {"filter": {}})
    assert [item.label for item in JobItem.objects.all()] == ["Boardroom"]


def test_how_polls_go_is_told(
    as_user: CallerOf, viewer: User, boardroom: System, home_office: System
) -> None:
    call = as_user(viewer)
    assert call.get(f"systems/{home_office.pk}/poll")["why_not"].endswith("Behind Firewall.")
    assert call.get(f"systems/{boardroom.pk}/poll")["why_not"].startswith("No login")
    credentials.set_credentials(boardroom, "admin", "secret")
    now = timezone.now()
    Poll.objects.create(
        system=boardroom, due_at=now, due_because="idle", last_at=now, in_a_row=-2, error="It timed out."
    )
    found = call.get(f"systems/{boardroom.pk}/poll")
    assert (found["why_not"], found["failures"], found["error"]) == ("", 2, "It timed out.")
    assert found["due_because"] == "idle"


def test_a_system_says_why_it_is_alive(as_user: CallerOf, viewer: User, boardroom: System) -> None:
    call = as_user(viewer)
    assert call.get(f"systems/{boardroom.pk}")["alive_reason"] == "It posts."
    reason = "3 of the last 5 polls failed: the connection timed out; it never posted"
    Contact.objects.update(is_alive=False, overdue_at=timezone.now(), alive_reason=reason)
    Poll.objects.create(system=boardroom, last_at=timezone.now(), error="Boardroom did not answer.")
    (found,) = call.get("systems")["items"]
    assert (found["alive"], found["alive_reason"]) == ("no", f"{reason}.")
    assert found["poll_error"] == "Boardroom did not answer."
    assert found["polled_at"] is not None


def test_polling_is_a_group_of_network_settings(as_user: CallerOf, administrator: User) -> None:
    call = as_user(administrator)
    before = call.get("network-settings")["polling"]
    assert before["enabled"] is True
    answer = call("PATCH", "network-settings", {"polling": {"idle": 600, "at_once": 50}})
    assert answer.json()["polling"] == {**before, "idle": 600, "at_once": 50}
    answer = call("PATCH", "network-settings", {"polling": {"at_once": 0, "dead": 1}})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {
        "body.polling.at_once",
        "body.polling.dead",
    }
    answer = call("PATCH", "network-settings", {"polling": {"enabled": False}})
    assert answer.json()["polling"]["enabled"] is False


@pytest.mark.django_db(transaction=True)
def test_command_line_tells_what_came_of_it(
    live_server: object, administrator: User, boardroom: System, lobby: System
) -> None:
    shell = Shell(live_server.url, administrator)  # type: ignore[attr-defined]
    told = shell("systems", "poll", "Boardroom", str(lobby.pk), "--wait", "0", code=1)
    assert "Boardroom" in told.stdout
    assert "queued" in told.output
    job = Job.objects.get()
    JobItem.objects.update(state="done", summary="Answered in 12 ms.")
    work.end(job, "done", "2 answered.", now=timezone.now())
    assert "Answered in 12 ms." in shell("jobs", "show", str(job.pk)).stdout
    assert (
        json.loads(shell("systems", "poll", "Lobby", "--wait", "0", "--json", code=1).stdout)["kind"]
        == "poll"
    )
