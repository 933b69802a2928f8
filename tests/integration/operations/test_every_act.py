"""Over all declared acts: by whichever road one is asked, it leaves the same, or is refused the same."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone
from tests.integration.api.conftest import Caller
from tests.integration.operations.book_sources import as_offered
from tests.integration.operations.commands import Commands, words_of
from tests.integration.operations.conftest import PLANNED, ROWS, STATES, form_of, given_of

from roomkeeper.accounts.actors import Actor, Road
from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.diagnosis.models import Diagnosis
from roomkeeper.jobs import work
from roomkeeper.operations.acts import Act
from roomkeeper.operations.door import do
from roomkeeper.operations.subjects import Subject, all_subjects, get_subject
from roomkeeper.operations.taking import given_to, take
from roomkeeper.provisioning.models import Change, ChangeItem
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import ChangeEvent, Contact, System

EVERY = [
    pytest.param(subject, act, id=f"{act.name} {subject.noun}")
    for subject in all_subjects()
    for act in subject.acts
    if act.on == "one" and act.is_mounted
]

ON_BOTH = [one for one in EVERY if one.values[1].rest.is_derived and one.values[1].page.is_asked]
ROADS = ("page", "api", "command")
# The command line asks as a program does.
NOTED = {"page": "page", "api": "api", "command": "api"}
# The nouns of what acts begin, under which the trail names it.
BEGUN = {begun.noun.replace(" ", "_") for one in EVERY if (begun := one.values[0].begun_by(one.values[1]))}


def prepared(subject: Subject, act: Act, row: Any) -> Any:
    """The row in a state in which the act is offered: `take up` wants one that is ignored."""
    if subject.prepare is not None:
        subject.prepare([row], Grants(None), timezone.now())
    if subject.plural == "systems":
        STATES.get(act.name, lambda _: None)(row)
        row.save()
    elif act.offered is not None and not act.offered(row):
        if subject.plural == "phone book sources":
            as_offered(act.name, row)
        elif subject.plural == "drift":
            row.ignored_at = timezone.now()
        elif subject.plural == "change sets":
            ChangeItem.objects.update(state="failed")
            Change.objects.update(state="failed")
        elif subject.plural == "secure-only moves":
            row.state = "paused"
        elif subject.plural == "secure-only members":
            row.state = "held"
        elif subject.plural == "inbox":
            row.state = "ignored"
        elif subject.plural == "users":
            row.is_active = False
        row.save()
    if subject.plural == "systems":
        credentials.set_credentials(row, "admin", "s3cret")
    if act.name.startswith("fix "):
        offering(row, act.name.removeprefix("fix "))
    return row


def offering(system: System, fix: str) -> None:
    """Let the newest diagnosis of the system offer that fix, and the system be one on which it can be done."""
    now = timezone.now()
    job = work.create("diagnose", "A trial", [], user=None, now=now)
    Diagnosis.objects.create(
        system=system, job_id=job.pk, created_at=now, state="done", rows=[{"checks": [{"fix": fix}]}]
    )
    Contact.objects.filter(system=system).update(source_address="192.0.2.7")


def named_by_audit(subject: Subject, row: Any) -> int:
    """The id of the object that the trail names: the row's, or that of what it is about."""
    return int((subject.about(row) if subject.about is not None else row).pk)


def left_by(subject: Subject, key: int) -> list[tuple[Any, ...]]:
    """What the audit trail holds, but for road and source, for the row's id where it names another object, and for
    the number of what was begun."""
    rows = AuditEntry.objects.filter(object_id=key).order_by("pk")
    found: list[tuple[Any, ...]] = [
        (
            one.user_name,
            one.act,
            one.object_kind,
            one.object_label,
            sorted(
                (name, _same(name, value))
                for name, value in one.details.items()
                if name not in {subject.noun.replace(" ", "_"), *BEGUN}
            ),
        )
        for one in rows
    ]
    return found


def _same(name: str, value: Any) -> Any:
    """What was begun is another each time."""
    return value is not None if name in ("change_set", "job") else value


def events() -> set[str]:
    """The topics of the live events since they were last taken."""
    found = set(ChangeEvent.objects.values_list("topic", flat=True))
    ChangeEvent.objects.all().delete()
    return found


def row_with(subject: Subject, key: int) -> Any:
    """The row of that id, which a dangerous act wants typed."""
    return subject.model._default_manager.get(pk=key)


def ask(road: str, client: Client, call: Caller, subject: Subject, act: Act, key: int) -> int:
    """Do it by a road; the status of the answer."""
    given = given_of(subject.plural, act.name)
    if road == "page":
        address = f"/{subject.pages_path}/{key}/{subject.acts_at}{act.slug}/"
        form = form_of(subject.plural, act.name) | {"word": str(row_with(subject, key))}
        # The second yes, where what is given is looked at first.
        return client.post(address, {**form, "step": form.get("step", "confirm")}).status_code
    if road == "command":
        typed = subject if subject.has_api else get_subject("systems")
        words, stdin = words_of(typed, act, key, given)
        return Commands(call)(*words, given=stdin)
    # A list of the pages alone is a part of another for programs.
    path = subject.path if subject.has_api else "systems"
    return call(act.rest.method, f"{path}/{key}{act.tail}", given or None).status_code


