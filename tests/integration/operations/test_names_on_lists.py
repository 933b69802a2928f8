"""On a list each thing has a name of its own: no two columns or filters of a subject are called the same."""

import re

import pytest
from django.test import Client
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import SavedView, User
from roomkeeper.operations.subjects import all_subjects
from roomkeeper.systems.models import System
from roomkeeper.web.derived_bars import label_of


@pytest.fixture
def client(administrator: User, signed_in: SignedIn) -> Client:
    """The administrator's browser."""
    return signed_in(administrator)


def thing_of(name: str) -> str:
    """What a field is about: `has_drift` and `drift_count` are about drift."""
    name = name.removeprefix("is_").removeprefix("has_")
    return re.sub("_(count|path|name|id|at)$", "", name).rstrip("s")


def test_no_two_things_of_a_list_are_called_the_same() -> None:
    called: dict[str, set[str]] = {}
    for subject in all_subjects():
        for one in subject.fields:
            if one.heading or (one.filter in ("one", "any", "set", "own") and one.is_offered):
                called.setdefault(f"{subject.plural}: {label_of(one)}", set()).add(thing_of(one.name))
    assert not {label: sorted(things) for label, things in called.items() if len(things) > 1}


def test_whether_it_is_alive_and_what_its_record_is_are_two_things(
    client: Client, administrator: User, boardroom: System
) -> None:
    view = SavedView.objects.create(
        user=administrator,
        of_list="systems",
        name="Blocked",
        query="state=blocked",
        columns=["name", "state"],
    )
    System.objects.update(state="blocked")
    page = client.get(f"/systems/?state=blocked&view={view.pk}")
    heads = [head["heading"] for head in page.context["heads"]]
    assert heads == ["Name", "Record"]
    assert ">blocked" in text_of(page).split("<tbody>")[1]
    assert 'name="state" aria-label="Record"' in text_of(page)
    assert 'name="alive" aria-label="Alive"' in text_of(page)
