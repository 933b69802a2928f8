"""The page *This server*."""

import pytest
from django.conf import settings
from django.test import Client
from tests.integration.web.conftest import text_of

from roomkeeper.serving import place_checks

pytestmark = pytest.mark.django_db


def test_the_page_tells_what_doctor_tells(client: Client) -> None:
    place_checks.register_checks(settings.OPTIONS)
    page = text_of(client.get("/this-server/"))
    assert "outside address" in page
    assert "front end" in page
    assert "This server" in page
