"""Jobs: whose one sees, what stands on the pages, stopping, and the list for a spreadsheet."""

import warnings
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.systems.models import Folder, System
from roomkeeper.web.templatetags.rk import took

HOSTILE = '<script>alert("x")</script>'


def make(user: User, folder: Folder, *labels: str, title: str = "Add systems") -> Job:
    """A job that waits to be worked on."""
    return work.create(
        "add systems",
        title,
        [work.NewItem(label, {"host": label}) for label in labels],
        user=user,
        now=timezone.now(),
        folder_path=folder.path,
    )


def end_item(item: JobItem, state: str, summary: str = "", **values: object) -> None:
    now = timezone.now()
    JobItem.objects.filter(pk=item.pk).update(
        state=state, summary=summary, started_at=now - timedelta(seconds=3), ended_at=now, **values
    )


def sent(answer: object) -> str:
    """The text of an answer that is sent in pieces."""
    with warnings.catch_warnings():
        # The test client reads an asynchronous stream synchronously, and is told so.
        warnings.simplefilter("ignore")
        return b"".join(answer).decode("utf-8-sig")  # type: ignore[call-overload]


@pytest.fixture
def job(administrator: User, oslo: Folder) -> Job:
    """Of Oslo, with three addresses."""
    return make(administrator, oslo, "10.0.0.1", "10.0.0.2", "10.0.0.3")


def test_the_empty_list_says_what_makes_jobs(client: Client) -> None:
    page = text_of(client.get("/jobs/"))
    assert "No jobs yet" in page
    assert "/add-systems/" in page


def test_the_list_tells_who_what_and_how_far(client: Client, job: Job) -> None:
    end_item(job.items.all()[0], "failed", "It does not answer.")
    page = text_of(client.get("/jobs/"))
    assert "Add systems" in page
    assert "administrator" in page
    assert 'value="1" max="3"' in page
    assert ">1 of 3<" in page


def test_filters_stand_in_the_address(client: Client, job: Job, administrator: User, oslo: Folder) -> None:
    other = make(administrator, oslo, "10.0.0.9", title="Another one")
    work.end(other, Job.State.FAILED, "It broke.", now=timezone.now())

    def listed(query: str) -> set[int]:
        return {row.pk for row, *_ in client.get(f"/jobs/?{query}").context["rows"]}

    assert listed("") == {job.pk, other.pk}
    assert listed("state=failed") == {other.pk}
    assert listed("state=queued&kind=add+systems") == {job.pk}
    assert listed("kind=nonsense") == set()
    assert client.get("/jobs/?state=nonsense").status_code == 400
    assert listed("q=broke") == {other.pk}


def test_jobs_of_other_folders_are_not_there(
    site_administrator: User, administrator: User, signed_in: SignedIn, oslo: Folder, bergen: Folder
) -> None:
    own, other = (
        make(administrator, oslo, "a", title="Ours"),
        make(administrator, bergen, "b", title="Theirs"),
    )
    browser = signed_in(site_administrator)
    page = text_of(browser.get("/jobs/"))
    assert "Ours" in page
    assert "Theirs" not in page
    assert browser.get(f"/jobs/{own.pk}/").status_code == 200
    for address in ("", "items.csv", "stop/"):
        assert browser.get(f"/jobs/{other.pk}/{address}", follow=True).status_code == 404
    assert browser.post(f"/jobs/{other.pk}/cancel/").status_code == 404
    assert "Theirs" not in text_of(browser.get(f"/add-systems/?tab=range&again={other.pk}"))


def test_a_stranger_sees_no_jobs(stranger: User, signed_in: SignedIn, job: Job) -> None:
    assert signed_in(stranger).get("/jobs/").status_code == 403
    assert signed_in(stranger).get(f"/jobs/{job.pk}/").status_code == 403


def test_a_viewer_looks_and_does_not_stop(viewer: User, signed_in: SignedIn, job: Job) -> None:
    browser = signed_in(viewer)
    page = text_of(browser.get(f"/jobs/{job.pk}/"))
    assert "10.0.0.1" in page
    assert f"/jobs/{job.pk}/cancel/" not in page
    assert browser.get(f"/jobs/{job.pk}/cancel/").status_code == 403
    assert browser.post(f"/jobs/{job.pk}/cancel/").status_code == 403
    job.refresh_from_db()
    assert job.state == "queued"


def test_each_part_tells_its_result_and_what_to_do(client: Client, job: Job, boardroom: System) -> None:
    first, second, _ = job.items.all()
    details = {
        "warnings": [{"sentence": "One.", "advice": "Do this."}, {"sentence": "Two.", "advice": "Do that."}]
    }
    end_item(first, "warning", "Added with 2 warnings", system_id=boardroom.pk, details=details)
    end_item(second, "failed", "It refused the login.", advice="Check the login.")
    page = text_of(client.get(f"/jobs/{job.pk}/"))
    assert f'href="/systems/{boardroom.pk}/"' in page
    assert "<li>Do this.</li><li>Do that.</li>" in page
    assert "It refused the login." in page
    assert "Check the login." in page
    assert "10.0.0.3" in page
    failed = text_of(client.get(f"/jobs/{job.pk}/?show=failed"))
    assert "10.0.0.2" in failed
    assert "10.0.0.1<" not in failed
    results = [row[0].pk for row in client.get(f"/jobs/{job.pk}/?show=results").context["rows"]]
    assert results == [first.pk, second.pk]


