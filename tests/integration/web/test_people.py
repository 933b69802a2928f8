"""People: made with a one-time password shown once, given roles, deactivated."""

import re

from django.test import Client
from tests.integration.web.conftest import text_of

from roomkeeper.accounts.models import AuditEntry, RoleAssignment, User
from roomkeeper.systems.models import Folder


def test_a_new_account_has_a_role_and_a_one_time_password_shown_once(client: Client, oslo: Folder) -> None:
    page = text_of(
        client.post(
            "/users/do/create/",
            {
                "name": "ingrid",
                "make_one_time_password": "1",
                "roles.role": ["operator", ""],
                "roles.folder": [oslo.pk, oslo.pk],
            },
        )
    )
    password = re.search(r'id="told-one_time_password">([a-z2-9-]{19})<', page)
    assert password is not None
    person = User.objects.get(username="ingrid")
    assert person.check_password(password[1])
    assert person.must_change_password
    assert person.role_assignments.get().folder == oslo
    assert password[1] not in text_of(client.get("/users/"))
    assert password[1] not in str(list(AuditEntry.objects.values_list("details", flat=True)))


def test_a_name_is_taken_once(client: Client, oslo: Folder) -> None:
    assert "already exists" in text_of(client.post("/users/do/create/", {"name": "administrator"}))


def test_a_service_account_has_no_password(client: Client, oslo: Folder) -> None:
    made = {"name": "robot", "is_service_account": "1", "roles.role": "viewer", "roles.folder": oslo.pk}
    client.post("/users/do/create/", made)
    assert not User.objects.get(username="robot").has_usable_password()


def test_a_new_one_time_password_voids_the_old_one(client: Client, viewer: User) -> None:
    before = viewer.password
    assert "One-time password" in text_of(client.post(f"/users/{viewer.pk}/one-time-password/"))
    viewer.refresh_from_db()
    assert viewer.password != before
    assert viewer.must_change_password


def test_roles_are_given_and_taken(client: Client, stranger: User, oslo: Folder) -> None:
    address = f"/users/{stranger.pk}/roles/"
    client.post(address, {"roles.role": ["viewer", ""], "roles.folder": [oslo.pk, oslo.pk]})
    assert RoleAssignment.objects.get(user=stranger).folder == oslo
    assert f'<option value="{oslo.pk}" selected>' in text_of(client.get(address))
    client.post(address, {"roles.role": ["", ""], "roles.folder": [oslo.pk, oslo.pk]})
    assert not RoleAssignment.objects.filter(user=stranger).exists()


def test_the_last_administrator_stays(client: Client, administrator: User) -> None:
    page = text_of(
        client.post(f"/users/{administrator.pk}/roles/", {"roles.role": "", "roles.folder": ""}, follow=True)
    )
    assert "no administrator left" in page
    assert administrator.role_assignments.exists()
    client.post(f"/users/{administrator.pk}/deactivate/")
    administrator.refresh_from_db()
    assert administrator.is_active


def test_deactivating_ends_the_session(client: Client, viewer: User) -> None:
    other = Client()
    other.force_login(viewer)
    assert other.get("/systems/").status_code == 200
    client.post(f"/users/{viewer.pk}/deactivate/")
    assert other.get("/systems/").status_code == 302
