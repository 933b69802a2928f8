"""Addresses of before lead on to where the same stands today; nobody keeps an address that answers 404."""

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from roomkeeper.systems.models import System
from roomkeeper.web.former_addresses import former_addresses

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("former", "today"),
    [
        ("/systems/{pk}/rename/", "/systems/{pk}/act/rename/"),
        ("/systems/{pk}/back-up/", "/systems/{pk}/act/back-up/"),
        ("/systems/{pk}/diagnosis/start/", "/systems/{pk}/act/diagnose/"),
        ("/systems/{pk}/diagnosis/trust-pin/", "/systems/{pk}/act/fix-trust-pin/"),
        ("/systems/{pk}/replace/7/undo/", "/replacements/7/undo/"),
        ("/systems/passwords/?system={pk}", "/systems/do/password/?row={pk}"),
        ("/systems/authorities/?every=1&filter=%3Fq%3Da", "/systems/do/authorities/?every=1&filter=%3Fq%3Da"),
        ("/systems/command/asked/?at=2026-01-01T00:00:00Z", "/actions/"),
        ("/backups/schedule/", "/backups/do/schedule/"),
        ("/people/3/deactivate/", "/users/3/deactivate/"),
        ("/jobs/5/stop/", "/jobs/5/cancel/"),
        ("/secure-only/4/9/skip/", "/secure-only/4/"),
    ],
)
def test_it_leads_on(client: Client, boardroom: System, former: str, today: str) -> None:
    answer = client.get(former.format(pk=boardroom.pk))
    assert answer.status_code == 302
    assert answer["Location"] == today.format(pk=boardroom.pk)


def test_what_never_was_an_act_is_not_found(client: Client, boardroom: System) -> None:
    assert client.get(f"/systems/{boardroom.pk}/nonsense/").status_code == 404


def test_nothing_of_today_hides_one_of_before() -> None:
    filled = {"pk": "1", "other": "2", "act": "start"}
    for one in former_addresses:
        route = str(one.pattern)
        for name, value in filled.items():
            route = route.replace(f"<int:{name}>", value).replace(f"<slug:{name}>", value)
        try:
            found = resolve(f"/{route}")
        except Resolver404:  # pragma: no cover
            pytest.fail(f"{route} is nowhere.")
        assert (found.url_name or "").startswith("former_"), route
