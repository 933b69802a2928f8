"""What the list of systems shows beside its rows: the tree of folders, the acts on many, how to get the first one."""

from typing import Any

from django.http import HttpRequest

from roomkeeper.accounts.permissions import Permission
from roomkeeper.provisioning.server_addresses import manager_values
from roomkeeper.systems import network_settings
from roomkeeper.systems.inventory.folder_tree import tree_of
from roomkeeper.web import system_cells
from roomkeeper.web.access import grants, number_of, visible_systems
from roomkeeper.web.derived_bars import address_of
from roomkeeper.web.derived_reading import Listed
from roomkeeper.web.derived_views import Habits

DRAWN = system_cells
# What is done to many most often stands beside the menu of the rest.
OFTEN = ("move", "tag", "enforce")


def beside(request: HttpRequest, listed: Listed, habits: Habits, rows: list[Any]) -> dict[str, Any]:
    """The context of the list's template beside what is derived."""
    held = grants(request)
    is_empty = not rows and not listed.is_narrowed and "state" not in listed.query
    is_empty = is_empty and not visible_systems(request).filter(state="managed").exists()
    here = number_of(listed.query.get("folder", ""))
    may_act = any(
        held.may_anywhere(one)
        for one in (Permission.CHANGE_SETTINGS, Permission.RUN_ACTIONS, Permission.MANAGE_SYSTEMS)
    )
    return {
        "may_act": may_act,
        "often": OFTEN,
        "mine": {row.pk for row in rows} if may_act else set(),
        "tree": tree_of(held, here, habits.open_folders),
        "tree_root": (whole := address_of(listed.query, without={"folder"})),
        "tree_lead": whole if whole == "?" else f"{whole}&",
        "is_empty": is_empty,
        "may_change": held.may_anywhere(Permission.CHANGE_SETTINGS),
        "may_run": held.may_anywhere(Permission.RUN_ACTIONS),
        "may_admit": held.may_anywhere(Permission.ADMIT),
        "manager": manager_values(network_settings.get()) if is_empty else None,
    }
