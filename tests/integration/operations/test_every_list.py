"""Over all declared lists: what is no filter or sort is refused by page and REST alike."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from roomkeeper.accounts import audit
from roomkeeper.accounts.actors import Road
from roomkeeper.accounts.models import AuditEntry
from roomkeeper.operations.subjects import Subject, all_subjects
from roomkeeper.systems.models import System

LISTS = [pytest.param(subject, id=subject.plural) for subject in all_subjects() if subject.has_pages]


@pytest.mark.parametrize("subject", LISTS)
@pytest.mark.parametrize("query", ["colour=red", "sort=nonsense"])
def test_what_is_no_filter_is_refused_on_the_page_as_by_rest(
    subject: Subject, query: str, administrator, signed_in, as_user
):
    page = signed_in(administrator).get(f"/{subject.pages_path}/?{query}")
    assert page.status_code == 400
    if not subject.has_api or subject.nested:
        return
    answer = as_user(administrator)("GET", f"{subject.path}?{query}")
    assert answer.status_code == 422
    name = query.partition("=")[0]
    assert name in answer.content.decode()
    assert name in page.content.decode()


def test_the_tree_of_folders_is_narrowed_as_its_list(oslo, bergen, administrator, signed_in, as_user):
    for query in ("search=osl", f"parent={oslo.parent_id}", ""):
        page = signed_in(administrator).get(f"/folders/?{query}")
        listed = as_user(administrator).get(f"folders?{query}")["items"]
        assert {node["folder"].pk for node in page.context["tree"]} == {one["id"] for one in listed}, query


@pytest.mark.parametrize("sort", ["first_seen_at", "-first_seen_at", "last_seen_at"])
def test_pages_end_also_over_moments_that_our_own_statements_wrote(
    sort: str, boardroom, home_office, vault, administrator, as_user
):
    """As check-ins write them: SQLite compares texts, and one with a zone is not what the cursor names."""
    moment = datetime(2026, 12, 1, 2, 54, 59, 659385, UTC)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE systems_contact SET first_seen_at = %s, last_seen_at = %s", [moment, moment])
    call, met, page = as_user(administrator), [], f"systems?limit=1&sort={sort}"
    for _ in range(3):
        found = call("GET", page).json()
        met += [one["id"] for one in found["items"]]
        page = f"systems?limit=1&sort={sort}&cursor={found['next']}"
    assert sorted(met) == sorted([boardroom.pk, home_office.pk, vault.pk])
    assert found["next"] is None
    assert System.objects.filter(contact__first_seen_at=moment).count() == 3


def test_all_that_is_noted_is_told(administrator, as_user):
    for road in Road:
        audit.record(administrator, road, "look")
    assert {one["road"] for one in as_user(administrator).get("audit")["items"]} == set(Road)
    with pytest.raises(ValueError, match="job"):
        audit.record(administrator, "job", "look")


def test_what_is_kept_and_cannot_be_told_is_no_fault_of_the_request(administrator, as_user):
    entry = audit.record(administrator, Road.PAGE, "look")
    AuditEntry.objects.filter(pk=entry.pk).update(road="sea")
    assert as_user(administrator)("GET", "audit").status_code == 500
