"""Over all declared acts on a whole subject, as making a new one: by whichever road one is asked, it leaves the same,
or is refused the same. Those with a plan in between stand in `test_every_flow`."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone
from tests.integration.api.conftest import Caller
from tests.integration.operations.book_sources import GIVEN_TO_ADD
from tests.integration.operations.commands import Commands, words_of
from tests.integration.operations.conftest import ROWS, as_form
from tests.integration.operations.test_every_act import NOTED, ROADS, events

from roomkeeper.accounts.actors import Actor, Road
from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import Permission
from roomkeeper.operations.acts import Act
from roomkeeper.operations.door import NotSeen, do
from roomkeeper.operations.subjects import Subject, all_subjects
from roomkeeper.operations.taking import take
from roomkeeper.systems.models import System

EVERY = [
    pytest.param(subject, act, id=f"{act.name} {subject.noun}")
    for subject in all_subjects()
    for act in subject.acts
    if act.on == "all"
    and act.is_mounted
    and act.rest.is_derived
    and (subject.plural, act.name) != ("templates", "import")
]
# What everybody may do with an own account is refused to nobody.
PERMITTED = [one for one in EVERY if one.values[1].needs is not Permission.OWN_ACCOUNT]
# Told once, and another each time.
OF_THE_MOMENT = {"begins", "expires_at"}


def _of(plural: str) -> Any:
    """An object of another subject, on the boardroom."""
    return lambda system: ROWS[plural](system).pk


# What is given; what a function gives is worked out for the boardroom.
GIVEN: dict[tuple[str, str], dict[str, Any]] = {
    ("credentials", "create"): {"name": "Rooms", "kind": "login", "username": "admin", "password": "s3cret"},
    ("folders", "create"): {"name": "Annex"},
    ("groups", "create"): {"name": "Helpdesk"},
    ("phone book entries", "create"): {"book": _of("phone books"), "name": "Anna", "sip": "anna@example.org"},
    ("phone book settings", "create"): {"book": _of("phone books"), "system": lambda system: system.pk},
    **GIVEN_TO_ADD,
    ("phone books", "create"): {"name": "Corporate"},
    ("saved views", "create"): {"name": "Silent", "of_list": "systems", "query": "alive=no"},
    ("templates", "create"): {
        "name": "Halls",
        "folder": lambda system: system.folder_id,
        "settings": {"Audio/DefaultVolume": "40"},
    },
    ("tokens", "create"): {"name": "for a program"},
    ("users", "create"): {"name": "kari", "password": "correct horse battery"},
}
# Pages with a form of their own.
PAGES: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("templates", "create"): (
        "/templates/new/",
        {
            "name": "Halls",
            "folder": lambda system: system.folder_id,
            "path": ["Audio/DefaultVolume"],
            "value": ["40"],
            "step": "save",
        },
    ),
}


def given_for(subject: Subject, act: Act, system: System) -> dict[str, Any]:
    """What the act takes there."""
    return _known(GIVEN[subject.plural, act.name], system)


def _known(found: dict[str, Any], system: System) -> dict[str, Any]:
    return {name: value(system) if callable(value) else value for name, value in found.items()}


def ask(road: str, client: Client, call: Caller, subject: Subject, act: Act, given: dict[str, Any]) -> int:
    """Do it by a road; the status of the answer."""
    if road == "api":
        return call(act.rest.method, f"{subject.path}{act.tail}", given).status_code
    if road == "command":
        words, stdin = words_of(subject, act, None, given)
        return Commands(call)(*words, given=stdin)
    address, form = PAGES.get((subject.plural, act.name), (f"/{subject.pages_path}/do/{act.slug}/", None))
    filled = as_form(given) if form is None else _known(form, System.objects.get(name="Boardroom"))
    return client.post(address, filled).status_code


def told_by(subject: Subject, entry: AuditEntry) -> tuple[Any, ...]:
    """What the trail holds, but for road, source and what is another each time, as the id of what was made."""
    left_out = OF_THE_MOMENT | {subject.noun}
    details = sorted((name, value) for name, value in entry.details.items() if name not in left_out)
    return entry.user_name, entry.act, entry.object_kind, details


def test_each_has_something_to_be_given() -> None:
    assert {(one.values[0].plural, one.values[1].name) for one in EVERY} == set(GIVEN)


@pytest.mark.parametrize(("subject", "act"), EVERY)
def test_same_audit_row_and_live_event_by_every_road(
    subject, act, administrator, signed_in, as_user, boardroom
):
    told = []
    given = given_for(subject, act, boardroom)
    for road in ROADS:
        before = transaction.savepoint()
        events()
        status = ask(road, signed_in(administrator), as_user(administrator), subject, act, given)
        assert status in (200, 201, 202, 302), road
        noted = AuditEntry.objects.filter(act=act.audit_word(subject.noun)).latest("pk")
        assert (noted.road, noted.source_address, noted.user) == (NOTED[road], "127.0.0.1", administrator)
        told.append((told_by(subject, noted), events()))
        transaction.savepoint_rollback(before)
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize(("subject", "act"), PERMITTED)
def test_whoever_may_not_is_refused_by_every_road_and_nothing_is_noted(
    subject, act, viewer, signed_in, as_user, boardroom
):
    given = given_for(subject, act, boardroom)
    for road in ROADS:
        assert ask(road, signed_in(viewer), as_user(viewer), subject, act, given) == 403
    with pytest.raises((PermissionDenied, NotSeen)):
        do(
            subject,
            act,
            None,
            actor=Actor(viewer, Road.API),
            now=timezone.now(),
            taken=take(subject, act, given),
        )
    assert not AuditEntry.objects.filter(act=act.audit_word(subject.noun)).exists()


@pytest.mark.parametrize(("subject", "act"), EVERY)
def test_act_and_audit_row_are_one_transaction(subject, act, administrator, request, boardroom):
    given = take(subject, act, given_for(subject, act, boardroom))
    before = subject.model._default_manager.count()

    def stop(**_: Any) -> None:
        raise RuntimeError("the trail cannot be written")

    pre_save.connect(stop, sender=AuditEntry)
    request.addfinalizer(lambda: pre_save.disconnect(stop, sender=AuditEntry))
    with pytest.raises(RuntimeError, match="trail"):
        do(subject, act, None, actor=Actor(administrator, Road.PAGE), now=timezone.now(), taken=given)
    assert subject.model._default_manager.count() == before