def test_every_subject_has_a_row_to_be_tested_with() -> None:
    listed = {one.plural for one in all_subjects() if one.has_pages or one.has_api}
    assert listed <= set(ROWS) <= {one.plural for one in all_subjects()}


@pytest.mark.parametrize(("subject", "act"), ON_BOTH)
def test_same_audit_row_and_live_event_by_every_road(
    subject, act, row_of, administrator, signed_in, as_user, boardroom
):
    told = []
    for road in ROADS:
        before = transaction.savepoint()
        row = prepared(subject, act, row_of(subject.plural))
        key, named = row.pk, named_by_audit(subject, row)
        events()
        status = ask(road, signed_in(administrator), as_user(administrator), subject, act, key)
        assert status in (200, 201, 202, 204, 302), road
        noted = AuditEntry.objects.filter(act=act.audit_word(subject.noun)).latest("pk")
        assert (noted.road, noted.source_address, noted.user) == (NOTED[road], "127.0.0.1", administrator)
        told.append((left_by(subject, named)[-1], events()))
        transaction.savepoint_rollback(before)
    assert told[0] == told[1] == told[2]


# What everybody may do with an own account is refused to nobody who sees the row.
PERMITTED = [one for one in ON_BOTH if one.values[1].needs is not Permission.OWN_ACCOUNT]


@pytest.mark.parametrize(("subject", "act"), PERMITTED)
def test_whoever_may_not_is_refused_by_every_road_and_nothing_is_noted(
    subject, act, row_of, viewer, signed_in, as_user
):
    row = prepared(subject, act, row_of(subject.plural))
    is_own = act.needs is Permission.OWN_ACCOUNT
    for road in ROADS:
        # What is somebody's own is not there for anybody else.
        expected = 404 if is_own else 403
        assert ask(road, signed_in(viewer), as_user(viewer), subject, act, row.pk) == expected
    if is_own:
        return
    taken = take(subject, act, given_of(subject.plural, act.name))
    with pytest.raises(PermissionDenied):
        do(subject, act, row, actor=Actor(viewer, Road.API), now=timezone.now(), taken=taken)
    assert not AuditEntry.objects.filter(act=act.audit_word(subject.noun)).exists()


@pytest.mark.parametrize(("subject", "act"), [one for one in EVERY if one.values[1].page.is_asked])
def test_every_act_is_asked_on_its_page(subject, act, row_of, administrator, signed_in):
    row = prepared(subject, act, row_of(subject.plural))
    is_planned = (subject.plural, act.name) in PLANNED
    chosen = form_of(subject.plural, act.name) if is_planned else {}
    address = f"/{subject.pages_path}/{row.pk}/{subject.acts_at}{act.slug}/"
    asked = signed_in(administrator).get(address, chosen)
    assert asked.status_code == 200
    if is_planned:
        return
    page = asked.content.decode()
    assert not [
        one.name
        for one in given_to(act)
        if one.when is None and one.is_asked and f'name="{one.name}' not in page
    ]


@pytest.mark.parametrize(("subject", "act"), EVERY)
def test_act_and_audit_row_are_one_transaction(subject, act, row_of, administrator, request):
    row = prepared(subject, act, row_of(subject.plural))
    stored = subject.model._default_manager.filter(pk=row.pk)
    before = stored.values().get()

    def stop(**_: Any) -> None:
        raise RuntimeError("the trail cannot be written")

    # What was done before has to be undone with it.
    pre_save.connect(stop, sender=AuditEntry)
    request.addfinalizer(lambda: pre_save.disconnect(stop, sender=AuditEntry))
    taken = take(subject, act, given_of(subject.plural, act.name))
    with pytest.raises(RuntimeError, match="trail"):
        do(subject, act, row, actor=Actor(administrator, Road.PAGE), now=timezone.now(), taken=taken)
    assert stored.values().get() == before


def test_an_act_for_many_is_one_transaction_each(row_of, boardroom, home_office, as_user, administrator):
    first, second = ROWS["tickets"](boardroom), ROWS["tickets"](home_office)
    second.state = "closed"
    second.save()

    answer = as_user(administrator)(
        "POST", "tickets/close", {"tickets": [first.pk, second.pk, 999_999], "reason": "done"}
    ).json()

    assert answer["done"] == 1
    assert [one["status"] for one in answer["items"]] == [200, 409, 404]
    assert get_subject("tickets").model._default_manager.get(pk=first.pk).state == "closed"
