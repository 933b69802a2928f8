"""The inbox: what its list shows besides; the list and what a person decides are declared."""

from typing import Any

from django.http import HttpRequest

from roomkeeper.accounts.permissions import Permission
from roomkeeper.provisioning.server_addresses import manager_values
from roomkeeper.systems import network_settings
from roomkeeper.web.access import grants
from roomkeeper.web.derived_reading import Listed
from roomkeeper.web.derived_views import Habits


def beside(request: HttpRequest, listed: Listed, habits: Habits, rows: list[Any]) -> dict[str, Any]:
    """What the list shows beside its rows: how systems are admitted, what to type into an endpoint."""
    held, settings = grants(request), network_settings.get()
    return {
        "show": listed.asked.values.get("state"),
        "settings": settings,
        "manager": manager_values(settings),
        "may_admit": held.may_anywhere(Permission.ADMIT),
    }
