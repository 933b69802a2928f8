"""The systems list: folder tree, filters, table, columns, CSV."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from roomkeeper.accounts import audit
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.operations.exports import csv_answer
from roomkeeper.systems import network_settings
from roomkeeper.systems.check_ins.liveness import alive_word, is_in_call
from roomkeeper.systems.inventory import tags_of
from roomkeeper.systems.models import Folder, System, Tag
from roomkeeper.tickets.models import Ticket
from roomkeeper.web import system_filters
from roomkeeper.web.access import grants
from roomkeeper.web.acts import now as moment
from roomkeeper.web.pages import cut
from roomkeeper.web.server_addresses import manager_values
from roomkeeper.web.system_filters import COLUMNS, Filters, filtered, ordered, read_filters, visible_systems

COLUMNS_COOKIE = "roomkeeper_columns"
CSV_COLUMNS = (
    "id",
    "name",
    "state",
    "alive",
    "product",
    "software version",
    "connectivity",
    "secure-only",
    "last contact",
    "in call",
    "drift",
    "folder",
    "address",
    "serial number",
    "mac address",
    "reported name",
)


@needs(Permission.VIEW, anywhere=True)
def systems(request: HttpRequest) -> HttpResponse:
    """The list by the filters in the address, fifty a page."""
    now = moment()
    filters = read_filters(request.GET)
    found = filtered(request, filters, now)
    listed = ordered(found, filters.sort, filters.q).select_related("folder", "contact")
    page, pager = cut(request, listed, filters.kept())
    rows = list(page.object_list)
    columns = system_filters.chosen_columns(request, COLUMNS_COOKIE)
    held = grants(request)
    is_empty = (
        not rows and not filters.are_set and not visible_systems(request).filter(state="managed").exists()
    )
    response = render(
        request,
        "systems/list.html",
        {
            "now": now,
            "filters": filters,
            "kept": filters.kept(),
            "page": page,
            "rows": rows,
            "pager": pager,
            "columns": [
                (column, _sort_link(column, filters), _sorted(column, filters)) for column in columns
            ],
            "all_columns": [(column, column in columns) for column in COLUMNS if column.key != "name"],
            "shown": {column.key for column in columns},
            "ticket_counts": _ticket_counts(rows),
            "tags_of": tags_of([system.pk for system in rows]),
            "choices": _choices(request, filters),
            "tree": folder_tree(request, filters),
            "is_empty": is_empty,
            "may_change": held.may_anywhere(Permission.CHANGE_SETTINGS),
            "may_run": held.may_anywhere(Permission.RUN_ACTIONS),
            "may_manage": held.may_anywhere(Permission.MANAGE_SYSTEMS),
            "may_admit": held.may_anywhere(Permission.ADMIT),
            "manager": manager_values(network_settings.get()) if is_empty else None,
        },
    )
    if request.GET.getlist("column"):
        response.set_cookie(
            COLUMNS_COOKIE,
            ".".join(column.key for column in columns),
            max_age=365 * 86_400,
            samesite="Lax",
            httponly=True,
            secure=request.is_secure(),
        )
    return response


@needs(Permission.VIEW, anywhere=True)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered list as CSV, all of it."""
    now = moment()
    filters = read_filters(request.GET)
    found = ordered(filtered(request, filters, now), filters.sort, filters.q).select_related(
        "folder", "contact"
    )
    audit.record(request.user, "page", "export systems", None, count=found.count())
    return csv_answer("systems.csv", CSV_COLUMNS, _rows(found, now))


def _rows(found: Any, now: Any) -> Iterator[list[Any]]:
    for system in found.iterator(chunk_size=1000):
        contact = getattr(system, "contact", None)
        seen = contact.last_seen_at if contact else None
        yield [
            system.pk,
            system.name,
            system.state,
            alive_word(contact, now),
            system.product,
            system.software_version,
            system.connectivity,
            "yes" if system.is_secure_only else "no",
            seen.isoformat() if seen else "",
            "yes" if is_in_call(system, contact, now) else "no",
            system.drift_count,
            system.folder.name,
            system.host,
            system.serial_number,
            system.mac_address,
            system.reported_name,
        ]


def _ticket_counts(rows: list[System]) -> dict[int, int]:
    found = Ticket.objects.filter(system__in=rows).exclude(state="closed")
    return {system: count for system, count in found.values_list("system_id").annotate(Count("id")) if system}


def _choices(request: HttpRequest, filters: Filters) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    products = visible_systems(request).exclude(product="").values_list("product", flat=True).distinct()
    tags = Tag.objects.filter(systems__in=visible_systems(request)).values_list("name", flat=True).distinct()
    return [
        ("alive", "Any life", filters.alive, system_filters.ALIVE_CHOICES),
        ("connectivity", "Any connectivity", filters.connectivity, list(system_filters.CONNECTIVITY_CHOICES)),
        ("mode", "Any mode", filters.mode, system_filters.MODE_CHOICES),
        (
            "product",
            "Any product",
            filters.product,
            [(name, name) for name in products.order_by("product")[:100]],
        ),
        ("tag", "Any tag", filters.tag, [(name, name) for name in tags.order_by("name")[:200]]),
        (
            "state",
            "Managed",
            filters.state,
            [(key, word) for key, word in system_filters.STATE_CHOICES if key != "managed"],
        ),
    ]


def _sort_link(column: system_filters.Column, filters: Filters) -> str:
    if not column.sort:
        return ""
    return filters.address(sort="-" + column.key if filters.sort == column.key else column.key)


def _sorted(column: system_filters.Column, filters: Filters) -> str:
    if filters.sort.removeprefix("-") != column.key:
        return ""
    return "descending" if filters.sort.startswith("-") else "ascending"


def folder_tree(request: HttpRequest, filters: Filters) -> list[dict[str, Any]]:
    """The folders that she may see as a flat walk of the tree, with the count of managed systems in and below."""
    folders = list(Folder.objects.filter(grants(request).folders(Permission.VIEW, "path")).order_by("name"))
    own = dict(
        visible_systems(request)
        .filter(state="managed")
        .order_by()
        .values_list("folder")
        .annotate(count=Count("id"))
    )
    by_parent: dict[int | None, list[Folder]] = {}
    known = {folder.pk for folder in folders}
    for folder in folders:
        by_parent.setdefault(folder.parent_id if folder.parent_id in known else None, []).append(folder)

    def branch(folder: Folder, depth: int) -> list[dict[str, Any]]:
        below = [node for child in by_parent.get(folder.pk, []) for node in branch(child, depth + 1)]
        count = own.get(folder.pk, 0) + sum(node["count"] for node in below if node["depth"] == depth + 1)
        here = {
            "folder": folder,
            "depth": depth,
            "count": count,
            "is_here": filters.folder == str(folder.pk),
            "address": filters.address(folder=str(folder.pk) if folder.parent_id is not None else ""),
        }
        return [here, *below]

    tree = [node for top in by_parent.get(None, []) for node in branch(top, 0)]
    if not filters.folder and tree and tree[0]["folder"].parent_id is None:
        tree[0]["is_here"] = True
    return tree
