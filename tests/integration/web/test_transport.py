"""What pages and API take from whom: plain HTTP on loopback only, and no form from elsewhere."""

import pytest
from django.conf import settings
from django.test import Client

from roomkeeper.accounts.models import User

ELSEWHERE = "192.0.2.7"


@pytest.mark.parametrize("address", ["/sign-in/", "/systems/", "/api/v1/systems"])
def test_plain_http_is_answered_on_loopback_only(db: None, address: str) -> None:
    refused = Client(REMOTE_ADDR=ELSEWHERE).get(address)
    assert refused.status_code == 403
    assert b"over HTTPS only" in refused.content
    for good in (Client(REMOTE_ADDR="127.0.0.1").get(address), Client().get(address, secure=True)):
        assert b"over HTTPS only" not in good.content


def test_a_form_without_the_token_of_its_page_does_nothing(administrator: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(administrator)
    assert browser.post("/account/time-zone/", {"time_zone": "Europe/Oslo"}).status_code == 403
    administrator.refresh_from_db()
    assert administrator.time_zone == "UTC"
    assert settings.SESSION_COOKIE_SAMESITE in ("Lax", "Strict")
