"""Accounts, tokens and the audit trail."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group

from roomkeeper.accounts import audit, people, tokens
from roomkeeper.accounts.models import ApiToken, AuditEntry, Role, RoleAssignment, User
from roomkeeper.accounts.people import PersonRefused

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def test_token_finds_its_user_and_only_its_digest_is_kept(operator):
    token, text = tokens.create_token(operator, now=NOW, name="monitoring")
    assert tokens.find_user(text, now=NOW) == operator
    assert text.startswith("rk_")
    stored = ApiToken.objects.filter(pk=token.pk).values().get()
    assert text not in str(stored)
    assert stored["prefix"] == text[:10]


@pytest.mark.parametrize("text", ["", "rk_", "nonsense", "\udcff", "x" * 100_000])
def test_other_text_finds_nobody(operator, text):
    _, right = tokens.create_token(operator, now=NOW)
    assert tokens.find_user(text, now=NOW) is None
    assert tokens.find_user(right.upper(), now=NOW) is None
    assert tokens.find_user(right + " ", now=NOW) is None


def test_token_ends_with_its_time_its_user_or_its_row(operator):
    token, text = tokens.create_token(operator, now=NOW, lifetime=timedelta(days=1))
    assert tokens.find_user(text, now=NOW + timedelta(days=1) - timedelta(seconds=1)) == operator
    assert tokens.find_user(text, now=NOW + timedelta(days=1)) is None
    User.objects.filter(pk=operator.pk).update(is_active=False)
    assert tokens.find_user(text, now=NOW) is None
    User.objects.filter(pk=operator.pk).update(is_active=True)
    token.delete()
    assert tokens.find_user(text, now=NOW) is None


def test_use_of_a_token_is_noted_once_a_minute(operator):
    token, text = tokens.create_token(operator, now=NOW)
    for passed in (0, 30, 60, 61):
        tokens.find_user(text, now=NOW + timedelta(seconds=passed))
        token.refresh_from_db()
        assert token.last_used_at == NOW + timedelta(seconds=61 if passed > 60 else 0)


def test_new_person_gets_a_one_time_password_that_must_be_changed(db):
    user, password = people.create(" anna ", email="anna@example.org", make_one_time_password=True)
    user.refresh_from_db()
    assert (user.username, user.must_change_password, user.is_service_account) == ("anna", True, False)
    assert user.check_password(password)
    assert len(password) == 19


def test_service_account_has_no_password(db):
    user, password = people.create("robot", is_service_account=True)
    assert password == ""
    assert not user.has_usable_password()
    with pytest.raises(PersonRefused, match="service account"):
        people.give_one_time_password(user)


@pytest.mark.parametrize("name", ["", "  ", "two words", "x" * 151, "a/b", "<b>"])
def test_name_that_cannot_be_is_refused(db, name):
    with pytest.raises(PersonRefused, match="1 to 150"):
        people.create(name)
    assert not User.objects.exists()


def test_name_is_given_once(operator):
    with pytest.raises(PersonRefused, match="An account named operator already exists"):
        people.create("operator")


def test_new_one_time_password_voids_the_old_one(operator):
    password = people.give_one_time_password(operator)
    operator.refresh_from_db()
    assert operator.check_password(password)
    assert operator.must_change_password


def test_nobody_deactivates_himself(administrator):
    with pytest.raises(PersonRefused, match="your own account"):
        people.deactivate(administrator, by=administrator)


def test_last_administrator_of_the_server_stays(administrator, operator, root_folder):
    with pytest.raises(PersonRefused, match="no administrator left"):
        people.deactivate(administrator, by=operator)
    with pytest.raises(PersonRefused, match="no administrator left"):
        people.set_roles(administrator, [])
    administrator.refresh_from_db()
    assert administrator.is_active


def test_administrator_may_go_where_another_active_one_remains(administrator, operator, root_folder):
    other = User.objects.create_user("other")
    RoleAssignment.objects.create(user=other, folder=root_folder, role=Role.ADMINISTRATOR)
    people.deactivate(administrator, by=operator)
    administrator.refresh_from_db()
    assert not administrator.is_active
    # The inactive one does not count any more.
    with pytest.raises(PersonRefused):
        people.set_roles(other, [])
    people.activate(administrator)
    people.set_roles(other, [])


def administrators(root_folder, *members):
    group = Group.objects.create(name="Administrators")
    for member in members:
        member.groups.add(group)
    return RoleAssignment.objects.create(group=group, folder=root_folder, role=Role.ADMINISTRATOR)


def test_administrator_by_group_counts_as_one(administrator, operator, viewer, root_folder):
    administrators(root_folder, viewer)
    people.set_roles(administrator, [])
    with pytest.raises(PersonRefused, match="no administrator left"):
        people.deactivate(viewer, by=operator)


def test_one_of_two_administrators_by_one_group_may_go(administrator, operator, viewer, root_folder):
    administrators(root_folder, viewer, operator)
    people.set_roles(administrator, [])
    people.deactivate(viewer, by=administrator)
    with pytest.raises(PersonRefused):
        people.deactivate(operator, by=administrator)


def test_role_of_the_last_administrators_by_group_stays(administrator, viewer, root_folder):
    assignment = administrators(root_folder, viewer)
    people.set_roles(administrator, [])
    with pytest.raises(PersonRefused, match="no administrator left"):
        people.set_roles(assignment.group, [])
    assert RoleAssignment.objects.filter(pk=assignment.pk).exists()


def test_own_role_may_go_where_the_same_person_is_administrator_by_group(administrator, root_folder):
    administrators(root_folder, administrator)
    people.set_roles(administrator, [])
    assert RoleAssignment.objects.get().group is not None


def test_role_on_a_folder_below_may_always_go(site_administrator, operator):
    people.set_roles(site_administrator, [])


def test_audit_entry_names_who_what_and_by_which_road(operator, boardroom):
    entry = audit.record(operator, "api", "rename", boardroom, name="Court 3")
    assert (entry.user, entry.user_name, entry.road, entry.act) == (operator, "operator", "api", "rename")
    assert (entry.object_kind, entry.object_id, entry.object_label) == ("system", boardroom.pk, "Boardroom")
    assert entry.details == {"name": "Court 3"}


def test_audit_entry_outlives_its_user_and_the_server_has_none(operator, db):
    audit.record(operator, "page", "sign in")
    audit.record(None, "cli", "create user")
    operator.delete()
    assert sorted(AuditEntry.objects.values_list("user", "user_name")) == [
        (None, "operator"),
        (None, "server"),
    ]
