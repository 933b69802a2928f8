"""`systems/login`: who may, what is chosen, how it is answered."""

import pytest
from tests.integration.api.conftest import Caller, CallerOf

from roomkeeper.accounts.models import User
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.systems.models import System

LOGIN = {"username": "admin", "password": "roomkeeper"}


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("systems/login?wait=0", {}),
        ("systems/login", {"Prefer": "wait=0"}),
        ("systems/login", {"Prefer": "return=minimal, respond-async"}),
    ],
)
def test_a_job_is_answered_where_it_is_not_waited_for(
    call: Caller, boardroom: System, lobby: System, address: str, headers: dict[str, str]
) -> None:
    answer = call("POST", address, {"filter": {}, **LOGIN}, headers=headers)
    assert answer.status_code == 202, answer.content
    assert answer["Location"] == f"/api/v1/jobs/{answer.json()['id']}"
    assert set(JobItem.objects.values_list("system_id", flat=True)) == {boardroom.pk, lobby.pk}
    assert b"roomkeeper" not in bytes(Job.objects.get().secrets_ciphertext)
    assert "roomkeeper" not in answer.content.decode()


def test_systems_out_of_reach_are_told_and_not_touched(
    as_user: CallerOf, site_administrator: User, lobby: System
) -> None:
    answer = as_user(site_administrator)("POST", "systems/login", {"systems": [lobby.pk, 999], **LOGIN})
    assert answer.status_code == 200, answer.content
    assert [item["login"] for item in answer.json()["items"]] == ["not_stored", "not_stored"]
    assert not Job.objects.exists()


def test_a_viewer_may_not(as_user: CallerOf, viewer: User, boardroom: System) -> None:
    answer = as_user(viewer)("POST", "systems/login", {"systems": [boardroom.pk], **LOGIN})
    assert answer.status_code == 403


def test_a_login_needs_both_parts_and_systems(call: Caller, boardroom: System) -> None:
    for body in (
        {"systems": [boardroom.pk], "username": "admin"},
        {"systems": [boardroom.pk], **LOGIN, "username": " "},
        {"systems": [], **LOGIN},
        LOGIN,
    ):
        assert call("POST", "systems/login?wait=0", body).status_code == 422
