"""`audit`: who did what, and by which road."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from roomkeeper.accounts.actors import Road
from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.paging import ListParameters, Moment, Page, page_of, searched
from roomkeeper.api.reach import Identifier
from roomkeeper.api.routing import Routes

routes = Routes("audit")
_SORTS = {"id": "id", "at": "at", "user": "user_name", "act": "act", "object_kind": "object_kind"}


class AuditOut(Schema):
    """One act of a person or program."""

    id: int
    at: datetime
    user: str
    road: Road
    source_address: str = Field(description="Empty for acts of the server itself.")
    act: str
    object_kind: str
    object_id: int | None
    object_label: str
    details: dict[str, Any]


class AuditFilters(ListParameters):
    """Filters on the audit trail."""

    user: str | None = None
    road: Road | None = None
    source_address: str | None = None
    act: str | None = None
    object_kind: str | None = None
    object_id: Identifier | None = None
    after: Moment | None = None
    before: Moment | None = None


@routes.get("", response=Page[AuditOut])
@needs(Permission.VIEW_SERVER)
def list_audit(request: HttpRequest, filters: Query[AuditFilters]) -> Page[AuditOut]:
    """List the audit trail, newest first."""
    rows = AuditEntry.objects.all()
    for name, lookup in (
        ("user", "user_name"),
        ("road", "road"),
        ("source_address", "source_address"),
        ("act", "act"),
        ("object_kind", "object_kind"),
        ("object_id", "object_id"),
    ):
        if (value := getattr(filters, name)) is not None:
            rows = rows.filter(**{lookup: value})
    if filters.after is not None:
        rows = rows.filter(at__gt=filters.after)
    if filters.before is not None:
        rows = rows.filter(at__lt=filters.before)
    rows = searched(rows, filters.search, "user_name", "act", "object_kind", "object_label")
    return page_of(AuditOut, rows, filters, _SORTS, "-id", _told)


def _told(entry: AuditEntry) -> AuditOut:
    return AuditOut(
        id=entry.pk,
        at=entry.at,
        user=entry.user_name,
        road=Road(entry.road),
        source_address=entry.source_address,
        act=entry.act,
        object_kind=entry.object_kind,
        object_id=entry.object_id,
        object_label=entry.object_label,
        details=entry.details,
    )
