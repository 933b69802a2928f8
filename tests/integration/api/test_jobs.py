"""`jobs` of the API: who sees them, how far they are, stopping them."""

from datetime import UTC, datetime

import pytest

from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


async def _run(job):
    return "done"


@pytest.fixture
def make_job(administrator):
    work.register_kind(work.JobKind("trial", _run))

    def make(title="A trial", *, folder_path="/", user=administrator, items=2):
        new = [work.NewItem(f"item {number}") for number in range(items)]
        return work.create("trial", title, new, user=user, now=NOW, folder_path=folder_path)

    return make


def test_job_tells_how_far_it_is_and_what_became_of_each_part(as_user, viewer, make_job):
    job = make_job()
    JobItem.objects.filter(job=job, label="item 0").update(
        state="warning", summary="added", advice="enforce", system_id=7
    )
    call = as_user(viewer)
    (listed,) = call.get("jobs?kind=trial&state=queued")["items"]
    found = call.get(f"jobs/{job.pk}")
    assert listed == found
    assert found["counts"]["warning"] == found["counts"]["waiting"] == 1
    assert found["created_by"] == "administrator"
    (item,) = call.get(f"jobs/{job.pk}/items?state=warning")["items"]
    assert (item["label"], item["system"], item["advice"]) == ("item 0", 7, "enforce")
    assert call.get("jobs?state=done")["items"] == []


def test_jobs_of_folders_out_of_reach_are_not_found(as_user, site_administrator, oslo, bergen, make_job):
    mine, other, whole = make_job(folder_path=oslo.path), make_job(folder_path=bergen.path), make_job()
    call = as_user(site_administrator)
    assert [one["id"] for one in call.get("jobs")["items"]] == [mine.pk]
    for job in (other, whole):
        assert call("GET", f"jobs/{job.pk}").status_code == 404
        assert call("POST", f"jobs/{job.pk}/cancel").status_code == 404


def test_stopping_a_job_once(as_user, administrator, make_job):
    job = make_job()
    call = as_user(administrator)
    answer = call("POST", f"jobs/{job.pk}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert call("POST", f"jobs/{job.pk}/cancel").status_code == 409


def test_who_only_looks_stops_no_job_of_others(as_user, viewer, operator, make_job):
    job, own = make_job(), make_job(user=operator)
    assert as_user(viewer)("POST", f"jobs/{job.pk}/cancel").status_code == 403
    assert as_user(operator)("POST", f"jobs/{job.pk}/cancel").status_code == 403
    assert as_user(operator)("POST", f"jobs/{own.pk}/cancel").status_code == 200
    assert Job.objects.get(pk=job.pk).cancel_requested_at is None
