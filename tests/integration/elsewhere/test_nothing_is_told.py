"""An administrator of one folder learns nothing of another: no name, no number, no count, by any address (S.6)."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.test import Client

from roomkeeper.accounts.models import AuditEntry, SavedView, User
from roomkeeper.systems import inventory, live
from roomkeeper.systems.models import ChangeEvent, Folder, System
from tests.integration.api.conftest import Caller
from tests.integration.elsewhere.acting import acts, on_paths
from tests.integration.elsewhere.posting import of_forms_that_name_it, on_what_is_elsewhere
from tests.integration.elsewhere.posting import told as told_by
from tests.integration.elsewhere.scene import Half, disturb, furnish, person, span
from tests.integration.elsewhere.walking import (
    alike,
    content_of,
    difference,
    filters,
    said,
    walk,
    without_times,
)
from tests.integration.web.test_events import heard

pytestmark = pytest.mark.one_database


@dataclass
class Scene:
    here: Half
    there: Half
    both: dict[str, int]
    call: Caller
    browser: Client
    administrator: Caller
    user: User

    @property
    def ids(self) -> dict[str, set[int]]:
        """Of everything by its kind: here, there, and on both sides."""
        found: dict[str, set[int]] = {}
        for one in (self.here.ids, self.there.ids, self.both):
            for kind, key in one.items():
                found.setdefault(kind, set()).add(key)
        return found


@pytest.fixture
def scene(administrator: User, oslo: Folder, root_folder: Folder) -> Scene:
    as_administrator = Caller(administrator)
    # Ids that no page holds for another reason.
    Folder.objects.create(pk=700_000, name="gone", parent=root_folder).delete()
    System.objects.create(pk=700_000, name="gone", folder=root_folder).delete()
    there = furnish(
        inventory.create_folder(root_folder, "Qxzorro town"),
        as_administrator,
        word="qxzorro",
        number=213 * 256,
    )
    here = furnish(oslo, as_administrator, word="home", number=256)
    both = span((here, there), as_administrator, word="qxzorro")
    user = person("local", oslo)
    for half, owner, key in ((here, user, 700_010), (there, administrator, 700_020)):
        name = f"{half.systems[0].name} view"
        SavedView.objects.create(pk=key, user=owner, of_list="systems", name=name, query="sort=name")
        half.ids["saved_view"] = key
    browser = Client()
    browser.force_login(user)
    return Scene(here, there, both, Caller(user), browser, as_administrator, user)


def test_no_address_tells_of_another_folder(scene: Scene) -> None:
    first = walk(scene.call, scene.browser, scene.ids)
    assert not [address for address, (status, _) in first.items() if status >= 500]
    assert not {address: said(content) for address, (_, content) in first.items() if said(content)}
    # What happens there changes nothing here: no count does, either.
    disturb(scene.here, scene.there, scene.both, scene.administrator, word="qxzorro")
    # That the job was exported stands in its change log.
    AuditEntry.objects.filter(act="export job").delete()
    second = walk(scene.call, scene.browser, scene.ids)
    assert not {address: said(content) for address, (_, content) in second.items() if said(content)}
    differing = {address: difference(first[address], second[address]) for address in first}
    assert not {address: told for address, told in differing.items() if told}


def test_a_filter_by_what_is_elsewhere_finds_what_nothing_does(scene: Scene) -> None:
    told = {}
    for address, name, there, nowhere in filters(scene.there):
        if not address.startswith("/api/") and scene.browser.get(address).status_code != 200:
            continue
        answers = []
        for value in (there, nowhere):
            asked = f"{address}?{urlencode({name: value})}"
            is_api = address.startswith("/api/")
            answer = scene.call("GET", asked) if is_api else scene.browser.get(asked)
            text = alike(without_times(content_of(answer)), value)
            answers.append((answer.status_code, text.encode()))
        if difference(*answers):
            told[f"{address}?{name}={there}"] = difference(*answers)
    assert not told


def test_an_act_on_what_is_elsewhere_is_answered_as_on_what_is_nowhere(scene: Scene) -> None:
    told = {}
    named = [(method, path, body, path, other) for method, path, body, other in acts(scene.here, scene.there)]
    for method, path, body, other_path, other in (*named, *on_paths(scene.there)):
        answers = []
        for address, content in ((path, body), (other_path, other)):
            with transaction.atomic():
                answer = scene.call(method, address, content)
                transaction.set_rollback(True)
            assert answer.status_code < 500, (method, address, content, answer.content)
            given = [content, re.findall(r"/(\d+)", address)]
            answers.append((answer.status_code, alike(without_times(content_of(answer)), given)))
        if answers[0] != answers[1]:
            told[f"{method} {path} {body}"] = answers
    # A name that can stand once only is refused where it stands already; nothing but what was typed is told of it.
    unique = {
        f"PATCH /api/v1/templates/{scene.here.ids['template']} {{'name': 'qxzorro template'}}": 422,
        f"PATCH /api/v1/folders/{scene.here.ids['folder']} {{'name': 'Qxzorro town'}}": 409,
    }
    assert {one: told.pop(one)[0][0] for one in unique} == unique
    assert not told


def test_a_page_s_form_on_what_is_elsewhere_is_answered_as_on_what_is_nowhere(scene: Scene) -> None:
    tries = [
        *on_what_is_elsewhere(scene.there),
        *of_forms_that_name_it(scene.browser, scene.here, scene.there),
    ]
    assert len(tries) > 300
    told = {}
    for address, form, other_address, other_form in tries:
        answers = [
            told_by(scene.browser, address, form, beside=other_address),
            told_by(scene.browser, other_address, other_form, beside=address),
        ]
        assert answers[0][0] < 500, (address, form)
        if answers[0] != answers[1]:
            told[f"POST {address} {form}"] = answers
    assert not told


@pytest.mark.django_db(transaction=True)
async def test_the_event_stream_tells_of_no_other_folder(scene: Scene) -> None:
    """What happens elsewhere, and in what spans both, is told as far as it concerns what is here."""
    seen = {one.pk for one in scene.here.systems}

    def elsewhere() -> None:
        disturb(scene.here, scene.there, scene.both, scene.administrator, word="qxzorro")

    user = scene.user
    # One that the stream does tell ends the wait.
    told = await heard(user, lambda: (elsewhere(), live.publish("system", scene.here.systems[0])))
    assert await ChangeEvent.objects.filter(folder_path__startswith=scene.there.folder.path).aexists()
    assert {"topic": "system", "system": scene.here.systems[0].pk} in told
    assert {one["system"] for one in told} <= {*seen, None}
    # Nothing is said of an object of another kind, whose number would be one.
    assert not [one for one in told if one["system"] is None and one["topic"] not in ("systems", "ticket")]
