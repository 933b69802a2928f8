"""What is known of a system: configuration, status, timeline, connectivity changes, claims to be it."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Schema
from pydantic import Field

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.derived_lists import actor_of, row_of
from roomkeeper.api.derived_mounting import do_act
from roomkeeper.api.paging import ListParameters, Moment, Page, page_of, searched
from roomkeeper.api.problems import NotFound
from roomkeeper.api.reach import LARGEST_ID, get_system
from roomkeeper.api.routing import Routes, user_of
from roomkeeper.fleet.contact_acts import UNDO_CONNECTIVITY, ConnectivityWord
from roomkeeper.fleet.surface import SYSTEMS
from roomkeeper.provisioning import wanted
from roomkeeper.systems import documents, timeline
from roomkeeper.systems.documents.redaction import MARK
from roomkeeper.systems.models import Claim, ConnectivityChange, TimelineEntry

routes = Routes("systems")
_TIMELINE_SORTS = {"id": "id", "first_at": "first_at", "last_at": "last_at", "kind": "kind", "count": "count"}
_CHANGE_SORTS = {"id": "id", "at": "at"}
_CLAIM_SORTS = {"id": "id", "first_at": "first_at", "last_at": "last_at", "count": "count"}


class OverriddenOut(Schema):
    """A value that lost against a stronger layer."""

    layer: str
    value: str
    why: str


class WantedOut(Schema):
    """A value that should be so; `***` where it is a secret."""

    path: str
    value: str
    layer: str = Field(description="Which layer won.")
    why: str
    enforcement: str = Field(description="`automatic`, `window` or `by_hand`.")
    overridden: list[OverriddenOut] = Field(
        description="Values that weaker layers request, the strongest first."
    )


class SettingDriftOut(Schema):
    """A wanted value that the system reported otherwise."""

    path: str
    wanted: str
    found: str | None = Field(description="null if the system reported no such setting.")


class ConfigurationOut(Schema):
    """What should be, what is, and the difference."""

    wanted: list[WantedOut]
    reported: dict[str, str] = Field(description="Canonical path to value, as last reported.")
    reported_at: datetime | None
    drift: list[SettingDriftOut]


class StatusOut(Schema):
    """The status that stands: the newest document, with what feedback told since."""

    received_at: datetime | None = Field(description="When the newest document was stored.")
    read_at: datetime | None = Field(description="When it was read from the system, or posted by it.")
    told_at: datetime | None = Field(description="When feedback last reported something.")
    facts: dict[str, Any] = Field(description="The values that Roomkeeper follows.")
    values: dict[str, str] = Field(description="Every value by its path.")


class TimelineOut(Schema):
    """One thing that happened, or a run of equal ones."""

    id: int
    kind: str
    summary: str
    first_at: datetime
    last_at: datetime
    count: int
    source_address: str
    user: str | None
    details: dict[str, Any]
    has_exchange: bool = Field(description="Whether the full request and answer are kept.")


class TimelineEntryOut(TimelineOut):
    """One entry with its full exchange: cut and without secrets."""

    path: str | None
    scheme: str | None
    status: int | None
    request: str | None
    answer: str | None


class TimelineFilters(ListParameters):
    """Filters on the timeline."""

    kind: str | None = None
    source_address: str | None = None
    after: Moment | None = Field(None, description="Entries whose last time is after this.")
    before: Moment | None = Field(None, description="Entries whose first time is before this.")


class ConnectivityChangeOut(Schema):
    """A decision on connectivity, with both addresses and the reason."""

    id: int
    at: datetime
    old: ConnectivityWord | None
    new: ConnectivityWord | None
    reported_address: str
    source_address: str
    used_host: str
    probe: str = Field(description="What the probe found; empty where none was needed.")
    reason: str
    was_applied: bool
    undone_at: datetime | None
    user: str | None


class ClaimOut(Schema):
    """Posts that claim to be this system without its secret; counted, and nothing else."""

    id: int
    service: str
    reason: str
    source_address: str
    serial_number: str
    mac_address: str
    first_at: datetime
    last_at: datetime
    count: int


@routes.get("/{int:system_id}/configuration", response=ConfigurationOut)
@needs(Permission.VIEW, anywhere=True)
def show_configuration(request: HttpRequest, system_id: int) -> ConfigurationOut:
    """Show what should be, what the system reported, and the drift between them."""
    system = get_system(user_of(request), system_id)
    reported = documents.reported_configuration(system.pk)
    return ConfigurationOut(
        wanted=[
            WantedOut(
                path=one.path,
                value=one.value if not one.is_secret or MARK in one.value else "***",
                layer=one.layer,
                why=one.why,
                enforcement=one.enforcement.value,
                overridden=[
                    OverriddenOut(layer=lost.layer, value=lost.value, why=lost.why) for lost in one.overridden
                ],
            )
            for one in wanted.wanted_values(system)
        ],
        reported=reported.settings if reported else {},
        reported_at=reported.at if reported else None,
        drift=[
            SettingDriftOut(path=one.path, wanted=one.wanted, found=one.found)
            for one in wanted.drift_of(system)
        ],
    )


@routes.get("/{int:system_id}/status", response=StatusOut)
@needs(Permission.VIEW, anywhere=True)
def show_status(request: HttpRequest, system_id: int) -> Any:
    """Show the newest status; with `Accept: text/xml` the document as the system sent it."""
    system = get_system(user_of(request), system_id)
    if request.headers.get("Accept", "").partition(";")[0].strip() in ("text/xml", "application/xml"):
        content = documents.status_xml(system.pk)
        if content is None:
            raise NotFound("status of system", system_id)
        return HttpResponse(content, content_type="text/xml; charset=utf-8")
    known = documents.status_facts(system.pk)
    return StatusOut(
        received_at=known.received_at,
        read_at=known.read_at,
        told_at=known.told_at,
        facts=known.facts,
        values=documents.status_values(system.pk),
    )


@routes.get("/{int:system_id}/timeline", response=Page[TimelineOut])
@needs(Permission.VIEW, anywhere=True)
def list_timeline(request: HttpRequest, system_id: int, filters: Query[TimelineFilters]) -> Page[TimelineOut]:
    """List what happened to a system, newest first."""
    rows = timeline.entries(get_system(user_of(request), system_id))
    if filters.kind is not None:
        rows = rows.filter(kind=filters.kind)
    if filters.source_address is not None:
        rows = rows.filter(source_address=filters.source_address)
    if filters.after is not None:
        rows = rows.filter(last_at__gt=filters.after)
    if filters.before is not None:
        rows = rows.filter(first_at__lt=filters.before)
    rows = searched(rows, filters.search, "summary", "kind", "source_address")
    return page_of(
        TimelineOut, rows, filters, _TIMELINE_SORTS, "-last_at", lambda entry: TimelineOut(**_told(entry))
    )


@routes.get("/{int:system_id}/timeline/{int:entry_id}", response=TimelineEntryOut)
@needs(Permission.VIEW, anywhere=True)
def show_timeline_entry(request: HttpRequest, system_id: int, entry_id: int) -> TimelineEntryOut:
    """Show one entry with its full exchange, where that is still kept."""
    rows = timeline.entries(get_system(user_of(request), system_id))
    entry = rows.filter(pk=min(entry_id, LARGEST_ID)).first()
    if entry is None:
        raise NotFound("timeline entry", entry_id)
    exchange = getattr(entry, "exchange", None)
    return TimelineEntryOut(
        **_told(entry),
        path=exchange.path if exchange else None,
        scheme=exchange.scheme if exchange else None,
        status=exchange.status if exchange else None,
        request=timeline.request_text(exchange) if exchange else None,
        answer=timeline.answer_text(exchange) if exchange else None,
    )


@routes.get("/{int:system_id}/connectivity-changes", response=Page[ConnectivityChangeOut])
@needs(Permission.VIEW, anywhere=True)
def list_connectivity_changes(
    request: HttpRequest,
    system_id: int,
    parameters: Query[ListParameters],
) -> Page[ConnectivityChangeOut]:
    """List how the connectivity of a system was decided, newest first."""
    system = get_system(user_of(request), system_id)
    rows = ConnectivityChange.objects.filter(system=system).select_related("user")
    rows = searched(rows, parameters.search, "reason", "reported_address", "source_address", "used_host")
    return page_of(ConnectivityChangeOut, rows, parameters, _CHANGE_SORTS, "-id", _told_change)


@routes.post("/{int:system_id}/connectivity-changes/{int:change_id}/undo", response=ConnectivityChangeOut)
@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def undo_connectivity_change(request: HttpRequest, system_id: int, change_id: int) -> ConnectivityChangeOut:
    """Undo a change of connectivity."""
    actor = actor_of(request)
    do_act(SYSTEMS, UNDO_CONNECTIVITY, row_of(SYSTEMS, actor, system_id), actor, {"change": change_id})
    return _told_change(ConnectivityChange.objects.select_related("user").get(pk=change_id))


@routes.get("/{int:system_id}/claims", response=Page[ClaimOut])
@needs(Permission.VIEW, anywhere=True)
def list_claims(request: HttpRequest, system_id: int, parameters: Query[ListParameters]) -> Page[ClaimOut]:
    """List posts that claim to be this system without its secret, newest first."""
    rows = Claim.objects.filter(system=get_system(user_of(request), system_id))
    rows = searched(rows, parameters.search, "source_address", "serial_number", "mac_address", "reason")
    return page_of(
        ClaimOut,
        rows,
        parameters,
        _CLAIM_SORTS,
        "-last_at",
        lambda claim: ClaimOut(
            id=claim.pk,
            service=claim.service,
            reason=claim.reason,
            source_address=claim.source_address,
            serial_number=claim.serial_number,
            mac_address=claim.mac_address,
            first_at=claim.first_at,
            last_at=claim.last_at,
            count=claim.count,
        ),
    )


def _told(entry: TimelineEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "kind": entry.kind,
        "summary": entry.summary,
        "first_at": entry.first_at,
        "last_at": entry.last_at,
        "count": entry.count,
        "source_address": entry.source_address,
        "user": entry.user.username if entry.user else None,
        "details": entry.details,
        "has_exchange": getattr(entry, "exchange", None) is not None,
    }


def _told_change(change: Any) -> ConnectivityChangeOut:
    return ConnectivityChangeOut(
        id=change.pk,
        at=change.at,
        old=change.old or None,
        new=change.new or None,
        reported_address=change.reported_address,
        source_address=change.source_address,
        used_host=change.used_host,
        probe=change.probe,
        reason=change.reason,
        was_applied=change.was_applied,
        undone_at=change.undone_at,
        user=change.user.username if change.user else None,
    )
