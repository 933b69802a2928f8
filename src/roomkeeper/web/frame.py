"""What every page's frame needs: navigation and counts."""

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, grants_of
from roomkeeper.systems.check_ins import store
from roomkeeper.systems.models import System
from roomkeeper.tickets.models import Ticket
from roomkeeper.tickets.surface import seen_by
from roomkeeper.words import gettext as _


class NavigationEntry(NamedTuple):
    """A line of the navigation; `key` names a count shown beside it."""

    label: str
    page: str
    icon: str
    permission: Permission
    anywhere: bool
    key: str = ""


# Features that do not exist are not listed.
NAVIGATION: tuple[tuple[str, tuple[NavigationEntry, ...]], ...] = (
    ("", (NavigationEntry("Overview", "overview", "gauge", Permission.VIEW, True),)),
    (
        "Systems",
        (
            NavigationEntry("Systems", "systems", "device-tv", Permission.VIEW, True),
            NavigationEntry("Inbox", "inbox", "inbox", Permission.VIEW_INBOX, False, "inbox"),
            NavigationEntry("Add systems", "add_systems", "plus", Permission.ADMIT, True),
            NavigationEntry("Folders", "folders", "folder", Permission.VIEW, True),
        ),
    ),
    (
        "Provisioning",
        (
            NavigationEntry("Change sets", "change_sets", "list-check", Permission.VIEW, True),
            NavigationEntry("Actions", "actions", "bolt", Permission.VIEW, True),
            NavigationEntry("Templates", "templates", "columns-3", Permission.VIEW, True),
            NavigationEntry("Drift", "drift", "git-compare", Permission.VIEW, True),
            NavigationEntry("Backups", "backups", "arrow-back-up", Permission.VIEW, True),
        ),
    ),
    (
        "Phone books",
        (
            NavigationEntry("Phone books", "phone_books", "address-book", Permission.VIEW, True),
            NavigationEntry("Entries", "phone_book_entries", "users", Permission.VIEW, True),
            NavigationEntry("Sources", "phone_book_sources", "refresh", Permission.VIEW, True),
            NavigationEntry("Quality", "phone_book_quality", "list-check", Permission.VIEW, True),
            NavigationEntry("Where they are set", "phone_book_settings", "target", Permission.VIEW, True),
        ),
    ),
    ("Tickets", (NavigationEntry("Open tickets", "tickets", "ticket", Permission.VIEW, True, "tickets"),)),
    (
        "Administration",
        (
            NavigationEntry("Network settings", "network_settings", "network", Permission.VIEW_SERVER, False),
            NavigationEntry("Credentials", "credentials", "key", Permission.VIEW_SERVER, False),
            NavigationEntry("Secure-Only", "secure_only", "shield-check", Permission.VIEW, True),
            NavigationEntry("People and roles", "users", "users", Permission.MANAGE_PEOPLE, False),
            NavigationEntry("Groups", "groups", "users", Permission.MANAGE_PEOPLE, False),
            NavigationEntry("Lock-outs", "lock_outs", "lock", Permission.MANAGE_PEOPLE, False),
            NavigationEntry("Jobs", "jobs", "clock", Permission.VIEW, True),
            NavigationEntry("This server", "this_server", "gauge", Permission.VIEW_SERVER, False),
            NavigationEntry("Audit", "audit", "writing", Permission.VIEW_SERVER, False),
        ),
    ),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context for the frame around every page; reads nothing for those who are not signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    held = grants_of(user)
    sections = []
    match = request.resolver_match
    here = match.url_name if match else ""
    counts: dict[str, int] = {}
    if held.may(Permission.VIEW_INBOX):
        counts["inbox"] = System.objects.filter(state="pending").count()
    if held.may_anywhere(Permission.VIEW):
        open_tickets = Ticket.objects.filter(state="open").filter(seen_by(held))
        counts["tickets"] = open_tickets.count()
    for title, entries in NAVIGATION:
        shown = [
            {
                "label": _(entry.label),
                "address": reverse(entry.page),
                "icon": entry.icon,
                "key": entry.key,
                "count": counts.get(entry.key, 0),
                "is_here": _is_here(here or "", entry.page),
            }
            for entry in entries
            if (held.may_anywhere(entry.permission) if entry.anywhere else held.may(entry.permission))
        ]
        if shown:
            sections.append({"title": _(title), "entries": shown})
    return {"navigation": sections, "store_is_failing": store.is_failing()}


def _is_here(here: str, page: str) -> bool:
    return here == page or here.startswith(
        {
            "systems": "system_",
            "change_sets": "change_set_",
            "drift": "drift_",
            "templates": "template",
            "backups": "backup",
            "secure_only": "secure_only_",
            "jobs": "job",
            "credentials": "credential",
            "users": "user",
            "groups": "group",
        }.get(page, "\0")
    )
