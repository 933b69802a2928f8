"""How rows of lists look: nothing runs over its neighbour, every box says what it chooses, no value of Python's."""

import csv
import io
import json
import re

import pytest
from django.test import Client
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import User
from roomkeeper.operations.noting import label_of
from roomkeeper.operations.subjects import all_subjects
from roomkeeper.provisioning.models import Action
from roomkeeper.systems.models import System
from roomkeeper.web.cells import classes_of


@pytest.fixture
def client(administrator: User, signed_in: SignedIn) -> Client:
    """The administrator's browser."""
    return signed_in(administrator)


@pytest.fixture
def action(boardroom: System) -> Action:
    """A message that a system shows."""
    given = {"Text": "Back at two", "Title": "Court"}
    return Action.objects.create(
        system=boardroom, command="UserInterface/Message/Alert/Display", arguments=list(given.items())
    )


def test_what_a_template_draws_in_a_list_may_be_long_and_wraps() -> None:
    drawn = [one for subject in all_subjects() for one in subject.fields if one.cell.endswith(".html")]
    assert drawn
    assert {classes_of(one) for one in drawn} == {"device-text"}


def test_a_box_says_which_row_it_chooses(client: Client, action: Action, boardroom: System) -> None:
    page = text_of(client.get("/actions/"))
    assert f'aria-label="Choose {action.command} on {boardroom.name}"' in page


def test_a_spreadsheet_has_no_values_of_python(client: Client, action: Action) -> None:
    sent = b"".join(client.get("/actions/?format=csv")).decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(sent))
    assert json.loads(line["arguments"]) == dict(action.arguments)


def test_the_audit_trail_is_shown_without_values_of_python(client: Client, administrator: User) -> None:
    roles = [{"folder": 1, "role": "viewer"}]
    audit.record(administrator, "page", "try", None, parent=None, is_shared=True, users=[], roles=roles)
    page = text_of(client.get("/audit/?act=try"))
    shown = " ".join(page.split("</tbody>")[0].split("<tbody")[1].split())
    # In which order they stand is the database's.
    assert f">{label_of('parent')}</span> –" in shown
    assert re.search(rf">{label_of('is_shared')}</span> yes\b", shown)
    folder, role = f"{label_of('folder')} 1", f"{label_of('role')} viewer"
    assert f"{folder} {role}" in shown or f"{role} {folder}" in shown
    assert not [word for word in ("None", "True", "[]", "{") if word in shown]
