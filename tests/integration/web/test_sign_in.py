"""Signing in and out."""

from django.http import HttpResponse
from django.test import Client
from tests.cast import PASSWORD

from roomkeeper.accounts.models import AuditEntry, User


def test_name_and_password_lead_to_the_page_that_was_asked_for(administrator: User) -> None:
    browser = Client()
    answer = browser.post(
        "/sign-in/", {"login": "administrator", "password": PASSWORD, "next": "/systems/?q=a"}
    )
    assert answer["Location"] == "/systems/?q=a"
    assert browser.get("/systems/").status_code == 200


def test_the_form_keeps_where_to_go(db: None) -> None:
    assert 'name="next" value="/inbox/"' in Client().get("/sign-in/?next=/inbox/").content.decode()


def test_another_site_is_no_place_to_go(administrator: User) -> None:
    answer = Client().post(
        "/sign-in/", {"login": "administrator", "password": PASSWORD, "next": "https://elsewhere.example/"}
    )
    assert answer["Location"] == "/"


def test_a_wrong_password_says_so_and_signs_nobody_in(administrator: User) -> None:
    browser = Client()
    answer = browser.post("/sign-in/", {"login": "administrator", "password": "wrong"})
    assert answer.status_code == 200
    assert "not correct" in answer.content.decode()
    assert browser.get("/systems/").status_code == 302


def test_a_deactivated_account_does_not_sign_in(administrator: User) -> None:
    administrator.is_active = False
    administrator.save()
    browser = Client()
    browser.post("/sign-in/", {"login": "administrator", "password": PASSWORD})
    assert browser.get("/systems/").status_code == 302


def test_a_link_cannot_sign_somebody_out(client: Client) -> None:
    assert client.get("/sign-out/").status_code == 200
    assert client.get("/systems/").status_code == 200
    client.post("/sign-out/")
    assert client.get("/systems/").status_code == 302


def test_nobody_signs_up(db: None) -> None:
    assert Client().get("/signup/").status_code == 404
    assert Client().get("/accounts/signup/").status_code == 404


def test_a_locked_out_name_is_told_how_long_to_wait_and_others_sign_in(
    administrator: User, viewer: User
) -> None:
    def post(name: str, password: str, source: str = "192.0.2.7") -> HttpResponse:
        return Client(REMOTE_ADDR=source).post(
            "/sign-in/", {"login": name, "password": password}, secure=True
        )

    for _ in range(5):
        assert post("administrator", "wrong").status_code == 200
    locked = post("administrator", PASSWORD)
    assert (locked.status_code, int(locked["Retry-After"]) > 0) == (429, True)
    assert "Too many wrong passwords" in locked.content.decode()
    assert post("administrator", PASSWORD, "192.0.2.8").status_code == 302
    assert post("viewer", PASSWORD).status_code == 302
    acts = AuditEntry.objects.order_by("pk").values_list("act", "source_address", "road")
    assert list(acts) == [
        *[("sign in refused", "192.0.2.7", "page")] * 5,
        ("lock out", "192.0.2.7", "page"),
        ("sign in refused", "192.0.2.7", "page"),
        ("sign in", "192.0.2.8", "page"),
        ("sign in", "192.0.2.7", "page"),
    ]
