"""Saved views of lists: private and shared, the first one, columns kept for each person."""

from django.test import Client
from tests.integration.api.conftest import Caller
from tests.integration.web.conftest import SignedIn, text_of

from roomkeeper.accounts.models import SavedView, User
from roomkeeper.systems.models import System

SILENT = {
    "name": "Silent",
    "of_list": "systems",
    "query": "alive=no&sort=-last_seen_at",
    "columns": "name\nserial_number",
}


def save(client: Client, **changed: str) -> SavedView:
    """Save a view by the page's form."""
    assert client.post("/saved-views/do/create/", {**SILENT, **changed}).status_code == 302
    return SavedView.objects.latest("pk")


def test_a_view_is_saved_from_the_list_and_leads_back_to_it(client: Client, boardroom: System) -> None:
    page = text_of(client.get("/systems/?alive=no&column=name&column=host"))
    address = page.split('href="/saved-views/do/create/')[1].split('"')[0].replace("&amp;", "&")
    asked = text_of(client.get("/saved-views/do/create/" + address))
    assert 'name="query" value="alive=no"' in asked
    assert 'name="next" value="/systems/?alive=no"' in asked
    view = save(client)
    assert f'href="?alive=no&amp;sort=-last_seen_at&amp;view={view.pk}"' in text_of(client.get("/systems/"))
    shown = client.get(f"/systems/?view={view.pk}", follow=True)
    assert shown.redirect_chain[-1][0] == f"?alive=no&sort=-last_seen_at&view={view.pk}"
    assert [head["heading"] for head in shown.context["heads"]] == ["Name", "Serial number"]


def test_a_private_view_is_for_its_owner_and_a_shared_one_for_all(
    client: Client, viewer: User, signed_in: SignedIn, boardroom: System
) -> None:
    private, shared = save(client), save(client, name="For all", is_shared="1")
    other = signed_in(viewer)
    page = text_of(other.get("/systems/"))
    assert "For all" in page
    assert "Silent" not in page
    assert Caller(viewer)("GET", f"saved-views/{private.pk}").status_code == 404
    assert Caller(viewer)("DELETE", f"saved-views/{shared.pk}").status_code == 403
    assert Caller(viewer)("POST", "saved-views", {"name": "Mine", "of_list": "systems"}).status_code == 201


def test_the_list_begins_with_the_chosen_view_until_it_is_deleted(client: Client, boardroom: System) -> None:
    view = save(client)
    client.post(f"/saved-views/{view.pk}/begin-with/")
    assert client.get("/systems/")["Location"] == f"?alive=no&sort=-last_seen_at&view={view.pk}"
    assert client.get("/systems/?view=").status_code == 200
    client.post(f"/saved-views/{view.pk}/begin-without/")
    assert client.get("/systems/").status_code == 200
    client.post(f"/saved-views/{view.pk}/begin-with/")
    client.post(f"/saved-views/{view.pk}/delete/")
    assert client.get("/systems/").status_code == 200


def test_what_the_list_does_not_know_is_not_saved(administrator: User) -> None:
    call = Caller(administrator)
    for body, words, field in (
        ({"of_list": "rooms"}, "There is no list", "of_list"),
        ({"of_list": "systems", "query": "colour=red"}, "no filter", "query"),
        ({"of_list": "systems", "query": "sort=colour"}, "cannot be sorted", "query"),
        ({"of_list": "systems", "columns": ["colour"]}, "no column", "columns"),
    ):
        answer = call("POST", "saved-views", {"name": "X", **body})
        assert answer.status_code == 422
        assert words in answer.json()["detail"]
        assert [one["field"] for one in answer.json()["errors"]] == [f"body.{field}"]


def test_columns_are_kept_for_each_person(
    client: Client, operator: User, signed_in: SignedIn, boardroom: System
) -> None:
    client.get("/systems/?column=serial_number")
    again = signed_in(operator)
    assert boardroom.serial_number not in text_of(again.get("/systems/"))
    assert boardroom.serial_number in text_of(client.get("/systems/"))
