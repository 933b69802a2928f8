"""What acts on the record and contact of systems add to every act: many by a filter, several in one PATCH, a code."""

import importlib

import pytest
from django.apps import apps
from django.contrib.messages import get_messages
from tests.integration.web.conftest import text_of

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import AuditEntry
from roomkeeper.operations.subjects import all_subjects
from roomkeeper.systems import inventory
from roomkeeper.systems.admission import secrets
from roomkeeper.systems.models import ActivationCode, Contact, System


def noted(*acts: str) -> list[tuple[str, int]]:
    """Which of the acts are in the trail, with the systems they were done to."""
    rows = AuditEntry.objects.filter(act__in=acts).order_by("pk")
    return list(rows.values_list("act", "object_id"))


def test_many_are_chosen_by_a_filter_as_the_page_begins(
    as_user, administrator, boardroom, home_office, vault
):
    System.objects.filter(pk=vault.pk).update(state="ignored")
    call = as_user(administrator)
    found = call("POST", "systems/tag", {"filter": {}, "add": ["court"]}).json()
    assert found["done"] == 2
    assert sorted(one["id"] for one in found["items"]) == sorted([boardroom.pk, home_office.pk])
    assert noted("tag system") == [("tag system", boardroom.pk), ("tag system", home_office.pk)]
    call("POST", "systems/tag", {"filter": {"state": "ignored"}, "add": ["gone"]})
    assert inventory.tags_of([vault.pk]) == {vault.pk: ["gone"]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"filter": {"colour": "red"}}, "body.filter.colour"),
        ({"filter": {"limit": 3}}, "body.filter.limit"),
        ({"filter": {"folder": None}}, "body.filter.folder"),
        ({"filter": {"tags": []}}, "body.filter.tags"),
        ({"filter": {"state": []}}, "body.filter.state"),
        ({"filter": {}, "systems": [1]}, "body"),
        ({}, "body"),
        ({"systems": []}, "body.systems"),
        ({"systems": [1], "colour": "red"}, "body.colour"),
    ],
)
def test_what_names_no_many_is_refused(body, field, as_user, administrator, boardroom):
    answer = as_user(administrator)("POST", "systems/tag", {"add": ["court"], **body})
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert not AuditEntry.objects.filter(act="tag system").exists()


def test_what_takes_nothing_refuses_what_it_is_given(as_user, administrator, boardroom):
    call = as_user(administrator)
    for act in ("rotate-secret", "enforce", "poll", "diagnose", "accept-key", "replace/undo", "backups"):
        answer = call("POST", f"systems/{boardroom.pk}/{act}", {"dry_run": True})
        assert answer.status_code == 422, act
        assert [one["field"] for one in answer.json()["errors"]] == ["body.dry_run"], act
    answer = call("DELETE", f"systems/{boardroom.pk}", {"dry_run": True})
    assert answer.status_code == 422
    assert not AuditEntry.objects.exists()


def test_a_change_of_nothing_is_none(as_user, administrator, boardroom):
    call = as_user(administrator)
    for address in (f"systems/{boardroom.pk}", f"users/{administrator.pk}", f"folders/{boardroom.folder_id}"):
        assert call("PATCH", address, {}).status_code == 200, address
    assert not AuditEntry.objects.exists()


def test_what_rides_on_a_check_in_is_accepted_for_many_as_for_one(as_user, administrator, boardroom):
    call = as_user(administrator)
    assert call("POST", f"systems/{boardroom.pk}/enforce", {}).status_code == 202
    answer = call("POST", "systems/enforce", {"systems": [boardroom.pk, 2**80]})
    assert answer.status_code == 422
    answer = call("POST", "systems/enforce", {"systems": [boardroom.pk, boardroom.pk + 1_000]})
    assert answer.status_code == 202
    assert [one["status"] for one in answer.json()["items"]] == [202, 404]


@pytest.mark.parametrize("address", ["replace", "replace/undo", "backups", "restart"])
def test_a_number_that_no_database_has_is_not_found(address, as_user, administrator, boardroom):
    answer = as_user(administrator)("POST", f"systems/{10**22}/{address}", {})
    assert answer.status_code == 404


def test_a_filter_finds_only_where_one_may_and_ids_are_told_why_not(
    as_user, site_administrator, operator, boardroom, home_office
):
    call = as_user(site_administrator)
    assert call("POST", "systems/lock", {"filter": {}}).json()["done"] == 1
    assert System.objects.get(pk=boardroom.pk).connectivity_is_locked
    items = call("POST", "systems/unlock", {"systems": [boardroom.pk, home_office.pk]}).json()["items"]
    assert [one["status"] for one in items] == [200, 404]
    assert as_user(operator)("POST", "systems/unlock", {"filter": {}}).status_code == 403


