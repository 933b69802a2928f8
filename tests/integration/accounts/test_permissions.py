"""Who may do what: roles on folders, inherited downwards; the one table of permissions."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from roomkeeper.accounts.models import Role, RoleAssignment, User
from roomkeeper.accounts.permissions import (
    GRANTED,
    SERVER_WIDE,
    Grants,
    Permission,
    assign,
    check_rule,
    demand,
    needs,
)
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Folder, System

P = Permission


def test_each_role_includes_the_one_before():
    assert GRANTED[Role.VIEWER] < GRANTED[Role.OPERATOR] < GRANTED[Role.ADMINISTRATOR]
    assert set(GRANTED[Role.ADMINISTRATOR]) == set(Permission)


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        (P.VIEW, "viewer operator administrator"),
        (P.CHANGE_SETTINGS, "operator administrator"),
        (P.RUN_ACTIONS, "operator administrator"),
        (P.WORK_ON_TICKETS, "operator administrator"),
        (P.VIEW_INBOX, "operator administrator"),
        (P.ADMIT, "administrator"),
        (P.MANAGE_SYSTEMS, "administrator"),
        (P.MANAGE_FOLDERS, "administrator"),
        (P.VIEW_SERVER, "administrator"),
        (P.MANAGE_SERVER, "administrator"),
        (P.MANAGE_PEOPLE, "administrator"),
        (P.OWN_ACCOUNT, "viewer operator administrator stranger"),
    ],
)
def test_role_on_everything_gives_what_the_table_says(
    administrator, operator, viewer, stranger, permission, roles
):
    people = {"administrator": administrator, "operator": operator, "viewer": viewer, "stranger": stranger}
    may = {name for name, person in people.items() if Grants(person).may(permission)}
    assert may == set(roles.split())
    assert {name for name, person in people.items() if Grants(person).may_anywhere(permission)} == may


def test_role_on_a_folder_is_inherited_by_what_stands_below_and_by_nothing_else(
    site_administrator, root_folder, oslo, bergen
):
    floor = inventory.create_folder(oslo, "4th floor")
    grants = Grants(site_administrator)
    for permission in set(Permission) - SERVER_WIDE - {P.OWN_ACCOUNT}:
        assert grants.may(permission, oslo.path)
        assert grants.may(permission, floor.path)
        assert not grants.may(permission, bergen.path)
        assert not grants.may(permission, root_folder.path)
        assert not grants.may(permission)
        assert grants.may_anywhere(permission)


def test_server_wide_permissions_come_from_the_root_folder_alone(site_administrator, administrator, oslo):
    for permission in SERVER_WIDE:
        assert not Grants(site_administrator).may_anywhere(permission)
        assert not Grants(site_administrator).may(permission, oslo.path)
        assert Grants(administrator).may(permission)


def test_folder_whose_id_begins_like_another_one_is_another_folder(root_folder, stranger):
    held, other = (
        Folder.objects.create(pk=number, parent=root_folder, name=str(number), path=f"/{number}/")
        for number in (9001, 90012)
    )
    assign(stranger, held, Role.VIEWER)
    assert Grants(stranger).may(P.VIEW, held.path)
    assert not Grants(stranger).may(P.VIEW, other.path)


def test_stronger_role_below_adds_to_the_weaker_one_above(viewer, oslo, bergen):
    assign(viewer, oslo, Role.OPERATOR)
    grants = Grants(viewer)
    assert grants.may(P.CHANGE_SETTINGS, oslo.path)
    assert not grants.may(P.CHANGE_SETTINGS, bergen.path)
    assert grants.may(P.VIEW, bergen.path)


def test_role_of_a_group_is_the_role_of_its_members(stranger, oslo, bergen):
    group = Group.objects.create(name="Oslo team")
    RoleAssignment.objects.create(group=group, folder=oslo, role=Role.OPERATOR)
    assert not Grants(stranger).may_anywhere(P.VIEW)
    stranger.groups.add(group)
    grants = Grants(stranger)
    assert grants.may(P.CHANGE_SETTINGS, oslo.path)
    assert not grants.may(P.VIEW, bergen.path)


@pytest.mark.parametrize("permission", list(Permission))
def test_inactive_and_anonymous_users_may_nothing(administrator, permission):
    administrator.is_active = False
    for user in (administrator, AnonymousUser(), None):
        assert not Grants(user).may(permission)
        assert not Grants(user).may_anywhere(permission)


def test_filter_finds_the_systems_in_reach(
    site_administrator, viewer, stranger, boardroom, vault, home_office
):
    def seen(user, permission=P.VIEW):
        return {s.name for s in System.objects.filter(Grants(user).folders(permission))}

    assert seen(viewer) == {"Boardroom", "Vault", "Home Office"}
    assert seen(site_administrator) == {"Boardroom", "Vault"}
    assert seen(stranger) == set()
    assert seen(viewer, P.CHANGE_SETTINGS) == set()


def test_moved_folder_takes_its_roles_along(site_administrator, oslo, bergen, boardroom):
    inventory.move_folder(oslo, bergen)
    boardroom.refresh_from_db()
    boardroom.folder.refresh_from_db()
    assert Grants(site_administrator).may(P.VIEW, boardroom.folder.path)
    assert not Grants(site_administrator).may(P.VIEW, bergen.path)


def test_demand_raises_where_the_permission_does_not_hold(site_administrator, oslo, bergen):
    demand(site_administrator, P.ADMIT, oslo.path)
    with pytest.raises(PermissionDenied, match="admit systems"):
        demand(site_administrator, P.ADMIT, bergen.path)


def test_rule_of_a_route_is_on_the_root_or_anywhere(site_administrator, stranger):
    @needs(P.VIEW)
    def everything() -> None: ...

    @needs(P.VIEW, anywhere=True)
    def somewhere() -> None: ...

    check_rule(site_administrator, somewhere.rule)
    for user, view in ((site_administrator, everything), (stranger, somewhere), (stranger, everything)):
        with pytest.raises(PermissionDenied):
            check_rule(user, view.rule)


def test_assigning_replaces_the_role_held_there(viewer, root_folder, oslo):
    assign(viewer, root_folder, Role.OPERATOR)
    assign(viewer, oslo, Role.ADMINISTRATOR)
    assert sorted(RoleAssignment.objects.filter(user=viewer).values_list("folder", "role")) == sorted(
        [(root_folder.pk, "operator"), (oslo.pk, "administrator")]
    )


def test_role_belongs_to_either_a_user_or_a_group(viewer, oslo):
    group = Group.objects.create(name="G")
    for values in ({"user": viewer, "group": group}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleAssignment.objects.create(folder=oslo, role=Role.VIEWER, **values)


def test_roles_go_with_their_folder(site_administrator, oslo):
    inventory.delete_folder(oslo)
    assert not RoleAssignment.objects.filter(user=site_administrator).exists()
    assert User.objects.filter(pk=site_administrator.pk).exists()
