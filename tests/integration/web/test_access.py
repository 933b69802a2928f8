"""Who reaches which page: the gate, and what lies outside one's folders."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern
from tests.integration.web.conftest import SignedIn

from roomkeeper.accounts.models import User
from roomkeeper.systems.models import System
from roomkeeper.web.access import number_of, page
from roomkeeper.web.urls import urlpatterns

OPEN = {"sign_in", "sign_out", "account_login", "account_logout"}
LISTS = (
    "/",
    "/systems/",
    "/systems/?format=csv",
    "/folders/",
    "/change-sets/",
    "/tickets/",
    "/help/",
    "/account/",
)
SERVER_PAGES = ("/network-settings/", "/users/", "/groups/", "/audit/")


def test_every_address_states_a_rule_or_is_open_to_everybody() -> None:
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        is_open = getattr(pattern.callback, "is_open", False)
        assert is_open == (pattern.name in OPEN), pattern.name
        assert is_open or pattern.callback.rule, pattern.name


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("9" * 18, 10**18 - 1),
        ("1" * 19, None),
        ("", None),
        (" 1", None),
        ("-1", None),
        ("1.0", None),
        ("²", None),
        ("١", None),
    ],
)
def test_numbers_are_plain_digits_that_fit_into_a_key(text: str, number: int | None) -> None:
    assert number_of(text) == number


def test_numbers_may_have_to_be_short() -> None:
    assert (number_of("12345", 5), number_of("123456", 5)) == (12345, None)


@pytest.mark.parametrize("number", ["1" + 20 * "0", 5000 * "9"])
def test_numbers_that_no_key_can_be_name_nothing(client: Client, boardroom: System, number: str) -> None:
    for address, name in (("/systems/", "folder"), ("/drift/", "system"), ("/tickets/", "system")):
        assert client.get(address, {name: number}).status_code == 400, address
    assert client.post("/drift/do/ignore/", {"row": number}).status_code == 302
    assert client.post("/inbox/do/block/", {"step": "confirm", "row": number}).status_code == 302
    assert client.post("/systems/do/restart/", {"row": number, "step": "confirm"}).status_code == 302
    assert client.post(f"/systems/{boardroom.pk}/act/move/", {"folder": number}).status_code == 422


def test_a_view_without_a_rule_cannot_be_mounted() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    with pytest.raises(ImproperlyConfigured):
        page("somewhere/", view, "somewhere")


@pytest.mark.parametrize("address", [*LISTS, *SERVER_PAGES, "/inbox/", "/add-systems/", "/events"])
def test_whoever_is_not_signed_in_is_sent_to_sign_in(db: None, address: str) -> None:
    response = Client().get(address)
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize("address", LISTS[:6])
def test_a_stranger_sees_no_page_but_her_own(stranger: User, signed_in: SignedIn, address: str) -> None:
    assert signed_in(stranger).get(address).status_code == 403
    assert signed_in(stranger).get("/account/").status_code == 200


@pytest.mark.parametrize("address", SERVER_PAGES)
def test_pages_of_the_server_are_for_its_administrators(
    administrator: User,
    site_administrator: User,
    operator: User,
    viewer: User,
    signed_in: SignedIn,
    address: str,
) -> None:
    assert signed_in(administrator).get(address).status_code == 200
    for other in (site_administrator, operator, viewer):
        assert signed_in(other).get(address).status_code == 403


def test_systems_of_other_folders_are_not_there(
    site_administrator: User, signed_in: SignedIn, boardroom: System, home_office: System
) -> None:
    browser = signed_in(site_administrator)
    assert browser.get(f"/systems/{boardroom.pk}/").status_code == 200
    assert browser.get(f"/systems/{home_office.pk}/").status_code == 404
    assert browser.get(f"/systems/{home_office.pk}/act/restart/").status_code == 404
    assert browser.post(f"/systems/{home_office.pk}/act/rename/", {"name": "Mine"}).status_code == 404
    listed = browser.get("/systems/").content.decode()
    assert "Boardroom" in listed
    assert "Home Office" not in listed


def test_a_viewer_may_look_and_not_touch(viewer: User, signed_in: SignedIn, boardroom: System) -> None:
    browser = signed_in(viewer)
    page_text = browser.get(f"/systems/{boardroom.pk}/").content.decode()
    assert "Restart" not in page_text
    assert browser.post(f"/systems/{boardroom.pk}/act/restart/").status_code == 403
    assert browser.post(f"/systems/{boardroom.pk}/act/rename/", {"name": "Mine"}).status_code == 403
    assert browser.get("/inbox/").status_code == 403


def test_a_one_time_password_leads_to_its_change_and_nowhere_else(viewer: User, signed_in: SignedIn) -> None:
    viewer.must_change_password = True
    viewer.save()
    browser = signed_in(viewer)
    assert browser.get("/systems/")["Location"] == "/account/password/"
    assert browser.get("/account/password/").status_code == 200


def test_a_fragment_for_nobody_reloads_the_page_at_sign_in(db: None) -> None:
    response = Client().get("/systems/", headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert response["HX-Redirect"].startswith("/sign-in/")
