"""A great many records are written by a job, and a job that is begun again writes nothing twice."""

import pytest
from tests.cast import add_system
from tests.integration.backups.room import work_on
from tests.integration.bulk_editing.test_editing import apply, export, plan

from roomkeeper.accounts.models import Role, RoleAssignment, User
from roomkeeper.bulk_editing import applying
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.systems.models import Folder, System, TimelineEntry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(oslo: Folder, bergen: Folder, administrator: User, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job that moves, tags, notes and locks forty systems."""
    monkeypatch.setattr(applying, "RECORDS_AT_ONCE", 10)
    for number in range(1, 41):
        add_system(f"Room {number}", oslo, number)
    rows = export()
    for row in rows:
        row |= {"folder": "Bergen", "tags": "court", "notes": "moved", "connectivity_is_locked": "yes"}
    done = apply(plan(rows, administrator), administrator)
    assert done.job is not None
    assert not System.objects.filter(folder=bergen).exists()
    return done.job


def written() -> int:
    return System.objects.filter(
        folder__name="Bergen", notes="moved", tags__name="court", connectivity_is_locked=True
    ).count()


def test_the_job_writes_all_and_says_so(job: Job) -> None:
    assert work_on(job).state == Job.State.DONE
    assert job.summary == "40 records written."
    assert written() == 40
    assert set(job.items.values_list("state", flat=True)) == {"done"}


def test_begun_again_it_writes_nothing_twice(job: Job) -> None:
    work_on(job)
    lines = TimelineEntry.objects.count()
    # As after kill -9 in the middle: some items were written, and nobody could say so.
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, worker="dead")
    JobItem.objects.filter(job=job).update(state=JobItem.State.RUNNING, details={})
    assert work_on(job).state == Job.State.DONE
    assert job.summary == "40 records written."
    assert (written(), TimelineEntry.objects.count()) == (40, lines)


def test_what_changed_since_is_left_alone_and_told(job: Job) -> None:
    System.objects.filter(name="Room 7").update(notes="somebody else's")
    System.objects.filter(name="Room 8").delete()
    work_on(job)
    assert job.summary == "38 records written; 2 not."
    assert System.objects.get(name="Room 7").notes == "somebody else's"
    told = " ".join(job.items.filter(state="warning").values_list("summary", flat=True))
    assert "Room 7: Notes has been changed meanwhile" in told
    assert "Room 8: It has been deleted meanwhile" in told


def test_rights_that_were_taken_meanwhile_hold(job: Job, administrator: User, bergen: Folder) -> None:
    RoleAssignment.objects.filter(user=administrator).delete()
    RoleAssignment.objects.create(user=administrator, folder=bergen, role=Role.ADMINISTRATOR)
    work_on(job)
    assert written() == 0
    assert set(job.items.values_list("state", flat=True)) == {"failed"}
