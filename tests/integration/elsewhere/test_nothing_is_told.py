"""An administrator of one folder learns nothing of another: no name, no number, no count, by any address (S.6)."""

from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.test import Client

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Folder, System
from tests.integration.api.conftest import Caller
from tests.integration.elsewhere.acting import acts
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

pytestmark = pytest.mark.one_database


@dataclass
class Scene:
    here: Half
    there: Half
    both: dict[str, int]
    call: Caller
    browser: Client
    administrator: Caller

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
    browser = Client()
    browser.force_login(user)
    return Scene(here, there, both, Caller(user), browser, as_administrator)


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
    for method, path, body, other in acts(scene.here, scene.there):
        answers = []
        for address, content in ((path, body), (path, other)):
            with transaction.atomic():
                answer = scene.call(method, address, content)
                transaction.set_rollback(True)
            assert answer.status_code < 500, (method, address, content, answer.content)
            answers.append((answer.status_code, alike(without_times(content_of(answer)), content)))
        if answers[0] != answers[1]:
            told[f"{method} {path} {body}"] = answers
    # A name that can stand once only is refused where it stands already; nothing but what was typed is told of it.
    unique = {
        f"PATCH /api/v1/templates/{scene.here.ids['template']} {{'name': 'qxzorro template'}}": 422,
        f"PATCH /api/v1/folders/{scene.here.ids['folder']} {{'name': 'Qxzorro town'}}": 409,
    }
    assert {one: told.pop(one)[0][0] for one in unique} == unique
    assert not told