def test_a_system_of_another_folder_is_not_named(
    site_administrator: User, administrator: User, signed_in: SignedIn, oslo: Folder, home_office: System
) -> None:
    job = make(administrator, oslo, "10.0.0.1")
    end_item(job.items.get(), "done", "Done.", system_id=home_office.pk)
    browser = signed_in(site_administrator)
    assert "Home Office" not in text_of(browser.get(f"/jobs/{job.pk}/"))
    lines = sent(browser.get(f"/jobs/{job.pk}/items.csv"))
    assert f",{home_office.pk}," not in lines


def test_what_devices_say_is_text(client: Client, administrator: User, oslo: Folder) -> None:
    job = make(administrator, oslo, HOSTILE, title=HOSTILE)
    details = {"warnings": [{"advice": HOSTILE}, {"advice": f"{HOSTILE} too"}, "no dictionary", {}]}
    end_item(job.items.get(), "warning", f"Added: {HOSTILE}", advice=HOSTILE, details=details)
    Job.objects.filter(pk=job.pk).update(
        summary=HOSTILE, parameters={"left_out": [HOSTILE], "left_out_count": 1}
    )
    for address in ("/jobs/", f"/jobs/{job.pk}/", f"/jobs/{job.pk}/cancel/"):
        page = text_of(client.get(address))
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_the_list_for_a_spreadsheet_holds_no_formula(
    client: Client, administrator: User, oslo: Folder
) -> None:
    job = make(administrator, oslo, "=1+1", "10.0.0.2")
    end_item(job.items.all()[0], "failed", "@SUM(1)", advice="+1")
    answer = client.get(f"/jobs/{job.pk}/items.csv")
    lines = sent(answer).splitlines()
    assert lines[0] == "what,state,system,result,what to do,began,ended"
    assert lines[1].startswith("'=1+1,failed,,'@SUM(1),'+1,")
    assert len(lines) == 3
    only = sent(client.get(f"/jobs/{job.pk}/items.csv?show=waiting"))
    assert len(only.splitlines()) == 2
    assert AuditEntry.objects.filter(act="export job").count() == 2


def test_stopping_asks_first_and_is_noted(client: Client, job: Job) -> None:
    question = text_of(client.get(f"/jobs/{job.pk}/cancel/", headers={"HX-Request": "true"}))
    assert "Stop this job?" in question
    assert "0 of 3 are done" in question
    page = text_of(client.post(f"/jobs/{job.pk}/cancel/", follow=True))
    assert "is being stopped" in page
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert "<strong>0 of 3</strong>" in page
    assert AuditEntry.objects.get(act="cancel job").object_id == job.pk
    again = text_of(client.post(f"/jobs/{job.pk}/cancel/", follow=True))
    assert "has already ended" in again


def test_whoever_started_it_may_stop_it(operator: User, signed_in: SignedIn, oslo: Folder) -> None:
    own = make(operator, oslo, "10.0.0.1")
    signed_in(operator).post(f"/jobs/{own.pk}/cancel/")
    own.refresh_from_db()
    assert own.state == "cancelled"


def test_what_failed_can_be_tried_again_with_what_is_known(client: Client, job: Job, oslo: Folder) -> None:
    first, second, third = job.items.all()
    end_item(first, "done", "Added.")
    end_item(second, "failed", "It does not answer.")
    end_item(third, "failed", "It does not answer.")
    assert "again=" not in text_of(client.get(f"/jobs/{job.pk}/"))
    job.parameters = {"folder": oslo.pk, "tags": ["a", "b"]}
    job.save(update_fields=["parameters"])
    work.end(job, Job.State.DONE, "1 added; 2 failed.", now=timezone.now())
    assert f"/add-systems/?tab=range&amp;again={job.pk}" in text_of(client.get(f"/jobs/{job.pk}/"))
    page = text_of(client.get(f"/add-systems/?tab=range&again={job.pk}"))
    assert "10.0.0.2\n10.0.0.3</textarea>" in page
    assert f'<option value="{oslo.pk}" selected>' in page
    assert 'value="a, b"' in page
    assert "type it again" in page


def test_the_job_page_asks_the_database_no_more_for_more_parts(
    client: Client,
    administrator: User,
    oslo: Folder,
    boardroom: System,
    django_assert_max_num_queries: object,
) -> None:
    job = make(administrator, oslo, *(f"10.0.{n // 256}.{n % 256}" for n in range(300)))
    JobItem.objects.filter(job=job).update(system_id=boardroom.pk)
    with django_assert_max_num_queries(25):  # type: ignore[operator]
        client.get(f"/jobs/{job.pk}/")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (185, "3 min 5 s"), (7_800, "2 h 10 min")]
)
def test_how_long_it_took(seconds: int, words: str) -> None:
    now = timezone.now()
    assert took({"now": now}, Job(started_at=now - timedelta(seconds=seconds))) == words
    assert took({"now": now}, Job()) == "–"
