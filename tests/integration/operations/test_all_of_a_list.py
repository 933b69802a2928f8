"""*All n of this list*: an act for many touches just the counted rows on which one may do it, and tells the rest."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.test import Client
from tests.integration.operations.conftest import ROWS, as_form, given_of
from tests.integration.operations.test_every_act import prepared
from tests.integration.web.conftest import text_of

from roomkeeper.accounts.actors import Actor, Road
from roomkeeper.accounts.models import AuditEntry, Role, User
from roomkeeper.accounts.permissions import assign
from roomkeeper.operations.acts import Act
from roomkeeper.operations.door import may
from roomkeeper.operations.subjects import Subject, all_subjects
from roomkeeper.systems.models import Folder, System, Tag

FOR_MANY = [
    pytest.param(subject, act, id=f"{act.name} {subject.plural}")
    for subject in all_subjects()
    for act in subject.acts
    if act.for_many and act.is_mounted and act.page.is_asked and subject.has_pages
]


def rows_of(subject: Subject, act: Act, systems: Iterable[System]) -> list[Any]:
    """A row of each system, or one of all, on which the act makes sense."""
    found = {(row := prepared(subject, act, ROWS[subject.plural](one))).pk: row for one in systems}
    return list(found.values())


def listed(client: Client, subject: Subject, rows: list[Any]) -> tuple[str, int]:
    """The filter of the list that shows all of them, as its form sends it, and the number that its counter says."""
    address = f"/{subject.pages_path}/"
    everything = dict.fromkeys(subject.pages.begins, "all")
    pages = [
        client.get(address, asked) for asked in ({}, everything, *(tab.filters for tab in subject.pages.tabs))
    ]
    page = max(pages, key=lambda one: one.context["pager"]["total"])
    shown = {row.pk for row, *_ in page.context["rows"]}
    assert shown >= {row.pk for row in rows}
    return page.context["filter"], page.context["pager"]["total"]


def touched(subject: Subject, act: Act) -> list[int]:
    """The ids of the rows that the audit trail says it was done to."""
    found: list[int] = []
    for entry in AuditEntry.objects.filter(
        act__in=(act.audit_word(subject.noun), act.audit_word(subject.plural))
    ):
        one = (
            entry.details.get(subject.noun.replace(" ", "_"))
            if subject.about is not None
            else entry.object_id
        )
        found += entry.details.get(subject.plural, [one])
    return sorted(found)


@pytest.mark.parametrize(("subject", "act"), FOR_MANY)
@pytest.mark.parametrize("who", ["administrator", "site_administrator"])
def test_all_of_the_list_are_the_counted_ones_that_one_may_act_on(
    subject, act, who, request, root_folder: Folder, boardroom, home_office, vault, signed_in
):
    user: User = request.getfixturevalue(who)
    if who == "site_administrator":
        assign(user, root_folder, Role.VIEWER)
    rows = rows_of(subject, act, (boardroom, home_office))
    client = signed_in(user)
    address = f"/{subject.pages_path}/do/{act.slug}/"
    if client.get(f"/{subject.pages_path}/").status_code == 403:
        assert client.get(address, {"every": "1", "filter": "?"}).status_code == 403
        return
    seen = list(subject.rows(Actor(user, Road.PAGE).grants))
    words, counted = listed(client, subject, [row for row in rows if row in seen])
    permitted = sorted(row.pk for row in seen if may(subject, act, row, Actor(user, Road.PAGE)))

    asked = client.get(address, {"every": "1", "filter": words})
    if not permitted:
        assert asked.status_code in (302, 403)
        return
    left_out = counted - len(permitted)
    assert ("left out" in text_of(asked)) == bool(left_out)
    assert f"{left_out} of the {counted} chosen" in text_of(asked) or not left_out
    # One that comes into the list meanwhile was neither counted nor asked about.
    rows_of(subject, act, (vault,))
    question = asked.context["question"]
    given = as_form(given_of(subject.plural, act.name))
    sent = {**dict(question.fields), **given, "word": question.word}
    client.post(address, {**sent, "step": "confirm"})

    # A plan may say of some that it cannot be.
    assert touched(subject, act) == permitted or (act.plan is not None and touched(subject, act))
    assert set(touched(subject, act)) <= set(permitted)


def test_more_than_can_be_done_at_once_are_refused_whole(client_of_all: Client) -> None:
    """Also where only the later ones may be acted on: what is counted is not cut off in silence."""
    Tag.objects.bulk_create(Tag(name=f"tag {number}") for number in range(2_001))
    there = client_of_all.get("/tags/do/delete/", {"every": "1", "filter": "?"}, follow=True)
    assert "narrow the list" in text_of(there)
    assert Tag.objects.count() == 2_001


@pytest.fixture
def client_of_all(administrator: User, signed_in: Any) -> Client:
    """The administrator's browser."""
    client: Client = signed_in(administrator)
    return client
