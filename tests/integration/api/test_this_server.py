"""`this-server`: the rows of doctor, for whom may look at the server."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from tests.integration.api.conftest import CallerOf

from roomkeeper.accounts.models import User
from roomkeeper.jobs.models import Worker
from roomkeeper.serving import place_checks
from roomkeeper.systems import network_settings

pytestmark = pytest.mark.django_db


def test_it_tells_what_doctor_tells_faults_first(as_user: CallerOf, administrator: User) -> None:
    place_checks.register_checks(settings.OPTIONS)
    network_settings.update({"outside_public_host": "rooms.example.org"}, user=None, now=timezone.now())
    found = as_user(administrator).get("this-server")
    first, *others = found["checks"]
    assert first == {
        "check": "jobs",
        "ok": False,
        "words": "no worker runs",
        "advice": "Start roomkeeper serve or roomkeeper worker.",
    }
    assert found["faults"] == 1
    assert {"outside address", "forwarding headers", "front end"} <= {one["check"] for one in others}
    assert found["public"]["https"].startswith("rooms.example.org")
    assert found["http_listeners"] == list(settings.OPTIONS.http)
    Worker.objects.create(name="one", expires_at=timezone.now() + timedelta(seconds=10))
    assert as_user(administrator).get("this-server")["faults"] == 0


def test_only_who_may_view_the_server_sees_it(as_user: CallerOf, operator: User) -> None:
    assert as_user(operator)("GET", "this-server").status_code == 403
    assert as_user(None)("GET", "this-server").status_code == 401