def test_of_many_each_may_have_its_own(as_user, administrator, root_folder):
    systems = [
        System.objects.create(folder=root_folder, state="pending", serial_number=f"FOC{n}") for n in (1, 2)
    ]
    for system in systems:
        Contact.objects.create(system=system)
    chosen = [{"system": one.pk, "source": f"198.51.100.{n}"} for n, one in enumerate(systems, start=1)]
    found = as_user(administrator)("POST", "systems/approve", {"systems": chosen, "tags": ["new"]}).json()
    assert [(one["system"], one["id"], one["status"]) for one in found["items"]] == [
        (one.pk, one.pk, 200) for one in systems
    ]
    assert [one.secrets.get().bound_source for one in systems] == ["198.51.100.1", "198.51.100.2"]
    wrong = [{"system": systems[0].pk, "source": "here"}]
    assert as_user(administrator)("POST", "systems/approve", {"systems": wrong}).status_code == 422


def test_one_patch_is_several_acts_all_or_none(as_user, administrator, operator, home_office):
    path = f"systems/{home_office.pk}"
    both = {"name": "Den", "connectivity_is_locked": True}
    assert as_user(operator)("PATCH", path, both).status_code == 403
    assert System.objects.get(pk=home_office.pk).name == "Home Office"
    assert not noted("rename system", "lock connectivity of system")
    told = as_user(administrator)("PATCH", path, both).json()
    assert told["change_set"] is not None
    assert told["secure_only_move"] is None
    unlocked = as_user(administrator)("PATCH", path, {"connectivity_is_locked": False}).json()
    assert (unlocked["connectivity_is_locked"], unlocked["change_set"]) == (False, None)
    assert noted("rename system", "lock connectivity of system", "unlock connectivity of system") == [
        ("rename system", home_office.pk),
        ("lock connectivity of system", home_office.pk),
        ("unlock connectivity of system", home_office.pk),
    ]


def test_an_activation_code_is_told_once_by_both_roads(as_user, signed_in, administrator, oslo):
    system = System.objects.create(folder=oslo, state="pre_registered", serial_number="FOC7")
    client = signed_in(administrator)
    page = client.post(f"/systems/{system.pk}/act/activation-code/", {"hours": "24"})
    told = {name: value for name, _, value in page.context["told"]}
    assert told["code"] in text_of(page)
    assert ActivationCode.objects.get(digest=secrets.digest(told["code"])).system == system
    assert not list(get_messages(page.wsgi_request))
    answer = as_user(administrator)("POST", f"systems/{system.pk}/activation-code", {"hours": 24})
    assert answer.status_code == 201
    assert answer.json()["path"].endswith("/" + answer.json()["code"])
    entries = AuditEntry.objects.filter(act="create activation code").order_by("pk")
    assert [(one.road, one.details) for one in entries] == [("page", {"hours": 24}), ("api", {"hours": 24})]


def test_several_are_moved_and_deleted_from_the_page_with_a_row_each(
    signed_in, administrator, boardroom, home_office, bergen
):
    client = signed_in(administrator)
    chosen = {"step": "confirm", "row": [boardroom.pk, home_office.pk]}
    client.post("/systems/do/move/", {**chosen, "folder": bergen.pk})
    assert noted("move system") == [("move system", boardroom.pk), ("move system", home_office.pk)]
    client.post("/systems/do/delete/", {**chosen, "word": "both"})
    assert System.objects.filter(folder=bergen).count() == 2
    client.post("/systems/do/delete/", {**chosen, "word": "2"})
    assert not System.objects.filter(folder=bergen).exists()
    assert len(noted("delete system")) == 2


def test_empty_ports_and_notes_are_emptied_and_an_empty_password_is_kept(signed_in, administrator, boardroom):
    client = signed_in(administrator)
    System.objects.filter(pk=boardroom.pk).update(http_port=81, https_port=444, notes="Below")
    page = f"/systems/{boardroom.pk}/act/address/"
    assert 'value="444"' in text_of(client.get(page))
    client.post(page, {"host": "10.9.9.9", "http_port": "", "https_port": "444"})
    client.post(f"/systems/{boardroom.pk}/act/notes/", {"notes": ""})
    boardroom.refresh_from_db()
    assert (boardroom.http_port, boardroom.https_port, boardroom.notes) == (None, 444, "")


def test_words_that_were_noted_before_are_those_of_the_acts(administrator, boardroom):
    audit.record(administrator, "page", "tags", boardroom)
    audit.record(administrator, "api", "make activation code system", boardroom)
    module = importlib.import_module("roomkeeper.accounts.migrations.0011_words_of_records")
    module.rename(apps, None)
    assert noted("set tags of system", "create activation code") == [
        ("set tags of system", boardroom.pk),
        ("create activation code", boardroom.pk),
    ]


def test_words_that_pages_noted_of_several_systems_are_those_of_the_acts(administrator, boardroom):
    before = (
        "folder systems",
        "tags systems",
        "enforce systems",
        "restart systems",
        "run command on systems",
    )
    for word in before:
        audit.record(administrator, "page", word, None, done=1)
    module = importlib.import_module("roomkeeper.accounts.migrations.0012_words_of_acts_on_many")
    module.rename(apps, None)
    words = {act.audit_word(subject.noun) for subject in all_subjects() for act in subject.acts}
    found = set(AuditEntry.objects.filter(details__done=1).values_list("act", flat=True))
    assert len(found) == len(before)
    assert found <= words
